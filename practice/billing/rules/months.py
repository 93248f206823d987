"""Months as the books count them: whole local months of the practice."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 2000, 2200
"""Between which years a practice may have books."""

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
