"""Single steps of a course: booked by hand, dated elsewhere, held, left for later; and its end."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Claim, Closure
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict
from practice.outbox.models import Message, Task
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries.course_plans import plans
from practice.sessions.queries.course_standing import standing_of
from practice.sessions.queries.course_steps import judge_of
from practice.sessions.queries.courses import changes_of, get_course
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.course_wishes import Wishes
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, course_ends, course_steps, courses, day, reaching
from practice.sessions.service.booking import WindowBroken
from practice.sessions.service.courses import CourseChanged
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.courses.conftest import DAY, first_choice
from tests.integration.sessions.test_free_times import NEXT_MONDAY, at

S = AppointmentState


def book(
    client: Client, slug: str, start: datetime, by: Actor, reason: str | None = None
) -> Appointment:
    with transaction():
        return booking.book(
            client,
            queries.get_service(slug),
            starts_at=start,
            modality=Modality.IN_PERSON,
            by=by,
            override_reason=reason,
        )


def confirmed(course: Course, by: Actor) -> Course:
    with transaction():
        courses.confirm(course.id, first_choice(course), seen=course.version, by=by)
    return fresh(course)


def fresh(course: Course) -> Course:
    """Read a course as the next request does."""
    read_again()
    db.session.expire_all()
    return get_course(course.id)


def step(course: Course, key: str) -> object:
    return next(each for each in fresh(course).steps if each.key == key)


def hold(appointment: Appointment, by: Actor, time: Clock) -> None:
    time.now = appointment.ends_at
    with transaction():
        day.arrive(queries.get_appointment(appointment.id), by=by)
    with transaction():
        day.complete(queries.get_appointment(appointment.id), by=by)


def test_a_session_booked_by_hand_becomes_the_next_step_that_it_can_be(
    course: Course, alex: Client, owner: Actor
) -> None:
    intake = book(alex, "intake", at(NEXT_MONDAY, 10), owner)
    talk = book(alex, "integration_60", at(NEXT_MONDAY + DAY, 10), owner)
    prep = book(alex, "prep_60", at(NEXT_MONDAY + 2 * DAY, 10), owner)

    kept = fresh(course)
    booked = {each.key: each.appointment_id for each in kept.steps if each.appointment_id}
    assert booked == {"intake": intake.id, "prep_1": prep.id}
    assert talk.id not in booked.values()  # no dosing yet that it could follow
    assert kept.state is CourseState.BOOKED


def test_the_courses_own_windows_count_by_hand_too(
    course: Course, alex: Client, owner: Actor
) -> None:
    book(alex, "intake", at(NEXT_MONDAY, 10), owner)

    with pytest.raises(WindowBroken) as refused:
        book(alex, "prep_60", at(NEXT_MONDAY + 49 * DAY, 10), owner)
    late = book(alex, "prep_60", at(NEXT_MONDAY + 49 * DAY, 10), owner, "Travels until then.")

    assert (
        "Preparation 1 is 49 days after the intake; the limits are 0 to 45 days."
        in refused.value.message
    )
    assert late.override_reason == "Travels until then."
    assert step(course, "prep_1").appointment_id == late.id  # type: ignore[attr-defined]


def test_a_dosing_is_offered_only_where_an_integration_is_still_free(
    course: Course, alex: Client, owner: Actor
) -> None:
    book(alex, "intake", at(NEXT_MONDAY, 10), owner)
    book(alex, "prep_60", at(NEXT_MONDAY + DAY, 10), owner)
    book(alex, "prep_60", at(NEXT_MONDAY + 3 * DAY, 10), owner)
    wanted = NEXT_MONDAY + 7 * DAY
    with transaction():
        db.session.add(Closure(first_on=wanted + DAY, last_on=wanted + 7 * DAY, reason="Sea"))

    fresh(course)
    said = judge_of(alex, queries.get_service("dosing_sl_first"))
    assert said is not None
    assert said.said_of(at(wanted, 10)).refusals == (
        "No integration would be free in its window after it.",
    )
    assert said.said_of(at(wanted - 3 * DAY, 10)).refusals == ()
    with pytest.raises(WindowBroken):
        book(alex, "dosing_sl_first", at(wanted, 10), owner)


def test_a_date_elsewhere_is_written_down_by_somebody_and_counts(
    course: Course, owner: Actor
) -> None:
    on = date(2027, 3, 9)
    with transaction():
        course_steps.write_date(
            course.id, "medical_eval", planned_on=on, held_on=None, seen=1, by=owner
        )
    with pytest.raises(CourseChanged), transaction():
        course_steps.write_date(
            course.id, "medical_eval", planned_on=on + DAY, held_on=None, seen=1, by=owner
        )

    kept = fresh(course)
    found = plans(kept, kept.client)
    assert found.seen.problem.step("medical_eval").fact is not None
    assert {each.deed for each in changes_of(course.id)} == {"proposed", "dated"}


def test_a_course_begins_with_its_first_session_that_was_held(
    course: Course, owner: Actor, time: Clock
) -> None:
    kept = confirmed(course, owner)
    first = kept.steps[0].appointment
    assert first is not None

    hold(first, owner, time)

    assert fresh(course).state is CourseState.UNDER_WAY


def test_what_lies_past_the_horizon_waits_and_is_offered_when_it_comes_into_reach(
    alex: Client, offered: CourseTemplateRow, owner: Actor, time: Clock
) -> None:
    with transaction():
        made = courses.propose(alex, offered, Wishes(earliest_on=date(2027, 5, 24)), by=owner)
    course = get_course(made.id)
    found = plans(course, alex)
    plan = found.outcome.plans[0]
    waiting = {each.key for each in plan.tentative}
    assert (found.outcome.no_plan, plan.warnings) == (None, ())
    assert "integration_6" in waiting

    kept = confirmed(course, owner)
    assert {each.key for each in kept.steps if each.window_from_on} >= waiting - {"med_followup_1"}
    practice_id = kept.practice_id
    reaching.look_ahead(practice_id)
    assert db.session.scalars(sa.select(Task.kind)).all() == []

    time.now += 30 * DAY
    for _ in range(2):
        reaching.look_ahead(practice_id)
    assert db.session.scalars(sa.select(Task.kind)).all() == ["course-in-reach"]
    kept = confirmed(fresh(course), owner)
    assert [each.key for each in kept.steps if each.reachable_at] == []
    assert db.session.scalars(sa.select(Task.kind)).all() == []
    assert standing_of(kept).warnings == ()
    assert len([each for each in kept.steps if each.appointment_id]) == 15


def test_stopping_cancels_what_is_still_to_come_and_keeps_the_reason(
    course: Course, owner: Actor, time: Clock
) -> None:
    kept = confirmed(course, owner)
    first = kept.steps[0].appointment
    assert first is not None
    hold(first, owner, time)
    kept = fresh(course)

    with transaction():
        course_ends.stop(course.id, " Moves away. ", seen=kept.version, by=owner)

    kept = fresh(course)
    states = [each.appointment.state for each in kept.steps if each.appointment]
    assert (kept.state, kept.ended_why) == (CourseState.STOPPED, "Moves away.")
    assert (states.count(S.COMPLETED), states.count(S.CANCELLED)) == (1, 14)
    live = db.session.scalars(sa.select(Claim.holder_id).where(Claim.released_at.is_(None)))
    assert set(live) == {first.id}
    with pytest.raises(Conflict), transaction():
        courses.confirm(course.id, {"intake": at(NEXT_MONDAY, 10)}, seen=kept.version, by=owner)
    names = list(db.session.scalars(sa.select(Message.name)))
    assert (names.count("cancelled-series"), names.count("cancelled")) == (1, 0)
