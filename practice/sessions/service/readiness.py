"""Whether a session may come to a stage, and what happens when that changes.

Everything that books, moves or runs a session asks here, and every answer comes from one
evaluation of its gates. A session whose gates are open up to confirming is booked as tentative,
with its claims and without an end. It confirms itself when the last of them closes, and goes
back when one is lost; its time is kept all the same, and a day before it a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Service
from practice.sessions.queries import facts as known
from practice.sessions.queries.appointments import WITH_ALL
from practice.sessions.queries.course_facts import step_gates_of
from practice.sessions.rules.gates import (
    A_DAY_BEFORE,
    Facts,
    GateResult,
    Stage,
    Subject,
    closed_at,
    evaluate,
)
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.news import News
from practice.sessions.service import calendars, telling
from practice.sessions.service.taking import become

S = AppointmentState
StepGates = Iterable[str] | None
"""What the step of a course asks for; ``None`` for a session that belongs to no course."""


class GatesClosed(Conflict):
    """Something that this session asks for is missing; ``closed`` says what."""

    def __init__(self, closed: Sequence[GateResult]) -> None:
        super().__init__("Not ready yet: " + "; ".join(each.reason for each in closed) + ".")
        self.closed = tuple(closed)


# Looking ---------------------------------------------------------------------------------------


def closed(appointment: Appointment, stage: Stage = Stage.CONFIRM) -> list[GateResult]:
    """List what stands between a session and a stage."""
    subject = _subject_of(appointment)
    return _closed_alone(appointment.client_id, subject, stage)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What stands before a session that may be booked, or moved to another time.

    ``barred`` keeps it from being booked at all; for the rest it ``waits`` as tentative. At the
    stage of booking, what is booked for an earlier time counts as held.
    """

    barred: tuple[GateResult, ...] = ()
    waits: tuple[GateResult, ...] = ()


def ahead_of(
    client_id: UUID | None,
    service: Service,
    starts_at: datetime,
    *,
    step_gates: StepGates = None,
) -> Ahead:
    """Say what would stand between a client and a session at some instant.

    Where it asks for nothing before it is confirmed, the database is not asked either.
    """
    step_gates = None if step_gates is None else tuple(step_gates)
    if not known.is_asked(service, Stage.CONFIRM, step_gates):
        return Ahead()
    return _ahead(client_id, known.wish_for(service, starts_at, step_gates))


def ahead_at(appointment: Appointment, starts_at: datetime) -> Ahead:
    """Say what would stand before a session that is there, if it were at another time."""
    on = zones.local_date(starts_at, get_practice().time_zone)
    subject = replace(_subject_of(appointment), starts_at=starts_at, on=on)
    return _ahead(appointment.client_id, subject)


def _ahead(client_id: UUID | None, subject: Subject) -> Ahead:
    if client_id is None or not subject.asks_up_to(Stage.CONFIRM):
        return Ahead()
    facts = known.facts_of([client_id], [subject])[client_id]
    barred = _closed(facts, subject, Stage.BOOKING)
    names = {each.gate for each in barred}
    waits = [each for each in _closed(facts, subject, Stage.CONFIRM) if each.gate not in names]
    return Ahead(tuple(barred), tuple(waits))


def ahead_together(client_id: UUID, appointments: Iterable[Appointment]) -> dict[UUID, Ahead]:
    """Say the same of sessions of one client that are written down, each with all others there.

    By their ids. A few statements, however many they are.
    """
    found = list(appointments)
    steps = step_gates_of([each.id for each in found])
    subjects = {each.id: known.subject_of(each, steps.get(each.id)) for each in found}
    asking = {key: each for key, each in subjects.items() if each.asks_up_to(Stage.CONFIRM)}
    if not asking:
        return {}
    facts = known.facts_of([client_id], asking.values())[client_id]
    ahead = {}
    for key, subject in asking.items():
        barred = tuple(_closed(facts, subject, Stage.BOOKING))
        names = {each.gate for each in barred}
        waits = _closed(facts, subject, Stage.CONFIRM)
        ahead[key] = Ahead(barred, tuple(each for each in waits if each.gate not in names))
    return ahead


def require(appointment: Appointment, stage: Stage) -> None:
    """Refuse to come to a stage while a gate of it, or of any before it, is closed.

    Raises:
        GatesClosed: naming every one of them.
    """
    if found := closed(appointment, stage):
        raise GatesClosed(found)


def _subject_of(appointment: Appointment) -> Subject:
    steps = step_gates_of([appointment.id])
    return known.subject_of(appointment, steps.get(appointment.id))


def _closed_alone(client_id: UUID | None, subject: Subject, stage: Stage) -> list[GateResult]:
    """Judge one session; the database is asked only if it has a gate up to this stage."""
    if client_id is None or not subject.asks_up_to(stage):
        return []
    return _closed(known.facts_of([client_id], [subject])[client_id], subject, stage)


def _closed(facts: Facts, subject: Subject, stage: Stage) -> list[GateResult]:
    return closed_at(evaluate(subject, facts, stage), stage)


# Deciding --------------------------------------------------------------------------------------


def take_turns_on_client(client_id: UUID) -> None:
    """Wait for others who decide about this client, so that windows and gates stay true.

    Call inside ``transaction()``, before locking any of the client's appointments.
    """
    db.session.execute(
        sa.select(Client.id).where(Client.id == client_id).with_for_update(key_share=True)
    )


def reconsider(
    client_id: UUID, by: Actor, *, step_gates: Mapping[UUID, StepGates] | None = None
) -> None:
    """Look again at a client's coming sessions, after records or sessions changed.

    Call inside ``transaction()``. One that has become ready is confirmed, one that no longer is
    goes back to tentative and keeps its time; the client is told of both, the staff get a task
    for the second. ``step_gates`` is what sessions ask for whose course does not say so yet.
    """
    take_turns_on_client(client_id)
    coming = db.session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.client_id == client_id,
            Appointment.state.in_({S.TENTATIVE, S.CONFIRMED}),
            Appointment.hold_ends_at.is_(None),
            Appointment.ends_at > clock.now(),
        )
        .order_by(Appointment.id)
        .options(*WITH_ALL)
        .with_for_update(of=Appointment)
    ).all()
    steps = {**step_gates_of([each.id for each in coming]), **(step_gates or {})}
    subjects = {each.id: known.subject_of(each, steps.get(each.id)) for each in coming}
    if not any(each.asks_up_to(Stage.CONFIRM) for each in subjects.values()):
        return
    facts = known.facts_of([client_id], subjects.values())[client_id]
    for appointment in coming:
        shut = _closed(facts, subjects[appointment.id], Stage.CONFIRM)
        wanted = S.TENTATIVE if shut else S.CONFIRMED
        if appointment.state is not wanted:
            _turn(appointment, wanted, shut, by)


def enter(appointment: Appointment, takes: tuple[UUID, ...], *, by: Actor) -> None:
    """Put a session that has its claims into the book: confirmed, or tentative if it must wait.

    Call inside ``transaction()``. Calendars show it from now on, and people are told.
    """
    appointment.hold_ends_at = None
    shut = closed(appointment)
    wanted = S.TENTATIVE if shut else S.CONFIRMED
    if appointment.state is not wanted:
        become(appointment, wanted)
    db.session.flush()
    if wanted is S.CONFIRMED:
        audit.record("appointment:confirm", by=by, subject_id=appointment.id)
    else:
        _note_waiting(appointment, shut, by)
    calendars.show(appointment, takes)
    if wanted is S.CONFIRMED:
        telling.tell_of_booking_soon(appointment)
    else:
        telling.tell(News.TENTATIVE, appointment, by=by, was_confirmed=False)


def _turn(
    appointment: Appointment, state: AppointmentState, shut: Sequence[GateResult], by: Actor
) -> None:
    become(appointment, state)
    calendars.change(appointment)
    db.session.flush()
    calendars.show(appointment, calendars.serving(appointment.id))
    if state is S.CONFIRMED:
        audit.record("appointment:confirm", by=by, subject_id=appointment.id)
        telling.tell(News.BOOKED, appointment, by=by)
        return
    audit.record(
        "appointment:unconfirm",
        by=by,
        subject_id=appointment.id,
        gates=[each.gate.value for each in shut],
    )
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


def _note_waiting(appointment: Appointment, shut: Sequence[GateResult], by: Actor) -> None:
    audit.record(
        "appointment:wait",
        by=by,
        subject_id=appointment.id,
        gates=[each.gate.value for each in shut],
    )


# Now and then ----------------------------------------------------------------------------------


def look_at_all(_practice_id: UUID) -> None:
    """Look again at everybody with sessions to come. A worker's part, outside transactions.

    Records run out by their dates, and what a course asks for may change: once a day whoever no
    longer has what their sessions ask for is found, however that came.
    """
    coming = sa.select(Appointment.client_id).where(
        Appointment.client_id.is_not(None),
        Appointment.state.in_({S.TENTATIVE, S.CONFIRMED}),
        Appointment.hold_ends_at.is_(None),
        Appointment.ends_at > clock.now(),
    )
    for client_id in db.session.scalars(coming.distinct().order_by(Appointment.client_id)).all():
        if client_id is not None:
            in_transaction(partial(reconsider, client_id, PROGRAM))


def look_a_day_before(_practice_id: UUID) -> None:
    """Have a person look at each session within a day that misses something.

    A worker's part, outside transactions; doing it again asks for nothing twice. The session
    itself stays as it is, with its time: a person completes what is missing, keeps the time or
    gives it back.
    """
    now = clock.now()
    soon = db.session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.state.in_({S.TENTATIVE, S.CONFIRMED}),
            Appointment.hold_ends_at.is_(None),
            Appointment.starts_at > now,
            Appointment.starts_at <= now + A_DAY_BEFORE,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .options(*WITH_ALL)
    ).all()
    standing = known.standing_of(soon)
    missing = [
        each
        for each in soon
        if each.id in standing and closed_at(standing[each.id].results, Stage.T_MINUS_24H)
    ]
    if missing:
        in_transaction(lambda: _ask_to_look(missing))


def _ask_to_look(appointments: Sequence[Appointment]) -> None:
    for each in appointments:
        outbox.assign(
            "session-misses-something",
            key=f"session-misses-something:{each.id}:{each.starts_at.isoformat()}",
            what="A session within a day still misses something. "
            "Complete it, or decide whether its time is kept or given back.",
            due_at=each.starts_at,
            client_id=each.client_id,
            about_id=each.id,
        )
