"""What gates ask for, for any number of clients and sessions at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing.accounts import kept_minor
from practice.billing.sales import missing
from practice.calendar.models import Claim, Resource, ResourceKind
from practice.calendar.rules import zones
from practice.clients.models import CareProfile
from practice.clients.queries import records_of
from practice.core import clock
from practice.core.db import db
from practice.people.models import User
from practice.people.queries import get_practice, today_here
from practice.people.rules import Role
from practice.sessions.models import Appointment, BroughtSession, GateOverride, Service
from practice.sessions.queries.course_facts import courses_of, step_gates_of
from practice.sessions.rules.gates import (
    GATES,
    OF_COURSES,
    Contact,
    Facts,
    Gate,
    GateResult,
    Override,
    SessionFact,
    Stage,
    Subject,
    closed_at,
    evaluate,
    gates_asked,
    next_stage,
)
from practice.sessions.rules.lifecycle import LIVE, AppointmentState

S = AppointmentState

# Whom it is about ------------------------------------------------------------------------------


def subject_of(appointment: Appointment, step_gates: Iterable[str] | None = None) -> Subject:
    """Return what gates look at of a session that is booked. Asks the database nothing."""
    service = appointment.service
    return Subject(
        id=appointment.id,
        kind=appointment.kind,
        route=service.route,
        starts_at=appointment.starts_at,
        on=zones.local_date(appointment.starts_at, get_practice().time_zone),
        gates=gates_asked(appointment.kind, service.route, step_gates),
        price_minor=appointment.due_at_booking.minor,
        sale_id=appointment.sale_id,
        pays_at_visit=appointment.pay_at_visit,
        needs_monitor=Role.MEDICAL_MONITOR in service.needs_roles,
    )


def is_asked(service: Service, stage: Stage, step_gates: Iterable[str] | None = None) -> bool:
    """Say whether a session of a service asks for anything up to a stage."""
    asked = gates_asked(service.kind, service.route, step_gates)
    return any(GATES[each].stage_for(service.kind).rank <= stage.rank for each in asked)


def wish_for(
    service: Service, starts_at: datetime, step_gates: Iterable[str] | None = None
) -> Subject:
    """Return what gates look at of a session that may be booked for some instant."""
    return Subject(
        id=None,
        kind=service.kind,
        route=service.route,
        starts_at=starts_at,
        on=zones.local_date(starts_at, get_practice().time_zone),
        gates=gates_asked(service.kind, service.route, step_gates),
        price_minor=service.price.minor,
        pays_at_visit=service.pay_at_visit,
        needs_monitor=Role.MEDICAL_MONITOR in service.needs_roles,
    )


# What is known ---------------------------------------------------------------------------------


def facts_of(
    client_ids: Collection[UUID],
    subjects: Iterable[Subject] = (),
    *,
    kept: Mapping[UUID, int] | None = None,
) -> dict[UUID, Facts]:
    """Read what gates ask for, for each of these clients and these of their sessions.

    Two statements, one more where anything was passed, one for what was paid, and three where
    dosings of courses are among them, four where some are part of a sale. ``kept`` is
    what was paid for the sessions, in cents, where the caller knows it.
    """
    booked = {each.id: each for each in subjects if each.id is not None}
    sessions = _sessions_of(client_ids)
    records = records_of(client_ids)
    passed = {each.id for found in sessions.values() for each in found if each.has_overrides}
    overrides = overrides_of(passed & booked.keys())
    if kept is None:
        to_pay = {key for key, each in booked.items() if Gate.PAYMENT_READY in each.gates}
        kept = kept_minor(to_pay) if to_pay else {}
    sold = {s.sale_id for s in booked.values() if s.sale_id and Gate.PAYMENT_READY in s.gates}
    of_sales = missing(sold, today_here()) if sold else {}
    courses = courses_of(
        {k for k, s in booked.items() if not OF_COURSES.keys().isdisjoint(s.gates)}
    )
    given = tuple(each for each, ended_at in overrides if ended_at is None)
    return {
        each: Facts(
            papers=tuple(paper.on_file for paper in records[each].papers),
            sessions=tuple(sessions[each]),
            contact=_contact(records[each].care),
            overrides=given,
            kept_minor=kept,
            sale_missing_minor=of_sales,
            courses=courses,
        )
        for each in client_ids
    }


def overrides_of(appointment_ids: Collection[UUID]) -> list[tuple[Override, datetime | None]]:
    """Return every gate that was passed for some sessions, and when that ended; oldest first.

    One statement.
    """
    if not appointment_ids:
        return []
    rows = db.session.execute(
        sa.select(GateOverride, User.name)
        .join(
            User,
            sa.and_(User.practice_id == GateOverride.practice_id, User.id == GateOverride.made_by),
        )
        .where(GateOverride.appointment_id.in_(appointment_ids))
        .order_by(GateOverride.made_at, GateOverride.id)
    ).all()
    ended = {row.ends: row.made_at for row, _ in rows if row.ends is not None}
    return [
        (
            Override(
                id=row.id,
                session_id=row.appointment_id,
                gate=Gate(row.gate),
                stage=Stage(row.stage),
                reason=row.reason or "",
                by=name,
                at=row.made_at,
            ),
            ended.get(row.id),
        )
        for row, name in rows
        if row.ends is None
    ]


def _contact(care: CareProfile | None) -> Contact:
    given = {
        "name": care and care.emergency_name_sealed,
        "relation": care and care.emergency_relation_sealed,
        "phone": care and care.emergency_phone_sealed,
    }
    missing = tuple(name for name, value in given.items() if not value)
    return Contact(missing, care.emergency_confirmed_on if care else None)


def _sessions_of(client_ids: Collection[UUID]) -> dict[UUID, list[SessionFact]]:
    """Return what each client has had, here or elsewhere, and has before them. One statement."""
    zone = get_practice().time_zone
    here = sa.select(
        Appointment.client_id,
        Appointment.id,
        Appointment.kind,
        Appointment.state,
        Appointment.starts_at,
        _WITH_MONITOR.label("has_monitor"),
        _PASSED.label("has_overrides"),
    ).where(
        Appointment.client_id.in_(client_ids),
        Appointment.state.in_(LIVE | {S.COMPLETED}),
        sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= clock.now()),
    )
    elsewhere = sa.select(
        BroughtSession.client_id,
        BroughtSession.id,
        BroughtSession.kind,
        sa.literal(S.COMPLETED, Appointment.state.type),
        BroughtSession.starts_at,
        sa.false(),
        sa.false(),
    ).where(
        BroughtSession.client_id.in_(client_ids),
        BroughtSession.starts_at.is_not(None),
    )
    found: dict[UUID, list[SessionFact]] = {each: [] for each in client_ids}
    rows: Any = db.session.execute(sa.union_all(here, elsewhere))
    for client_id, session_id, kind, state, starts_at, has_monitor, has_overrides in rows:
        found[client_id].append(
            SessionFact(
                id=session_id,
                kind=kind,
                starts_at=starts_at,
                on=zones.local_date(starts_at, zone),
                is_held=state is S.COMPLETED,
                has_monitor=bool(has_monitor),
                has_overrides=bool(has_overrides),
            )
        )
    return found


_WITH_MONITOR = (
    sa.select(Claim.id)
    .join(
        Resource,
        sa.and_(Resource.practice_id == Claim.practice_id, Resource.id == Claim.resource_id),
    )
    .where(
        Claim.practice_id == Appointment.practice_id,
        Claim.holder_id == Appointment.id,
        Claim.released_at.is_(None),
        Claim.starts_at <= Appointment.starts_at,
        Claim.ends_at >= Appointment.ends_at,
        Resource.kind == ResourceKind.PERSON,
        Resource.id != Appointment.host_id,
        sa.cast(Resource.roles, sa.String).contains(f'"{Role.MEDICAL_MONITOR}"'),
    )
    .correlate(Appointment)
    .exists()
)
"""Whether somebody else than the host is booked for all of a session to watch over it."""

_PASSED = (
    sa.select(GateOverride.id)
    .where(
        GateOverride.practice_id == Appointment.practice_id,
        GateOverride.appointment_id == Appointment.id,
    )
    .correlate(Appointment)
    .exists()
)
"""Whether anything was ever passed for a session: most have nothing, and are not asked again."""


# How it stands ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """Every gate of one session, and the stage that it comes to next, if any."""

    results: tuple[GateResult, ...] = ()
    stage: Stage | None = None

    @property
    def closed(self) -> list[GateResult]:
        """What stands between the session and its next stage."""
        return closed_at(self.results, self.stage) if self.stage else []


NOTHING_ASKED = Standing()


def standing_of(
    appointments: Iterable[Appointment], *, kept: Mapping[UUID, int] | None = None
) -> dict[UUID, Standing]:
    """Judge every session that is not over by the stage that it comes to next; by its id.

    At most four statements whatever their number; none where no session asks for anything.
    """
    now, zone = clock.now(), get_practice().time_zone
    waiting: dict[UUID, tuple[Appointment, UUID, Stage]] = {}
    for each in appointments:
        stage = next_stage(each.state, each.kind, starts_at=each.starts_at, now=now, zone=zone)
        if stage is not None and each.client_id is not None:
            waiting[each.id] = (each, each.client_id, stage)
    steps = step_gates_of(waiting.keys())
    subjects = {
        key: subject
        for key, (each, _, _) in waiting.items()
        if (subject := subject_of(each, steps.get(key))).gates
    }
    if not subjects:
        return {}
    facts = facts_of({waiting[key][1] for key in subjects}, subjects.values(), kept=kept)
    return {
        key: Standing(evaluate(subject, facts[waiting[key][1]], waiting[key][2]), waiting[key][2])
        for key, subject in subjects.items()
    }


def closed_of(
    appointments: Iterable[Appointment], *, kept: Mapping[UUID, int] | None = None
) -> dict[UUID, list[GateResult]]:
    """Say of each session that is not over what stands before its next stage; by its id."""
    found = standing_of(appointments, kept=kept)
    return {key: standing.closed for key, standing in found.items()}
