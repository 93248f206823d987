"""Which times of a foreign calendar are busy, by the choices that somebody made for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from practice.calendar.rules.foreign.cutting import (
    Between,
    Calendar,
    Cut,
    Refused,
    Unreadable,
    cut,
)
from practice.calendar.rules.foreign.events import DAY, Event, read
from practice.calendar.rules.foreign.expanding import Happening, expand
from practice.calendar.rules.foreign.zones_named import Zones, known

MOST_TIMES = 10_000
LONGEST_PIECE = timedelta(days=31)
"""No claim is longer, so what is longer is cut from its beginning on."""

Span = tuple[datetime, datetime]
Watch = Callable[[], AbstractContextManager[None]]
"""Ends the reading of one event that takes too long, by raising something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How one calendar is read. ``zone`` is the practice's, in which all-day events are days.

    ``floating`` names the zone of times that name none; empty is what the calendar says, else the
    practice's. ``own_addresses`` are in lower case: what one of them declined is not busy.
    ``own_hosts`` are what follows @ in the names of our own events, which block nothing again.
    """

    zone: str
    floating: str = ""
    all_day_blocks: bool = True
    free_blocks: bool = False
    tentative_blocks: bool = True
    own_addresses: frozenset[str] = frozenset()
    own_hosts: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """What a file holds. ``guessed`` counts events whose zone nobody knows, or that have none."""

    spans: list[Span]
    events: int = 0
    unreadable: int = 0
    guessed: int = 0


def busy(body: bytes, choices: Choices, between: Between, *, watch: Watch = nullcontext) -> Found:
    """Return the busy times of a calendar file that touch some time, each once and in order.

    An event that cannot be read blocks the day on which it begins, if that can be read.

    Raises:
        Unreadable: if nothing of the file can be used.
    """
    found = Found([])
    kept: set[Span] = set()
    for calendar in cut(body, between):
        for each in happenings(calendar, choices, between, found, watch=watch):
            if isinstance(each, date):
                kept.update(_days(each, ZoneInfo(choices.zone), between))
            elif blocks(each, choices):
                kept.update(_pieces(each.starts_at, each.ends_at, between))
            if len(kept) > MOST_TIMES:
                raise Unreadable(Refused.TOO_MANY)
    found.spans = sorted(kept)
    return found


def happenings(
    calendar: Calendar,
    choices: Choices,
    between: Between,
    found: Found,
    *,
    watch: Watch = nullcontext,
) -> Iterator[Happening | date]:
    """Yield when the events of a calendar take place, and the day of each that cannot be read.

    Events are read one name at a time, so that a broken one hides no other.
    """
    all_day = ZoneInfo(choices.zone)
    zones = Zones(calendar.zones, _floating(calendar, choices, all_day))
    for group in _by_name(calendar.events, choices.own_hosts):
        found.events += len(group)
        try:
            with watch():
                events = [read(each, zones, all_day) for each in group]
                times = expand(events, between)
        except Exception:  # noqa: BLE001  # whatever somebody wrote there, it hides no other event
            found.unreadable += len(group)
            yield from (each.starts_on for each in group if each.starts_on is not None)
            continue
        found.guessed += sum(event.is_guess for event in events)
        yield from times


def blocks(each: Happening, choices: Choices) -> bool:
    """Say whether one time of an event keeps clients away."""
    event = each.event
    if event.is_cancelled or _is_declined(event, choices.own_addresses):
        return False
    return (
        (choices.free_blocks or not event.is_free)
        and (choices.tentative_blocks or not event.is_tentative)
        and (choices.all_day_blocks or not each.is_all_day)
    )


def _is_declined(event: Event, own: frozenset[str]) -> bool:
    return any(answer == "DECLINED" and address in own for address, answer in event.attendees)


def _floating(calendar: Calendar, choices: Choices, home: tzinfo) -> tzinfo:
    if choices.floating:
        return ZoneInfo(choices.floating)
    return (known(calendar.zone) if calendar.zone else None) or home


def _by_name(events: Iterable[Cut], own_hosts: Iterable[str]) -> Iterator[list[Cut]]:
    """Put events of one name together; leave out our own, and what has no beginning to speak of."""
    groups: dict[bytes, list[Cut]] = {}
    alone: list[list[Cut]] = []
    ours = tuple(f"@{host}".lower().encode() for host in own_hosts)
    for each in events:
        uid = (each.first(b"UID") or b"").partition(b":")[2].strip()
        if uid.lower().endswith(ours):
            continue
        if uid:
            groups.setdefault(uid, []).append(each)
        else:
            alone.append([each])
    yield from groups.values()
    yield from alone


def _days(on: date, zone: tzinfo, between: Between) -> Iterator[Span]:
    starts_at, ends_at = (
        datetime.combine(each, time.min, zone).astimezone(UTC) for each in (on, on + DAY)
    )
    yield from _pieces(starts_at, ends_at, between)


def _pieces(starts_at: datetime, ends_at: datetime, between: Between) -> Iterator[Span]:
    """Cut a time into pieces that can be claimed; those alone that touch the time in question."""
    skipped = max(0, (between.first_at - starts_at) // LONGEST_PIECE)
    first = starts_at + skipped * LONGEST_PIECE
    while first < min(ends_at, between.past_at):
        past = min(ends_at, first + LONGEST_PIECE)
        if past > between.first_at:
            yield first, past
        first = past
