"""Ending a course early: what is still to come is cancelled, once somebody has seen it."""

from __future__ import annotations

from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Invalid
from practice.outbox import service as outbox
from practice.sessions.models import Appointment, Course
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, course_money, course_watch, telling
from practice.sessions.service.courses import CourseChanged, become, lock, reach_key, remember
from practice.sessions.service.late import Wish

S = AppointmentState
LONGEST_REASON = 300


def still_to_come(course: Course) -> list[Appointment]:
    """Return the sessions that end with a course: booked, and not begun."""
    return [
        row.appointment
        for row in course.steps
        if row.appointment is not None and row.appointment.state in {S.TENTATIVE, S.CONFIRMED}
    ]


def stop(
    course_id: UUID,
    reason: str,
    *,
    seen: int,
    by: Actor,
    why: Why = Why.PRACTICE,
    expected: int | None = None,
) -> Course:
    """End a course, for a reason that is kept, and cancel all of it that is still to come.

    Call inside ``transaction()``. What was paid for those sessions goes back, as for any session
    that is cancelled; of a course that was sold as one, what was paid above what was used, by the
    rule agreed. Only its client's own wish (``why``) costs what cancelling late costs. The same
    form sent twice finds it done. ``expected`` is what the page said would come back or, below
    zero, be owed, in cents.

    Raises:
        CourseChanged: if somebody changed the course since the page showed it.
        Conflict: if it is over already, or comes to something else than the page said.
        Invalid: without a reason, or a long one.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid(f"Give the reason in at most {LONGEST_REASON} characters.")
    course = lock(course_id)
    if course.state is CourseState.STOPPED:
        return course
    if course.version != seen:
        raise CourseChanged("Somebody else has just changed this course. Look at it again.")
    become(course, CourseState.STOPPED)
    coming = still_to_come(course)
    fees = course_money.fees_of(coming, why)
    for each in coming:
        wish = Wish(why) if why is Why.CLIENT and each.sale_id is None else None
        booking.cancel(each, by=by, tells=False, wish=wish)
    came_to = course_money.end(course, fees, seen=expected, by=by)
    back = came_to.refund_minor if came_to else 0
    telling.tell_of_end(course.client, coming, course_id=course.id, refund_minor=back)
    for row in course.steps:
        row.window_from_on = row.window_until_on = row.reachable_at = None
    course.ended_at, course.ended_why = clock.now(), reason.strip()
    course.version += 1
    db.session.flush()
    outbox.withdraw(reach_key(course.id))
    course_watch.look(course, by=by)
    remember(course, Deed.STOPPED, by=by, reason=course.ended_why, count=len(coming))
    audit.record("course:stop", by=by, subject_id=course.id, sessions=len(coming))
    return course
