"""Clients of the demo whose whole course was planned and booked at once, as staff do it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import uuid4

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.billing import sales
from practice.billing.rules.payments import PaymentMethod
from practice.calendar.rules import zones
from practice.core.db import db
from practice.people.models import Client
from practice.people.queries import get_member, get_practice, today_here
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries.course_plans import chosen_of
from practice.sessions.queries.course_problems import see
from practice.sessions.queries.course_standing import standing_of
from practice.sessions.queries.courses import get_course
from practice.sessions.rules import planner
from practice.sessions.rules.course_wishes import PartOfDay, Wishes
from practice.sessions.service import course_decisions, course_money, course_steps, courses

WRITTEN_DOWN_AT = time(17, 20)
NOON = 12


@dataclass(frozen=True, slots=True)
class Outside:
    """A visit to somebody outside, and the local date that was planned for it."""

    key: str
    on: date


def plan(client: Client, slug: str, *, begins_on: date, hour: int, by: Actor) -> Course:
    """Propose a course for a client who likes to come in the morning, or after noon."""
    template = db.session.scalars(
        sa.select(CourseTemplateRow).where(CourseTemplateRow.slug == slug)
    ).one()
    part = PartOfDay.MORNING if hour < NOON else PartOfDay.AFTERNOON
    wishes = Wishes(parts=frozenset({part}), earliest_on=begins_on)
    return get_course(courses.propose(client, template, wishes, by=by).id)


def book(course: Course, *, by: Actor) -> list[Appointment]:
    """Book the soonest plan of a course as a whole; wishes give way where there is none.

    Raises:
        LookupError: if there is no plan at all; nobody's demo is that full.
    """
    seen = see(course, course.client)
    found = planner.plan(seen.problem, characters=())
    if not found.plans:
        courses.wish(courses.lock(course.id), Wishes(), by=by)
        course = get_course(course.id)
        seen = see(course, course.client)
        found = planner.plan(seen.problem, characters=())
    if not found.plans:
        raise LookupError(f"there is no plan for {course.title}")
    chosen = chosen_of(found.plans[0], seen)
    made = courses.confirm(course.id, chosen, seen=course.version, by=by)
    return sorted(made, key=lambda each: each.starts_at)


def pay_due(course: Course, method: PaymentMethod, *, by: Actor) -> None:
    """Take what is due of a course by now, at the desk; nothing for one that is paid singly."""
    sale = sales.sale_for(course.id)
    if sale is not None:
        [standing] = sales.standings([sale])
        if due := standing.due(today_here()):
            course_money.take_payment(sale.id, due, method, payment_id=uuid4(), by=by)


def visits_of(course: Course) -> list[Outside]:
    """Return the visits outside that are planned, the next first."""
    rows = [each for each in get_course(course.id).steps if each.planned_on]
    return sorted(
        (Outside(each.key, each.planned_on) for each in rows if each.planned_on),
        key=lambda each: each.on,
    )


def visit(course: Course, outside: Outside, *, by: Actor) -> Iterator[datetime]:
    """Wait for the evening of a visit outside, and write down that it took place."""
    yield zones.instant_of(get_practice().time_zone, outside.on, WRITTEN_DOWN_AT)
    now = get_course(course.id)
    course_steps.write_date(
        course.id,
        outside.key,
        planned_on=outside.on,
        held_on=outside.on,
        seen=now.version,
        by=by,
    )


def decide(course: Course, hands: Sequence[Actor]) -> None:
    """Let a course go on at every review that is due, by the first who may decide."""
    found = standing_of(get_course(course.id))
    for review in found.reviews_due:
        for by in hands:
            roles = get_member(by.id).role_set if by.id else ()
            if course_decisions.may_decide(found, review, roles):
                course_decisions.decide(
                    course.id, review.after, review.may[0], "Doing well so far.", by=by
                )
                break
