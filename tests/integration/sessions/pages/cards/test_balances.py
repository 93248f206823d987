"""A balance that was brought along is paid by card like a session, once, and ties out."""

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.billing import archive, exports, invoice_rows
from practice.billing.models import Payment, Receipt
from practice.billing.owing import due_minor
from practice.billing.rules.payments import PaymentMethod, PaymentOutcome, PaymentState
from practice.billing.service import openings, visit
from practice.core.db import db, read_again, transaction
from practice.core.money import Money
from practice.people.models import Client
from tests import factories
from tests.browsers import send, sign_in_client
from tests.integration.billing.line import Line
from tests.integration.sessions.pages.cards.conftest import path_of
from tests.integration.sessions.pages.conftest import nothing_changes, text_of
from tests.stripe_sandbox import Sandbox


@pytest.fixture
def alex(browser: FlaskClient) -> Client:
    with transaction():
        alex = factories.create_client()
    sign_in_client(browser, alex)
    return alex


def bring(client: Client, number: str = "OLD-17") -> UUID:
    with transaction():
        (opening_id,) = openings.bring(
            [openings.Opening(client.id, number, date(2026, 9, 1), 40_000, 15_000)],
            by=factories.OWNER,
        )
    return opening_id


def at_checkout(browser: FlaskClient, opening_id: UUID) -> str:
    answer = send(browser, f"/me/balances/{opening_id}/pay")
    assert "/checkout/pay/" in answer.location
    return str(answer.location)


def payments() -> list[tuple[PaymentState, PaymentOutcome | None, str, int]]:
    read_again()
    rows = db.session.scalars(sa.select(Payment).order_by(Payment.created_at)).all()
    return [(each.state, each.outcome, each.label, each.amount_minor) for each in rows]


def test_a_balance_is_paid_and_gone_and_our_own_papers_still_tie_out(
    browser: FlaskClient, alex: Client, sandbox: Sandbox
) -> None:
    opening_id = bring(alex)
    before = "".join(exports.csv_lines(invoice_rows.export_rows(archive.Filter())))
    assert "Still to pay, in all: $250.00" in text_of(browser.get("/me/"))
    page = text_of(browser.get("/me/money"))
    assert "Earlier balance Number OLD-17, Sep 1, 2026 Pay $250.00" in page

    back = sandbox.pay(at_checkout(browser, opening_id)).headers["Location"]
    assert browser.get(path_of(back)).location == "/me/money"

    assert payments() == [(PaymentState.PAID, PaymentOutcome.CONFIRMED, "Balance payment", 25_000)]
    receipt = db.session.scalars(sa.select(Receipt)).one()
    assert receipt.facts["amount_minor"] == 25_000
    after = text_of(browser.get("/me/money"))
    assert ("You are all paid up" in after, receipt.number in after) == (True, True)
    assert dict(due_minor([alex.id])) == {alex.id: 0}
    assert "".join(exports.csv_lines(invoice_rows.export_rows(archive.Filter()))) == before


def test_a_balance_is_asked_for_once_and_never_when_it_is_paid(
    browser: FlaskClient, alex: Client, sandbox: Sandbox
) -> None:
    opening_id = bring(alex)
    first = at_checkout(browser, opening_id)
    assert at_checkout(browser, opening_id) == first
    sandbox.pay(first)

    assert send(browser, f"/me/balances/{opening_id}/pay").location == "/me/money"
    assert send(browser, f"/me/balances/{opening_id}/pay").location == "/me/money"

    assert [state for state, *_ in payments()] == [PaymentState.PAID]
    assert "This balance is paid already." in text_of(browser.get("/me/money"))


def test_what_was_paid_at_a_visit_meanwhile_goes_back(
    browser: FlaskClient, alex: Client, sandbox: Sandbox
) -> None:
    opening_id = bring(alex)
    pay_page = at_checkout(browser, opening_id)
    with transaction():
        visit.record(
            alex.id, opening_id, Money(25_000, "USD"), PaymentMethod.CASH, by=factories.OWNER
        )

    back = sandbox.pay(pay_page).headers["Location"]
    browser.get(path_of(back))

    card, cash = payments()
    assert (card[1], cash[0]) == (PaymentOutcome.DUPLICATE, PaymentState.PAID)


def test_a_silent_processor_charges_nothing(browser: FlaskClient, alex: Client, line: Line) -> None:
    opening_id = bring(alex)
    line.is_cut = True

    assert send(browser, f"/me/balances/{opening_id}/pay").location == "/me/money"

    assert "The payment page does not answer" in text_of(browser.get("/me/money"))
    assert "Pay $250.00" in text_of(browser.get("/me/money"))


def test_a_balance_is_its_clients_own(browser: FlaskClient, alex: Client) -> None:
    with transaction():
        robin = factories.create_client(first_name="Robin", last_name="Ash")
    theirs = bring(robin)

    with nothing_changes():
        assert send(browser, f"/me/balances/{theirs}/pay").status_code == 404
        assert browser.get(f"/me/balances/{theirs}/waiting").status_code == 404
    assert "OLD-17" not in browser.get("/me/money").text
