"""A practice that offers courses, and a client who wants one."""

from datetime import timedelta
from uuid import UUID

import pytest

from practice.audit.rules import Actor, ActorKind
from practice.calendar.models import Resource
from practice.core.db import transaction
from practice.people.models import Client
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries import courses as queries
from practice.sessions.queries.course_plans import Chosen, chosen_of, plans
from practice.sessions.service import courses
from tests import factories
from tests.integration.sessions.conftest import Clock, practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def owner(therapist: Resource) -> Actor:
    assert therapist.user_id is not None
    return Actor(ActorKind.STAFF, therapist.user_id)


@pytest.fixture
def offered(therapist: Resource) -> CourseTemplateRow:
    with transaction():
        return factories.offer_course()


@pytest.fixture
def alex(therapist: Resource) -> Client:
    with transaction():
        return factories.create_client()


@pytest.fixture
def course(alex: Client, offered: CourseTemplateRow, owner: Actor) -> Course:
    """A course that is proposed."""
    with transaction():
        made = courses.propose(alex, offered, by=owner)
    return queries.get_course(made.id)


def first_choice(course: Course) -> Chosen:
    """The soonest plan."""
    found = plans(course, course.client)
    return chosen_of(found.outcome.plans[0], found.seen)


def get_course(course_id: UUID) -> Course:
    """Read a course anew, whatever this session remembers of it."""
    with transaction():
        return queries.get_course(course_id)


@pytest.fixture
def booked(course: Course, owner: Actor, time: Clock) -> Course:
    """A course that is in the book, and its news sent long ago."""
    with transaction():
        courses.confirm(course.id, first_choice(course), seen=course.version, by=owner)
    time.now += 10 * MINUTE
    return get_course(course.id)


def session(course: Course, key: str) -> Appointment:
    (row,) = [each for each in course.steps if each.key == key]
    assert row.appointment is not None
    return row.appointment
