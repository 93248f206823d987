"""Months of the books: their days, which may be locked, and where what comes late counts to."""

from __future__ import annotations

import re
from datetime import date, timedelta

YEARS = (1900, 2099)
LONGEST_DAYS = 3 * 366
"""The longest period that is exported at once."""


def first_of(on: date) -> date:
    """Return the first day of the month of a day."""
    return on.replace(day=1)


def last_of(on: date) -> date:
    """Return the last day of the month of a day."""
    return next_month(on) - timedelta(days=1)


def next_month(on: date) -> date:
    """Return the first day of the month after that of a day."""
    return (on.replace(day=1) + timedelta(days=31)).replace(day=1)


def month_before(on: date) -> date:
    """Return the first day of the month before that of a day."""
    return (on.replace(day=1) - timedelta(days=1)).replace(day=1)


def read_month(text: str) -> date | None:
    """Return the first day of a month written as ``2026-11``, or ``None`` for anything else."""
    if not re.fullmatch(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", text, re.ASCII):
        return None
    return date(int(text[:4]), int(text[5:]), 1)


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
    if not YEARS[0] <= first_on.year <= YEARS[1] or not YEARS[0] <= last_on.year <= YEARS[1]:
        return f"Choose days of the years {YEARS[0]} to {YEARS[1]}"
    if last_on < first_on:
        return "The last day is before the first day"
    if (last_on - first_on).days > LONGEST_DAYS:
        return "Choose at most three years at once"
    return None
