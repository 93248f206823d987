"""Letting a client choose among the plans of their course, and what they then do with it.

Call what writes inside ``transaction()``.
"""

from __future__ import annotations

from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.errors import Conflict, NotFound
from practice.outbox import service as outbox
from practice.sessions.models import Appointment, Course
from practice.sessions.queries.course_plans import Chosen
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import BOOKABLE
from practice.sessions.rules.course_wishes import Wishes
from practice.sessions.service import courses

MAIL = "choose-times"


class Withdrawn(Conflict):
    """The client may not choose any more: staff took the plans back, or the course is over."""

    def __init__(self) -> None:
        super().__init__("These dates are not open to choose from just now.")


def offer(course_id: UUID, *, by: Actor) -> None:
    """Let the client choose among the plans, and mail them the way there. Twice mails once.

    Raises:
        NotFound: if there is no such course.
        Conflict: if nothing can be booked for it any more.
    """
    course = courses.lock(course_id)
    if course.state not in BOOKABLE:
        raise Conflict("Nothing can be booked for this course any more.")
    if course.offered_at is not None:
        return
    course.offered_at = clock.now()
    courses.remember(course, Deed.OFFERED, by=by)
    audit.record("course:offer", by=by, subject_id=course.id)
    outbox.post(
        MAIL,
        key=_mail_key(course),
        to=course.client.email,
        about_id=course.id,
        client_id=course.client_id,
        facts={"link": course.link_version},
    )


def withdraw(course_id: UUID, *, by: Actor) -> None:
    """Take the plans back: the mailed link leads to them no more. What is booked stays.

    Raises:
        NotFound: if there is no such course.
    """
    course = courses.lock(course_id)
    if course.offered_at is None:
        return
    outbox.withdraw_mail(_mail_key(course))
    course.offered_at = None
    course.link_version += 1
    courses.remember(course, Deed.WITHDRAWN, by=by)
    audit.record("course:withdraw", by=by, subject_id=course.id)


def wish(course_id: UUID, wishes: Wishes, *, by: Actor) -> None:
    """Keep what a client wishes of the times of their own course.

    Raises:
        NotFound: if the course is not theirs.
        Withdrawn: if they may not choose.
    """
    courses.wish(_open(course_id, by), wishes, by=by)


def confirm(course_id: UUID, chosen: Chosen, *, seen: int, by: Actor) -> list[Appointment]:
    """Book what a client chose of their own course, with the notice that clients need.

    Raises:
        NotFound: if the course is not theirs.
        Withdrawn: if they may not choose.
        Conflict: as ``courses.confirm`` does. Nothing is booked then.
    """
    _open(course_id, by)
    return courses.confirm(course_id, chosen, seen=seen, by=by, as_staff=False)


def _open(course_id: UUID, by: Actor) -> Course:
    course = courses.lock(course_id)
    if course.client_id != by.id:
        raise NotFound("There is no such course.")
    if course.offered_at is None or course.state not in BOOKABLE:
        raise Withdrawn
    return course


def _mail_key(course: Course) -> str:
    return f"{MAIL}:{course.id}:{course.link_version}"
