"""A client chooses among the plans of their course, once staff let them, and sees it afterwards."""

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.calendar.models import BookingRules
from practice.core import clock
from practice.core.db import db, read_again, transaction
from practice.outbox import mail
from practice.outbox.models import Message
from practice.people import limits
from practice.people.models import Client
from practice.people.rules import LIMITS, Often
from practice.sessions import queries
from practice.sessions.models import Course, CourseStepRow
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking, course_offers
from tests import factories
from tests.browsers import send, sign_in_client
from tests.integration.sessions.courses.conftest import get_course
from tests.integration.sessions.courses.test_planning_pages import (
    appointments,
    chosen_plan,
    version,
)
from tests.integration.sessions.pages.conftest import nothing_changes, text_of
from tests.integration.sessions.staff.conftest import browser, signed_in

__all__ = ["browser", "signed_in"]  # fixtures


@pytest.fixture
def open_course(course: Course, owner: Actor) -> Course:
    """A course whose client may choose."""
    with transaction():
        course_offers.offer(course.id, by=owner)
    return get_course(course.id)


@pytest.fixture
def mine(app: Flask, alex: Client) -> FlaskClient:
    """The client's own browser."""
    visitor = app.test_client()
    sign_in_client(visitor, alex)
    return visitor


def home_of(course: Course) -> str:
    return f"/me/course/{course.id}"


def letters(name: str) -> list[Message]:
    read_again()
    return list(db.session.scalars(sa.select(Message).where(Message.name == name)))


def test_staff_let_the_client_choose_and_one_neutral_mail_leads_there(
    browser: FlaskClient, course: Course
) -> None:
    page = browser.get(f"/courses/{course.id}/plan")
    assert "Let the client choose" in text_of(page)
    for _ in range(2):
        send(browser, f"/courses/{course.id}/offer")

    (letter,) = letters("choose-times")
    assert letter.client_id == course.client_id
    written = mail.write(letter).get_body(("plain",))
    assert written is not None
    assert f"/p/tidewater/sign-in?next=/me/course/{course.id}" in written.get_content()
    assert "Take this back" in text_of(browser.get(f"/courses/{course.id}/plan"))


def test_what_is_taken_back_opens_no_more_and_is_not_mailed(
    browser: FlaskClient, mine: FlaskClient, open_course: Course
) -> None:
    plan = chosen_plan(mine.get(f"{home_of(open_course)}/plan").text)
    send(browser, f"/courses/{open_course.id}/withdraw")

    assert letters("choose-times") == []
    with nothing_changes():
        answers = [
            mine.get(home_of(open_course)),
            mine.get(f"{home_of(open_course)}/plan"),
            send(mine, plan, {"version": "1"}),
        ]
    assert [each.status_code for each in answers] == [404, 404, 404]
    assert "Choose your dates" not in text_of(mine.get("/me/"))


def test_a_client_says_what_suits_and_books_all_of_it(
    mine: FlaskClient, open_course: Course
) -> None:
    assert "Choose your dates" in text_of(mine.get("/me/"))
    wishes = send(mine, f"{home_of(open_course)}/wishes", {"weekdays": ["2", "4"]})
    plans = mine.get(wishes.location)
    words = text_of(plans)
    assert "What suits you: On Tuesdays or Thursdays." in words
    assert "Medicine session 1" in words
    assert re.findall(r"(?i)dosing|integration within|hard|clearance", words) == []

    plan = chosen_plan(plans.text)
    review = mine.get(plan)
    assert "Book these sessions?" in text_of(review)
    answers = [send(mine, plan, {"version": version(review.text)}) for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 303]
    made = appointments()
    assert len(made) == 15
    assert {each.starts_at.weekday() for each in made} <= {1, 3}
    assert (len(letters("booked-series")), len(letters("staff-new-series"))) == (1, 1)
    page = text_of(mine.get(answers[0].location))
    assert "Your course Booked" in page
    assert "Next Intake" in page or "Next Preparation" in page
    assert "See all of it" in text_of(mine.get("/me/"))


def test_staff_may_book_tomorrow_and_clients_only_with_notice(
    browser: FlaskClient, mine: FlaskClient, open_course: Course
) -> None:
    plan = chosen_plan(browser.get(f"/courses/{open_course.id}/plan").text)
    own = plan.replace("/courses/", "/me/course/")

    with nothing_changes("throttles"):
        answer = send(mine, own, {"version": str(open_course.version)})

    assert answer.status_code == 409
    assert "Nothing was booked" in text_of(answer)
    assert "can no longer be had" in text_of(answer)


def test_what_was_taken_meanwhile_is_named_and_the_rest_kept(
    mine: FlaskClient, open_course: Course, owner: Actor
) -> None:
    page = mine.get(f"{home_of(open_course)}/plan")
    plan = chosen_plan(page.text)
    with transaction():
        (_, second, *_) = re.findall(r"\d+\.(\d{8}T\d{4})Z", plan)
        booking.book(
            factories.create_client(),
            queries.get_service("integration_60"),
            starts_at=datetime.strptime(second, "%Y%m%dT%H%M").replace(tzinfo=UTC),
            modality=Modality.IN_PERSON,
            by=owner,
        )

    with nothing_changes("throttles"):
        answer = send(mine, plan, {"version": str(open_course.version)})

    words = text_of(answer)
    assert answer.status_code == 409
    assert "can no longer be had. Here are new dates." in words
    assert "What was chosen is kept; " in words
    again = send(mine, chosen_plan(answer.text), {"version": str(open_course.version)})
    assert again.status_code == 303
    assert get_course(open_course.id).state is CourseState.BOOKED


def test_a_page_that_is_stale_books_nothing(mine: FlaskClient, open_course: Course) -> None:
    plan = chosen_plan(mine.get(f"{home_of(open_course)}/plan").text)
    send(mine, f"{home_of(open_course)}/wishes", {"parts": ["morning"]})

    with nothing_changes("throttles"):
        answer = send(mine, plan, {"version": str(open_course.version)})

    assert answer.status_code == 409
    assert "has changed since you opened this page" in text_of(answer)


def test_a_client_sees_nothing_of_another_clients_course(app: Flask, open_course: Course) -> None:
    with transaction():
        noor = factories.create_client(first_name="Noor")
    visitor = app.test_client()
    sign_in_client(visitor, noor)

    statuses = {
        visitor.get(f"{home_of(open_course)}{rest}").status_code
        for rest in ("", "/plan", "/wishes", "/review?plan=0.20270315T1400Z")
    }

    assert statuses == {404}


def test_one_session_gets_another_time_and_what_breaks_the_plan_says_why(
    mine: FlaskClient, open_course: Course
) -> None:
    review = mine.get(chosen_plan(mine.get(f"{home_of(open_course)}/plan").text))
    links = re.findall(r'href="(/me/course/[^"]*/adjust\?[^"]*)"', review.text)
    page = mine.get(links[4].replace("&amp;", "&"))
    assert "Another time for" in text_of(page)
    assert "<s>" in page.text
    (first, *_) = re.findall(r'name="start" value="([^"]*)"', page.text)
    (plan,) = re.findall(r'name="plan" value="([^"]*)"', page.text)

    moved = mine.get(f"{home_of(open_course)}/adjusted?plan={plan}&start={first}")

    assert moved.status_code == 302
    assert first in mine.get(moved.location).text


def test_looking_again_and_again_is_told_to_wait(mine: FlaskClient, open_course: Course) -> None:
    address = f"{home_of(open_course)}/review?plan=99.20270315T1400Z"
    assert mine.get(address).status_code == 422
    with transaction():
        for _ in range(LIMITS[Often.COURSE_PLANS].most):
            limits.count(Often.COURSE_PLANS, str(open_course.id))

    answer = mine.get(f"{home_of(open_course)}/plan")

    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


def test_what_lies_past_the_calendar_keeps_its_days_and_is_chosen_once_it_can_be(
    mine: FlaskClient, open_course: Course
) -> None:
    with transaction():
        db.session.scalars(sa.select(BookingRules)).one().horizon_days = 30
    plans = mine.get(f"{home_of(open_course)}/plan")
    assert "Too far ahead to be booked with these." in text_of(plans)
    answer = send(mine, chosen_plan(plans.text), {"version": str(open_course.version)})

    page = text_of(mine.get(answer.location))
    assert "Still to be booked" in page
    assert "Integration 6 between " in page
    assert "We book these with you once the calendar reaches that far." in page

    with transaction():
        waiting = CourseStepRow.window_from_on.is_not(None)
        db.session.execute(sa.update(CourseStepRow).where(waiting).values(reachable_at=clock.now()))
    assert "Choose dates for what is left" in text_of(mine.get(answer.location))
