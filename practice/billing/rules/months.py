"""Months as the books count them, in local days; which may be locked, and what comes late."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Between which years a practice may have books."""

LONGEST_DAYS = 3 * 366
"""The longest period that is exported at once."""

_WRITTEN = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


class Month(NamedTuple):
    """A month of a year: ``str`` writes it as addresses do, ``2026-11``."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month | None:
        """Read ``2026-11``; ``None`` for anything else."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            return None
        year, month = int(found[1]), int(found[2])
        is_one = FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12
        return cls(year, month) if is_one else None

    @property
    def first_on(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_on(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def moved(self, months: int) -> Month:
        """Return the month so many months later, or earlier for a negative number."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    @property
    def in_words(self) -> str:
        """Return ``November 2026``."""
        return f"{self.first_on:%B %Y}"

    @property
    def short(self) -> str:
        """Return ``Nov``, and ``Jan 27`` where a year begins."""
        return f"{self.first_on:%b %y}" if self.month == 1 else f"{self.first_on:%b}"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def between(first: Month, last: Month) -> list[Month]:
    """Return the months from one to another, both included, the newest first."""
    found, each = [], last
    while each >= first:
        found.append(each)
        each = each.moved(-1)
    return found


def first_of(on: date) -> date:
    """Return the first day of the month of a day."""
    return Month.of(on).first_on


def last_of(on: date) -> date:
    """Return the last day of the month of a day."""
    return Month.of(on).last_on


def next_month(on: date) -> date:
    """Return the first day of the month after that of a day."""
    return Month.of(on).moved(1).first_on


def month_before(on: date) -> date:
    """Return the first day of the month before that of a day."""
    return Month.of(on).moved(-1).first_on


def read_month(text: str) -> date | None:
    """Return the first day of a month written as ``2026-11``, or ``None`` for anything else."""
    month = Month.read(text)
    return month and month.first_on


def whole_month(first_on: date, last_on: date) -> date | None:
    """Return the first day of the month that a period is, or ``None`` if it is no whole month."""
    return first_on if first_on.day == 1 and last_on == last_of(first_on) else None


def counts_to(on: date, locked: date | None) -> date:
    """Return the day that something of a day counts to: itself, or the first open day.

    ``locked`` is the first day of the last locked month. That month and all before it never
    change, so what comes late counts to the first day after it.
    """
    return on if locked is None or on > last_of(locked) else next_month(locked)


def why_not_locked(first_on: date, today: date) -> str | None:
    """Say why a month cannot be locked yet, or return ``None``."""
    if last_of(first_on) >= today:
        return "A month can be locked once it is over."
    return None


def what_is_wrong(first_on: date, last_on: date) -> str | None:
    """Say what is wrong with the period of an export, or return ``None``."""
    if not FIRST_YEAR <= first_on.year <= LAST_YEAR or not FIRST_YEAR <= last_on.year <= LAST_YEAR:
        return f"Choose days of the years {FIRST_YEAR} to {LAST_YEAR}"
    if last_on < first_on:
        return "The last day is before the first day"
    if (last_on - first_on).days > LONGEST_DAYS:
        return "Choose at most three years at once"
    return None
