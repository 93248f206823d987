"""When what makes instalments of a course due is booked and takes place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa

from practice.billing.ports import Days
from practice.calendar.rules import zones
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, CourseStepRow
from practice.sessions.rules.lifecycle import LIVE, AppointmentState

HAS_DAY = LIVE | {AppointmentState.COMPLETED}


def due_days(course_ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, Days]]:
    """Return for each step that was booked when that was done, and on which day it is.

    Bound to ``billing.ports.due_days``. One statement.
    """
    zone = get_practice().time_zone
    rows = db.session.execute(
        sa.select(
            CourseStepRow.course_id,
            CourseStepRow.key,
            Appointment.created_at,
            Appointment.starts_at,
            Appointment.state,
        )
        .join(
            Appointment,
            sa.and_(
                Appointment.practice_id == CourseStepRow.practice_id,
                Appointment.id == CourseStepRow.appointment_id,
            ),
        )
        .where(CourseStepRow.course_id.in_(course_ids))
    )
    found: dict[UUID, dict[str, Days]] = {}
    for course_id, key, made_at, starts_at, state in rows:
        on = zones.local_date(starts_at, zone) if state in HAS_DAY else None
        found.setdefault(course_id, {})[key] = Days(zones.local_date(made_at, zone), on)
    return found


def days_to_join() -> sa.Subquery:
    """Select the same for every course. Bound to ``billing.ports.days_to_join``."""
    return (
        sa.select(
            CourseStepRow.practice_id,
            CourseStepRow.course_id.label("for_id"),
            CourseStepRow.key,
            sa.case((Appointment.state.in_(HAS_DAY), Appointment.starts_at)).label("starts_at"),
        )
        .join(
            Appointment,
            sa.and_(
                Appointment.practice_id == CourseStepRow.practice_id,
                Appointment.id == CourseStepRow.appointment_id,
            ),
        )
        .subquery("days")
    )
