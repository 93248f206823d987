"""A calendar file: read by a child program under limits, and kept sealed until the import is done.

What lies ahead becomes blocked time of one person, or sessions; of what is over only that is kept
which looks like a session with a client. Titles are thrown away when the import is done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Resource, ResourceKind
from practice.calendar.rules.foreign.busy import Choices
from practice.calendar.rules.foreign.cutting import Between
from practice.calendar.service import blocks as blocked_time
from practice.calendar.service import reading
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid
from practice.moving.models import ImportRun
from practice.moving.rules.matching import Clients, Person
from practice.people.models import Client
from practice.people.queries import get_practice

AHEAD = timedelta(days=366)
BACK = timedelta(days=731)  # sessions that were held count
TimeTaken = blocked_time.TimeTaken
BROUGHT_OVER = "From another calendar"
UNREADABLE = "This calendar file could not be read. Export it again as .ics and choose that file."


@dataclass(frozen=True, slots=True)
class Event:
    """One busy time of the file, and the clients whose session it may be."""

    number: int
    starts_at: datetime
    ends_at: datetime
    title: str
    meant: tuple[Person, ...]

    @property
    def minutes(self) -> int:
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)

    def is_ahead(self, now: datetime) -> bool:
        return self.starts_at > now


def received(body: bytes) -> tuple[str, dict[str, Any], int]:
    """Read a calendar file; return what is kept of it, the choices so far, and how many times.

    Raises:
        Invalid: if it is no calendar, takes too long, or holds nothing that is of use.
    """
    read, clients, now = _read(body), all_clients(), clock.now()
    read["times"] = [
        each
        for each in read["times"]
        if datetime.fromisoformat(each["ends_at"]) > now
        or clients.meant(each["title"], each["emails"])
    ]
    if not read["times"]:
        raise Invalid(
            "Nothing in this calendar lies ahead, and nothing in it looks like a session with one "
            "of your clients."
        )
    return json.dumps(read), {}, len(read["times"])


def _read(body: bytes) -> dict[str, Any]:
    now = clock.now()
    choices = Choices(zone=get_practice().time_zone)
    try:
        return reading.titled_times(body, choices, Between(now - BACK, now + AHEAD), now)
    except reading.NotRead:
        raise Invalid(UNREADABLE) from None


def unreadable(run: ImportRun) -> int:
    """Return how many events of the file could not be read."""
    return int(json.loads(run.body or "{}").get("unreadable", 0))


def events_of(run: ImportRun) -> list[Event]:
    """Return the times of a calendar file in their order, with the clients who may be meant.

    Raises:
        Conflict: if the file is no longer kept.
    """
    if run.body is None:
        raise Conflict("The file of this import is no longer kept.")
    clients = all_clients()
    return [
        Event(
            number,
            datetime.fromisoformat(each["starts_at"]),
            datetime.fromisoformat(each["ends_at"]),
            each["title"],
            clients.meant(each["title"], each["emails"]),
        )
        for number, each in enumerate(json.loads(run.body)["times"], start=1)
    ]


def all_clients() -> Clients:
    """Return all clients but the archived ones, to be found by what a calendar says of them."""
    rows = db.session.execute(
        sa.select(Client.id, Client.first_name, Client.last_name, Client.email)
        .where(Client.archived_at.is_(None))
        .order_by(Client.created_at.desc(), Client.id)
    ).all()
    return Clients(
        Person(
            row.id, f"{row.first_name} {row.last_name}", row.first_name, row.last_name, row.email
        )
        for row in rows
    )


def people() -> list[Resource]:
    """Return whose time can be blocked, by name."""
    return list(
        db.session.scalars(
            sa.select(Resource)
            .where(Resource.kind == ResourceKind.PERSON, Resource.ended_at.is_(None))
            .order_by(Resource.name, Resource.id)
        )
    )


def block(person_id: UUID, event: Event, *, by: Actor) -> UUID:
    """Block the time of one event; return the block. Call inside ``transaction()``.

    Raises:
        TimeTaken: if somebody has some of it.
    """
    (kept,) = blocked_time.block(
        [person_id], [(event.starts_at, event.ends_at)], reason=BROUGHT_OVER, by=by
    )
    return kept.id


def give_back(block_id: UUID, *, by: Actor) -> None:
    """Give that time back. Call inside ``transaction()``."""
    blocked_time.remove(block_id, and_later=False, by=by)
