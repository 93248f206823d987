"""Telling people and calendars what became of a session, as rows of the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.calendar.models import Claim, Resource, ResourceKind
from practice.calendar.service import entries
from practice.calendar.service.entries import EntryFacts
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.outbox import service as outbox
from practice.people.models import User
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.rules.lifecycle import LIVE, AppointmentState


class News(StrEnum):
    """What a client is told, by the name of the mail."""

    BOOKED = "booked"
    TENTATIVE = "tentative"
    MOVED = "moved"
    CANCELLED = "cancelled"
    SLOT_LOST = "slot-lost"  # paid after the time was gone


STAFF_MAILS = {News.BOOKED: "staff-new-booking", News.CANCELLED: "staff-cancelled"}

STILL_TRUE: dict[News, frozenset[AppointmentState]] = {
    News.BOOKED: LIVE - {AppointmentState.TENTATIVE},
    News.TENTATIVE: frozenset({AppointmentState.TENTATIVE}),
    News.MOVED: LIVE,
    News.CANCELLED: frozenset({AppointmentState.CANCELLED}),
    News.SLOT_LOST: frozenset({AppointmentState.RELEASED}),
}
"""In which states news is still news. A session that moved on has news of its own."""


def serving(appointment_id: UUID) -> tuple[UUID, ...]:
    """Return the people who serve a session by the claims that it holds. One statement."""
    return tuple(
        db.session.scalars(
            sa.select(Resource.id)
            .join(Claim, Claim.resource_id == Resource.id)
            .where(
                Claim.holder_id == appointment_id,
                Claim.released_at.is_(None),
                Resource.kind == ResourceKind.PERSON,
            )
            .order_by(Resource.id)
        )
    )


def show(appointment: Appointment, people: tuple[UUID, ...]) -> None:
    """Put a session into the calendars of those who serve it, as it is now."""
    entries.put(entry_of(appointment, people))


def bury(appointment: Appointment, people: tuple[UUID, ...], *, gone_at: datetime) -> None:
    """Leave a tombstone in the calendars of these people."""
    entries.bury(replace(entry_of(appointment, people), gone_at=gone_at))


def entry_of(appointment: Appointment, people: tuple[UUID, ...]) -> EntryFacts:
    """Write a session down as far as calendars may know it."""
    return EntryFacts(
        session_id=appointment.id,
        uid=appointment.uid,
        sequence=appointment.sequence,
        created_at=appointment.created_at,
        changed_at=appointment.changed_at,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        zone=appointment.time_zone,
        is_tentative=appointment.state is AppointmentState.TENTATIVE,
        client_name=appointment.client.name if appointment.client else "",
        service_code=appointment.service.code,
        resource_ids=people,
    )


def change(appointment: Appointment) -> None:
    """Count a change that calendars show."""
    appointment.sequence += 1
    appointment.changed_at = clock.now()


def announce(news: News, appointment: Appointment, *, by: Actor) -> None:
    """Have those told who should know: the client, and the staff if the client did it.

    One job, so that booking itself stays short; the mails are posted by ``carry``.
    """
    audience = "client" if by.kind is ActorKind.STAFF else "everyone"
    outbox.enqueue(
        f"tell-{audience}-{news}",
        key=f"tell:{news}:{appointment.id}:{appointment.sequence}",
        subject_id=appointment.id,
    )


def carry(news: News, appointment_id: UUID, *, to_staff: bool) -> None:
    """Post the mails of one announcement, unless the session has moved on since.

    Opens its own transaction; doing it twice posts each mail once.
    """
    in_transaction(lambda: _post(news, get_appointment(appointment_id), to_staff=to_staff))


def _post(news: News, appointment: Appointment, *, to_staff: bool) -> None:
    if appointment.state not in STILL_TRUE[news] or appointment.client is None:
        return
    key = f"{appointment.id}:{appointment.sequence}"
    outbox.post(
        news.value,
        key=f"{news}:{key}",
        to=appointment.client.email,
        about_id=appointment.id,
        client_id=appointment.client_id,
    )
    if not to_staff or news not in STAFF_MAILS:
        return
    for person in _staff(appointment):
        outbox.post(
            STAFF_MAILS[news],
            key=f"staff-{news}:{key}:{person.id}",
            to=person.email,
            about_id=appointment.id,
            client_id=appointment.client_id,
        )


def _staff(appointment: Appointment) -> list[User]:
    """Return those who serve, or served, a session and still work here. One statement."""
    return list(
        db.session.scalars(
            sa.select(User)
            .join(Resource, Resource.user_id == User.id)
            .join(Claim, Claim.resource_id == Resource.id)
            .where(Claim.holder_id == appointment.id, User.ended_at.is_(None))
            .distinct()
            .order_by(User.id)
        )
    )


JOBS: dict[str, Callable[[UUID], None]] = {
    f"tell-{audience}-{news}": partial(carry, news, to_staff=audience == "everyone")
    for news in News
    for audience in ("client", "everyone")
}
"""The worker's part, by kind of job."""
