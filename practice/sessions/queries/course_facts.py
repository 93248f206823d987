"""What gates ask for of the courses that sessions belong to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.sessions.models import Course, CourseReview, CourseStepRow
from practice.sessions.rules import reviews
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.gates import CourseFact, of_step
from practice.sessions.rules.lifecycle import SessionKind

LAPSED = "The course has lapsed: a medical review and one preparation come first"


def step_gates_of(appointment_ids: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """Return what the steps of courses ask for, by the sessions that belong to one.

    One statement; none without sessions.
    """
    return {
        each.session_id: of_step(each.kind, each.step["gates"])
        for each in _steps_of(appointment_ids)
    }


class _CourseStep(NamedTuple):
    """A session's step, with its course. Columns, so that no row that somebody holds is touched."""

    session_id: UUID
    key: str
    kind: SessionKind
    course_id: UUID
    document: dict[str, Any]
    state: CourseState

    @property
    def step(self) -> dict[str, Any]:
        return next(each for each in self.document["steps"] if each["key"] == self.key)


def _steps_of(appointment_ids: Collection[UUID]) -> list[_CourseStep]:
    if not appointment_ids:
        return []
    rows: Any = db.session.execute(
        sa.select(
            CourseStepRow.appointment_id,
            CourseStepRow.key,
            CourseStepRow.kind,
            Course.id,
            Course.document,
            Course.state,
        )
        .join(
            Course,
            sa.and_(
                Course.practice_id == CourseStepRow.practice_id,
                Course.id == CourseStepRow.course_id,
            ),
        )
        .where(CourseStepRow.appointment_id.in_(appointment_ids))
    )
    return [_CourseStep(*row) for row in rows]


def courses_of(appointment_ids: Collection[UUID]) -> dict[UUID, CourseFact]:
    """Return what their courses say of some dosings. Three statements, none without dosings."""
    steps = _steps_of(appointment_ids)
    ids = {each.course_id for each in steps}
    if not ids:
        return {}
    decided = _keys(CourseReview.course_id, CourseReview.after_key, CourseReview.course_id.in_(ids))
    dropped = _keys(
        CourseStepRow.course_id,
        CourseStepRow.key,
        CourseStepRow.course_id.in_(ids),
        CourseStepRow.dropped_at.is_not(None),
    )
    return {
        each.session_id: CourseFact(
            open_reviews=reviews.still_open(
                each.document,
                each.key,
                decided.get(each.course_id, ()),
                dropped.get(each.course_id, ()),
            ),
            lapse=LAPSED if each.state is CourseState.LAPSED else "",
        )
        for each in steps
    }


def _keys(course_id: Any, key: Any, *wanted: sa.ColumnElement[bool]) -> dict[UUID, set[str]]:
    """Return keys of steps by their courses."""
    found: dict[UUID, set[str]] = {}
    for each, name in db.session.execute(sa.select(course_id, key).where(*wanted)):
        found.setdefault(each, set()).add(name)
    return found
