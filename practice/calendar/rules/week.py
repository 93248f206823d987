"""Laying days out: which quarter hour something begins at, how many it lasts, beside whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from practice.calendar.rules import hours, zones

FIRST_HOUR, PAST_HOUR = 7, 21
FIRST_MINUTE = FIRST_HOUR * 60
ROWS = (PAST_HOUR - FIRST_HOUR) * 4
QUARTER = timedelta(minutes=15)
SHORTEST_FREE = 2  # quarter hours that are worth a link of their own


class WeekEvent(NamedTuple):
    """A session as the week shows it. Names stay inside the house: this leaves in no feed.

    ``move_address`` leads to the last look before it is moved, if whoever looks may move it.
    """

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
    move_address: str = ""
    host_id: UUID | None = None
    hold_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekBlock:
    """Time that is blocked. ``whose`` names the person and the room, ``reason`` is for staff.

    What another calendar blocks ``is_imported``: its reason is what staff call that calendar, and
    it is changed there.
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    whose: str
    reason: str
    is_imported: bool = False


class Placed(NamedTuple):
    """An event, one of its buffers or a block in the grid of one day.

    ``row`` counts quarter hours from 7:00 (0 to 55), ``rows`` how many it covers, at least one.
    ``half`` is 1 or 2 where two lie side by side, 0 where one has the whole width.
    """

    kind: str
    row: int
    rows: int
    half: int
    event: WeekEvent | None = None
    block: WeekBlock | None = None


class Free(NamedTuple):
    """A part of an hour in which nothing lies, and the instant at which it begins."""

    row: int
    rows: int
    starts_at: datetime


class Quiet(NamedTuple):
    """Quiet hours as far as the grid of a day shows them, in ``words`` from when to when."""

    row: int
    rows: int
    words: str


class _Span(NamedTuple):
    """Something with what it keeps free around itself."""

    first_at: datetime
    past_at: datetime
    starts_at: datetime
    id: UUID
    thing: WeekEvent | WeekBlock


def monday_of(on: date) -> date:
    """Return the Monday of the week of a local date."""
    return on - timedelta(days=on.weekday())


def place(
    events: Sequence[WeekEvent], on: date, zone: str, blocks: Sequence[WeekBlock] = ()
) -> list[Placed]:
    """Lay out what starts on a local date and what is blocked on it, in order of time.

    What lies outside 7:00 to 21:00 is cut to it, a block over midnight to its part of the date.
    Where two overlap they take turns left and right.
    """
    placed: list[Placed] = []
    begins_at = first_row_at(on, zone)
    last_end, last_half = 0, 0
    todays = sorted(
        _spans(events, on, zone, blocks), key=lambda span: (span.starts_at, span.id.int)
    )
    for span in todays:
        first, past = _row(span.first_at, begins_at), _row_past(span.past_at, begins_at)
        half = 0
        if any(
            other is not span and other.first_at < span.past_at and span.first_at < other.past_at
            for other in todays
        ):
            half = 2 if last_half == 1 and first < last_end else 1
        last_end, last_half = past, half
        if isinstance(span.thing, WeekBlock):
            rows = max(1, past - first)
            placed.append(Placed("block", first, rows, half, block=span.thing))
        else:
            start = _row(span.starts_at, begins_at)
            end = _row_past(span.thing.ends_at, begins_at)
            placed += _with_buffers(span.thing, (first, start, end, past), half)
    return placed


def first_row_at(on: date, zone: str) -> datetime:
    """Return the instant at which the grid of a local date begins, 7:00.

    From there to 21:00 no clock of a practice jumps, so a row is a quarter of an hour from it.
    """
    return zones.instant_of(zone, on, time(FIRST_HOUR))


def free_parts(
    placed: Iterable[Placed], on: date, zone: str, *, opens_minute: int, closes_minute: int
) -> list[Free]:
    """Return the empty parts of a local date's hours for clients, cut at each full hour.

    Minutes count from local midnight. What is shorter than half an hour is left out, and so is
    what begins at a time that the clocks skip.
    """
    first = max(0, -(-(opens_minute - FIRST_MINUTE) // 15))
    past = min(ROWS, (closes_minute - FIRST_MINUTE) // 15)
    taken = {row for each in placed for row in range(each.row, each.row + each.rows)}
    parts: list[Free] = []
    row = first
    while row < past:
        length = 0
        while row + length < past and row + length not in taken:
            length += 1
            if (row + length) % 4 == 0:
                break
        if length >= SHORTEST_FREE and (start := _starts_at(row, on, zone)) is not None:
            parts.append(Free(row, length, start))
        row += max(1, length)
    return parts


def quiet_parts(from_minute: int, to_minute: int) -> list[Quiet]:
    """Return the quiet hours within the grid of a day, which are the same rows on every date.

    Minutes count from local midnight; quiet hours may pass it, and equal minutes mean none. What
    begins or ends within a quarter of an hour has all of it. No clock jumps between 7:00 and
    21:00, so that a row is the same time on the wall whatever the clocks did in the night.
    """
    parts = []
    for window in hours.windows_over_midnight(_wall(from_minute), _wall(to_minute)):
        first = max(0, (window.opens_minute - FIRST_MINUTE) // 15)
        past = min(ROWS, -((FIRST_MINUTE - window.closes_minute) // 15))
        if first < past:
            parts.append(Quiet(first, past - first, _quiet_words(window)))
    return parts


def row_of(instant: datetime, on: date, zone: str) -> int:
    """Return the quarter hour after 7:00, 0 to 55, in which an instant of a local date lies."""
    return _row(instant, first_row_at(on, zone))


def span_words(block: WeekBlock, on: date, zone: str) -> str:
    """Say how much of a local date a block takes: ``9:00 AM to 5:00 PM``, or ``all day``.

    What began before says ``until 8:00 AM``, what goes on after it ``from 10:00 PM``.
    """
    place = zones.zone(zone)
    begins_before = block.starts_at <= zones.day_start(zone, on)
    ends_after = block.ends_at >= zones.day_start(zone, on + zones.DAY)
    if begins_before and ends_after:
        return "all day"
    first, past = (
        zones.clock_words(each.astimezone(place)) for each in (block.starts_at, block.ends_at)
    )
    if begins_before:
        return f"until {past}"
    return f"from {first}" if ends_after else f"{first} to {past}"


def is_in_grid(instant: datetime, on: date, zone: str) -> bool:
    """Say whether an instant lies in the rows of a local date, and not before or after them."""
    return 0 <= (instant - first_row_at(on, zone)) // QUARTER < ROWS


def _spans(
    events: Sequence[WeekEvent], on: date, zone: str, blocks: Sequence[WeekBlock]
) -> Iterable[_Span]:
    dawn, dusk = zones.day_start(zone, on), zones.day_start(zone, on + zones.DAY)
    for event in events:
        if dawn <= event.starts_at < dusk:
            first_at = event.starts_at - timedelta(minutes=event.before_minutes)
            past_at = event.ends_at + timedelta(minutes=event.after_minutes)
            yield _Span(first_at, past_at, event.starts_at, event.id, event)
    for block in blocks:
        if block.starts_at < dusk and dawn < block.ends_at:
            first_at, past_at = max(block.starts_at, dawn), min(block.ends_at, dusk)
            yield _Span(first_at, past_at, first_at, block.id, block)


def _with_buffers(event: WeekEvent, rows: tuple[int, int, int, int], half: int) -> list[Placed]:
    first, start, end, past = rows
    parts = [Placed("event", start, max(1, end - start), half, event)]
    if first < start:
        parts.insert(0, Placed("before", first, start - first, half, event))
    if past > end:
        parts.append(Placed("after", end, past - end, half, event))
    return parts


def _starts_at(row: int, on: date, zone: str) -> datetime | None:
    at = time(FIRST_HOUR + row // 4, row % 4 * 15)
    return zones.instant_of(zone, on, at) if zones.is_shown(zone, on, at) else None


def _wall(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _quiet_words(quiet: hours.Window) -> str:
    """Say from when to when it is quiet. The edges of a day are not said."""
    opens, closes = (_wall(each) for each in (quiet.opens_minute, quiet.closes_minute))
    begins = f" from {zones.clock_words(opens)}" if quiet.opens_minute else ""
    ends = f" until {zones.clock_words(closes)}" if quiet.closes_minute < hours.DAY_MINUTES else ""
    return f"Quiet{begins}{ends}"


def _row(instant: datetime, begins_at: datetime) -> int:
    return max(0, min(ROWS - 1, (instant - begins_at) // QUARTER))


def _row_past(instant: datetime, begins_at: datetime) -> int:
    return max(0, min(ROWS, -((begins_at - instant) // QUARTER)))
