"""Reading calendars from elsewhere again and again: the worker's part, outside transactions.

One job for each calendar comes round by itself. Whatever goes wrong, what the calendar blocks
stays: only a whole reading replaces it, in one transaction.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from urllib.parse import urlsplit
from uuid import UUID

from practice.audit.rules import PROGRAM
from practice.calendar import imported
from practice.calendar.models import ExternalCalendar, Resource
from practice.calendar.rules.foreign.cutting import Between
from practice.calendar.rules.imported import (
    FORGOTTEN,
    STRANGE,
    between_of,
    next_read_at,
    status_words,
    wait_of,
    way_of_reading,
)
from practice.calendar.service import imported as keeping
from practice.calendar.service import reading
from practice.calendar.service.reading import Read
from practice.core import clock, fetching
from practice.core.db import db, in_transaction
from practice.core.errors import Invalid, NotFound
from practice.core.fetching import Answer
from practice.core.outside import Unreachable
from practice.outbox import service as outbox
from practice.outbox.jobs import ComesRound, NotYet
from practice.people.queries import get_member, get_practice

IN_ALL_SECONDS = 42.0
"""For fetching and reading together: a worker may be silent for 45."""

LEAST_SECONDS = 5.0
NAME = "Mozilla/5.0 (compatible; Appointments-Calendar/1)"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
WANTS_BROWSERS = frozenset({"outlook.office365.com", "outlook.office.com", "outlook.live.com"})
"""Hosts that answer with a fault of their own to whoever does not look like a browser."""

LONGEST_TAG, LONGEST_DATE = 300, 60


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading that went well. ``read`` is nothing where nothing had changed."""

    way: str
    body_hash: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    read: Read | None = None


class Failed(Exception):
    """A reading that did not go well, in words for staff, and how long we are asked to wait."""

    def __init__(self, words: str, wait: timedelta | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.wait = wait


def refresh(calendar_id: UUID) -> None:
    """Read a calendar, if it is time, and say when to come again.

    Raises:
        NotYet: if it is not time.
        ComesRound: whenever it was read or tried.
    """
    try:
        calendar = imported.get_calendar(calendar_id)
    except NotFound:
        return
    now = clock.now()
    if calendar.address is None or calendar.stopped_at is not None:
        return
    if calendar.next_at is not None and calendar.next_at > now:
        raise NotYet(calendar.next_at)
    if _is_forgotten(calendar, now):
        in_transaction(partial(keeping.remove, calendar_id, by=PROGRAM))
        return
    between = between_of(now, get_practice().time_zone)
    try:
        seen = _read(calendar, between)
    except Failed as failed:
        next_at = in_transaction(partial(_keep_failure, calendar_id, failed))
    else:
        next_at = in_transaction(partial(_keep, calendar_id, seen, between))
    raise ComesRound(next_at)


def _is_forgotten(calendar: ExternalCalendar, now: datetime) -> bool:
    """Say whether nobody wants a calendar any more: no yes for a week, or its person has left."""
    if calendar.confirmed_at is None and calendar.added_at < now - FORGOTTEN:
        return True
    resource = db.session.get(Resource, (calendar.practice_id, calendar.resource_id))
    return resource is None or resource.ended_at is not None


# What lies there -------------------------------------------------------------------------------


def _read(calendar: ExternalCalendar, between: Between) -> Seen:
    """Fetch a calendar, and read it if it is not what it was.

    Raises:
        Failed: if nothing new is known of it.
    """
    began = monotonic()
    way = _way(calendar, between)
    is_known = calendar.way == way  # else even the same text has to be read anew
    answer = _fetch(calendar, is_known=is_known)
    if answer.status == 304 and is_known:
        return Seen(way)
    if answer.status != 200:
        wait = wait_of(answer.headers.get("Retry-After") or "", clock.now())
        words = STRANGE if answer.status == 304 else status_words(answer.status)
        raise Failed(words, wait)
    kept = _short(answer.headers.get("ETag"), LONGEST_TAG)
    dated = _short(answer.headers.get("Last-Modified"), LONGEST_DATE)
    body_hash = hashlib.sha256(answer.body).hexdigest()
    if is_known and body_hash == calendar.body_hash:
        return Seen(way, body_hash, kept, dated)
    choices = imported.choices_of(calendar, get_practice().time_zone)
    left = min(reading.WALL_SECONDS, IN_ALL_SECONDS - (monotonic() - began))
    try:
        read = reading.busy_times(answer.body, choices, between, seconds=max(LEAST_SECONDS, left))
    except reading.NotRead as refused:
        raise Failed(refused.message) from None
    return Seen(way, body_hash, kept, dated, read)


def _fetch(calendar: ExternalCalendar, *, is_known: bool) -> Answer:
    """Ask for a calendar, and again as a browser where only those get an answer.

    Twice takes no longer than once may.
    """
    began = monotonic()
    headers = {"User-Agent": NAME, "Accept": "text/calendar, */*;q=0.1"}
    if is_known and calendar.etag:
        headers["If-None-Match"] = calendar.etag
    if is_known and calendar.last_modified:
        headers["If-Modified-Since"] = calendar.last_modified
    address = calendar.address or ""
    try:
        answer = fetching.fetch(address, headers)
        if answer.status >= 500 and urlsplit(address).hostname in WANTS_BROWSERS:
            left = max(LEAST_SECONDS, fetching.LONGEST_SECONDS - (monotonic() - began))
            answer = fetching.fetch(address, headers | {"User-Agent": BROWSER}, seconds=left)
    except (Unreachable, Invalid) as problem:
        raise Failed(problem.message) from None
    return answer


def _way(calendar: ExternalCalendar, between: Between) -> str:
    choices = imported.choices_of(calendar, get_practice().time_zone)
    return way_of_reading(calendar.address, choices, between)


def _short(text: str | None, most: int) -> str | None:
    return text if text and len(text) <= most and text.isascii() and text.isprintable() else None


# What is kept of it ----------------------------------------------------------------------------


def _keep(calendar_id: UUID, seen: Seen, between: Between) -> datetime:
    """Keep a reading that went well; return when to come again: at once, if it is outdated."""
    calendar = imported.get_calendar(calendar_id, lock=True)
    now = clock.now()
    if calendar.stopped_at is not None:
        return now
    if _way(calendar, between) != seen.way:  # somebody chose otherwise meanwhile
        calendar.next_at = None
        db.session.flush()
        return now
    calendar.failures, calendar.problem, calendar.told_at = 0, None, None
    calendar.checked_at = calendar.read_at = now
    if seen.body_hash is not None:
        calendar.etag, calendar.last_modified = seen.etag, seen.last_modified
        calendar.body_hash, calendar.way = seen.body_hash, seen.way
    if seen.read is not None:
        calendar.changed_at = now
        keeping.note_reading(calendar, seen.read)
        if calendar.confirmed_at is None:
            calendar.found = keeping.written(seen.read.spans)
        else:
            keeping.block(calendar, seen.read.spans, between)
    elif calendar.confirmed_at is not None:
        keeping.tell_of_conflicts(calendar)
    return _come_again(calendar, now)


def _keep_failure(calendar_id: UUID, failed: Failed) -> datetime:
    """Keep what went wrong. What the calendar blocks stays as it is."""
    calendar = imported.get_calendar(calendar_id, lock=True)
    now = clock.now()
    calendar.failures += 1
    calendar.problem, calendar.checked_at = failed.words, now
    if calendar.confirmed_at is not None:
        keeping.tell_of_conflicts(calendar)
    if imported.is_stale(calendar) and calendar.told_at is None:
        calendar.told_at = now
        _tell(calendar)
    return _come_again(calendar, now, failed.wait)


def _come_again(
    calendar: ExternalCalendar, now: datetime, wait: timedelta | None = None
) -> datetime:
    spread = random.random()  # noqa: S311  # it keeps calendars apart and hides nothing
    calendar.next_at = next_read_at(now, failures=calendar.failures, spread=spread, wait=wait)
    db.session.flush()
    return calendar.next_at


def _tell(calendar: ExternalCalendar) -> None:
    """Mail whoever the calendar belongs to, or else whoever added it, that it is not read."""
    resource = db.session.get(Resource, (calendar.practice_id, calendar.resource_id))
    user_id = resource.user_id if resource is not None else None
    member = get_member(user_id or calendar.added_by)
    outbox.post(
        "staff-calendar-unread",
        key=f"calendar-unread:{calendar.id}:{int(clock.now().timestamp())}",
        to=member.email,
        about_id=calendar.id,
    )
