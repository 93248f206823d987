"""Whether what a dosing needs is on file, and what happens when that changes.

A dosing whose gates are open is booked as tentative, with its claims and without an end. It
confirms itself when the last of them closes, and goes back when one is lost.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import WITH_ALL
from practice.sessions.queries.facts import facts_of
from practice.sessions.rules.gates import ClosedGate, Facts, closed_gates
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState
from practice.sessions.rules.news import News
from practice.sessions.service import telling
from practice.sessions.service.taking import become

S = AppointmentState


class GatesClosed(Conflict):
    """Something that this session asks for is missing; ``closed`` says what."""

    def __init__(self, closed: list[ClosedGate]) -> None:
        super().__init__("Not ready yet: " + "; ".join(each.reason for each in closed) + ".")
        self.closed = tuple(closed)


def closed(appointment: Appointment) -> list[ClosedGate]:
    """List what stands between a client and this session. Empty for those without medicine."""
    return closed_for(appointment.client_id, appointment.service, appointment.starts_at)


def closed_for(client_id: UUID | None, service: Service, starts_at: datetime) -> list[ClosedGate]:
    """List what would stand between a client and a session at some instant."""
    if service.kind not in GIVES_MEDICINE or client_id is None:
        return []
    return _closed(facts_of([client_id])[client_id], service, starts_at)


def require(appointment: Appointment) -> None:
    """Refuse to go on while a gate is closed.

    Raises:
        GatesClosed: naming every one of them.
    """
    if found := closed(appointment):
        raise GatesClosed(found)


def take_turns_on_client(client_id: UUID) -> None:
    """Wait for others who decide about this client, so that windows and gates stay true.

    Call inside ``transaction()``, before locking any of the client's appointments.
    """
    db.session.execute(
        sa.select(Client.id).where(Client.id == client_id).with_for_update(key_share=True)
    )


def reconsider(client_id: UUID, by: Actor) -> None:
    """Look again at a client's coming dosings, after papers or sessions changed.

    Call inside ``transaction()``. One that has become ready is confirmed, one that no longer is
    goes back to tentative; the client is told of both, the staff get a task for the second.
    """
    take_turns_on_client(client_id)
    coming = db.session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.client_id == client_id,
            Appointment.kind.in_(GIVES_MEDICINE),
            Appointment.state.in_({S.TENTATIVE, S.CONFIRMED}),
            Appointment.hold_ends_at.is_(None),
            Appointment.ends_at > clock.now(),
        )
        .order_by(Appointment.id)
        .options(*WITH_ALL)
        .with_for_update(of=Appointment)
    ).all()
    if not coming:
        return
    facts = facts_of([client_id])[client_id]
    for appointment in coming:
        shut = _closed(facts, appointment.service, appointment.starts_at)
        wanted = S.TENTATIVE if shut else S.CONFIRMED
        if appointment.state is not wanted:
            _turn(appointment, wanted, by)


def enter(appointment: Appointment, people: tuple[UUID, ...], *, by: Actor) -> None:
    """Put a session that has its claims into the book: confirmed, or tentative if it must wait.

    Call inside ``transaction()``. Calendars show it from now on, and people are told.
    """
    appointment.hold_ends_at = None
    wanted = S.TENTATIVE if closed(appointment) else S.CONFIRMED
    if appointment.state is not wanted:
        become(appointment, wanted)
    db.session.flush()
    if wanted is S.CONFIRMED:
        audit.record("appointment:confirm", by=by, subject_id=appointment.id)
    telling.show(appointment, people)
    if wanted is S.CONFIRMED:
        telling.tell_of_booking_soon(appointment)
    else:
        telling.tell(News.TENTATIVE, appointment, by=by, was_confirmed=False)


def _turn(appointment: Appointment, state: AppointmentState, by: Actor) -> None:
    become(appointment, state)
    telling.change(appointment)
    db.session.flush()
    is_ready = state is S.CONFIRMED
    verb = "appointment:confirm" if is_ready else "appointment:unconfirm"
    audit.record(verb, by=by, subject_id=appointment.id)
    telling.show(appointment, telling.serving(appointment.id))
    if is_ready:
        telling.tell(News.BOOKED, appointment, by=by)
    else:
        telling.tell(News.TENTATIVE, appointment, by=by, was_confirmed=True)
        telling.alert_staff(appointment, by=by)
        outbox.assign(
            "session-not-ready",
            key=f"session-not-ready:{appointment.id}:{appointment.sequence}",
            what="A session that was confirmed no longer is: something it asks for was lost.",
            due_at=clock.now(),
            client_id=appointment.client_id,
            about_id=appointment.id,
        )


def _closed(facts: Facts, service: Service, starts_at: datetime) -> list[ClosedGate]:
    on = zones.local_date(starts_at, get_practice().time_zone)
    return closed_gates(facts, kind=service.kind, route=service.route, on=on)
