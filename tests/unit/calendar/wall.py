"""The slow answer: walk through time minute by minute and read the clock on the wall.

Nothing of the fast code is used here. A minute is open if the clock then shows a time within
the hours of its date; a cell is five minutes, and is free only if all of them are.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from practice.calendar.rules.hours import Window

ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Puerto_Rico",
]
CHANGES = [date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7)]
MINUTE = timedelta(minutes=1)


class Minute(NamedTuple):
    """A minute of elapsed time, and the date and the time on the wall at its beginning."""

    at: datetime
    on: date
    wall: int


@cache
def minutes_of(zone: str, first_on: date, last_on: date) -> list[Minute]:
    """Every minute of some local dates, found by looking at the clock from the day before."""
    place = ZoneInfo(zone)
    walk: list[Minute] = []
    at = datetime.combine(first_on, time.min, UTC) - timedelta(days=1)
    while not walk or walk[-1].on <= last_on:
        local = at.astimezone(place)
        if local.date() >= first_on:
            walk.append(Minute(at, local.date(), local.hour * 60 + local.minute))
        at += MINUTE
    return walk[:-1]


def is_open(minute: Minute, windows: tuple[Window, ...]) -> bool:
    return any(each.opens_minute <= minute.wall < each.closes_minute for each in windows)


def cells_where(minutes: list[Minute], holds: Callable[[Minute], bool]) -> list[bool]:
    """Say of each five minutes whether something holds in all of them."""
    each = [holds(minute) for minute in minutes]
    return [all(each[first : first + 5]) for first in range(0, len(each), 5)]


def as_bits(cells: list[bool]) -> int:
    return sum(1 << cell for cell, is_set in enumerate(cells) if is_set)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """Hours of one date, on odd minutes too, and crowded around the hours that change."""
    minute = st.integers(0, 1440) | st.integers(0, 300) | st.sampled_from([60, 120, 180])
    pairs = draw(st.lists(st.tuples(minute, minute), max_size=3))
    return tuple(Window(*sorted(pair)) for pair in pairs if pair[0] != pair[1])


@st.composite
def dates_around_a_change(draw: st.DrawFn) -> tuple[date, date]:
    """One to three dates, among them or beside them one on which clocks change."""
    change = draw(st.sampled_from(CHANGES))
    first = draw(st.integers(-2, 1))
    return change + timedelta(first), change + timedelta(first + draw(st.integers(0, 2)))
