"""A whole course put into the book by one confirm, or not at all."""

from collections import Counter

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Claim
from practice.core.db import db, transaction
from practice.outbox.models import Message
from practice.sessions.models import Course
from practice.sessions.queries.courses import get_course
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.course_wishes import Wishes
from practice.sessions.rules.lifecycle import AppointmentState, SessionKind
from practice.sessions.service import courses
from tests.integration.sessions.courses.conftest import first_choice

S, K = AppointmentState, SessionKind


def test_one_confirm_books_every_session_and_tells_it_once(course: Course, owner: Actor) -> None:
    chosen = first_choice(course)

    with transaction():
        made = courses.confirm(course.id, chosen, seen=course.version, by=owner)

    kept = get_course(course.id)
    assert kept.state is CourseState.BOOKED
    assert Counter((each.kind, each.state) for each in made) == {
        (K.INTAKE, S.CONFIRMED): 1,
        (K.PREP, S.CONFIRMED): 2,
        (K.DOSING, S.TENTATIVE): 6,
        (K.INTEGRATION, S.CONFIRMED): 6,
    }
    assert [step.planned_on for step in kept.steps if step.is_external] == [
        chosen["medical_eval"],
        chosen["med_followup_1"],
    ]
    assert [each.name for each in db.session.scalars(sa.select(Message))] == ["booked-series"]
    assert len(db.session.scalars(sa.select(Claim)).all()) == 15 * 4


def test_a_plan_of_a_course_that_somebody_changed_since_books_nothing(
    course: Course, owner: Actor
) -> None:
    chosen, seen = first_choice(course), course.version
    with transaction():
        courses.wish(courses.lock(course.id), Wishes(weekdays=frozenset({1})), by=owner)

    with pytest.raises(courses.CourseChanged), transaction():
        courses.confirm(course.id, chosen, seen=seen, by=owner)

    kept = get_course(course.id)
    assert kept.state is CourseState.PROPOSED
    assert [step.appointment_id for step in kept.steps] == [None] * len(kept.steps)
    assert db.session.scalars(sa.select(Claim)).all() == []
