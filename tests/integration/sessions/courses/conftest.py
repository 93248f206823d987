"""A practice that offers courses, and a client who wants one."""

from datetime import timedelta

import pytest

from practice.audit.rules import Actor, ActorKind
from practice.calendar.models import Resource
from practice.core.db import transaction
from practice.people.models import Client
from practice.sessions.models import Course, CourseTemplateRow
from practice.sessions.queries.course_plans import Chosen, chosen_of, plans
from practice.sessions.queries.courses import get_course
from practice.sessions.service import courses
from tests import factories
from tests.integration.sessions.conftest import practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

DAY = timedelta(days=1)


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
    return get_course(made.id)


def first_choice(course: Course) -> Chosen:
    """The soonest plan."""
    found = plans(course, course.client)
    return chosen_of(found.outcome.plans[0], found.seen)
