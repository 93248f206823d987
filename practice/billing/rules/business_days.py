"""Business days of the United States: Monday to Friday without the federal holidays (5 USC 6103).

A holiday on a Saturday is observed on the Friday before it, one on a Sunday on the Monday after;
New Year's Day can so be observed in the year before its own. The day of an inauguration is one in
Washington alone, and is left out. All dates are local dates of the practice.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

DAY = timedelta(days=1)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6

SAME_DATE = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
"""Month and day of those that have the same date every year."""

SAME_WEEKDAY = (
    (1, MONDAY, 3),
    (2, MONDAY, 3),
    (5, MONDAY, -1),
    (9, MONDAY, 1),
    (10, MONDAY, 2),
    (11, THURSDAY, 4),
)
"""Month, weekday, and the how many-th of them in it; -1 is the last."""


@cache
def holidays(year: int) -> frozenset[date]:
    """Return the dates in a year on which a federal holiday is observed."""
    fixed = [date(y, month, day) for y in (year, year + 1) for month, day in SAME_DATE]
    moving = [_nth(year, *which) for which in SAME_WEEKDAY]
    return frozenset(on for on in (*map(_observed, fixed), *moving) if on.year == year)


def is_business_day(on: date) -> bool:
    """Say whether offices are open on a date."""
    return on.weekday() < SATURDAY and on not in holidays(on.year)


def after(on: date, days: int) -> date:
    """Return the so many-th business day after a date; the date itself does not count."""
    return _step(on, days, DAY)


def before(on: date, days: int) -> date:
    """Return the so many-th business day before a date; the date itself does not count."""
    return _step(on, days, -DAY)


def _step(on: date, days: int, by: timedelta) -> date:
    while days > 0:
        on += by
        days -= is_business_day(on)
    return on


def _observed(on: date) -> date:
    return on + {SATURDAY: -DAY, SUNDAY: DAY}.get(on.weekday(), timedelta())


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    if nth < 0:
        last = date(year, month + 1, 1) - DAY
        return last - DAY * ((last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (nth - 1))
