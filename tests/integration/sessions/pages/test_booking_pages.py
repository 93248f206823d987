"""From a held time to a booking and its end, where nothing is to be paid online."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import vobject
from flask.testing import FlaskClient

from practice.audit.rules import PROGRAM
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import visit
from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.outbox.models import Job, Task
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking as service
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    CONSULT,
    DETAILS,
    INTAKE,
    STREET,
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


def path_of(appointment: Appointment) -> str:
    return booking_link(appointment).removeprefix("http://localhost")


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
    assert "Cancel free of charge until Tue, Mar 2, 10:00 AM, when it starts." in check
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
    send(browser, CONSULT, whole(start=sent(at(WEDNESDAY, 10)), form_token="another"))

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
    assert value_of(page, "email") == "Alex@Mail.example"


# Booked -----------------------------------------------------------------------------------------


def test_what_is_booked_says_all_that_one_needs(browser: FlaskClient) -> None:
    page = text_of(browser.get(book(browser, TEN)))

    for words in (
        "Set aside 1 hour 15 minutes",
        "With Practitioner 1",
        "Price $225.00 Paid $0.00 Still to pay $225.00",
        "You pay $225.00 at your visit.",
        "Cancel free of charge until Tue, Mar 2, 10:00 AM, when it starts",
        "Have a list of the medicines that you take at hand.",
        "It says only “Appointment, Tidewater”.",
        "In a crisis, call or text 988",
    ):
        assert words in page


@pytest.mark.parametrize(("hours_before", "is_told"), [(73, False), (72, True), (1, True)])
def test_the_street_is_told_three_days_ahead_and_not_before(
    browser: FlaskClient, time: Clock, hours_before: int, is_told: bool
) -> None:
    start = at(TUESDAY, 10) + timedelta(days=14)
    booking = book(browser, start)
    time.now = start - timedelta(hours=hours_before)

    page = text_of(browser.get(booking))

    assert (STREET in page) is is_told
    assert ("You find the address here from" in page) is not is_told


def test_cancelling_takes_the_street_away_again(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    assert STREET in text_of(browser.get(booking))

    cancel(browser, booking)

    assert STREET not in text_of(browser.get(booking))


def test_a_held_time_tells_no_street(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)
    identify(browser, booking)

    assert STREET not in text_of(browser.get(booking))


def test_a_video_session_tells_the_room_and_no_street(browser: FlaskClient) -> None:
    page = browser.get(book(browser, TEN, VIDEO))

    assert 'href="https://video.example/room"' in page.text
    assert STREET not in page.text


def test_a_visitor_far_away_sees_both_clocks(browser: FlaskClient) -> None:
    booking = hold(browser, TEN, f"{VIDEO}&tz=America/Los_Angeles")
    identify(browser, booking)

    page = text_of(browser.get(booking))

    assert "Tue, Mar 2, 10:00 AM New York time (7:00 AM for you in Los Angeles)" in page
    assert "We are holding Tue, Mar 2, 7:00 AM for you until 5:10 AM." in page


def test_a_change_of_the_clocks_before_the_session_is_told(browser: FlaskClient) -> None:
    words = "The clocks change before then."
    near = book(browser, TEN)
    far = book(browser, at(TUESDAY, 10) + timedelta(days=14))

    assert words not in text_of(browser.get(near))
    assert words in text_of(browser.get(far))


# Taken along ------------------------------------------------------------------------------------


def calendar(browser: FlaskClient, booking: str) -> Any:
    answer = browser.get(f"{booking}appointment.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return vobject.readOne(answer.text).vevent


def test_the_calendar_file_is_neutral_and_knows_the_booking(browser: FlaskClient) -> None:
    event = calendar(browser, book(browser, TEN))

    (appointment,) = appointments()
    assert event.summary.value == "Appointment, Tidewater"
    assert event.dtstart.value == TEN
    assert event.uid.value == appointment.uid
    assert event.location.value == "Hampton Roads, VA"
    assert STREET not in event.serialize()
    assert "bookings/" not in event.serialize()


def test_the_calendar_file_of_a_cancelled_booking_takes_it_out_again(
    browser: FlaskClient,
) -> None:
    booking = book(browser, TEN)
    before = calendar(browser, booking)
    cancel(browser, booking)
    after = calendar(browser, booking)

    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) > int(before.sequence.value)
    assert after.status.value == "CANCELLED"


def test_a_held_time_has_no_calendar_file(browser: FlaskClient) -> None:
    assert browser.get(f"{hold(browser, TEN)}appointment.ics").status_code == 404


def test_a_receipt_is_shown_to_its_client_alone(browser: FlaskClient, host: Resource) -> None:
    booking, other = book(browser, TEN), book(browser, at(TUESDAY, 14))
    mine = appointments()[0]
    with transaction():
        visit.record(
            mine.client_id, mine.id, mine.price, PaymentMethod.CASH, by=factories.OWNER
        )

    page = browser.get(booking)
    assert "Receipts REC-2027-00001, $225.00" in text_of(page)
    assert "Still to pay $0.00" in text_of(page)
    receipt = browser.get(f"{booking}receipt?number=REC-2027-00001")
    assert "Alex O’Brien" in text_of(receipt)
    assert browser.get(f"{other}receipt?number=REC-2027-00001").status_code == 404


# Cancelled --------------------------------------------------------------------------------------


def cancel(browser: FlaskClient, booking: str) -> None:
    shown = browser.get(f"{booking}cancel")
    answer = send(browser, f"{booking}cancel", {"sequence": value_of(shown, "sequence")})
    assert answer.location == booking


def test_cancelling_shows_what_it_does_and_then_does_it(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    with nothing_changes():
        shown = browser.get(f"{booking}cancel")
    assert "It costs you nothing." in text_of(shown)

    cancel(browser, booking)

    page = browser.get(booking)
    assert state_of(page) == "cancelled"
    assert "Cancel this session" not in text_of(page)
    assert book(browser, TEN) != booking


def test_cancelling_twice_is_cancelling_once(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    cancel(browser, booking)

    with nothing_changes():
        assert send(browser, f"{booking}cancel", {"sequence": "0"}).location == booking


def test_a_session_that_was_moved_meanwhile_is_not_cancelled_unseen(
    browser: FlaskClient,
) -> None:
    booking = book(browser, TEN)
    seen = value_of(browser.get(f"{booking}cancel"), "sequence")
    with transaction():
        service.move(appointments_now(), starts_at=at(TUESDAY, 14), by=PROGRAM)

    with nothing_changes():
        send(browser, f"{booking}cancel", {"sequence": seen})

    page = browser.get(booking)
    assert state_of(page) == "confirmed"
    assert "Somebody else has just changed this session. Look at it again." in text_of(page)


def appointments_now() -> Appointment:
    return db.session.scalars(sa.select(Appointment)).one()


def test_a_session_that_has_begun_is_not_cancelled_here(
    browser: FlaskClient, time: Clock
) -> None:
    booking = book(browser, TEN)
    time.now = TEN + timedelta(minutes=1)

    with nothing_changes():
        assert send(browser, f"{booking}cancel", {"sequence": "0"}).location == booking

    assert "This cannot be cancelled here. Call us." in text_of(browser.get(booking))


# Booked by the practice -------------------------------------------------------------------------


def test_a_session_that_is_not_confirmed_says_in_neutral_words_what_is_missing(
    browser: FlaskClient,
) -> None:
    with transaction():
        client = factories.create_client()
        made = service.book(
            client,
            queries.get_service("dosing_sl_first"),
            starts_at=at(TUESDAY, 10) + timedelta(days=7),
            modality=Modality.IN_PERSON,
            by=factories.OWNER,
        )

    page = browser.get(path_of(made))

    assert state_of(page) == "tentative"
    words = text_of(page)
    assert "A consent form to read and sign with us" in words
    assert "The prescriber’s go-ahead" in words
    assert "A preparation session" in words
    assert "the rest of the day to rest" in words
    assert STREET not in words


@pytest.mark.parametrize("state", AppointmentState)
def test_every_state_has_its_page(
    browser: FlaskClient, host: Resource, state: AppointmentState
) -> None:
    with transaction():
        intake = queries.get_service("intake")
        client = factories.create_client()
        made = factories.create_appointment(
            intake, host=host, starts_at=TEN, client=client, state=state
        )
        factories.cut_booking_door(made)

    page = browser.get(path_of(made))

    assert page.status_code == 200
    assert state_of(page) == state


# Found again ------------------------------------------------------------------------------------


def mails() -> list[str]:
    read_again()
    return [
        name
        for name in db.session.scalars(sa.select(Job.kind).order_by(Job.created_at))
        if name == "mail"
    ]


FIND = "/p/tidewater/find"


def test_the_links_are_mailed_to_whom_they_belong_with_the_same_answer_for_all(
    browser: FlaskClient,
) -> None:
    book(browser, TEN)
    before = len(mails())

    known = send(browser, FIND, {"email": "alex@mail.example"})
    posted = len(mails()) - before
    unknown = send(browser, FIND, {"email": "nobody@mail.example"})

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert "If there are coming bookings under that address" in text_of(
        browser.get(known.location)
    )
    assert (posted, len(mails()) - before) == (1, 1)


def test_asking_for_links_again_and_again_has_to_wait(browser: FlaskClient) -> None:
    answers = [send(browser, FIND, {"email": "nobody@mail.example"}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert value_of(answers[-1], "email") == "nobody@mail.example"
