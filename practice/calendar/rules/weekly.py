"""Weekly hours as people write them down: rows of a day, from when to when, and for what.

Two rows of one day may lie over each other only if no session fits both: hours for video calls
beside hours for visits. Hours do not pass midnight; the rest of a night belongs to the next day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from practice.calendar.rules.timeline import CELL_MINUTES
from practice.calendar.rules.zones import clock_words
from practice.core.errors import Invalid

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One row of weekly hours. ``weekday`` is ISO, Monday 1; no ``kinds`` means all of them.

    Raises:
        Invalid: unless it ends after it begins, within one day.
    """

    weekday: int
    starts_minute: int
    ends_minute: int
    kinds: tuple[str, ...] = ()
    modality: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.weekday <= len(DAYS):
            raise Invalid("That is no day of the week.")
        if not 0 <= self.starts_minute < self.ends_minute <= DAY_MINUTES:
            raise Invalid(
                "Hours end after they begin, by midnight at the latest. "
                "What goes on after midnight is a row of the next day."
            )


def first_clash(rows: Sequence[Row]) -> tuple[int, int] | None:
    """Return the places of the first two rows that say the same time twice, the later one last."""
    for later, row in enumerate(rows):
        for earlier, other in enumerate(rows[:later]):
            if _overlap(row, other) and _share_a_session(row, other):
                return earlier, later
    return None


def _overlap(one: Row, other: Row) -> bool:
    return (
        one.weekday == other.weekday
        and one.starts_minute < other.ends_minute
        and other.starts_minute < one.ends_minute
    )


def _share_a_session(one: Row, other: Row) -> bool:
    kinds = not one.kinds or not other.kinds or bool({*one.kinds} & {*other.kinds})
    return kinds and (not one.modality or not other.modality or one.modality == other.modality)


def is_plain(rows: Sequence[Row]) -> bool:
    """Say whether each day has one row at most, and every row is for all sessions."""
    days = [row.weekday for row in rows]
    return len(set(days)) == len(days) and not any(row.kinds or row.modality for row in rows)


def in_lines(rows: Sequence[Row]) -> list[str]:
    """Write a plain week with days of the same hours together.

    ``Monday to Thursday, 9:00 AM to 6:00 PM``, then ``Friday, 9:00 AM to 12:00 PM``.
    """
    by_span: dict[tuple[int, int], list[int]] = {}
    for row in sorted(rows):
        by_span.setdefault((row.starts_minute, row.ends_minute), []).append(row.weekday)
    return [f"{_days_words(days)}, {span_words(*span)}" for span, days in by_span.items()]


def _days_words(days: Sequence[int]) -> str:
    names = [DAYS[each - 1] for each in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)


def in_words(row: Row) -> str:
    """Write a row as ``Monday, 9:00 AM to 6:00 PM``."""
    return f"{DAYS[row.weekday - 1]}, {span_words(row.starts_minute, row.ends_minute)}"


def span_words(starts_minute: int, ends_minute: int) -> str:
    """Write a stretch of a day as ``9:00 AM to 6:00 PM``."""
    starts, ends = (
        "midnight" if minute == DAY_MINUTES else clock_words(time(minute // 60, minute % 60))
        for minute in (starts_minute, ends_minute)
    )
    return f"{starts} to {ends}"


def typed(minute: int) -> str:
    """Write a minute of the day the way a field for times holds it; midnight's end as ``00:00``."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def read_minute(text: str, *, ends: bool = False) -> int:
    """Read a time of day as minutes after midnight; ``00:00`` at the end of hours is midnight.

    Raises:
        Invalid: for anything but a time like 09:30 in steps of five minutes.
    """
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::00)?", text)
    if found is None:
        raise Invalid("Enter a time like 09:30")
    minute = int(found[1]) * 60 + int(found[2])
    if minute % CELL_MINUTES:
        raise Invalid(f"Times are in steps of {CELL_MINUTES} minutes")
    return DAY_MINUTES if ends and not minute else minute
