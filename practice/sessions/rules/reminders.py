"""When a client is reminded of a session: 72 and 24 hours before, and never in quiet hours.

Quiet hours are read off the clock on the wall where the client is. What would fall into them
goes when they end, if that still leaves half of the time; otherwise shortly before they begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from practice.calendar.rules import zones
from practice.calendar.rules.hours import Window, all_but

MINUTE = timedelta(minutes=1)


class Reminder(StrEnum):
    """One of the reminders of a session, by its hours before."""

    EARLY = "72"
    LATE = "24"

    @property
    def lead(self) -> timedelta:
        return timedelta(hours=int(self))


EARLIEST = timedelta(hours=72 + 25)
"""How far ahead of a session its first reminder can fall: a day of quiet hours comes on top."""

LATEST = timedelta(hours=1)
"""A reminder that has waited longer than until so shortly before the session is of no use."""

BEFORE_QUIET = timedelta(minutes=30)
"""How long before quiet hours a reminder goes that cannot wait for their end."""


def due_at(
    reminder: Reminder, starts_at: datetime, *, zone: str, quiet: Sequence[Window]
) -> datetime:
    """Return when a session's reminder goes out. ``quiet`` is in minutes of ``zone``'s clock."""
    wanted = starts_at - reminder.lead
    after = wakes_at(wanted, zone=zone, quiet=quiet)
    if after - wanted <= reminder.lead / 2:
        return after
    began, ends = max(
        ((first, past) for first, past in _waking(wanted, zone, quiet) if past <= wanted),
        default=(wanted, wanted),
    )
    return max(began, ends - BEFORE_QUIET)


def wakes_at(instant: datetime, *, zone: str, quiet: Sequence[Window]) -> datetime:
    """Return the first instant from this one on that lies outside quiet hours.

    Where all hours are quiet none is, and the instant itself is returned.
    """
    waking = _waking(instant, zone, quiet)
    return min((max(first, instant) for first, past in waking if past > instant), default=instant)


def which_now(
    starts_at: datetime,
    *,
    told_at: datetime,
    now: datetime,
    zone: str,
    quiet: Sequence[Window],
) -> Reminder | None:
    """Return the reminder of a session that is to go out by now; the later one, if both are.

    Whoever was told of the session (``told_at``) shortly before needs no reminder: there must
    lie a quarter of its hours between them.
    """
    if starts_at - now < LATEST:
        return None
    for reminder in (Reminder.LATE, Reminder.EARLY):
        due = due_at(reminder, starts_at, zone=zone, quiet=quiet)
        if due <= now:
            return reminder if due - told_at >= reminder.lead / 4 else None
    return None


def _waking(
    around: datetime, zone: str, quiet: Sequence[Window]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches outside quiet hours from two days before an instant to two days after."""
    waking = all_but(quiet)
    middle = zones.local_date(around, zone)
    for days in range(-2, 3):
        on = middle + days * zones.DAY
        midnight = zones.day_start(zone, on)
        for elapsed, minutes, wall in zones.stretches(zone, on):
            for opens, closes in ((each.opens_minute, each.closes_minute) for each in waking):
                first, past = max(opens, wall), min(closes, wall + minutes)
                if first < past:
                    shift = elapsed - wall
                    yield midnight + (shift + first) * MINUTE, midnight + (shift + past) * MINUTE
