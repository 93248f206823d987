"""From a held time to a booking, where nothing is to be paid online."""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.core.db import db, read_again, transaction
from practice.outbox.models import Task
from practice.people.models import Client
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    CONSULT,
    DETAILS,
    INTAKE,
    TUESDAY,
    WEDNESDAY,
    appointments,
    at,
    book,
    hold,
    identify,
    nothing_changes,
    sent,
    state_of,
    text_of,
    value_of,
)

TEN = at(TUESDAY, 10)
VIDEO = "/p/tidewater/book/intake/?place=video"


def clients() -> list[tuple[str, str, str, str]]:
    read_again()
    found = db.session.scalars(sa.select(Client).order_by(Client.created_at))
    return [(each.first_name, each.last_name, each.email, each.phone) for each in found]


# Held -------------------------------------------------------------------------------------------


def test_a_held_time_asks_who_comes_and_says_until_when(browser: FlaskClient) -> None:
    page = browser.get(hold(browser, TEN))

    assert state_of(page) == "tentative"
    assert "We are holding Tue, Mar 2, 10:00 AM for you until 8:10 AM." in text_of(page)
    assert "<title>Your booking, Tidewater</title>" in page.text
    assert 'name="robots" content="noindex"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_details_lead_to_a_last_look_and_that_to_the_booking(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)

    assert identify(browser, booking).location == booking
    check = text_of(browser.get(booking))
    assert "What Intake and eligibility interview Change what" in check
    assert "When Tue, Mar 2, 10:00 AM New York time Change when" in check
    assert "Where Hampton Roads, VA Change where" in check
    assert "Who Alex O’Brien, alex@mail.example Change who" in check
    assert (
        "Cancel free of charge until Mon, Mar 1, 10:00 AM. After that it costs $225.00. If you "
        "come more than 15 minutes late, the session is shorter and ends on time."
    ) in check
    assert "You pay $225.00 at your visit. Book this time" in check

    assert send(browser, f"{booking}confirm").location == booking
    booked = browser.get(booking)
    assert state_of(booked) == "confirmed"
    assert "You are booked" in text_of(booked)
    assert clients() == [("Alex", "O’Brien", "alex@mail.example", "+17575550123")]


def test_keeping_a_time_longer_keeps_what_was_typed(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)

    answer = send(browser, f"{booking}keep", {**DETAILS, "phone": "not yet"})

    assert answer.location == f"{booking}details"
    page = browser.get(f"{booking}details")
    assert value_of(page, "first_name") == "Alex"
    assert value_of(page, "phone") == "not yet"
    assert appointments()[0].hold_renewals == 1


def test_a_time_can_be_kept_longer_twice(browser: FlaskClient, time: Clock) -> None:
    booking = hold(browser, TEN)
    for _ in range(2):
        time.now += timedelta(minutes=9)
        send(browser, f"{booking}keep")

    page = browser.get(booking)
    assert "until 8:28 AM." in text_of(page)
    assert "Hold the time longer" not in text_of(page)
    with nothing_changes():
        send(browser, f"{booking}keep")
    assert "This time cannot be held any longer." in text_of(browser.get(booking))


def test_details_that_are_not_right_come_back_as_they_were_typed(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)

    with nothing_changes():
        page = identify(browser, booking, email="alex at mail", phone="123", adult="")

    assert page.status_code == 422
    assert "<title>Error: Your booking" in page.text
    assert value_of(page, "email") == "alex at mail"
    assert value_of(page, "first_name") == "Alex"
    words = text_of(page)
    assert words.count("Enter an email address like name@example.com") == 2
    assert words.count("Enter a phone number like 757-555-0100") == 2


def test_details_can_be_corrected_while_the_time_is_held(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)
    identify(browser, booking)

    assert value_of(browser.get(f"{booking}details"), "last_name") == "O’Brien"
    identify(browser, booking, last_name="Obrien")

    assert [last_name for _, last_name, _, _ in clients()] == ["Obrien"]


def test_somebody_known_is_never_overwritten_but_a_person_is_asked(browser: FlaskClient) -> None:
    with transaction():
        known = factories.create_client()

    booking = hold(browser, TEN)
    identify(browser, booking, email=known.email.upper())

    assert len(clients()) == 2
    read_again()
    assert db.session.scalars(sa.select(Task.kind)).all() == ["merge-clients"]


def test_a_hold_that_ended_offers_the_same_time_again_and_keeps_the_details(
    browser: FlaskClient, time: Clock
) -> None:
    booking = hold(browser, TEN)
    time.now += timedelta(minutes=11)

    with nothing_changes():
        late = identify(browser, booking)

    assert (late.status_code, state_of(late)) == (409, "released")
    assert "This time is no longer held" in text_of(late)
    assert value_of(late, "start") == sent(TEN)
    assert f'action="{INTAKE}"' in late.text
    again = hold(browser, TEN)
    assert again != booking
    assert value_of(browser.get(again), "email") == "Alex@Mail.example"


def test_a_released_time_that_somebody_else_has_by_now_is_not_theirs_to_book(
    browser: FlaskClient, client: FlaskClient, time: Clock
) -> None:
    mine = hold(browser, TEN)
    identify(browser, mine)
    time.now += timedelta(minutes=11)
    book(client.application.test_client(), TEN)

    with nothing_changes():
        answer = send(browser, f"{mine}confirm")

    assert (answer.status_code, state_of(answer)) == (409, "released")


def test_a_form_left_open_overnight_keeps_its_answers(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)
    page = browser.post(f"{booking}details", data={**DETAILS, "csrf_token": "from yesterday"})

    assert page.status_code == 400
    assert "This page was open for too long, or cookies are off." in text_of(page)
    assert value_of(page, "last_name") == "O’Brien"
    assert clients() == []


def test_details_sent_again_after_booking_change_nothing(browser: FlaskClient) -> None:
    booking = book(browser, TEN)

    with nothing_changes():
        page = identify(browser, booking, last_name="Somebody Else")

    assert (page.status_code, state_of(page)) == (409, "confirmed")
    assert "What you sent just now changed nothing." in text_of(page)


def test_a_second_click_on_book_changes_nothing(browser: FlaskClient) -> None:
    booking = book(browser, TEN)

    with nothing_changes():
        assert send(browser, f"{booking}confirm").location == booking


# At once ----------------------------------------------------------------------------------------


def whole(**other: str) -> dict[str, str]:
    return {"start": sent(TEN), "form_token": "the page's own", **DETAILS, **other}


def test_a_free_session_is_booked_in_one_step(browser: FlaskClient) -> None:
    answer = send(browser, CONSULT, whole())

    assert answer.status_code == 303
    page = browser.get(answer.location)
    assert state_of(page) == "confirmed"
    assert [each.starts_at for each in appointments()] == [TEN]
    assert clients() == [("Alex", "O’Brien", "alex@mail.example", "+17575550123")]


def test_booking_a_free_session_costs_at_most_sixteen_statements(
    browser: FlaskClient, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    somebody_else = {"form_token": "another", "email": "kim@mail.example"}
    send(browser, CONSULT, whole(start=sent(at(WEDNESDAY, 10)), **somebody_else))

    assert count_statements(lambda: send(browser, CONSULT, whole())) <= 16
    assert len(appointments()) == 2


def test_one_step_taken_twice_is_one_booking(browser: FlaskClient) -> None:
    first = send(browser, CONSULT, whole())
    with nothing_changes():
        second = send(browser, CONSULT, whole())

    assert first.location == second.location


def test_one_step_with_wrong_answers_shows_them_beside_the_times(browser: FlaskClient) -> None:
    with nothing_changes():
        page = send(browser, CONSULT, whole(phone="12"))

    assert page.status_code == 422
    assert "Enter a phone number like 757-555-0100" in text_of(page)
    assert value_of(page, "last_name") == "O’Brien"
    assert f'value="{sent(TEN)}" checked' in page.text


def test_one_step_too_late_keeps_the_answers_and_offers_the_nearest(
    browser: FlaskClient, client: FlaskClient
) -> None:
    hold(client.application.test_client(), TEN, CONSULT)

    with nothing_changes():
        page = send(browser, CONSULT, whole())

    assert page.status_code == 409
    assert "10:00 AM was just taken. Here are the nearest times." in text_of(page)
    assert value_of(page, "email") == "alex@mail.example"
