"""Time zones as calendar programs read them: two yearly rules, taken from the zone file.

A zone file ends with the rule that holds from its last change on, in the notation of POSIX:
``EST5EDT,M3.2.0,M11.1.0``. Written as RRULEs it is what every calendar program understands,
Outlook included, which ignores lists of dates. Such a rule is used only where it says the
same as the zone itself; elsewhere times are written in UTC (RFC 5545, 3.6.5 and 3.3.10).
"""

import re
from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from practice.calendar.rules import zones

FIRST_YEAR = 1970  # where the rules begin; some programs fail on years before it
_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_NAME = r"<[^>]+>|[A-Za-z]+"
_TIME = r"[+-]?\d+(?::\d\d){0,2}"
_ONSET = rf"M(\d+)\.(\d)\.(\d)(?:/({_TIME}))?"
_FOOTER = re.compile(rf"({_NAME})({_TIME})(?:({_NAME})({_TIME})?,{_ONSET},{_ONSET})?")


@dataclass(frozen=True, slots=True)
class Onset:
    """A change of clocks that comes every year: on the nth weekday of a month, at a time.

    ``week`` 5 is the last one; ``weekday`` 0 is Sunday; ``at`` is what the clocks show just
    before, at ``offset_from`` from UTC.
    """

    name: str
    offset_from: timedelta
    offset_to: timedelta
    month: int
    week: int
    weekday: int
    at: timedelta

    def in_year(self, year: int) -> datetime:
        """Return the local time, naive, at which it comes in a year."""
        first_weekday, days = monthrange(year, self.month)
        first = (self.weekday - 1 - first_weekday) % 7 + 1
        last = first + (days - first) // 7 * 7
        day = min(first + (self.week - 1) * 7, last)
        return datetime.combine(date(year, self.month, day), time.min) + self.at


@dataclass(frozen=True, slots=True)
class YearlyZone:
    """A zone that either never changes its clocks or does so twice a year by the same rule."""

    name: str
    offset: timedelta
    onsets: tuple[Onset, ...]


@lru_cache(maxsize=1024)
def yearly(zone_name: str) -> YearlyZone | None:
    """Read the rule at the end of a zone's file; ``None`` if no RRULE can say the same.

    That is so where clocks change at a time before or after the named day, as in Jerusalem.
    """
    zones.zone(zone_name)
    file = resources.files("tzdata.zoneinfo").joinpath(zone_name)
    footer = _FOOTER.fullmatch(file.read_bytes().rsplit(b"\n", 2)[1].decode("ascii"))
    if footer is None:
        return None
    name, offset, summer_name, summer_offset, *numbers = footer.groups()
    standard = -_length(offset)
    if summer_name is None:
        return YearlyZone(name.strip("<>"), standard, ())

    summer = -_length(summer_offset) if summer_offset else standard + timedelta(hours=1)
    onsets = (
        _onset(summer_name, standard, summer, numbers[:4]),
        _onset(name, summer, standard, numbers[4:]),
    )
    if not all(timedelta(0) <= onset.at < timedelta(days=1) for onset in onsets):
        return None
    return YearlyZone(name.strip("<>"), standard, onsets)


def is_local_safe(zone_name: str, instant: datetime) -> bool:
    """Say whether an instant survives being written in local time with the zone's rule.

    Not so where the rule does not hold yet, nor in an hour that the clocks repeat: programs do
    not agree on which of the two is meant (ical.js, and Thunderbird with it, takes the second).
    """
    rule = yearly(zone_name)
    return (
        rule is not None
        and _agrees(rule, zone_name, [instant])
        and not zones.is_read_twice(instant, zone_name)
    )


@lru_cache(maxsize=1024)
def vtimezone_text(zone_name: str, first_on: date, last_on: date) -> str | None:
    """Write the VTIMEZONE of a zone, if its rule holds on all of some dates.

    The rule is compared with the zone at each of its own changes and twice on every date
    from the day before to the day after. ``None``: write times of these dates in UTC.
    """
    rule = yearly(zone_name)
    if rule is None:
        return None
    days = (last_on - first_on).days + 3
    noon = datetime.combine(first_on, time(12), UTC) - zones.DAY
    instants = [noon + n * timedelta(hours=12) for n in range(2 * days)]
    for change, _ in _changes(rule, first_on.year - 1, last_on.year + 1):
        instants += [change - timedelta(seconds=1), change]
    between = (noon, instants[2 * days - 1])
    within = [instant for instant in instants if between[0] <= instant <= between[1]]
    return _text(zone_name, rule) if _agrees(rule, zone_name, within) else None


def _text(zone_name: str, rule: YearlyZone) -> str:
    zone = Timezone()
    zone.add("tzid", zone_name)
    for onset in rule.onsets:
        forward = onset.offset_to > onset.offset_from
        part = TimezoneDaylight() if forward else TimezoneStandard()
        nth = -1 if onset.week == 5 else onset.week
        part.add("dtstart", onset.in_year(FIRST_YEAR))
        part.add("tzoffsetfrom", onset.offset_from)
        part.add("tzoffsetto", onset.offset_to)
        part.add("tzname", onset.name)
        part.add(
            "rrule",
            {"freq": "yearly", "bymonth": onset.month, "byday": f"{nth}{_WEEKDAYS[onset.weekday]}"},
        )
        zone.add_component(part)
    if not rule.onsets:
        part = TimezoneStandard()
        part.add("dtstart", datetime(FIRST_YEAR, 1, 1))  # noqa: DTZ001  # local by its nature
        part.add("tzoffsetfrom", rule.offset)
        part.add("tzoffsetto", rule.offset)
        part.add("tzname", rule.name)
        zone.add_component(part)
    text: bytes = zone.to_ical()
    return text.decode()


def _agrees(rule: YearlyZone, zone_name: str, instants: list[datetime]) -> bool:
    """Say whether the rule and the zone are equally far from UTC at each instant."""
    years = [instant.year for instant in instants]
    changes = _changes(rule, min(years) - 1, max(years) + 1)
    moments = [moment for moment, _ in changes]
    place = zones.zone(zone_name)

    def offset_at(instant: datetime) -> timedelta:
        return changes[bisect_right(moments, instant) - 1][1] if changes else rule.offset

    return all(instant.astimezone(place).utcoffset() == offset_at(instant) for instant in instants)


def _changes(rule: YearlyZone, first_year: int, last_year: int) -> list[tuple[datetime, timedelta]]:
    """List, in order, the instants of change in some years and the offset from then on."""
    return sorted(
        ((onset.in_year(year) - onset.offset_from).replace(tzinfo=UTC), onset.offset_to)
        for year in range(first_year, last_year + 1)
        for onset in rule.onsets
    )


def _onset(name: str, offset_from: timedelta, offset_to: timedelta, numbers: list[str]) -> Onset:
    month, week, weekday, at = numbers
    return Onset(
        name=name.strip("<>"),
        offset_from=offset_from,
        offset_to=offset_to,
        month=int(month),
        week=int(week),
        weekday=int(weekday),
        at=_length(at or "2"),
    )


def _length(text: str) -> timedelta:
    """Read ``5``, ``-9:30`` or ``+26``: hours, and perhaps minutes and seconds."""
    hours, minutes, seconds = (*text.lstrip("+-").split(":"), "0", "0")[:3]
    length = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return -length if text.startswith("-") else length
