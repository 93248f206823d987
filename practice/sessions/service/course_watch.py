"""Looking after courses: lapses, reviews that are due, gaps that do not fit any more, boosters.

``look`` is asked whenever something of a course was held or written down, and once a day. Call it
inside ``transaction()``; doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.calendar.rules import zones
from practice.core import clock, tokens
from practice.core.db import db, in_transaction
from practice.outbox import service as outbox
from practice.people.queries import get_practice
from practice.sessions.models import Course
from practice.sessions.queries.course_problems import stands
from practice.sessions.queries.course_standing import Standing, after_course, standing_of
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import KEPT, CourseState
from practice.sessions.rules.course_words import step_names
from practice.sessions.service import readiness
from practice.sessions.service.courses import become, lock, remember

C = CourseState
LAPSED, REVIEW, BROKEN, LOST, BOOSTER, FOLLOWUP = (
    "course-lapsed",
    "course-review",
    "course-broken",
    "course-lost",
    "course-booster",
    "course-followup",
)
TASKS = frozenset({LAPSED, REVIEW, BROKEN, LOST, BOOSTER, FOLLOWUP})
"""The kinds of task that are about a course."""

WATCHED_AFTER = timedelta(days=400)
"""How long after its end a course still suggests boosters."""

MAY_LAPSE = frozenset({C.BOOKED, C.UNDER_WAY})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A task that should be on the list, and no other of its kind about this course."""

    kind: str
    key: str
    what: str


def look(course: Course, *, by: Actor) -> None:
    """Let a course that is locked lapse if it has, and put what waits for a person on the list."""
    if course.state in KEPT:
        found = standing_of(course)
        if found.lapse is not None and course.state in MAY_LAPSE:
            _lapse(found, by)
        wanted = _of_a_running(found)
    elif course.state is C.COMPLETED:
        wanted = [*_reviews(standing_of(course)), *_of_a_completed(course)]
    else:
        wanted = []
    _keep_tasks(course, wanted)


def watch(_practice_id: UUID) -> None:
    """Look after every course that runs, or ended not long ago. A worker's part, once a day.

    Outside transactions: each course has one of its own.
    """
    ended_after = clock.now() - WATCHED_AFTER
    ids = db.session.scalars(
        sa.select(Course.id)
        .where(
            sa.or_(
                Course.state.in_(KEPT),
                sa.and_(Course.state == C.COMPLETED, Course.ended_at > ended_after),
            )
        )
        .order_by(Course.id)
    ).all()
    for course_id in ids:
        in_transaction(partial(_look_at, course_id))


def look_now(course_id: UUID) -> None:
    """Look after one course at once. Outside transactions."""
    in_transaction(partial(_look_at, course_id))


def _look_at(course_id: UUID) -> None:
    look(lock(course_id), by=PROGRAM)


def _lapse(found: Standing, by: Actor) -> None:
    course, lapse = found.course, found.lapse
    assert lapse is not None  # noqa: S101  # asked by whoever calls
    become(course, C.LAPSED)
    course.version += 1
    since_on = lapse.last_on + timedelta(days=1)
    remember(course, Deed.LAPSED, by=by, words=lapse.words, since=since_on.isoformat())
    audit.record("course:lapse", by=by, subject_id=course.id)
    db.session.flush()
    readiness.reconsider(course.client_id, by)


# What waits for a person --------------------------------------------------------------------------


def _of_a_running(found: Standing) -> list[_Wanted]:
    course = found.course
    wanted = [*_reviews(found), *_lost(course)]
    if course.state is C.LAPSED:
        words = (
            "A course has lapsed: a limit between two dosings was passed. It needs a medical "
            "review and one preparation before it goes on."
        )
        wanted.append(_Wanted(LAPSED, f"{LAPSED}:{course.id}:{course.version}", words))
    elif found.broken:
        said = [each.words for each in found.broken]
        key = f"{BROKEN}:{course.id}:{tokens.digest('|'.join(said))[:16]}"
        words = f"A course no longer keeps its limits. {said[0]}"[:300]
        wanted.append(_Wanted(BROKEN, key, words))
    return wanted


def _lost(course: Course) -> list[_Wanted]:
    names = step_names(course.document["steps"])
    return [
        _Wanted(
            LOST,
            f"{LOST}:{row.appointment_id}",
            f"{names[row.key]} of a course has no session any more. Put it again, leave it out, "
            "or stop the course.",
        )
        for row in course.steps
        if row.dropped_at is None and row.appointment is not None and not stands(row.appointment)
    ]


def _reviews(found: Standing) -> list[_Wanted]:
    course = found.course
    return [
        _Wanted(
            REVIEW,
            f"{REVIEW}:{course.id}:{each.after}",
            f"{each.title} waits for the {each.by}: may the course go on?",
        )
        for each in found.reviews_due
    ]


def _of_a_completed(course: Course) -> list[_Wanted]:
    found = after_course(course)
    if found is None:
        return []
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    wanted = []
    due = found.plan.next_due(today)
    if due is not None and found.booked_at is None:
        until = zones.day_words(found.plan.last_on)
        words = (
            f"A booster would be usual from now on, as recommended until {until}. Ask the client."
        )
        wanted.append(_Wanted(BOOSTER, f"{BOOSTER}:{course.id}:{due.on.isoformat()}", words))
    if today >= found.plan.followup_on and not found.plan.is_over:
        key = f"{FOLLOWUP}:{course.id}:{found.plan.followup_on.isoformat()}"
        words = "The prescriber’s follow-up after a course is due before any booster."
        wanted.append(_Wanted(FOLLOWUP, key, words))
    return wanted


def _keep_tasks(course: Course, wanted: Iterable[_Wanted]) -> None:
    """Put these tasks on the list, and take others about this course off that are open."""
    wanted = list(wanted)
    outbox.withdraw_others(TASKS, about_id=course.id, keys={each.key for each in wanted})
    for each in wanted:
        outbox.assign(
            each.kind,
            key=each.key,
            what=each.what,
            due_at=clock.now(),
            client_id=course.client_id,
            about_id=course.id,
        )
