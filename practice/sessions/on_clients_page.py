"""Sessions as the clients room asks for them: one client's page, the list of clients."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from practice.billing.accounts import kept_minor
from practice.calendar.rules import zones
from practice.clients.rules.panels import NextSession, SessionLine
from practice.core import clock
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import of_client
from practice.sessions.queries.facts import closed_of
from practice.sessions.rules.for_staff import owed
from practice.sessions.rules.lifecycle import LIVE, WORDS, AppointmentState


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
    closed = closed_of(found)
    kept = kept_minor([each.id for each in found])
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
            owed=owed(each.state, each.price, kept.get(each.id, 0)),
            address=url_for("sessions.appointment", appointment_id=each.id),
        )
        for each in found
    ]
    coming = [line for line in lines if line.is_coming]
    return coming + [line for line in reversed(lines) if not line.is_coming]


def next_sessions(client_ids: Collection[UUID]) -> dict[UUID, NextSession]:
    """Return the next session of each of some clients who have one. One statement."""
    now = clock.now()
    rows = db.session.execute(
        sa.select(Appointment.client_id, Appointment.id, Appointment.starts_at, Appointment.label)
        .where(
            Appointment.client_id.in_(client_ids),
            Appointment.state.in_(LIVE),
            Appointment.ends_at > now,
            sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= now),
        )
        .order_by(Appointment.starts_at.desc())
    )
    return {
        row.client_id: NextSession(
            starts_at=row.starts_at,
            what=row.label,
            address=url_for("sessions.appointment", appointment_id=row.id),
        )
        for row in rows
    }
