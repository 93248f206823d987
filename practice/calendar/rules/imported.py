"""Calendars from elsewhere: when each is read again, what is wrong with one, how it is shown."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from practice.calendar.rules import zones
from practice.calendar.rules.foreign.busy import Choices
from practice.calendar.rules.foreign.cutting import Between, Refused
from practice.calendar.rules.week import monday_of

EVERY = timedelta(minutes=15)
SPREAD = timedelta(minutes=3)
SLOWEST = timedelta(hours=6)
LONGEST_WAIT = timedelta(days=1)
STALE = timedelta(hours=24)
VERY_STALE = timedelta(hours=72)
FORGOTTEN = timedelta(days=7)
"""How long a calendar waits for somebody to say yes to what it would block."""

WEEKS_BACK, WEEKS_AHEAD = 1, 60
KEPT_PAST = timedelta(days=60)
"""How long times that are over stay on the week's page."""

LARGEST_BYTES = 25_000_000

REFUSED_WORDS = {
    Refused.NO_CALENDAR: (
        "What lies there is not a calendar. Copy the address that ends in .ics, not that of a page."
    ),
    Refused.INCOMPLETE: "The calendar arrived incomplete.",
    Refused.TOO_MANY: "The calendar has more than 10,000 events or busy times to come.",
    Refused.TOO_HARD: "The calendar takes too long or too much memory to read.",
}


def between_of(now: datetime, zone: str) -> Between:
    """Return the time that calendars are read for: the same throughout a week.

    From the Monday of the week before, for sixty weeks, so that more than 400 days lie ahead.
    """
    monday = monday_of(zones.local_date(now, zone))
    first_on = monday - timedelta(weeks=WEEKS_BACK)
    past_on = monday + timedelta(weeks=WEEKS_AHEAD)
    return Between(zones.day_start(zone, first_on), zones.day_start(zone, past_on))


def way_of_reading(choices: Choices, between: Between) -> str:
    """Return a mark of how a calendar is read; where that is another, it must be read anew."""
    said = (
        choices.zone,
        choices.floating,
        choices.all_day_blocks,
        choices.free_blocks,
        choices.tentative_blocks,
        sorted(choices.own_addresses),
        choices.own_host,
        between.first_at.isoformat(),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def next_read_at(
    now: datetime, *, failures: int, spread: float, wait: timedelta | None = None
) -> datetime:
    """Return when a calendar is read again: in 15 minutes or so, ever later while it fails.

    Twice as long after each failure, at most six hours. ``spread`` (0 to 1) keeps calendars
    apart. ``wait`` is how long the other side asks for, which is believed up to a day.
    """
    doublings: int = 2 ** min(failures, 10)
    pause = min(EVERY * doublings, SLOWEST)
    pause += SPREAD * (2 * spread - 1) if pause < SLOWEST else -SPREAD * spread
    return now + max(pause, min(wait or timedelta(), LONGEST_WAIT))


def shown_address(address: str) -> str:
    """Return what is shown of a secret address: its host and its last four characters.

    >>> shown_address("https://calendar.example.com/private-1a2b3c/basic.ics")
    'calendar.example.com … .ics'
    """
    return f"{urlsplit(address).hostname or ''} … {address[-4:]}"
