"""Another price for one client's course, agreed on before it is sold."""

from __future__ import annotations

from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import sales
from practice.billing.rules.prices import Agreed
from practice.core.db import db
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.sessions.models import Course
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.service.courses import CourseChanged, lock, remember


def has_own(course: Course) -> bool:
    """Say whether a course has one price and is not sold: then another can be agreed on."""
    one_price = isinstance(course.terms.get("package_cents"), int)
    return one_price and course.ended_at is None and sales.sale_for(course.id) is None


def agree(course_id: UUID, agreed: Agreed, *, seen: int, by: Actor) -> Course:
    """Let a course that is not sold yet cost its client something else. Inside ``transaction()``.

    The sale then breaks this price down over the steps, as it would the other.

    Raises:
        CourseChanged: if somebody changed the course since the page showed it.
        Conflict: if it is sold already, over, or has no price of its own.
    """
    course = lock(course_id)
    if not has_own(course):
        raise Conflict("The price of this course is settled.")
    if course.version != seen:
        raise CourseChanged("Somebody else has just changed this course. Look at it again.")
    minor = agreed.minor(course.terms["package_cents"])
    course.price = Money(minor, course.price.currency)
    course.terms = {**course.terms, "own": agreed.why.strip()}
    course.version += 1
    db.session.flush()
    remember(course, Deed.PRICED, by=by, price=str(course.price))
    audit.record("course:price", by=by, subject_id=course.id, amount_minor=minor)
    return course
