"""What the lines of one event say: when it begins, how long it lasts, when it comes again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from practice.calendar.rules.foreign.cutting import Cut
from practice.calendar.rules.foreign.zones_named import Zones

UNTIMED = timedelta(minutes=30)
"""How long an event is taken to last that does not say when it ends."""

DAY = timedelta(days=1)
MOST_DATES = 5_000
FIRST_YEAR, LAST_YEAR = 1970, 2100
OF_TIMES = frozenset({b"DTSTART", b"DTEND", b"RDATE", b"EXDATE", b"RECURRENCE-ID"})

_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[^=;:"]+=(?:"[^"]*"|[^";:])*)*):(.*)', re.DOTALL)
_LINE_OF_TIMES = re.compile(r'([A-Za-z0-9-]+)((?:;[^=;:"]+=(?:"[^"]*"|[^";])*)*):([^:]*)')
"""Some programs write a zone's name with a colon in it and without quotes."""

_PARAMETER = re.compile(r';([^=;:"]+)=((?:"[^"]*"|[^";])*)')
_TIME = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_DURATION = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Broken(Exception):
    """One event that cannot be read, or that would go on for ever."""


@dataclass(frozen=True, slots=True)
class Time:
    """A time as it is written: on the wall, in a zone. All-day ones are midnight to midnight."""

    wall: datetime
    zone: tzinfo
    is_date: bool

    @property
    def instant(self) -> datetime:
        """The instant, in UTC. A time that the clocks skip counts by the offset before."""
        return self.wall.replace(tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Length:
    """How long something lasts: whole days by the calendar, and then by the clock."""

    days: int
    rest: timedelta


@dataclass(slots=True)
class Event:
    """One component of a file, read."""

    uid: str
    start: Time
    length: Length
    rules: list[str] = field(default_factory=list)
    more: list[tuple[Time, Length | None]] = field(default_factory=list)
    excluded: list[Time] = field(default_factory=list)
    instead_of: Time | None = None
    and_later: bool = False
    sequence: int = 0
    is_cancelled: bool = False
    is_free: bool = False
    is_tentative: bool = False
    is_guess: bool = False
    attendees: list[tuple[str, str]] = field(default_factory=list)
    """Addresses in lower case, each with what they answered."""
    title: str = ""


def read(cut: Cut, zones: Zones, all_day: tzinfo) -> Event:
    """Read one event. ``all_day`` is the zone in which dates without a time are days.

    Raises:
        Broken: if it does not say when it begins, or says what cannot be.
    """
    return _Reader(zones, all_day).read(cut)


@dataclass(frozen=True, slots=True)
class Property:
    """A line of a file, taken apart."""

    parameters: dict[str, str]
    value: str


def property_of(name: bytes, line: bytes) -> Property:
    """Take a line apart.

    Raises:
        Broken: if it is none.
    """
    shape = _LINE_OF_TIMES if name in OF_TIMES else _LINE
    match = shape.fullmatch(line.decode("utf-8", "replace"))
    if match is None:
        raise Broken
    parameters = {
        name.upper(): value.replace('"', "") for name, value in _PARAMETER.findall(match[2])
    }
    return Property(parameters, match[3].strip())


class _Reader:
    """Reads one event, and notes whether a zone had to be guessed."""

    def __init__(self, zones: Zones, all_day: tzinfo) -> None:
        self.zones = zones
        self.all_day = all_day
        self.is_guess = False

    def read(self, cut: Cut) -> Event:
        if not cut.is_whole:
            raise Broken
        lines: dict[bytes, list[Property]] = {}
        for name, line in cut.lines:
            lines.setdefault(name, []).append(property_of(name, line))
        if b"DTSTART" not in lines or b"EXRULE" in lines:
            raise Broken
        start = self._time(lines[b"DTSTART"][0])
        event = Event(uid=_value(lines, b"UID"), start=start, length=self._length(start, lines))
        event.rules = [each.value.upper() for each in lines.get(b"RRULE", ())]
        event.more = list(self._more(lines.get(b"RDATE", [])))
        event.excluded = [time for each in lines.get(b"EXDATE", ()) for time in self._times(each)]
        if len(event.more) > MOST_DATES or len(event.excluded) > MOST_DATES:
            raise Broken
        for each in lines.get(b"RECURRENCE-ID", ()):
            event.instead_of = self._time(each)
            event.and_later = each.parameters.get("RANGE", "").upper() == "THISANDFUTURE"
        sequence = _value(lines, b"SEQUENCE")
        event.sequence = int(sequence) if re.fullmatch(r"\d{1,9}", sequence) else 0
        status = _value(lines, b"STATUS").upper()
        event.is_cancelled, event.is_tentative = status == "CANCELLED", status == "TENTATIVE"
        event.is_free = (
            _value(lines, b"TRANSP").upper() == "TRANSPARENT"
            or _value(lines, b"X-MICROSOFT-CDO-BUSYSTATUS").upper() == "FREE"
        )
        event.attendees = [
            (
                each.value.lower().removeprefix("mailto:"),
                each.parameters.get("PARTSTAT", "").upper(),
            )
            for each in lines.get(b"ATTENDEE", ())
        ]
        event.title = _ESCAPED.sub(_unescaped, _value(lines, b"SUMMARY"))
        event.is_guess = self.is_guess
        return event

    def _time(self, given: Property) -> Time:
        return self._read_time(given.value, given)

    def _times(self, given: Property) -> Iterator[Time]:
        for text in given.value.split(","):
            yield self._read_time(text.strip(), given)

    def _read_time(self, text: str, given: Property) -> Time:
        match = _TIME.fullmatch(text)
        if match is None:
            raise Broken
        on = _day(match[1])
        if match[2] is None:
            return Time(datetime.combine(on, time.min), self.all_day, is_date=True)
        wall = datetime.combine(on, _clock(match[2]))
        if match[3]:
            return Time(wall, UTC, is_date=False)
        zone, is_guess = self.zones.named(given.parameters.get("TZID", ""))
        self.is_guess |= is_guess
        return Time(wall, zone, is_date=False)

    def _more(self, given: list[Property]) -> Iterator[tuple[Time, Length | None]]:
        for each in given:
            for text in each.value.split(","):
                begins, _, ends = text.strip().partition("/")
                start = self._read_time(begins, each)
                if not ends:
                    yield start, None
                elif ends.startswith("P"):
                    yield start, _duration(ends)
                else:
                    yield start, Length(0, self._read_time(ends, each).instant - start.instant)

    def _length(self, start: Time, lines: dict[bytes, list[Property]]) -> Length:
        """Return how long an event lasts: what ends before it begins lasts the least there is."""
        shortest = Length(1, timedelta()) if start.is_date else Length(0, UNTIMED)
        if b"DTEND" in lines:
            end = self._time(lines[b"DTEND"][0])
            if start.is_date and end.is_date:
                days = (end.wall - start.wall) // DAY
                return Length(days, timedelta()) if days > 0 else shortest
            rest = end.instant - start.instant
            return Length(0, rest) if rest > timedelta() else shortest
        if b"DURATION" in lines:
            length = _duration(lines[b"DURATION"][0].value)
            return length if length.days > 0 or length.rest > timedelta() else shortest
        return shortest


def _duration(text: str) -> Length:
    match = _DURATION.fullmatch(text.upper())
    if match is None or not any(match.groups()[1:]):
        raise Broken
    weeks, days, hours, minutes, seconds = (int((each or "0")[:7]) for each in match.groups()[1:])
    if match[1] == "-":
        return Length(0, timedelta())
    return Length(7 * weeks + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))


def _day(text: str) -> date:
    try:
        on = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise Broken from None
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise Broken
    return on


def _clock(text: str) -> time:
    """Read a time on the wall. A leap second is the one before it: no clock here shows it."""
    try:
        return time(int(text[:2]), int(text[2:4]), min(59, int(text[4:])))
    except ValueError:
        raise Broken from None


def _value(lines: dict[bytes, list[Property]], name: bytes) -> str:
    return lines[name][0].value if name in lines else ""


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] in "nN" else match[1]
