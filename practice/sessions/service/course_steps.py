"""What happens to single steps of a course: booked by hand, held, dated elsewhere.

Call inside ``transaction()``.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind
from practice.clients.service import record_paper
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotFound
from practice.people.queries import today_here
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.queries.course_problems import stands
from practice.sessions.queries.courses import course_with
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import KEPT, CourseState
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.lifecycle import AppointmentState, SessionKind
from practice.sessions.service import course_watch, covering
from practice.sessions.service.courses import CourseChanged, become, lock, remember

C = CourseState


def attach(course_id: UUID, key: str, appointment: Appointment, *, by: Actor) -> None:
    """Make a session that was booked by hand the session of a step.

    Raises:
        Conflict: if the step has one meanwhile.
    """
    course = lock(course_id)
    row = _row(course, key)
    if stands(row.appointment) and row.appointment_id != appointment.id:
        raise Conflict("That step of the course has just been booked. Look at the course again.")
    row.appointment_id = appointment.id
    row.window_from_on = row.window_until_on = row.reachable_at = None
    if course.state is C.PROPOSED:
        become(course, C.BOOKED)
        course.booked_at = clock.now()
    course.version += 1
    db.session.flush()
    covering.cover_step(course, key, appointment, by=by)
    remember(course, Deed.ATTACHED, by=by, step=_name(course, key))
    audit.record("course:attach", by=by, subject_id=course.id, session=str(appointment.id))


def was_held(appointment: Appointment, *, by: Actor) -> bool:
    """Let a course begin with its first session that was held, and end with its last one.

    Says whether there is one: what it holds is read anew.
    """
    course = course_with(appointment.id)
    if course is None or course.state not in KEPT:
        return False
    settle(lock(course.id), by=by)
    return True


def was_lost(appointment: Appointment, *, by: Actor) -> bool:
    """Look after the course of a session that was cancelled or missed; say whether it has one.

    What that course holds is read anew.
    """
    course = course_with(appointment.id)
    if course is None or course.state not in KEPT:
        return False
    course_watch.look(lock(course.id), by=by)
    return True


def settle(course: Course, *, by: Actor) -> None:
    """Let a course that is locked be under way, or completed, as its steps say."""
    steps = [each for each in course.steps if each.dropped_at is None]
    if course.state is C.BOOKED and any(_is_held(each) for each in steps if not each.is_external):
        become(course, C.UNDER_WAY)
        remember(course, Deed.BEGUN, by=by)
        audit.record("course:begin", by=by, subject_id=course.id)
    if course.state is C.UNDER_WAY and all(_is_held(each) for each in steps):
        become(course, C.COMPLETED)
        course.ended_at = clock.now()
        remember(course, Deed.COMPLETED, by=by)
        audit.record("course:complete", by=by, subject_id=course.id)
    db.session.flush()
    course_watch.look(course, by=by)


def write_date(
    course_id: UUID,
    key: str,
    *,
    planned_on: date | None,
    held_on: date | None,
    seen: int,
    by: Actor,
) -> Course:
    """Write down when a visit to somebody outside is planned, and when it took place.

    A follow-up that took place is also put on file, where dosings ask for it.

    Raises:
        CourseChanged: if somebody changed the course since the page showed it.
        Conflict: if the course is over.
        Invalid: for a day that has not come, or a step of ours.
    """
    course = lock(course_id)
    row = _row(course, key)
    if not row.is_external:
        raise Invalid("That session is booked here.")
    if (row.planned_on, row.held_on) == (planned_on, held_on):
        return course
    if course.version != seen:
        raise CourseChanged("Somebody else has just changed this course. Look at it again.")
    if course.ended_at is not None:
        raise Conflict("This course is over.")
    if held_on is not None and held_on > today_here():
        raise Invalid("A visit that took place cannot lie in the future.")
    was_held_on = row.held_on
    row.planned_on, row.held_on = planned_on, held_on
    on = held_on or planned_on
    if on is not None:
        row.window_from_on = row.window_until_on = row.reachable_at = None
    course.version += 1
    db.session.flush()
    said = f"{zones.day_words(on)}, {on.year}" if on else "none"
    remember(course, Deed.DATED, by=by, step=_name(course, key), on=said)
    audit.record("course:date", by=by, subject_id=course.id)
    settle(course, by=by)
    if row.kind is SessionKind.MED_FOLLOWUP and held_on is not None and held_on != was_held_on:
        today = today_here()
        kind = PaperKind.FOLLOWUP_HELD
        record_paper(course.client, kind, dated_on=held_on, today=today, by=by)
    return course


def _is_held(row: CourseStepRow) -> bool:
    if row.is_external:
        return row.held_on is not None
    session = row.appointment
    return session is not None and session.state is AppointmentState.COMPLETED


def _row(course: Course, key: str) -> CourseStepRow:
    for each in course.steps:
        if each.key == key and each.dropped_at is None:
            return each
    raise NotFound("The course has no such step.")


def _name(course: Course, key: str) -> str:
    return step_names(course.document["steps"]).get(key, key)
