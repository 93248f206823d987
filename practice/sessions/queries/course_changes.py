"""One client's course as it stands, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from practice.core.db import db
from practice.core.errors import NotFound
from practice.people.models import User
from practice.sessions.models import Course, CourseChange, CourseStepRow
from practice.sessions.rules.lifecycle import LIVE, AppointmentState
from practice.sessions.rules.offered import Difference

TOOK_PLACE_OR_WILL = LIVE | {AppointmentState.COMPLETED}


def course_with_steps(course_id: UUID) -> Course:
    """Return a course with its client, its steps and their sessions.

    Raises:
        NotFound: if there is none.
    """
    course: Course | None = db.session.scalar(
        sa.select(Course)
        .where(Course.id == course_id)
        .options(
            joinedload(Course.client),
            selectinload(Course.steps).joinedload(CourseStepRow.appointment),
        )
        .execution_options(populate_existing=True)
    )
    if course is None:
        raise NotFound("There is no such course.")
    return course


def settled_keys(course: Course) -> list[str]:
    """Return the keys of those steps that are booked or were held, in order."""
    return [
        step.key
        for step in course.steps
        if step.held_on is not None
        or (step.appointment is not None and step.appointment.state in TOOK_PLACE_OR_WILL)
    ]


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of a client's course: when, by whom, why, and what differs since."""

    at: datetime
    by: str
    reason: str
    differences: tuple[Difference, ...]


def changes_of_course(course_id: UUID) -> list[Changed]:
    """Return how one client's course came to differ from its template, newest first."""
    rows = db.session.execute(
        sa.select(CourseChange, User.name)
        .outerjoin(
            User,
            sa.and_(User.practice_id == CourseChange.practice_id, User.id == CourseChange.made_by),
        )
        .where(CourseChange.course_id == course_id, CourseChange.deed == "changed")
    ).all()
    newest_first = sorted(rows, key=lambda row: row[0].facts["version"], reverse=True)
    return [
        Changed(
            change.made_at,
            name or "the program",
            change.reason or "",
            tuple(Difference(**told) for told in change.facts["differences"]),
        )
        for change, name in newest_first
    ]
