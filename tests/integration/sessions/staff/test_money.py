"""Money for a session: the link to pay, and what is handed over at the visit."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.billing.models import Payment
from practice.calendar.models import Resource
from practice.core.db import db, read_again
from practice.outbox.models import Message
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState
from tests.browsers import send
from tests.integration.sessions.pages.conftest import nothing_changes, text_of, value_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, session

S = AppointmentState


@pytest.fixture
def made(alex: Client, therapist: Resource) -> Appointment:
    return session("prep_60", alex, therapist, MONDAY, 9)


def payments() -> list[tuple[int, str]]:
    read_again()
    found = db.session.scalars(
        sa.select(Payment).order_by(Payment.created_at, Payment.amount_minor)
    )
    return [(each.amount.minor, each.method.value) for each in found]


def pay_links() -> list[str]:
    read_again()
    found = db.session.scalars(sa.select(Message).where(Message.name == "payment-request"))
    return [str(message.to) for message in found]


def test_what_is_paid_at_the_visit_is_written_down_once_with_its_receipt(
    browser: FlaskClient, made: Appointment
) -> None:
    url = f"/sessions/{made.id}/payment"
    form = browser.get(url)
    filled = {"amount": "100", "method": "cash", "payment_id": value_of(form, "payment_id")}

    answers = [send(browser, url, filled) for _ in range(2)]

    assert value_of(form, "amount") == "175.00"
    assert {answer.location for answer in answers} == {f"/sessions/{made.id}#money"}
    assert payments() == [(10_000, "cash")]
    page = text_of(browser.get(f"/sessions/{made.id}"))
    assert "Price $175.00 Paid $100.00 To pay $75.00" in page
    assert "Payment taken at the visit" in page
    assert "REC-2027-00001" in page
    assert value_of(browser.get(url), "amount") == "75.00"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        *(
            (amount, "Enter an amount like 175.00")
            for amount in ("", "-5", "0.001", "1e400", "1,000.00", "$10", "10 EUR", "NaN", "１")
        ),
        ("0", "Enter an amount of more than zero"),
        ("0.00", "Enter an amount of more than zero"),
    ],
)
def test_an_amount_that_is_none_is_refused_beside_its_field(
    browser: FlaskClient, made: Appointment, amount: str, words: str
) -> None:
    url = f"/sessions/{made.id}/payment"
    payment_id = value_of(browser.get(url), "payment_id")

    with nothing_changes():
        answer = send(browser, url, {"amount": amount, "method": "cash", "payment_id": payment_id})

    assert answer.status_code == 422
    assert text_of(answer).count(words) == 2
    assert value_of(answer, "amount") == amount
    assert value_of(answer, "payment_id") == payment_id
    assert re.findall(r'<input checked [^>]*value="(\w+)"', answer.text) == ["cash"]


def test_more_than_is_owed_is_not_taken(browser: FlaskClient, made: Appointment) -> None:
    url = f"/sessions/{made.id}/payment"
    payment_id = value_of(browser.get(url), "payment_id")

    with nothing_changes():
        answer = send(
            browser, url, {"amount": "175.01", "method": "check", "payment_id": payment_id}
        )

    assert answer.status_code == 409
    assert "Only $175.00 is still to pay for this session." in text_of(answer)


@pytest.mark.parametrize("method", ["", "card_online", "gold"])
def test_only_what_is_used_at_the_visit_is_a_way_to_pay(
    browser: FlaskClient, made: Appointment, method: str
) -> None:
    url = f"/sessions/{made.id}/payment"
    filled = {
        "amount": "10",
        "method": method,
        "payment_id": value_of(browser.get(url), "payment_id"),
    }

    with nothing_changes():
        answer = send(browser, url, filled)

    assert answer.status_code == 422


def test_the_link_to_pay_is_mailed_once_for_each_time_that_it_is_asked_for(
    browser: FlaskClient, alex: Client, made: Appointment
) -> None:
    url = f"/sessions/{made.id}/pay-link"

    for seen in ("0", "0", "1", "nonsense"):
        answer = send(browser, url, {"sent_before": seen})
        assert answer.location == f"/sessions/{made.id}#money"

    assert pay_links() == [alex.email] * 2
    assert "The link to pay was mailed on Mon, Mar 1, 8:00 AM." in text_of(
        browser.get(f"/sessions/{made.id}")
    )


@pytest.mark.parametrize("state", [S.CANCELLED, S.NO_SHOW])
def test_nothing_is_asked_for_a_session_that_was_not_held(
    browser: FlaskClient, alex: Client, therapist: Resource, state: AppointmentState
) -> None:
    made = session("prep_60", alex, therapist, MONDAY, 9, state=state)
    browser.get("/today")

    with nothing_changes():
        link = send(browser, f"/sessions/{made.id}/pay-link", {"sent_before": "0"})
    form = browser.get(f"/sessions/{made.id}/payment")

    assert link.status_code == 409
    assert "There is nothing to pay for this session." in text_of(form)


def test_who_may_not_take_money_takes_none(signed_in: SignedIn, made: Appointment) -> None:
    monitor = signed_in(Role.MEDICAL_MONITOR)

    assert "Payment" not in text_of(monitor.get(f"/sessions/{made.id}"))
    assert monitor.get(f"/sessions/{made.id}/payment").status_code == 403
    assert send(monitor, f"/sessions/{made.id}/pay-link").status_code == 403
