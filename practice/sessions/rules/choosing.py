"""A page of free times: which days it shows, which one is open, and what lies near a lost time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from practice.calendar.rules import zones


class Part(StrEnum):
    MORNING = "Morning"
    AFTERNOON = "Afternoon"
    EVENING = "Evening"


NOON, DUSK = time(12), time(17)


@dataclass(frozen=True, slots=True)
class Day:
    """One local date and the starts, in order, that are free on it."""

    on: date
    starts: tuple[datetime, ...]


def days_of(starts: Iterable[datetime], zone: str, first_on: date, count: int) -> list[Day]:
    """Put starts on ``count`` local dates of ``zone``, from ``first_on``; others are left out."""
    by_date: dict[date, list[datetime]] = {first_on + timedelta(days=n): [] for n in range(count)}
    for start in starts:
        on = zones.local_date(start, zone)
        if on in by_date:
            by_date[on].append(start)
    return [Day(on, tuple(sorted(found))) for on, found in by_date.items()]


def opened(days: Sequence[Day], wanted: date | None) -> Day | None:
    """Return the day whose times are shown: the one asked for, or the first that has any.

    A day that was asked for stays open without times, so that nobody wonders where it went.
    """
    for day in days:
        if day.on == wanted:
            return day
    return next((day for day in days if day.starts), None)


def parts_of(starts: Iterable[datetime], zone: str) -> list[tuple[Part, list[datetime]]]:
    """Sort starts into the parts of a local day, by the clock on the wall of ``zone``."""
    parts: dict[Part, list[datetime]] = {part: [] for part in Part}
    for start in starts:
        wall = start.astimezone(zones.zone(zone)).time()
        part = Part.MORNING if wall < NOON else Part.AFTERNOON if wall < DUSK else Part.EVENING
        parts[part].append(start)
    return [(part, found) for part, found in parts.items() if found]


def nearest(starts: Iterable[datetime], wanted: datetime, count: int = 3) -> list[datetime]:
    """Return the starts closest to a lost one, in order; of two equally close the earlier."""
    return sorted(sorted(starts, key=lambda start: (abs(start - wanted), start))[:count])


def clock_changes_between(now: datetime, then: datetime, zone: str) -> bool:
    """Say whether the clocks of a zone stand differently at the two instants."""
    place = zones.zone(zone)
    return now.astimezone(place).utcoffset() != then.astimezone(place).utcoffset()
