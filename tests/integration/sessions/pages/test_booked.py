"""What the page of a booking shows, gives along and takes back."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import vobject
from flask.testing import FlaskClient

from practice.audit.rules import PROGRAM
from practice.billing.rules.payments import PaymentMethod, PaymentOutcome
from practice.billing.service import refunds, visit
from practice.calendar.models import Resource
from practice.core.db import db, transaction
from practice.people import doors
from practice.people.rules import DoorKind
from practice.sessions import queries
from practice.sessions.links import booking_link, token_of
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking as service
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    INTAKE,
    STREET,
    TUESDAY,
    appointments,
    at,
    book,
    cancel,
    hold,
    identify,
    nothing_changes,
    state_of,
    text_of,
    value_of,
)

TEN = at(TUESDAY, 10)
VIDEO = "/p/tidewater/book/intake/?place=video"


def path_of(appointment: Appointment) -> str:
    return booking_link(appointment).removeprefix("http://localhost")


# Booked -----------------------------------------------------------------------------------------


def test_what_is_booked_says_all_that_one_needs(browser: FlaskClient) -> None:
    page = text_of(browser.get(book(browser, TEN)))

    for words in (
        "Set aside 1 hour 15 minutes",
        "With Practitioner 1",
        "Price $225.00 Paid $0.00 Still to pay $225.00",
        "You pay $225.00 at your visit.",
        "Cancel free of charge until Mon, Mar 1, 10:00 AM. After that it costs $225.00.",
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
    assert mine.client_id is not None
    with transaction():
        visit.record(mine.client_id, mine.id, mine.price, PaymentMethod.CASH, by=factories.OWNER)

    page = browser.get(booking)
    assert "Receipts REC-2027-00001, $225.00" in text_of(page)
    assert "Still to pay $0.00" in text_of(page)
    receipt = browser.get(f"{booking}receipt?number=REC-2027-00001")
    assert "Alex O’Brien" in text_of(receipt)
    assert browser.get(f"{other}receipt?number=REC-2027-00001").status_code == 404


# Cancelled --------------------------------------------------------------------------------------


def test_cancelling_shows_what_it_does_and_then_does_it(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    with nothing_changes():
        shown = browser.get(f"{booking}cancel")
    assert "Cancelling costs Nothing" in text_of(shown)

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


def test_a_session_that_has_begun_is_not_cancelled_here(browser: FlaskClient, time: Clock) -> None:
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
    assert "The payment, or an arrangement for it" in words
    assert "We keep it until Mon, Mar 8, 10:00 AM" in words
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
        doors.cut(DoorKind.BOOKING, token_of(made), made.id)

    page = browser.get(path_of(made))

    assert page.status_code == 200
    assert state_of(page) == state


def test_money_that_came_too_late_goes_back_and_the_page_says_so(
    browser: FlaskClient, host: Resource
) -> None:
    with transaction():
        late = factories.create_appointment(
            queries.get_service("intake"),
            host=host,
            starts_at=TEN,
            client=factories.create_client(),
            state=AppointmentState.RELEASED,
        )
        doors.cut(DoorKind.BOOKING, token_of(late), late.id)
        assert late.client_id is not None
        paid = visit.record(
            late.client_id, late.id, late.price, PaymentMethod.CASH, by=factories.OWNER
        )
        paid.outcome = PaymentOutcome.SLOT_LOST
        refunds.decide(paid, late.price, reason="slot_lost", by=PROGRAM)

    page = browser.get(path_of(late))

    assert state_of(page) == "released"
    assert "All of it, $225.00, goes back to your card." in text_of(page)
    assert 'name="start"' not in page.text


def test_a_time_held_in_one_practice_is_no_business_of_another(
    browser: FlaskClient, time: Clock
) -> None:
    browser.get(hold(browser, TEN))
    harbor = factories.create_practice(slug="harbor")
    with factories.made(harbor):
        factories.furnish()

    assert "We are holding" not in text_of(browser.get("/p/harbor/book/intake/"))
    assert "We are holding" in text_of(browser.get(INTAKE))
