"""Calendars from elsewhere: adding one, saying yes to what it blocks, and taking it away.

Everything here is called inside ``transaction()``, but for what a worker does. How they are read
is ``refreshing``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar import imported
from practice.calendar.models import ExternalCalendar, Resource, WhenStale
from practice.calendar.rules import zones
from practice.calendar.rules.foreign.busy import Span
from practice.calendar.rules.foreign.cutting import Between
from practice.calendar.service import claims
from practice.calendar.service.reading import Read
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict, NotFound
from practice.outbox import service as outbox
from practice.people.queries import get_practice

JOB = "read-calendar"
TASK = "busy-over-session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What somebody chose for a calendar."""

    name: str
    all_day_blocks: bool
    free_blocks: bool
    tentative_blocks: bool
    floating_zone: str
    own_addresses: tuple[str, ...]
    when_stale: WhenStale

    def put_into(self, calendar: ExternalCalendar) -> None:
        calendar.name = self.name
        calendar.all_day_blocks = self.all_day_blocks
        calendar.free_blocks = self.free_blocks
        calendar.tentative_blocks = self.tentative_blocks
        calendar.floating_zone = self.floating_zone
        calendar.own_addresses = "\n".join(self.own_addresses) or None
        calendar.when_stale = self.when_stale


def add(
    resource: Resource, switches: Switches, *, address: str | None, by: Actor, added_by: UUID
) -> ExternalCalendar:
    """Add a calendar that blocks nothing yet: a worker reads it, then somebody says yes.

    One without an address is a file: ``receive`` says what it holds.
    """
    calendar = ExternalCalendar(
        resource_id=resource.id,
        address=address,
        added_by=added_by,
        added_at=clock.now(),
        failures=0,
        events=0,
        unreadable=0,
        guessed=0,
    )
    switches.put_into(calendar)
    db.session.add(calendar)
    db.session.flush()
    record("imported_calendar:add", by=by, subject_id=calendar.id, resource_id=str(resource.id))
    if address is not None:
        outbox.enqueue(JOB, key=job_key(calendar.id), subject_id=calendar.id)
    return calendar


def change(
    calendar_id: UUID, switches: Switches, *, address: str | None, by: Actor
) -> ExternalCalendar:
    """Let a calendar be read in another way, or from another address; it is read at once.

    What it blocks stays until it was read. Without a new address it keeps its own.
    """
    calendar = imported.get_calendar(calendar_id, lock=True)
    _must_be_live(calendar)
    switches.put_into(calendar)
    if address is not None:
        calendar.address = address
    db.session.flush()
    record("imported_calendar:change", by=by, subject_id=calendar.id)
    if calendar.address_sealed is not None:
        hurry(calendar)
    return calendar


def hurry(calendar: ExternalCalendar) -> None:
    """Have a calendar read at once."""
    calendar.next_at = None
    db.session.flush()
    outbox.bring_forward(JOB, key=job_key(calendar.id), subject_id=calendar.id)


def receive(calendar: ExternalCalendar, read: Read) -> None:
    """Keep what an uploaded file holds, to be shown before it blocks anything.

    Raises:
        Conflict: if it is read by its address, or no longer.
    """
    _must_be_live(calendar)
    if calendar.address_sealed is not None:
        raise Conflict("This calendar is read by its address. Add the file as another one.")
    note_reading(calendar, read)
    calendar.checked_at = calendar.read_at = calendar.changed_at = clock.now()
    calendar.found = written(read.spans)
    db.session.flush()


def note_reading(calendar: ExternalCalendar, read: Read) -> None:
    """Write down how many events a reading found, and left out."""
    calendar.events, calendar.unreadable = read.events, read.unreadable
    calendar.guessed = read.guessed


def written(spans: Sequence[Span]) -> str:
    """Write times down as they wait for a yes."""
    return json.dumps([[int(first.timestamp()), int(past.timestamp())] for first, past in spans])


def confirm(calendar_id: UUID, between: Between, *, by: Actor) -> ExternalCalendar:
    """Let a calendar block what was shown. Saying yes again changes nothing.

    Raises:
        Conflict: if it has not been read yet, or is no longer.
    """
    calendar = imported.get_calendar(calendar_id, lock=True)
    _must_be_live(calendar)
    if calendar.found is None:
        if calendar.confirmed_at is None:
            raise Conflict("This calendar has not been read yet. Nothing was blocked.")
        return calendar
    block(calendar, imported.found_of(calendar), between)
    calendar.found = None
    calendar.confirmed_at = calendar.confirmed_at or clock.now()
    db.session.flush()
    record("imported_calendar:confirm", by=by, subject_id=calendar.id)
    return calendar


def block(calendar: ExternalCalendar, spans: Sequence[Span], between: Between) -> None:
    """Let a calendar block just these times, and say which sessions they lie over.

    A person's time stays busy while it is replaced: all of it changes when the transaction ends.
    """
    claims.lay_over(calendar.id, calendar.resource_id, spans, since=between.first_at)
    tell_of_conflicts(calendar)


def tell_of_conflicts(calendar: ExternalCalendar) -> None:
    """Put each session that a calendar lies over on the list of tasks, once, and take others off.

    Nothing happens to a session: somebody decides. Asked after every reading, even one that
    brought nothing new, since a session may have been booked while the one before was written.
    """
    over = imported.lying_over(calendar)
    keys = {
        each: f"{_prefix(calendar.id)}{each.session_id}:{int(each.busy_at.timestamp())}"
        for each in over
    }
    outbox.withdraw_those(_prefix(calendar.id), but_not=keys.values())
    clients = imported.clients_of([each.session_id for each in over]) if over else {}
    zone = get_practice().time_zone
    for each, key in keys.items():
        when = zones.instant_words(max(each.busy_at, each.starts_at), zone)
        outbox.assign(
            TASK,
            key=key,
            what=f"An imported calendar is busy from {when}, where a session is booked. "
            "Move the session, or leave it as it is.",
            due_at=clock.now(),
            client_id=clients.get(each.session_id),
            about_id=each.session_id,
        )


def look_at_conflicts(_practice_id: UUID) -> None:
    """Look at the sessions under files and calendars that nobody reads again. A worker's part.

    What was moved from under them goes off the list of tasks: no reading would say so.
    """
    silent = db.session.scalars(
        sa.select(ExternalCalendar.id)
        .where(
            ExternalCalendar.confirmed_at.is_not(None), ExternalCalendar.address_sealed.is_(None)
        )
        .order_by(ExternalCalendar.id)
    ).all()
    for calendar_id in silent:
        in_transaction(partial(_look_again, calendar_id))


def _look_again(calendar_id: UUID) -> None:
    with suppress(NotFound):  # it was taken away meanwhile, and its tasks with it
        tell_of_conflicts(imported.get_calendar(calendar_id, lock=True))


def stop(calendar_id: UUID, *, by: Actor) -> ExternalCalendar:
    """Read a calendar no more, and forget its address, but keep what it blocks."""
    calendar = imported.get_calendar(calendar_id, lock=True)
    if calendar.stopped_at is None:
        calendar.stopped_at = clock.now()
        calendar.address, calendar.found = None, None
        calendar.etag = calendar.last_modified = calendar.way = calendar.body_hash = None
        db.session.flush()
        record("imported_calendar:stop", by=by, subject_id=calendar.id)
    return calendar


def remove(calendar_id: UUID, *, by: Actor) -> ExternalCalendar:
    """Forget a calendar and give back all the time that it blocks."""
    calendar = imported.get_calendar(calendar_id, lock=True)
    outbox.withdraw_those(_prefix(calendar.id))
    claims.lift(calendar.id)
    db.session.delete(calendar)
    db.session.flush()
    record("imported_calendar:remove", by=by, subject_id=calendar.id)
    return calendar


def job_key(calendar_id: UUID) -> str:
    """Name the one job that reads a calendar, again and again."""
    return f"{JOB}:{calendar_id}"


def _prefix(calendar_id: UUID) -> str:
    return f"busy:{calendar_id}:"


def _must_be_live(calendar: ExternalCalendar) -> None:
    if calendar.stopped_at is not None:
        raise Conflict("This calendar is not read any more. Add it again.")
