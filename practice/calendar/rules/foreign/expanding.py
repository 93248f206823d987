"""When an event takes place: once, by its rules, and as single ones of it were moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from practice.calendar.rules.foreign.cutting import Between
from practice.calendar.rules.foreign.events import DAY, Broken, Event, Length, Time

MOST_STEPS = 20_000
"""How many times of one rule are looked at until it counts as one that never ends."""

MOST_VALUES = 366
LONGEST_REPEATED = timedelta(days=31)

_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_STEP = {"DAILY": DAY, "WEEKLY": 7 * DAY}
_KNOWN = frozenset(
    {
        "FREQ",
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "WKST",
        "BYMONTH",
        "BYWEEKNO",
        "BYYEARDAY",
        "BYMONTHDAY",
        "BYDAY",
        "BYHOUR",
        "BYMINUTE",
        "BYSECOND",
        "BYSETPOS",
    }
)
_UNTIL = re.compile(r"(\d{8})(T\d{6}Z?)?")


@dataclass(frozen=True, slots=True)
class Happening:
    """One time at which an event takes place, both ends in UTC."""

    starts_at: datetime
    ends_at: datetime
    event: Event
    is_all_day: bool


def expand(group: Sequence[Event], between: Between) -> list[Happening]:
    """Return when the components of one UID take place, as far as that touches some time.

    Components without a RECURRENCE-ID that differ in their SEQUENCE are versions of one event,
    and the newest counts; with the same one they are several events that share a name.

    Raises:
        Broken: for a rule that goes on for ever, or that nobody can read.
    """
    mains = [each for each in group if each.instead_of is None]
    newest = max((each.sequence for each in mains), default=0)
    changed: dict[datetime, Event] = {}
    for each in sorted(group, key=lambda event: event.sequence):
        if each.instead_of is not None:
            changed[each.instead_of.instant] = each
    found = [
        each
        for event in mains
        if event.sequence == newest
        for each in _of_series(event, changed, between)
    ]
    found += [_at(each, each.start, each.length) for each in changed.values()]
    return [
        each
        for each in found
        if each.ends_at > between.first_at and each.starts_at < between.past_at
    ]


def _of_series(
    event: Event, changed: dict[datetime, Event], between: Between
) -> Iterator[Happening]:
    """Yield the times of one component but those that others stand in for."""
    later = sorted((at for at, each in changed.items() if each.and_later), reverse=True)
    gone = {each.instant for each in event.excluded} | set(changed)
    gone_days = {each.wall.date() for each in event.excluded if each.is_date}
    gone_days |= {
        each.instead_of.wall.date()
        for each in changed.values()
        if each.instead_of is not None and each.instead_of.is_date
    }
    seen: set[datetime] = set()
    for start, own_length in _starts(event, between, is_moved=bool(later)):
        at = start.instant
        if at in gone or start.wall.date() in gone_days or at in seen:
            continue
        seen.add(at)
        change = next((changed[each] for each in later if each <= at), None)
        if change is None or change.instead_of is None:
            yield _at(event, start, own_length or event.length)
        else:
            shift = change.start.wall - change.instead_of.wall
            yield _at(
                change,
                Time(start.wall + shift, change.start.zone, is_date=change.start.is_date),
                change.length,
            )


def _starts(
    event: Event, between: Between, *, is_moved: bool
) -> Iterator[tuple[Time, Length | None]]:
    """Yield when a component begins, its own beginning first, and how long, if it says so."""
    yield event.start, None
    if (event.rules or event.more) and _longest(event) > LONGEST_REPEATED:
        raise Broken
    yield from event.more
    first = between.first_at - _longest(event)
    if is_moved:  # somebody shifted them, who knows how far
        first -= 366 * DAY
    for rule in event.rules:
        for wall in _walls(rule, event.start, first, between.past_at):
            yield Time(wall, event.start.zone, is_date=event.start.is_date), None


def _longest(event: Event) -> timedelta:
    lengths = [event.length, *(length for _, length in event.more if length is not None)]
    return max(each.days * DAY + each.rest for each in lengths)


def _walls(rule: str, start: Time, first_at: datetime, past_at: datetime) -> Iterator[datetime]:
    """Yield the times on the wall that a rule gives from an instant on, up to another."""
    from dateutil.rrule import rrulestr  # noqa: PLC0415  # most calendars' events come once

    parts = _parts(rule)
    until = _until(parts.pop("UNTIL", ""), start)
    wall = start.wall
    if "COUNT" not in parts:
        wall = _nearer(wall, parts, first_at)
    try:
        text = ";".join(f"{name}={value}" for name, value in parts.items())
        times = iter(rrulestr(text, dtstart=wall))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise Broken from None
    for step, each in enumerate(times):
        if step > MOST_STEPS:
            raise Broken
        at = each.replace(tzinfo=start.zone).astimezone(UTC)
        if at >= past_at or (until is not None and at > until):
            return
        if at >= first_at:
            yield each


def _parts(rule: str) -> dict[str, str]:
    """Take a rule apart, and refuse it if it could go on for ever."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";") if part)
    by = {name: value.split(",") for name, value in parts.items() if name.startswith("BY")}
    interval = parts.get("INTERVAL", "1")
    if (
        not parts.keys() <= _KNOWN
        or parts.get("FREQ") not in _FREQUENCIES
        or not re.fullmatch(r"0*[1-9]\d{0,4}", interval)
        or not re.fullmatch(r"\d{0,6}", parts.get("COUNT", ""))
        or sum(map(len, by.values())) > MOST_VALUES
        or any(len(by.get(name, ())) > 1 for name in ("BYMINUTE", "BYSECOND"))
    ):
        raise Broken
    return parts


def _until(text: str, start: Time) -> datetime | None:
    """Return the last instant at which a rule may begin. A date counts to its end."""
    if not text:
        return None
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise Broken
    clock = match[2] or "T235959"
    try:
        wall = datetime.strptime(f"{match[1]}{clock[:7]}", "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise Broken from None
    if start.is_date:
        # Some programs end whole days at an instant: the day on which that lies is the last.
        wall = wall.replace(hour=23, minute=59, second=59)
        clock = ""
    if wall.year > 2200:
        return None
    return wall.replace(tzinfo=UTC if clock.endswith("Z") else start.zone).astimezone(UTC)


def _nearer(wall: datetime, parts: dict[str, str], first_at: datetime) -> datetime:
    """Begin a plain rule shortly before it matters: by whole steps, so that nothing shifts."""
    step = _STEP.get(parts["FREQ"])
    if step is None:
        return wall
    step *= int(parts.get("INTERVAL", "1"))
    ahead = first_at.replace(tzinfo=None) - 2 * DAY - wall
    return wall + max(0, ahead // step) * step


def _at(event: Event, start: Time, length: Length) -> Happening:
    """Place one time: by whole days of the calendar first, and by the clock from there."""
    end = Time(start.wall + length.days * DAY, start.zone, is_date=start.is_date)
    return Happening(
        start.instant,
        end.instant + length.rest,
        event,
        start.is_date,
    )
