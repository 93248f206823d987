"""Time that is kept from clients: once, or again every some weeks by the clock on the wall."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from practice.calendar.rules import zones
from practice.core.errors import Invalid

LONGEST = timedelta(days=14)
MOST_TIMES = 52
MOST_WEEKS = 12


def days_repeated(first_on: date, *, every_weeks: int, times: int) -> list[date]:
    """Return ``times`` local dates, each ``every_weeks`` weeks after the one before it."""
    return [first_on + timedelta(weeks=every_weeks * n) for n in range(times)]


def times_of(
    zone: str,
    first_on: date,
    begins: time,
    last_on: date,
    ends: time,
    *,
    every_weeks: int = 1,
    times: int = 1,
) -> list[tuple[datetime, datetime]]:
    """Return the instants, in UTC, between which time is blocked, once for each repetition.

    The wall time stays the same when the clocks change. Ending at 0:00 is at the beginning of
    ``last_on``.

    Raises:
        Invalid: if it does not end after it begins, is longer than two weeks, would overlap its
            own repetition, or begins or ends when the clocks skip an hour or show it twice.
    """
    days = last_on - first_on
    length = datetime.combine(last_on, ends) - datetime.combine(first_on, begins)
    if length <= timedelta():
        raise Invalid("The end must come after the beginning. Past midnight, give the last day.")
    if length > LONGEST:
        raise Invalid(f"Block at most {LONGEST.days} days at once, or close the practice instead.")
    if times > 1 and length > timedelta(weeks=every_weeks):
        raise Invalid("That lasts longer than until it comes again.")
    return [
        (zones.plain_instant_of(zone, on, begins), zones.plain_instant_of(zone, on + days, ends))
        for on in days_repeated(first_on, every_weeks=every_weeks, times=times)
    ]
