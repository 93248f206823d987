"""What a course could not book yet: found by a daily job once it has come into reach, and offered.

Nothing is booked by itself: a person of the practice, or the client, confirms it as any plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from practice.audit.rules import PROGRAM
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.outbox import service as outbox
from practice.sessions.models import Course
from practice.sessions.queries.course_plans import Plans, plans
from practice.sessions.queries.courses import courses_in
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.planner import Tentative
from practice.sessions.service.courses import lock, reach_key, remember

RUNS = (CourseState.BOOKED, CourseState.UNDER_WAY)


def look_ahead(_practice_id: UUID) -> None:
    """Offer what has come into reach of every course that waits, and keep its ranges of dates true.

    A job, outside transactions. Doing it again offers nothing twice.
    """
    for course in courses_in(RUNS):
        if any(each.window_from_on is not None for each in course.steps):
            _look_ahead_for(course)


def _look_ahead_for(course: Course) -> None:
    try:
        found = plans(course, course.client)
    except Invalid:  # its document is being changed
        return
    reachable, ranges = _found(found)
    if _is_known(course, reachable, ranges):
        return
    course_id, version = course.id, course.version
    in_transaction(lambda: _write_down(course_id, version, reachable, ranges))


def _found(found: Plans) -> tuple[frozenset[str], dict[str, Tentative]]:
    """Return the steps that the soonest plan can book by now, and the ranges of the others."""
    if not found.outcome.plans:
        return frozenset(), {}
    soonest = found.outcome.plans[0]
    own = {each.key for each in found.seen.problem.steps if not each.is_external}
    reachable = {each.key for each in soonest.steps if not each.is_fact} & own
    return frozenset(reachable), {each.key: each for each in soonest.tentative}


def _is_known(course: Course, reachable: frozenset[str], ranges: Mapping[str, Tentative]) -> bool:
    return all(
        (each.reachable_at is not None) == (each.key in reachable)
        and (
            each.key not in ranges
            or (each.window_from_on, each.window_until_on)
            == (ranges[each.key].first_on, ranges[each.key].last_on)
        )
        for each in course.steps
        if each.window_from_on is not None
    )


def _write_down(
    course_id: UUID, version: int, reachable: frozenset[str], ranges: Mapping[str, Tentative]
) -> None:
    course = lock(course_id)
    if course.version != version:
        return  # the next look sees it as it is now
    fresh = 0
    for row in course.steps:
        if row.window_from_on is None:
            continue
        if row.key in reachable and row.reachable_at is None:
            row.reachable_at = clock.now()
            fresh += 1
        elif row.key not in reachable:
            row.reachable_at = None
        if row.key in ranges:
            row.window_from_on = ranges[row.key].first_on
            row.window_until_on = ranges[row.key].last_on
    if fresh:
        remember(course, Deed.REACHABLE, by=PROGRAM, count=fresh)
        outbox.assign(
            "course-in-reach",
            key=reach_key(course_id),
            what="Sessions of a course can be booked by now.",
            due_at=clock.now(),
            client_id=course.client_id,
            about_id=course_id,
        )
