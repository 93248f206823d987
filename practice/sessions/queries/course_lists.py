"""The courses of a practice, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from practice.core import clock
from practice.core.db import db
from practice.people.queries import PAGE, get_practice
from practice.sessions.models import Course
from practice.sessions.queries.courses import WITH_STEPS
from practice.sessions.rules import course_position
from practice.sessions.rules.course_position import Stand
from practice.sessions.rules.course_states import CourseState

C = CourseState


class Show(StrEnum):
    """A saved list of courses."""

    RUNNING = "running"
    PROPOSED = "proposed"
    LAPSED = "lapsed"
    OVER = "over"


STATES = {
    Show.RUNNING: (C.BOOKED, C.UNDER_WAY),
    Show.PROPOSED: (C.PROPOSED,),
    Show.LAPSED: (C.LAPSED,),
    Show.OVER: (C.COMPLETED, C.STOPPED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One course: how far it has come, and whether some of it is still to be booked."""

    course: Course
    position: str
    waiting: int
    reachable: int


@dataclass(frozen=True, slots=True)
class CourseList:
    """One page of a list of courses."""

    lines: list[Line]
    total: int
    page: int
    last_page: int


def listed(show: Show, page: int) -> CourseList:
    """Return a page of courses, those begun last first. Three statements, however many."""
    wanted = Course.state.in_(STATES[show])
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Course).where(wanted)) or 0
    last_page = max(1, -(-total // PAGE))
    page = min(max(1, page), last_page)
    found = db.session.scalars(
        sa.select(Course)
        .where(wanted)
        .options(*WITH_STEPS)
        .order_by(Course.created_at.desc(), Course.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return CourseList([_line(each) for each in found], total, page, last_page)


def _line(course: Course) -> Line:
    zone, now = get_practice().time_zone, clock.now()
    rows = [each for each in course.steps if each.dropped_at is None]
    stands = [
        Stand(
            each.kind,
            each.appointment.state if each.appointment else None,
            each.appointment.starts_at if each.appointment else None,
            each.held_on or each.planned_on,
            is_held=each.held_on is not None,
        )
        for each in rows
    ]
    return Line(
        course,
        course_position.in_words(course.state, stands, now=now, zone=zone),
        sum(each.window_from_on is not None for each in rows),
        sum(each.reachable_at is not None for each in rows),
    )
