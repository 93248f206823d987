"""Sessions as the clients room asks for them: one client's page, the list of clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from practice.billing.accounts import kept_minor
from practice.calendar.rules import zones
from practice.clients.rules.panels import LeftOver, NextSession, OverrideLine, SessionLine
from practice.core import clock
from practice.core.db import db
from practice.core.money import Money
from practice.people.queries import get_practice
from practice.sessions.models import Appointment
from practice.sessions.queries import facts
from practice.sessions.queries.appointments import brought_to, of_client
from practice.sessions.queries.facts import closed_of
from practice.sessions.rules.for_staff import owed
from practice.sessions.rules.gates import NAMES as ASKED
from practice.sessions.rules.lifecycle import LIVE, WORDS, AppointmentState
from practice.sessions.rules.windows import NAMES


def sessions_of(client_id: UUID) -> list[SessionLine]:
    """Return every session of a client, those to come first, of either part the nearest first.

    Holds past their end are left out.
    """
    now, zone = clock.now(), get_practice().time_zone
    found = [
        each
        for each in of_client(client_id)
        if each.hold_ends_at is None or each.hold_ends_at >= now
    ]
    kept = kept_minor([each.id for each in found])
    closed = closed_of(found, kept=kept)
    lines = [
        SessionLine(
            id=each.id,
            starts_at=each.starts_at,
            on=zones.local_date(each.starts_at, zone),
            what=each.label,
            state=each.state.value,
            state_words=WORDS[each.state],
            is_coming=each.state in LIVE | {AppointmentState.REQUESTED},
            missing=tuple(gate.reason for gate in closed.get(each.id, ())),
            owed=owed(each.state, each.to_pay, kept.get(each.id, 0)),
            address=url_for("sessions.appointment", appointment_id=each.id),
        )
        for each in found
    ]
    coming = [line for line in lines if line.is_coming]
    past = [line for line in lines if not line.is_coming] + _brought(client_id, zone)
    return coming + sorted(past, key=lambda line: line.starts_at, reverse=True)


def _brought(client_id: UUID, zone: str) -> list[SessionLine]:
    nothing = Money(0, get_practice().currency)
    return [
        SessionLine(
            id=each.id,
            starts_at=each.starts_at,
            on=zones.local_date(each.starts_at, zone),
            what=NAMES[each.kind].removeprefix("the ").capitalize(),
            state=AppointmentState.COMPLETED.value,
            state_words="held elsewhere",
            is_coming=False,
            missing=(),
            owed=nothing,
            address=None,
        )
        for each in brought_to(client_id)
        if each.starts_at is not None
    ]


def overrides_of(appointment_ids: Collection[UUID]) -> list[OverrideLine]:
    """Return every gate that was passed for some sessions, newest first. One statement."""
    return [
        OverrideLine(
            id=given.id,
            session_id=given.session_id,
            what=ASKED[given.gate],
            by=given.by,
            at=given.at,
            reason=given.reason,
            ended_at=ended_at,
        )
        for given, ended_at in reversed(facts.overrides_of(appointment_ids))
    ]


def left_over(client_id: UUID) -> list[LeftOver]:
    """Return what a client still had before them when they came, and how many of it since."""
    left = [each for each in brought_to(client_id) if each.left_over is not None]
    if not left:
        return []
    since = {
        each: sum(
            1
            for session in of_client(client_id)
            if session.kind is each.kind
            and session.state in LIVE | {AppointmentState.COMPLETED}
            and session.created_at >= each.recorded_at
        )
        for each in left
    }
    return [
        LeftOver(NAMES[each.kind].removeprefix("the "), each.left_over or 0, since[each])
        for each in left
    ]


def next_sessions(client_ids: Collection[UUID]) -> dict[UUID, NextSession]:
    """Return the next session of each of some clients who have one. One statement."""
    rows = db.session.execute(
        sa.select(
            Appointment.client_id,
            Appointment.id,
            Appointment.starts_at,
            Appointment.label,
            _IS_WAITING.label("is_waiting"),
        )
        .where(Appointment.client_id.in_(client_ids), *_to_come())
        .order_by(Appointment.starts_at.desc())
    ).all()
    waiting = Counter(row.client_id for row in rows if row.is_waiting)
    last = {row.client_id: row for row in rows}  # by falling start: the nearest stays
    return {
        client_id: NextSession(
            starts_at=row.starts_at,
            what=row.label,
            address=url_for("sessions.appointment", appointment_id=row.id),
            waiting=waiting[client_id],
        )
        for client_id, row in last.items()
    }


def sessions_to_come() -> sa.Subquery:
    """Select, of everybody with sessions to come, when the next one is and how many wait."""
    return (
        sa.select(
            Appointment.client_id,
            sa.func.min(Appointment.starts_at).label("next_at"),
            sa.func.sum(_IS_WAITING).label("waiting"),
        )
        .where(Appointment.client_id.is_not(None), *_to_come())
        .group_by(Appointment.client_id)
        .subquery("to_come")
    )


_IS_WAITING = sa.case(
    (
        sa.and_(
            Appointment.state == AppointmentState.TENTATIVE, Appointment.hold_ends_at.is_(None)
        ),
        1,
    ),
    else_=0,
)
"""A session without an end to its hold is tentative because something is missing."""


def _to_come() -> tuple[sa.ColumnElement[bool], ...]:
    now = clock.now()
    return (
        Appointment.state.in_(LIVE),
        Appointment.ends_at > now,
        sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= now),
    )
