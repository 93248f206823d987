"""Paying for what is held or booked, over a line to the payment sandbox. No event is delivered:
whoever comes back, or looks, is enough."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import PROGRAM
from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import PaymentState
from practice.billing.service import refunds
from practice.core.db import db, read_again, transaction
from practice.sessions import queries
from practice.sessions.links import booking_link
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking as service
from practice.sessions.service import giving_back
from tests import factories
from tests.browsers import send
from tests.integration.billing.conftest import Later
from tests.integration.billing.line import Line
from tests.integration.sessions.pages.cards.conftest import free_start, path_of
from tests.integration.sessions.pages.conftest import (
    appointments,
    cancel,
    hold,
    identify,
    state_of,
    text_of,
    value_of,
)
from tests.stripe_sandbox import DECLINED_CARD, Sandbox


def held(browser: FlaskClient) -> str:
    """Hold a time and say who comes; return the booking's address."""
    booking = hold(browser, free_start(browser))
    identify(browser, booking)
    return booking


def at_checkout(browser: FlaskClient, booking: str) -> str:
    """Press Pay; return the address of the processor's page."""
    answer = send(browser, f"{booking}pay")
    assert answer.status_code == 303
    assert "/checkout/pay/" in answer.location, text_of(browser.get(booking))
    return str(answer.location)


def paid(browser: FlaskClient, sandbox: Sandbox) -> str:
    """Book and pay an intake; return the booking's address."""
    booking = held(browser)
    back = sandbox.pay(at_checkout(browser, booking)).headers["Location"]
    assert browser.get(path_of(back)).location == booking
    return booking


def payments() -> list[PaymentState]:
    read_again()
    return list(db.session.scalars(sa.select(Payment.state).order_by(Payment.created_at)))


def test_an_intake_is_booked_by_paying_for_it(browser: FlaskClient, sandbox: Sandbox) -> None:
    booking = held(browser)
    assert "Check and pay" in text_of(browser.get(booking))
    assert "Pay $225.00" in text_of(browser.get(booking))

    pay_page = at_checkout(browser, booking)
    assert sandbox.pay(pay_page, card=DECLINED_CARD).status_code == 402
    still = browser.get(booking)
    assert state_of(still) == "tentative"
    assert "We have not seen your payment yet." in text_of(still)

    back = sandbox.pay(pay_page).headers["Location"]
    assert browser.get(path_of(back)).location == booking
    booked = browser.get(booking)
    assert state_of(booked) == "confirmed"
    assert "Price $225.00 Paid $225.00 Still to pay $0.00" in text_of(booked)
    assert "Pay $225.00" not in text_of(booked)


def test_what_has_to_be_paid_is_not_booked_without(browser: FlaskClient) -> None:
    booking = held(browser)

    send(browser, f"{booking}confirm")

    page = browser.get(booking)
    assert state_of(page) == "tentative"
    assert "This is booked by paying for it." in text_of(page)


def test_two_tabs_lead_to_one_payment(browser: FlaskClient) -> None:
    booking = held(browser)

    assert at_checkout(browser, booking) == at_checkout(browser, booking)
    assert payments() == [PaymentState.OPEN]


def test_whoever_paid_and_closed_the_tab_is_not_charged_again(
    browser: FlaskClient, sandbox: Sandbox
) -> None:
    booking = held(browser)
    sandbox.pay(at_checkout(browser, booking))

    answer = send(browser, f"{booking}pay")

    assert answer.location == booking
    assert state_of(browser.get(booking)) == "confirmed"
    assert payments() == [PaymentState.PAID]


def test_a_checkout_holds_the_time_for_as_long_as_it_can_be_paid(
    browser: FlaskClient, later: Later
) -> None:
    booking = held(browser)
    at_checkout(browser, booking)

    later(minutes=25)
    assert state_of(browser.get(booking)) == "tentative"
    assert "Keep it longer" not in text_of(browser.get(booking))

    later(minutes=10)
    assert browser.get(booking).location == f"{booking}waiting"
    assert browser.get(f"{booking}waiting").location == booking
    ended = browser.get(booking)
    assert state_of(ended) == "released"
    assert "Nothing was charged." in text_of(ended)
    assert value_of(ended, "start").endswith("Z")


def test_while_the_processor_is_silent_nobody_says_that_it_failed(
    browser: FlaskClient, sandbox: Sandbox, line: Line
) -> None:
    booking = held(browser)
    back = sandbox.pay(at_checkout(browser, booking)).headers["Location"]

    line.is_cut = True
    page = browser.get(path_of(back))
    assert page.status_code == 200
    assert "We are checking your payment" in text_of(page)
    assert state_of(page) == "tentative"
    assert "data-wait-seconds" in page.text
    assert re.search(r'(?s)<noscript>\s*<meta http-equiv="refresh"', page.text)

    line.is_cut = False
    assert browser.get(path_of(back)).location == booking
    assert state_of(browser.get(booking)) == "confirmed"


def test_a_payment_page_that_does_not_answer_loses_nothing(
    browser: FlaskClient, line: Line
) -> None:
    booking = held(browser)

    line.is_cut = True
    assert send(browser, f"{booking}pay").location == booking
    page = browser.get(booking)
    assert state_of(page) == "tentative"
    assert "The payment page does not answer just now. Your time is kept" in text_of(page)

    line.is_cut = False
    at_checkout(browser, booking)
    assert payments() == [PaymentState.OPEN]


def test_cancelling_gives_all_of_it_back_once_it_cannot_be_undone(
    browser: FlaskClient, sandbox: Sandbox, later: Later
) -> None:
    booking = paid(browser, sandbox)
    shown = text_of(browser.get(f"{booking}cancel"))
    assert "Goes back to you $225.00, all that you paid" in shown

    cancel(browser, booking)

    page = browser.get(booking)
    assert state_of(page) == "cancelled"
    assert "$225.00 goes back to you after that." in text_of(page)
    (made,) = appointments()
    giving_back.give_back_later(made.id)  # too early: nothing happens
    later(minutes=3)
    giving_back.give_back_later(made.id)
    words = text_of(browser.get(booking))
    assert "Price $225.00 Paid $225.00 Given back -$225.00" in words
    read_again()
    (refund_id,) = db.session.scalars(sa.select(Refund.id))
    refunds.carry_out(refund_id)
    read_again()
    assert db.session.scalars(sa.select(Refund.state)).all() == ["succeeded"]


def test_a_receipt_follows_at_once(browser: FlaskClient, sandbox: Sandbox) -> None:
    booking = paid(browser, sandbox)

    receipt = text_of(browser.get(f"{booking}receipt"))

    assert "Receipt" in receipt
    assert "Appointment payment $225.00" in receipt


@pytest.mark.parametrize(
    ("service_slug", "state", "price"),
    [("prep_60", "confirmed", "$175.00"), ("dosing_sl_first", "tentative", "$450.00")],
)
def test_what_the_practice_booked_is_paid_by_its_link(
    browser: FlaskClient, sandbox: Sandbox, service_slug: str, state: str, price: str
) -> None:
    with transaction():
        made = service.book(
            factories.create_client(),
            queries.get_service(service_slug),
            starts_at=free_start(browser),
            modality=Modality.IN_PERSON,
            by=factories.OWNER,
        )
    booking = path_of(booking_link(made))
    assert f"Pay {price}" in text_of(browser.get(booking))

    back = sandbox.pay(at_checkout(browser, booking)).headers["Location"]
    assert browser.get(path_of(back)).location == booking

    page = browser.get(booking)
    assert state_of(page) == state
    assert f"Paid {price} Still to pay $0.00" in text_of(page)


def test_what_was_cancelled_meanwhile_cannot_be_paid(browser: FlaskClient) -> None:
    with transaction():
        made = service.book(
            factories.create_client(),
            queries.get_service("prep_60"),
            starts_at=free_start(browser),
            modality=Modality.IN_PERSON,
            by=factories.OWNER,
        )
    with transaction():
        service.cancel(made, by=PROGRAM)
    booking = path_of(booking_link(made))

    assert send(browser, f"{booking}pay").location == booking

    assert [each.state for each in appointments()] == [AppointmentState.CANCELLED]
    assert payments() == []
    assert "There is nothing to pay for this session." in text_of(browser.get(booking))
