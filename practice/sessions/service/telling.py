"""Telling people and calendars what became of a session, as rows of the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import VISITOR, Actor, ActorKind
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

TELL_JOB = "tell-of-booking"


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


def show_again(appointment_ids: Collection[UUID]) -> None:
    """Show sessions to come as they are now, because they belong to another client."""
    for appointment_id in appointment_ids:
        appointment = get_appointment(appointment_id)
        if appointment.state in LIVE and appointment.ends_at > clock.now():
            change(appointment)
            db.session.flush()
            show(appointment, serving(appointment_id))


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


def tell(news: News, appointment: Appointment, *, by: Actor, **facts: Any) -> None:
    """Mail the client, and those who serve the session unless one of the staff did it.

    Call inside ``transaction()``. ``facts`` are what rows will no longer say when the mail is
    written. The same news of the same ``sequence`` is told once.
    """
    if appointment.client is None:
        return
    key = f"{appointment.id}:{appointment.sequence}"
    _post(news.value, f"{news}:{key}", appointment.client.email, appointment, facts)
    if news in STAFF_MAILS and by.kind is not ActorKind.STAFF:
        for user in _staff(appointment.id):
            _post(STAFF_MAILS[news], f"staff-{news}:{key}:{user.id}", user.email, appointment, {})


def tell_of_booking_soon(appointment: Appointment) -> None:
    """Have a worker tell everybody of a booking that a client made: it keeps the booking short."""
    outbox.enqueue(TELL_JOB, key=f"{TELL_JOB}:{appointment.id}", subject_id=appointment.id)


def tell_of_booking(appointment_id: UUID) -> None:
    """Tell everybody of a booking, unless it has moved on: then it has news of its own.

    The worker's part, outside transactions. Doing it twice tells it once.
    """

    def work() -> None:
        appointment = get_appointment(appointment_id)
        if appointment.state in LIVE - {AppointmentState.TENTATIVE}:
            tell(News.BOOKED, appointment, by=VISITOR)

    in_transaction(work)


def _post(name: str, key: str, to: str, about: Appointment, facts: dict[str, Any]) -> None:
    outbox.post(name, key=key, to=to, about_id=about.id, client_id=about.client_id, facts=facts)


def _staff(appointment_id: UUID) -> Sequence[User]:
    """Return those who serve, or served, a session and still work here. One statement."""
    return db.session.scalars(
        sa.select(User)
        .where(
            User.ended_at.is_(None),
            User.id.in_(
                sa.select(Resource.user_id)
                .join(Claim, Claim.resource_id == Resource.id)
                .where(Claim.holder_id == appointment_id)
            ),
        )
        .order_by(User.id)
    ).all()
