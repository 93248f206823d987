"""Courses as the clients room asks for them: one client's page, the list of clients."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from practice.clients.rules.panels import CourseLine
from practice.core import clock
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.rules import course_position, course_states
from practice.sessions.rules.course_position import Stand
from practice.sessions.rules.course_states import LIVE


def courses_of(client_id: UUID) -> list[CourseLine]:
    """Return a client's courses, those that still run first, then the newest. One statement."""
    return _lines(Course.client_id == client_id).get(client_id, [])


def positions_of(client_ids: Collection[UUID]) -> dict[UUID, CourseLine]:
    """Return where the newest running course of each of some clients stands. One statement."""
    found = _lines(Course.client_id.in_(client_ids), Course.state.in_(LIVE))
    return {client_id: lines[0] for client_id, lines in found.items()}


def _lines(*wanted: sa.ColumnElement[bool]) -> dict[UUID, list[CourseLine]]:
    rows = db.session.execute(
        sa.select(
            Course.client_id,
            Course.id,
            Course.title,
            Course.state,
            CourseStepRow.kind,
            CourseStepRow.held_on,
            CourseStepRow.planned_on,
            Appointment.state.label("session"),
            Appointment.starts_at,
        )
        .join(CourseStepRow, CourseStepRow.course_id == Course.id)
        .outerjoin(Appointment, Appointment.id == CourseStepRow.appointment_id)
        .where(*wanted, CourseStepRow.dropped_at.is_(None))
        .order_by(
            Course.state.not_in(LIVE), Course.created_at.desc(), Course.id, CourseStepRow.position
        )
    )
    steps: dict[tuple[UUID, UUID, str, course_states.CourseState], list[Stand]] = {}
    for row in rows:
        steps.setdefault((row.client_id, row.id, row.title, row.state), []).append(
            Stand(
                row.kind,
                row.session,
                row.starts_at,
                row.held_on or row.planned_on,
                is_held=row.held_on is not None,
            )
        )
    zone, now = get_practice().time_zone, clock.now()
    found: dict[UUID, list[CourseLine]] = {}
    for (client_id, course_id, title, state), stands in steps.items():
        found.setdefault(client_id, []).append(
            CourseLine(
                id=course_id,
                title=title,
                state=course_states.IN_WORDS[state],
                is_over=state not in LIVE,
                position=course_position.in_words(state, stands, now=now, zone=zone),
                address=url_for("sessions.course", course_id=course_id),
            )
        )
    return found
