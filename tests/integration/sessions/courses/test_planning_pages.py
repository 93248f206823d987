"""Planning a course with a browser: which, what is wished, three plans, a change, one confirm."""

import re

import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.core.db import db, read_again, transaction
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries.courses import get_course
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests import factories
from tests.browsers import send
from tests.integration.sessions.courses.conftest import DAY, first_choice
from tests.integration.sessions.pages.conftest import at, nothing_changes, text_of
from tests.integration.sessions.staff.conftest import MONDAY, browser, signed_in

__all__ = ["browser", "signed_in"]  # fixtures

S = AppointmentState


def chosen_plan(page: str) -> str:
    """The address behind the first "Choose this plan"."""
    (first, *_) = re.findall(r'href="([^"]*/review\?plan=[^"]*)"', page)
    return str(first)


def version(page: str) -> str:
    (found,) = re.findall(r'name="version"[^>]*value="(\d+)"', page)
    return str(found)


def appointments() -> list[Appointment]:
    read_again()
    return list(db.session.scalars(sa.select(Appointment).order_by(Appointment.starts_at)))


def test_staff_plan_a_course_and_book_all_of_it(
    browser: FlaskClient, alex: Client, offered: CourseTemplateRow
) -> None:
    new = f"/clients/{alex.id}/courses/new"
    which = browser.get(new)
    assert "Low-dose lozenge course, six sessions" in text_of(which)

    wishes = browser.get(f"{new}?course={offered.id}")
    assert "What does Alex wish?" in text_of(wishes)
    answer = send(browser, f"{new}?course={offered.id}", {"weekdays": ["2", "4"]})
    plans = browser.get(answer.location)
    assert "On Tuesdays or Thursdays" in text_of(plans)
    assert "Choose this plan : Soonest" in text_of(plans)

    review = browser.get(chosen_plan(plans.text))
    assert "Book this course?" in text_of(review)
    answers = [
        send(browser, chosen_plan(plans.text), {"version": version(review.text)}) for _ in range(2)
    ]

    assert [each.status_code for each in answers] == [302, 302]
    made = appointments()
    assert len(made) == 15
    assert {each.starts_at.weekday() for each in made} <= {1, 3}
    page = browser.get(answers[0].location)
    assert "Booked" in text_of(page)


def test_what_was_taken_meanwhile_is_named_and_the_rest_kept(
    browser: FlaskClient, course: Course, owner: Actor
) -> None:
    plan = chosen_plan(browser.get(f"/courses/{course.id}/plan").text)
    prep = first_choice(course)["prep_2"]
    with transaction():
        booking.book(
            factories.create_client(),
            queries.get_service("integration_60"),
            starts_at=prep,  # type: ignore[arg-type]  # a session of ours has a start
            modality=Modality.IN_PERSON,
            by=owner,
        )

    with nothing_changes():
        answer = send(browser, plan, {"version": "1"})

    words = text_of(answer)
    assert answer.status_code == 409
    assert "Nothing was booked" in words
    assert "Preparation 2" in words
    assert "What was chosen is kept; " in words
    again = send(browser, chosen_plan(answer.text), {"version": "1"})
    assert again.status_code == 302
    read_again()
    assert get_course(course.id).state is CourseState.BOOKED


def test_one_session_gets_another_time_and_the_rest_follows(
    browser: FlaskClient, course: Course
) -> None:
    plan = chosen_plan(browser.get(f"/courses/{course.id}/plan").text)
    review = browser.get(plan)
    links = re.findall(r'href="(/courses/[^"]*/adjust\?[^"]*)"', review.text)
    dosing = next(link.replace("&amp;", "&") for link in links if "step=4" in link)

    page = browser.get(f"{dosing}&day={MONDAY + 10 * DAY}")
    times = re.findall(r'name="start" value="([^"]*)"', page.text)
    assert times
    assert "outside the hours for clients" not in text_of(page)
    answer = browser.get(
        f"/courses/{course.id}/adjusted",
        query_string={"plan": plan.split("plan=")[1], "start": times[-1]},
    )
    assert answer.status_code == 302
    changed = browser.get(answer.location)
    assert changed.status_code == 200
    assert times[-1] in answer.location


def test_no_plan_is_told_with_its_proof_and_what_would_help(
    browser: FlaskClient, alex: Client, offered: CourseTemplateRow
) -> None:
    address = f"/clients/{alex.id}/courses/new?course={offered.id}"
    answer = send(browser, address, {"parts": ["evening"]})
    words = text_of(browser.get(answer.location))

    assert "There is no plan" in words
    assert "It would be possible if" in words


def test_what_is_booked_already_counts_as_part_of_a_new_course(
    browser: FlaskClient, alex: Client, offered: CourseTemplateRow, owner: Actor
) -> None:
    with transaction():
        intake = booking.book(
            alex,
            queries.get_service("intake"),
            starts_at=at(MONDAY + 2 * DAY, 10),
            modality=Modality.IN_PERSON,
            by=owner,
        ).id
    address = f"/clients/{alex.id}/courses/new?course={offered.id}"

    assert "Intake, Wed, Mar 3, 10:00 AM" in text_of(browser.get(address))
    answer = send(browser, address, {"adopting": str(intake)})
    review = browser.get(chosen_plan(browser.get(answer.location).text))
    send(browser, chosen_plan(browser.get(answer.location).text), {"version": "1"})

    assert "Intake Wed, Mar 3, 10:00 AM Booked" in text_of(review)
    assert len(appointments()) == 15
    assert appointments()[0].id == intake


def test_somebody_with_nothing_on_file_may_book_a_whole_course(
    browser: FlaskClient, offered: CourseTemplateRow
) -> None:
    """What a gate of booking asks for is written in the same confirm, at an earlier time."""
    with transaction():
        new = factories.create_client(papers=())
    answer = send(browser, f"/clients/{new.id}/courses/new?course={offered.id}")
    plan = chosen_plan(browser.get(answer.location).text)
    send(browser, plan, {"version": "1"})

    assert [each.state for each in appointments()] == [S.CONFIRMED, *[S.TENTATIVE] * 14]


def test_a_course_wished_for_after_the_horizon_is_shown_and_offers_nothing_to_book(
    browser: FlaskClient, alex: Client, offered: CourseTemplateRow
) -> None:
    address = f"/clients/{alex.id}/courses/new?course={offered.id}"
    answer = send(browser, address, {"earliest_on": "2027-08-02"})
    page = browser.get(answer.location)

    assert "Not within the horizon" in text_of(page)
    assert "Nothing more can be booked yet." in text_of(page)
    assert "Choose this plan" not in text_of(page)
    assert "There is no plan" not in text_of(page)
