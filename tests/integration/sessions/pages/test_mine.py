"""A client's own pages: what is next, what is missing, what is to pay, and how they are reached."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.billing.models import Receipt
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import ledger as books
from practice.billing.service import visit
from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.core.money import Money
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.links import token_of
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests import factories
from tests.browsers import send, sign_in_client
from tests.integration.sessions.conftest import MONDAY_EIGHT, Clock
from tests.integration.sessions.pages.conftest import (
    STREET,
    TUESDAY,
    at,
    hold,
    nothing_changes,
    text_of,
    value_of,
)


@pytest.fixture
def alex(browser: FlaskClient) -> Client:
    with transaction():
        alex = factories.create_client()
    sign_in_client(browser, alex)
    return alex


def book(client: Client, slug: str, on: date, hour: int = 10) -> Appointment:
    with transaction():
        service = queries.get_service(slug)
        return booking.book(
            client,
            service,
            starts_at=at(on, hour),
            modality=Modality(service.modalities[0]),
            by=factories.OWNER,
        )


def test_home_shows_the_next_session_and_what_it_still_needs_each_with_its_button(
    browser: FlaskClient, alex: Client
) -> None:
    later = book(alex, "integration_60", date(2027, 3, 12))
    dosing = book(alex, "dosing_sl_first", date(2027, 3, 10))
    ask = f"/bookings/{token_of(dosing)}/ask?about=missing"

    page = browser.get("/me/")

    words = text_of(page)
    assert "Hello, Alex" in words
    assert "Next Not confirmed yet When Wed, Mar 10, 10:00 AM New York time" in words
    assert "Still missing A consent form to read and sign with us" in words
    assert page.text.count(ask) == 9
    assert f"/bookings/{token_of(later)}/" in page.text
    assert STREET not in words
    assert "You pay" not in words


def test_home_tells_where_once_it_may_be_known(browser: FlaskClient, alex: Client) -> None:
    book(alex, "intake", TUESDAY)

    words = text_of(browser.get("/me/"))

    assert STREET in words
    assert "Nothing is missing." in words


def test_home_without_a_session_says_what_will_be_there(browser: FlaskClient, alex: Client) -> None:
    hold(browser, at(TUESDAY, 10))

    assert "Your next session stands here." in text_of(browser.get("/me/"))


def test_sessions_lists_the_clients_own_and_nobody_elses(
    browser: FlaskClient, alex: Client, host: Resource
) -> None:
    book(alex, "intake", TUESDAY)
    with transaction():
        neighbor = factories.create_client(first_name="Noor")
        consult = queries.get_service("consult")
        for client, weeks in ((alex, 3), (neighbor, 2)):
            factories.create_appointment(
                consult,
                host=host,
                client=client,
                starts_at=MONDAY_EIGHT - timedelta(weeks=weeks),
                state=AppointmentState.COMPLETED,
            )
    book(neighbor, "intake", TUESDAY, 14)

    page = browser.get("/me/sessions")

    words = text_of(page)
    assert "To come Tue, Mar 2, 10:00 AM New York time" in words
    assert "Earlier Mon, Feb 8, 8:00 AM New York time" in words
    assert ("2:00 PM" in words, "Feb 15" in words) == (False, False)
    assert (page.text.count("Change<"), page.text.count("Add to calendar<")) == (1, 1)


def test_a_session_that_is_close_can_still_be_changed_and_says_so(
    browser: FlaskClient, alex: Client, time: Clock
) -> None:
    near, dosing = book(alex, "intake", TUESDAY), book(alex, "dosing_sl", TUESDAY, 13)
    time.now = near.starts_at - timedelta(hours=23)
    sign_in_client(browser, alex)

    sessions = browser.get("/me/sessions").text
    words = text_of(browser.get(f"/bookings/{token_of(dosing)}/"))

    assert f"/bookings/{token_of(near)}/move" in sessions
    assert "It starts soon, so we look at it with you." not in words
    time.now = dosing.starts_at - timedelta(hours=23)
    words = text_of(browser.get(f"/bookings/{token_of(dosing)}/"))
    assert "Your time is kept." in words
    assert "It starts soon, so we look at it with you." in words


def test_money_shows_what_is_to_pay_and_the_papers_of_what_was_paid(
    browser: FlaskClient, alex: Client
) -> None:
    made = book(alex, "intake", TUESDAY)
    with transaction():
        visit.record(alex.id, made.id, Money(10_000, "USD"), PaymentMethod.CASH, by=factories.OWNER)
    receipt = db.session.scalars(sa.select(Receipt)).one()

    words = text_of(browser.get("/me/money"))
    paper = browser.get(f"/me/receipts/{receipt.id}")

    assert "Still to pay $125.00 All of it for sessions to come." in words
    assert f"{receipt.number} Mon, Mar 1, cash $100.00" in words
    assert receipt.number in text_of(paper)
    pdf = browser.get(f"/me/receipts/{receipt.id}.pdf")
    assert pdf.status_code in (200, 303)  # where no PDF can be made, the page to print
    if pdf.status_code == 200:
        read_again()
        assert "receipt:download" in db.session.scalars(sa.select(AuditEntry.verb)).all()


def test_credit_that_may_settle_anything_is_told_to_its_client(
    browser: FlaskClient, alex: Client
) -> None:
    made = book(alex, "intake", TUESDAY)
    with transaction():
        visit.record(alex.id, made.id, Money(10_000, "USD"), PaymentMethod.CASH, by=factories.OWNER)
    assert "of credit" not in text_of(browser.get("/me/money"))
    with transaction():
        books.set_free(made.id, by=factories.OWNER)

    assert "You have $100.00 of credit." in text_of(browser.get("/me/money"))


def test_details_are_changed_and_count_for_the_next_session_by_video(
    browser: FlaskClient, alex: Client
) -> None:
    made = book(alex, "consult", TUESDAY)
    typed = {
        "first_name": "Alexis",
        "last_name": "O’Brien",
        "phone": "757 555 0199",
        "address": "1 Elm Street\nReno, NV 89501",
        "time_zone": "America/Los_Angeles",
    }

    answer = send(browser, "/me/account/details", typed)

    assert answer.location == "/me/account"
    words = text_of(browser.get("/me/account"))
    assert "Name Alexis O’Brien Mobile (757) 555-0199 Postal address 1 Elm Street" in words
    assert "Los Angeles time" in words
    assert "7:00 AM for you in Los Angeles" in text_of(browser.get("/me/"))
    with browser.session_transaction() as kept:
        del kept["zone"]
    assert "7:00 AM for you" in text_of(browser.get(f"/bookings/{token_of(made)}/"))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"first_name": ""}, "Enter your first name"),
        ({"phone": "letters"}, "Enter a phone number like 757-555-0100"),
        ({"time_zone": "Mars/Base"}, "Not a valid choice."),
        ({"address": "a" * 401}, "Postal address must be 400 characters or fewer"),
    ],
)
def test_details_that_cannot_be_come_back_with_the_reason(
    browser: FlaskClient, alex: Client, other: dict[str, str], said: str
) -> None:
    typed = {"first_name": "A", "last_name": "B", "phone": "7575550123", "address": "Elm"}
    zone = {"time_zone": "America/Denver"}

    with nothing_changes():
        answer = send(browser, "/me/account/details", typed | zone | other)

    assert (answer.status_code, said in text_of(answer)) == (422, True)
    assert value_of(answer, "last_name") == "B"
