"""What the planner is asked: one look at the calendar for all steps, and what others leave."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import BookingRules, Resource
from practice.clients.rules.papers import PaperKind, Route
from practice.clients.service import record_paper
from practice.core.db import db, transaction
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries.course_plans import plans
from practice.sessions.queries.course_problems import see
from practice.sessions.rules.course_wishes import PartOfDay, Wishes
from practice.sessions.service import courses
from practice.sessions.service.courses import PlanLost
from tests import factories
from tests.integration.sessions.courses.conftest import DAY, first_choice, get_course
from tests.integration.sessions.test_free_times import at

TODAY = date(2027, 3, 1)


def starts(course: Course, key: str) -> list[datetime]:
    step = see(course, course.client).problem.step(key)
    axis = see(course, course.client).problem.axis
    return [axis.starts_at + n * (DAY / 288) for n in range(axis.cells) if step.starts >> n & 1]


def test_all_steps_cost_as_many_statements_as_one(
    course: Course,
    alex: Client,
    owner: Actor,
    count_statements: Callable[[Callable[[], object]], int],
) -> None:
    found = get_course(course.id)
    with transaction():
        shipped = factories.offer_course("im-induction-6")
        other = courses.propose(alex, shipped, by=owner).id
    others = get_course(other)

    assert count_statements(lambda: see(found, alex)) == 8
    assert count_statements(lambda: see(others, alex)) == 8


def test_wishes_leave_only_what_is_wished_but_not_to_those_outside(
    alex: Client, offered: CourseTemplateRow, owner: Actor
) -> None:
    wishes = Wishes(
        weekdays=frozenset({2}),
        parts=frozenset({PartOfDay.AFTERNOON}),
        earliest_on=TODAY + 7 * DAY,
        away=((TODAY + 14 * DAY, TODAY + 20 * DAY),),
        by_video=frozenset({"prep_1"}),
    )
    with transaction():
        made = courses.propose(alex, offered, wishes, by=owner).id
    course = get_course(made)

    intake = starts(course, "intake")
    assert intake[0] == at(TODAY + 8 * DAY, 12)
    assert {each.weekday() for each in intake} == {1}
    assert not [e for e in intake if at(TODAY + 14 * DAY, 0) <= e <= at(TODAY + 20 * DAY, 23)]
    assert {each.weekday() for each in starts(course, "medical_eval")} == {0, 1, 2, 3, 4}
    assert see(course, alex).ways["prep_1"] == "telehealth"


def test_dosings_past_the_clearance_wait_and_are_not_called_impossible(
    course: Course, alex: Client, owner: Actor
) -> None:
    with transaction():
        record_paper(
            alex,
            PaperKind.MEDICAL_CLEARANCE,
            dated_on=TODAY,
            valid_until=TODAY + 30 * DAY,
            today=TODAY,
            route=Route.SL,
            by=owner,
        )

    found = plans(get_course(course.id), alex).outcome

    assert found.no_plan is None
    assert "dose_6" in {each.key for each in found.plans[0].tentative}
    assert [each.warnings for each in found.plans] == [()] * len(found.plans)


def test_a_week_that_is_full_by_now_is_no_plan_any_more(
    course: Course, therapist: Resource, owner: Actor
) -> None:
    chosen = first_choice(course)
    dosing = chosen["dose_1"]
    assert isinstance(dosing, datetime)
    with transaction():
        db.session.execute(sa.update(BookingRules).values(max_dosings_per_week=1))
        factories.create_appointment(
            queries.get_service("dosing_sl"),
            host=therapist,
            client=factories.create_client(),
            starts_at=dosing + DAY if dosing.weekday() < 4 else dosing - DAY,
        )

    with pytest.raises(PlanLost) as refused, transaction():
        courses.confirm(course.id, chosen, seen=course.version, by=owner)

    assert "no more than 1 dosings are given in a week" in refused.value.message
    assert len(db.session.scalars(sa.select(Appointment.id)).all()) == 1


def test_what_is_booked_is_in_the_way_unless_the_course_is_planned_anew(booked: Course) -> None:
    seen = see(booked, booked.client)
    anew = see(booked, booked.client, replanning=True)

    assert [each.key for each in seen.problem.steps if each.fact is None] == []
    assert [each.key for each in anew.problem.steps if each.fact is not None] == []
    assert all(
        anew.problem.step(key).starts >> cell & 1
        for key, place in anew.old.items()
        if not place.is_external
        for cell in [(place.starts_at - anew.problem.axis.starts_at) // (DAY / 288)]
    )
