"""Laying a week out: which quarter hour an event begins at, how many it lasts, beside whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from practice.calendar.rules import zones

FIRST_HOUR, PAST_HOUR = 7, 21
ROWS = (PAST_HOUR - FIRST_HOUR) * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekEvent:
    """A session as the week shows it. Names stay inside the house: this leaves in no feed."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    before_minutes: int
    after_minutes: int
    who: str
    what: str
    state: str
    state_words: str
    address: str
    hold_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An event or a buffer in the grid of one day.

    ``row`` counts quarter hours from 7:00 (0 to 55), ``rows`` how many it covers, at least one.
    ``half`` is 1 or 2 where two lie side by side, 0 where one has the whole width.
    """

    kind: str
    row: int
    rows: int
    half: int
    event: WeekEvent


def monday_of(on: date) -> date:
    """Return the Monday of the week of a local date."""
    return on - timedelta(days=on.weekday())


def place(events: Sequence[WeekEvent], on: date, zone: str) -> list[Placed]:
    """Lay out what starts on a local date, buffers around their sessions, in order of time.

    What lies outside 7:00 to 21:00 is cut to it. Where sessions overlap they take turns left
    and right.
    """
    placed: list[Placed] = []
    last_end, last_half = 0, 0
    todays = [each for each in events if zones.local_date(each.starts_at, zone) == on]
    for event in sorted(todays, key=lambda each: (each.starts_at, str(each.id))):
        start, end = _row(event.starts_at, on, zone), _row(event.ends_at, on, zone, up=True)
        before = timedelta(minutes=event.before_minutes)
        after = timedelta(minutes=event.after_minutes)
        first = _row(event.starts_at - before, on, zone)
        past = _row(event.ends_at + after, on, zone, up=True)
        half = 0
        if _overlaps_another(event, todays):
            half = 2 if last_half == 1 and first < last_end else 1
        last_end, last_half = past, half
        if first < start:
            placed.append(Placed("before", first, start - first, half, event))
        placed.append(Placed("event", start, max(1, end - start), half, event))
        if past > end:
            placed.append(Placed("after", end, past - end, half, event))
    return placed


def row_of(instant: datetime, on: date, zone: str) -> int:
    """Return the quarter hour after 7:00, 0 to 55, in which an instant of a local date lies."""
    return min(ROWS - 1, _row(instant, on, zone))


def _overlaps_another(event: WeekEvent, others: Sequence[WeekEvent]) -> bool:
    return any(
        other.id != event.id and _from(other) < _past(event) and _from(event) < _past(other)
        for other in others
    )


def _from(event: WeekEvent) -> datetime:
    return event.starts_at - timedelta(minutes=event.before_minutes)


def _past(event: WeekEvent) -> datetime:
    return event.ends_at + timedelta(minutes=event.after_minutes)


def _row(instant: datetime, on: date, zone: str, *, up: bool = False) -> int:
    local = instant.astimezone(zones.zone(zone))
    minutes = (local.date() - on).days * 1440 + local.hour * 60 + local.minute - FIRST_HOUR * 60
    row = -(-minutes // 15) if up else minutes // 15
    return max(0, min(ROWS if up else ROWS - 1, row))
