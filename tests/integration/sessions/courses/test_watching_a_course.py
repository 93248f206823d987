"""A course over time: reviews, lapses and the way back, steps left out, boosters."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.calendar.models import Resource
from practice.clients.rules.papers import PaperKind, Route
from practice.clients.service import record_paper
from practice.core.db import db, transaction
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.outbox.models import Task
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment, Course
from practice.sessions.queries.course_boosters import after_course_of
from practice.sessions.queries.course_keeping import seal_of
from practice.sessions.queries.course_standing import after_course, standing_of
from practice.sessions.queries.courses import changes_of
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import (
    booking,
    course_decisions,
    course_ends,
    course_steps,
    course_watch,
    readiness,
)
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.courses.conftest import DAY, get_course, session
from tests.integration.sessions.pages.conftest import text_of
from tests.integration.sessions.staff.conftest import SignedIn, browser, signed_in

__all__ = ["browser", "signed_in"]  # fixtures

S, C = AppointmentState, CourseState
HOUR = timedelta(hours=1)


def hold(course: Course, *keys: str, by: Actor, time: Clock) -> Course:
    """Let sessions take place at their times, whatever their gates say, and come to their end."""
    for key in keys:
        held = session(course, key)
        time.now = held.ends_at
        with transaction():
            row = db.session.get_one(Appointment, (held.practice_id, held.id))
            row.state, row.completed_at = S.COMPLETED, row.ends_at
            db.session.flush()
            course_steps.was_held(row, by=by)
    return get_course(course.id)


def watch(course: Course, time: Clock, days: float) -> Course:
    time.now += days * DAY
    course_watch.watch(course.practice_id)
    return get_course(course.id)


def tasks() -> list[str]:
    open_ones = sa.select(Task.kind).where(Task.done_at.is_(None), Task.kind.startswith("course-"))
    return sorted(db.session.scalars(open_ones))


def closed(course: Course, key: str) -> set[Gate]:
    with transaction():
        return {each.gate for each in readiness.closed(session(course, key))}


def another(owner: Actor, *roles: Role) -> Actor:
    with transaction():
        return Actor(owner.kind, factories.create_user(*roles).id)


BEFORE = ("intake", "prep_1", "prep_2", "dose_1", "integration_1", "dose_2")


def test_a_review_stops_the_next_dosing_until_somebody_who_may_decides(
    booked: Course, owner: Actor, time: Clock
) -> None:
    before = closed(booked, "dose_3")
    held = hold(booked, *BEFORE, by=owner, time=time)

    assert Gate.REVIEW_DECIDED in before
    assert Gate.REVIEW_DECIDED not in closed(held, "dose_1") | closed(held, "integration_3")
    assert (held.state, tasks()) == (C.UNDER_WAY, ["course-review"])
    desk = another(owner, Role.FRONT_DESK)
    with pytest.raises(NotAllowed), transaction():
        course_decisions.decide(held.id, "dose_2", "continue", "Fine.", by=desk)
    for decision, reason in (("continue", "  "), ("finish", "Why not.")):
        with pytest.raises(Invalid), transaction():
            course_decisions.decide(held.id, "dose_2", decision, reason, by=owner)
    with pytest.raises(Conflict), transaction():
        course_decisions.decide(held.id, "dose_6", "finish", "Early.", by=owner)

    for _ in range(2):  # a second click finds it made
        with transaction():
            course_decisions.decide(held.id, "dose_2", "continue", "Dr. Ray agrees.", by=owner)

    assert Gate.REVIEW_DECIDED not in closed(get_course(held.id), "dose_3")
    assert tasks() == []
    assert changes_of(held.id)[0].deed == "reviewed"


def test_to_stop_at_a_review_ends_the_course(booked: Course, owner: Actor, time: Clock) -> None:
    held = hold(booked, *BEFORE, by=owner, time=time)

    with transaction():
        course_decisions.decide(held.id, "dose_2", "stop", "No relief.", by=owner)

    stopped = get_course(held.id)
    assert (stopped.state, stopped.ended_why) == (C.STOPPED, "No relief.")
    assert session(stopped, "dose_3").state is S.CANCELLED


def test_a_course_lapses_by_date_and_comes_back_after_a_review_and_a_preparation(
    booked: Course, owner: Actor, time: Clock, alex: Client, therapist: Resource
) -> None:
    held = hold(booked, *BEFORE, by=owner, time=time)
    for key in ("dose_3", "dose_4", "dose_5", "dose_6"):
        with transaction():
            booking.cancel(session(held, key), by=owner)

    just_in_time = watch(held, time, 28)
    assert just_in_time.state is C.UNDER_WAY
    late = watch(held, time, 1)

    assert (late.state, set(tasks())) == (
        C.LAPSED,
        {"course-lapsed", "course-lost", "course-review"},
    )
    assert "Dosing 3 had to follow dosing 2 by Mon, Apr 12" in changes_of(late.id)[0].facts["words"]
    with pytest.raises(Conflict, match="a medical review, one preparation session"), transaction():
        course_decisions.resume(late.id, "Wants to.", by=owner)

    today = time.now.date()
    with transaction():
        record_paper(
            alex, PaperKind.MEDICAL_CLEARANCE, dated_on=today, today=today, by=owner, route=Route.SL
        )
        factories.create_appointment(
            session(held, "prep_1").service,
            host=therapist,
            client=alex,
            starts_at=time.now,
            state=S.COMPLETED,
        )
    with transaction():
        course_decisions.resume(late.id, "Seen, prepared again.", by=owner)

    back = get_course(late.id)
    assert back.state is C.UNDER_WAY
    assert watch(back, time, 20).state is C.UNDER_WAY
    assert watch(back, time, 10).state is C.LAPSED


def test_a_lapse_takes_confirmation_from_the_dosings_that_are_booked(
    booked: Course, owner: Actor, time: Clock
) -> None:
    hold(booked, *BEFORE, by=owner, time=time)
    with transaction():
        booking.cancel(session(booked, "dose_3"), by=owner)

    lapsed = watch(booked, time, 30)

    assert lapsed.state is C.LAPSED
    assert Gate.COURSE_RUNS in closed(lapsed, "dose_5")


def test_a_session_held_later_than_booked_shows_what_no_longer_fits(
    booked: Course, owner: Actor, time: Clock
) -> None:
    dosing, integration = session(booked, "dose_1"), session(booked, "integration_1")
    hold(booked, "intake", "prep_1", "prep_2", by=owner, time=time)
    time.now = dosing.ends_at + 1.5 * HOUR
    with transaction():
        row = db.session.get_one(Appointment, (dosing.practice_id, dosing.id))
        row.state, row.completed_at = S.COMPLETED, time.now
        course_steps.was_held(row, by=owner)

    found = standing_of(get_course(booked.id))

    assert integration.starts_at - dosing.ends_at == 24 * HOUR
    assert [each.words for each in found.warnings] == [
        "Integration 1 is 22.5 hours after dosing 1; 24 to 72 hours are recommended."
    ]
    assert tasks() == []


def test_a_dosing_is_left_out_with_its_integration_and_the_rest_closes_up(
    booked: Course, owner: Actor, time: Clock
) -> None:
    seal = seal_of(booked)
    desk = another(owner, Role.FRONT_DESK)

    with pytest.raises(NotAllowed), transaction():
        course_decisions.leave_out(booked.id, "dose_3", "Away.", seal=seal, by=desk)
    with transaction():
        course_decisions.leave_out(booked.id, "dose_3", "Away.", seal=seal, by=owner)

    left = get_course(booked.id)
    assert {each.key for each in left.steps if each.dropped_at} == {"dose_3", "integration_3"}
    assert {session(left, each).state for each in ("dose_3", "integration_3")} == {S.CANCELLED}
    assert [gap.words for gap in standing_of(left).warnings if gap.later == "dose_4"] == [
        "Dosing 4 is 21 days after dosing 2; 10 to 18 days are recommended.",
        "Dosing 4 is 20 days after integration 2; 1 to 17 days are recommended.",
    ]
    with pytest.raises(Conflict), transaction():
        course_decisions.leave_out(booked.id, "dose_4", "Away.", seal=seal, by=owner)


def test_after_a_course_boosters_are_suggested_and_asked_for_on_their_day(
    booked: Course, alex: Client, time: Clock
) -> None:
    last = session(booked, "dose_6").starts_at
    with transaction():
        row = db.session.get_one(Course, (booked.practice_id, booked.id))
        row.state, row.ended_at = C.COMPLETED, session(booked, "dose_6").ends_at
        dosing = session(booked, "dose_6")
        done = db.session.get_one(Appointment, (dosing.practice_id, dosing.id))
        done.state, done.completed_at = S.COMPLETED, done.ends_at
    time.now = session(booked, "dose_6").ends_at

    early = watch(booked, time, 43)
    assert tasks() == ["course-review"]
    watch(early, time, 1)

    found = after_course(get_course(booked.id))
    assert found is not None
    assert [(each.on - found.plan.last_dosing_on).days for each in found.plan.suggestions] == [44]
    assert tasks() == ["course-booster", "course-review"]
    with transaction():
        judge = after_course_of(alex, queries.get_service("booster_sl"))
        nothing = after_course_of(alex, queries.get_service("prep_60"))
    assert (nothing, judge is None) == (None, False)
    assert judge is not None
    said = {
        days: (
            len(judge.said_of(last + days * DAY).warnings),
            judge.said_of(last + days * DAY).refusals,
        )
        for days in (13, 14, 28, 60, 61, 91)
    }
    assert {days: (few, bool(refused)) for days, (few, refused) in said.items()} == {
        13: (0, True),
        14: (1, False),
        28: (0, False),
        60: (0, False),
        61: (1, False),
        91: (1, True),
    }
    assert said[91][1] == (
        "More than 90 days lie since the dosing on Mon, Apr 26: a preparation comes first.",
    )


# Pages -------------------------------------------------------------------------------------------


def test_the_course_page_says_what_waits_and_leads_to_deciding(
    signed_in: SignedIn, booked: Course, owner: Actor, time: Clock
) -> None:
    hold(booked, *BEFORE, by=owner, time=time)
    browser = signed_in(Role.OWNER, Role.THERAPIST)
    place = [row.key for row in booked.steps].index("dose_2")
    url = f"/courses/{booked.id}/review-point?step={place}"
    page, point = text_of(browser.get(f"/courses/{booked.id}")), text_of(browser.get(url))

    undecided = send(browser, url, {"decision": "", "reason": ""})
    answer = send(browser, url, {"decision": "change dose", "reason": "Little relief."})

    assert "Early response: the review after dosing 2 waits for the prescriber." in page
    assert "2 dosings were held, the last on Mon, Mar 15." in point
    assert "The prescriber is outside the practice" in point
    assert undecided.status_code == 422
    assert (answer.status_code, answer.location) == (303, f"/courses/{booked.id}/change")
    assert "Decided: change dose" in text_of(browser.get(url))
    assert browser.get(f"/courses/{booked.id}/review-point?step=99").status_code == 404
    assert browser.get(f"/courses/{booked.id}/review-point?step=0").status_code == 404


def test_leaving_out_is_shown_first_and_a_stale_page_leaves_nothing_out(
    browser: FlaskClient, booked: Course, owner: Actor
) -> None:
    place = [row.key for row in booked.steps].index("dose_3")
    url = f"/courses/{booked.id}/leave-out?step={place}"
    page = text_of(browser.get(url))

    stale = send(browser, url, {"reason": "Away.", "seal": "another"})
    answer = send(browser, url, {"reason": "Away.", "seal": seal_of(get_course(booked.id))})

    assert "Integration 3 is cancelled" in page
    assert "Dosing 4 is 21 days after dosing 2" in page
    assert (stale.status_code, answer.status_code) == (409, 303)
    assert browser.get(url).status_code == 303


def test_before_a_session_of_a_course_is_cancelled_there_is_a_choice_and_after_it_a_task(
    browser: FlaskClient, booked: Course, owner: Actor
) -> None:
    lost = session(booked, "integration_3")
    page = browser.get(f"/sessions/{lost.id}/cancel")
    said = text_of(page)
    (instead,) = re.findall(r'href="([^"]*/move/check[^"]*)"', page.text)
    preview = text_of(browser.get(unescape(instead)))

    with transaction():
        booking.cancel(lost, by=owner)

    assert "It is integration 3 of a course." in said
    assert "Leave it out of the course , with a reason" in said
    assert "Move integration 3?" in preview
    assert tasks() == ["course-lost"]
    assert "Integration 3 , cancelled Put it again" in text_of(browser.get(f"/courses/{booked.id}"))


def test_a_course_that_was_stopped_leaves_nobody_anything_to_do(
    booked: Course, owner: Actor
) -> None:
    with transaction():
        booking.cancel(session(booked, "integration_3"), by=owner)
    before, seen = tasks(), get_course(booked.id).version

    with transaction():
        course_ends.stop(booked.id, "Moves away", seen=seen, by=owner)

    assert (before, tasks()) == (["course-lost"], [])
