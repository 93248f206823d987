"""What people decide about a course that runs: at reviews, after a lapse, and to leave a step out.

Call inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotAllowed, NotFound
from practice.people.queries import get_member, get_practice
from practice.people.rules import Permission, Role, may
from practice.sessions.models import Course, CourseReview
from practice.sessions.queries.course_keeping import seal_of
from practice.sessions.queries.course_standing import Standing, lapsed, standing_of
from practice.sessions.rules import course_copies, reviews
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import KEPT, CourseState
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.reviews import Review
from practice.sessions.service import booking, course_ends, course_watch, readiness
from practice.sessions.service.courses import CourseChanged, become, lock, remember

S = AppointmentState
LONGEST_REASON = 300
CHANGED = "Somebody else has just changed this course. Look at it again."


# Reviews ------------------------------------------------------------------------------------------


def decide(course_id: UUID, after: str, decision: str, reason: str, *, by: Actor) -> Course:
    """Write down what was decided at a review point. To stop ends the course at once.

    One decision a point; the same one sent twice finds it made.

    Raises:
        NotFound: if the course has no such point.
        NotAllowed: for somebody of another role than the point names.
        Conflict: before its session was held, or if somebody decided otherwise meanwhile.
        Invalid: for no decision of this point, or without a reason.
    """
    why = _reason(reason)
    course = lock(course_id)
    found = standing_of(course)
    review = review_at(found, after)
    if (made := found.decided.get(after)) is not None:
        if made.decision == decision:
            return course
        raise Conflict(f"Somebody has decided already: {made.decision}.")
    if decision not in review.may:
        raise Invalid("Choose one of the decisions of this review.")
    if after not in found.held:
        raise Conflict(f"This is decided once {review.name} was held.")
    if by.id is None or not may_decide(found, review, get_member(by.id).role_set):
        raise NotAllowed(f"This is for the {review.by} to decide.")
    db.session.add(
        CourseReview(
            course_id=course.id,
            after_key=after,
            decision=decision,
            reason=why,
            decided_at=clock.now(),
            decided_by=by.id,
        )
    )
    course.version += 1
    remember(course, Deed.REVIEWED, by=by, reason=why, step=review.name, decision=decision)
    audit.record("course:review", by=by, subject_id=course.id)
    db.session.flush()
    if reviews.stops(decision) and course.state in KEPT:
        return course_ends.stop(course.id, why, seen=course.version, by=by)
    course_watch.look(course, by=by)
    readiness.reconsider(course.client_id, by)
    return course


def review_at(found: Standing, after: str) -> Review:
    """Return the review point behind a step.

    Raises:
        NotFound: if there is none.
    """
    for each in reviews.reviews_of(found.template):
        if each.after == after:
            return each
    raise NotFound("The course has no review there.")


def may_decide(found: Standing, review: Review, roles: Collection[Role]) -> bool:
    """Say whether somebody of these roles decides at a review point of this course."""
    return reviews.may_decide(review, roles, is_outside=found.prescriber_is_outside)


# After a lapse ------------------------------------------------------------------------------------


def resume(course_id: UUID, reason: str, *, by: Actor) -> Course:
    """Let a course go on that has lapsed, after a medical review and one preparation.

    What was late may then lie as far from now as it once did from the session before it: the
    client's copy says so. Dosings that are ready are confirmed again.

    Raises:
        Conflict: while one of the two is missing, or if the course has not lapsed.
        NotAllowed: for somebody who may not record clearances.
        Invalid: without a reason.
    """
    why = _reason(reason)
    course = lock(course_id)
    found = lapsed(course)
    if found is None:
        raise Conflict("This course has not lapsed.")
    if by.id is None or not may(get_member(by.id).role_set, Permission.CLEARANCE_RECORD):
        raise NotAllowed("A prescriber or a practitioner decides whether a course goes on.")
    if not found.way_back.is_open:
        raise Conflict(f"Still missing since the lapse: {', '.join(found.way_back.missing)}.")
    held = standing_of(course).held
    course.document = course_copies.after_lapse(
        course.document, held, now=clock.now(), zone=get_practice().time_zone
    )
    become(course, CourseState.UNDER_WAY)
    course.version += 1
    way = found.way_back
    remember(
        course,
        Deed.RESUMED,
        by=by,
        reason=why,
        review_on=str(way.review_on),
        prep_on=str(way.prep_on),
    )
    audit.record("course:resume", by=by, subject_id=course.id)
    db.session.flush()
    course_watch.look(course, by=by)
    readiness.reconsider(course.client_id, by)
    return course


# Leaving a step out -------------------------------------------------------------------------------


def leave_out(course_id: UUID, key: str, reason: str, *, seal: str, by: Actor) -> Course:
    """Leave a step out for this client, with what belongs to it; its session is cancelled.

    What counted from it counts from the step before it: see ``rules.course_copies``. The same form
    sent twice finds it done.

    Raises:
        CourseChanged: if the course is not what the page showed.
        NotAllowed: for somebody who may not go beyond what a course asks for.
        Conflict: for a step that was held, or a course that does not run.
        NotFound: for no step of this course.
    """
    why = _reason(reason)
    course = lock(course_id)
    rows = {each.key: each for each in course.steps}
    if key not in rows:
        raise NotFound("The course has no such step.")
    if rows[key].dropped_at is not None:
        return course
    if seal_of(course) != seal:
        raise CourseChanged(CHANGED)
    if course.state not in KEPT:
        raise Conflict("This course is not running.")
    if by.id is None or not may(get_member(by.id).role_set, Permission.WINDOW_OVERRIDE):
        raise NotAllowed("Only a practitioner leaves out what a course asks for.")
    gone = left_out_with(course, key)
    held = standing_of(course).held
    if {*gone} & held.keys():
        raise Conflict("What was held cannot be left out any more.")
    course.document = course_copies.without(course.document, gone)
    for each in gone:
        session = rows[each].appointment
        rows[each].dropped_at = clock.now()
        if session is not None and session.state in {S.TENTATIVE, S.CONFIRMED}:
            booking.cancel(session, by=by)
    course.version += 1
    names = step_names(course.document["steps"])
    said = ", ".join(names[each] for each in gone)
    remember(course, Deed.LEFT_OUT, by=by, reason=why, step=said)
    audit.record("course:leave_out", by=by, subject_id=course.id, steps=len(gone))
    db.session.flush()
    course_watch.look(course, by=by)
    readiness.reconsider(course.client_id, by)
    return course


def left_out_with(course: Course, key: str) -> list[str]:
    """Return what is left out if a step is: itself, and the integration of a dosing."""
    dropped = {each.key for each in course.steps if each.dropped_at is not None}
    return [key, *course_copies.goes_with(course.document, key, dropped)]


def _reason(text: str) -> str:
    """Return a reason without blanks around it.

    Raises:
        Invalid: if there is none, or more than its place.
    """
    why = text.strip()
    if not why or len(why) > LONGEST_REASON:
        raise Invalid(f"Give the reason, in at most {LONGEST_REASON} characters.")
    return why
