"""Finding courses: one with its steps, a client's, and the list of all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db
from practice.core.errors import NotFound
from practice.people.queries import get_practice
from practice.sessions.models import (
    Appointment,
    Course,
    CourseChange,
    CourseStepRow,
    Service,
)
from practice.sessions.rules import course_adopting
from practice.sessions.rules.course_adopting import Had
from practice.sessions.rules.course_states import BOOKABLE, LIVE, CourseState
from practice.sessions.rules.lifecycle import LIVE as STILL_LIVE
from practice.sessions.rules.lifecycle import AppointmentState

WITH_STEPS = (
    joinedload(Course.client, innerjoin=True),
    selectinload(Course.steps)
    .joinedload(CourseStepRow.appointment)
    .joinedload(Appointment.service, innerjoin=True)
    .joinedload(Service.rules, innerjoin=True),
)
"""A course is read with its client, its steps, and the sessions that those have. Two statements."""


def get_course(course_id: UUID) -> Course:
    """Return a course with its client, its steps and their sessions.

    Raises:
        NotFound: if there is none.
    """
    course: Course | None = db.session.scalar(
        sa.select(Course).where(Course.id == course_id).options(*WITH_STEPS)
    )
    if course is None:
        raise NotFound("There is no such course.")
    return course


def courses_of(client_id: UUID) -> list[Course]:
    """Return a client's courses with their steps, those that still run first, then the newest."""
    return _courses(Course.client_id == client_id)


def live_courses_of(client_id: UUID) -> list[Course]:
    """Return a client's courses that still run, with their steps, the newest first."""
    return _courses(Course.client_id == client_id, Course.state.in_(LIVE))


def courses_to_book(client_id: UUID) -> list[Course]:
    """Return a client's courses of which sessions may be booked, with their steps, oldest first.

    One statement if there is none.
    """
    return _courses(Course.client_id == client_id, Course.state.in_(BOOKABLE))[::-1]


def courses_in(states: Collection[CourseState]) -> list[Course]:
    """Return the practice's courses in some states, with their clients and steps."""
    return _courses(Course.state.in_(states))


def course_with(appointment_id: UUID) -> Course | None:
    """Return the course that a session is a step of; ``None`` if it is of none."""
    found = _courses(
        Course.id.in_(
            sa.select(CourseStepRow.course_id).where(CourseStepRow.appointment_id == appointment_id)
        )
    )
    return found[0] if found else None


def courses_with(appointment_ids: Collection[UUID]) -> list[Course]:
    """Return the courses that any of some sessions are steps of."""
    return _courses(
        Course.id.in_(
            sa.select(CourseStepRow.course_id).where(
                CourseStepRow.appointment_id.in_(appointment_ids)
            )
        )
    )


def changes_of(course_id: UUID) -> list[CourseChange]:
    """Return what was decided about a course, the newest first."""
    return list(
        db.session.scalars(
            sa.select(CourseChange)
            .where(CourseChange.course_id == course_id)
            .order_by(CourseChange.made_at.desc(), CourseChange.id)
        )
    )


def adoptable(client_id: UUID, document: Mapping[str, Any]) -> dict[str, Had]:
    """Return the client's sessions of no course that a new one could take over, by its steps.

    One statement.
    """
    zone, now = get_practice().time_zone, clock.now()
    rows = db.session.execute(
        sa.select(
            Appointment.id,
            Appointment.kind,
            Service.slug,
            Appointment.starts_at,
            Appointment.state,
        )
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.client_id == client_id,
            Appointment.state.in_(STILL_LIVE | {AppointmentState.COMPLETED}),
            Appointment.hold_ends_at.is_(None),
            Appointment.id.not_in(
                sa.select(CourseStepRow.appointment_id).where(
                    CourseStepRow.appointment_id.is_not(None)
                )
            ),
        )
    )
    sessions = [
        Had(
            row.id,
            row.kind,
            row.slug,
            row.starts_at,
            zones.local_date(row.starts_at, zone),
            is_held=row.state is AppointmentState.COMPLETED,
        )
        for row in rows
    ]
    return course_adopting.adoptable(document["steps"], sessions, today=zones.local_date(now, zone))


def services_named(slugs: Iterable[str]) -> dict[str, Service]:
    """Return services by their slugs, also those offered no longer, with the booking rules."""
    return {
        each.slug: each
        for each in db.session.scalars(
            sa.select(Service)
            .where(Service.slug.in_(set(slugs)))
            .options(joinedload(Service.rules, innerjoin=True))
        )
    }


def _courses(*wanted: sa.ColumnElement[bool]) -> list[Course]:
    is_over = Course.state.not_in(LIVE)
    return list(
        db.session.scalars(
            sa.select(Course)
            .where(*wanted)
            .options(*WITH_STEPS)
            .order_by(is_over, Course.created_at.desc(), Course.id)
        )
    )
