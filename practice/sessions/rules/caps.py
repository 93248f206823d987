"""How many dosings a day and a week may hold.

Counted per practice, local date and ISO week (Monday to Sunday), boosters included: `caps` in
the semantics of the course templates.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from practice.calendar.rules import zones


@dataclass(frozen=True, slots=True)
class Full:
    """The local dates, and the ISO years and weeks, that take no more dosings."""

    days: frozenset[date]
    weeks: frozenset[tuple[int, int]]


def full(dosings: Iterable[datetime], zone: str, *, max_per_day: int, max_per_week: int) -> Full:
    """Say which days and weeks are full, given when dosings start."""
    dates = [zones.local_date(start, zone) for start in dosings]
    days = Counter(dates)
    weeks = Counter(map(zones.iso_week, dates))
    return Full(
        frozenset(on for on, count in days.items() if count >= max_per_day),
        frozenset(week for week, count in weeks.items() if count >= max_per_week),
    )


def room(dosings: Iterable[datetime], zone: str, *, most: int, weekly: bool) -> dict[date, int]:
    """Say how many dosings days or weeks still take, where there are some already.

    Weeks are named by their Mondays; full ones have no room, however many there are.
    """
    dates = (zones.local_date(start, zone) for start in dosings)
    taken = Counter(monday_of(on) if weekly else on for on in dates)
    return {on: max(most - count, 0) for on, count in taken.items()}


def monday_of(on: date) -> date:
    """Return the Monday of a date's ISO week."""
    return on - timedelta(days=on.isoweekday() - 1)
