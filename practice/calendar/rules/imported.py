"""Calendars from elsewhere: when each is read again, what is wrong with one, how it is shown."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from practice.calendar.rules import zones
from practice.calendar.rules.foreign.busy import LONGEST_PIECE, Choices, Span
from practice.calendar.rules.foreign.cutting import Between, Refused
from practice.calendar.rules.week import monday_of
from practice.core.errors import Invalid

EVERY = timedelta(minutes=15)
SPREAD = timedelta(minutes=3)
SLOWEST = timedelta(hours=6)
LONGEST_WAIT = timedelta(days=1)
STALE = timedelta(hours=24)
VERY_STALE = timedelta(hours=72)
FORGOTTEN = timedelta(days=7)
"""How long a calendar waits for somebody to say yes to what it would block."""

WEEKS_BACK, WEEKS_AHEAD, WEEKS_OF_A_FILE = 1, 60, 105
"""A file does not come again by itself, so it is read for two years at once."""

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


def between_of(now: datetime, zone: str, weeks: int = WEEKS_AHEAD) -> Between:
    """Return the time that calendars are read for: the same throughout a week.

    From the Monday of the week before, for sixty weeks, so that more than 400 days lie ahead.
    """
    monday = monday_of(zones.local_date(now, zone))
    first_on = monday - timedelta(weeks=WEEKS_BACK)
    past_on = monday + timedelta(weeks=weeks)
    return Between(zones.day_start(zone, first_on), zones.day_start(zone, past_on))


def way_of_reading(address: str | None, choices: Choices, between: Between) -> str:
    """Return a mark of how a calendar is read; where that is another, it must be read anew."""
    said = (
        address,
        choices.zone,
        choices.floating,
        choices.all_day_blocks,
        choices.free_blocks,
        choices.tentative_blocks,
        sorted(choices.own_addresses),
        choices.own_hosts,
        between.first_at.isoformat(),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


class Taken(NamedTuple):
    """The time that a session takes, set-up and turnover included."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime


class Over(NamedTuple):
    """A session that something busy lies over, and when that begins."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    busy_at: datetime


def over(spans: Iterable[Span], taken: Iterable[Taken]) -> list[Over]:
    """Return the sessions that busy times lie over, by their beginning.

    What touches does not lie over. Costs no more than sorting, since no busy time is longer than
    ``LONGEST_PIECE``.
    """
    busy = sorted(spans)
    found = []
    for each in sorted(taken, key=lambda one: (one.starts_at, one.session_id)):
        first = bisect_left(busy, (each.starts_at - LONGEST_PIECE,))
        for starts_at, ends_at in islice(busy, first, None):
            if starts_at >= each.ends_at:
                break
            if ends_at > each.starts_at:
                found.append(Over(*each, starts_at))
                break
    return found


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


def span_words(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """Say when something is busy: ``Mon, Nov 30, 12:30 PM to 1:30 PM``, or that it is all day."""
    place = zones.zone(zone)
    first, past = starts_at.astimezone(place), ends_at.astimezone(place)
    first_on, last_on = first.date(), past.date() - zones.DAY
    if starts_at == zones.day_start(zone, first_on) and ends_at == zones.day_start(
        zone, past.date()
    ):
        until = f" to {zones.day_words(last_on)}" if last_on > first_on else ""
        return f"{zones.day_words(first_on)}{until}, all day"
    begins = zones.instant_words(starts_at, zone)
    if first_on == past.date() and first.utcoffset() == past.utcoffset():
        return f"{begins} to {zones.clock_words(past)}"
    return f"{begins} to {zones.instant_words(ends_at, zone)}"


def shown_address(address: str) -> str:
    """Return what is shown of a secret address: its host and its last four characters.

    >>> shown_address("https://calendar.example.com/private-1a2b3c/basic.ics")
    'calendar.example.com … .ics'
    """
    return f"{urlsplit(address).hostname or ''} … {address[-4:]}"


STATUS_WORDS = {
    401: "The other side does not let us read it. Its address may have been reset: copy it anew.",
    404: "There is no calendar at this address any more.",
    429: "The other side asks us to wait.",
    500: "The other side has a fault of its own.",
}
STRANGE = "The other side gave an answer that makes no sense."
_LIKE = {403: 401, 410: 404}


def status_words(status: int) -> str:
    """Say what an HTTP status means that is neither 200 nor 304."""
    return STATUS_WORDS.get(_LIKE.get(status, min(500, status)), STRANGE)


def wait_of(retry_after: str, now: datetime) -> timedelta | None:
    """Read how long another side asks to be left alone: seconds, or until a date of HTTP."""
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after[:9]), 10**8))
    try:
        until = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):  # the latter for numbers that no date has
        return None
    return until - now if until.tzinfo is not None else None


def address_of(text: str) -> str:
    """Return the address that somebody meant: calendar programs write webcal for https.

    Whether anything may be fetched there is another question.

    Raises:
        Invalid: for what cannot be an address.
    """
    scheme, _, rest = text.strip().partition("://")
    if scheme.lower() in ("webcal", "webcals"):
        text = f"https://{rest}"
    try:
        parts = urlsplit(text.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port is not None else ""
    except (ValueError, UnicodeError):
        raise Invalid("Enter an address like https://calendar.example.com/basic.ics") from None
    if parts.netloc.isascii():
        return urlunsplit(parts._replace(path=_quoted(parts.path), query=_quoted(parts.query)))
    return urlunsplit(
        (parts.scheme, f"{host}{port}", _quoted(parts.path), _quoted(parts.query), parts.fragment)
    )


def _quoted(text: str) -> str:
    return quote(text, safe="%/:=&?~+!$,;'@()*[]")
