"""A Checkout Session from its opening to the money, through the unchanged library and pages."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from tests.stripe_sandbox import (
    DECLINED_CARD,
    GOOD_CARD,
    NO_MONEY_CARD,
    THREE_D_SECURE_CARD,
    Sandbox,
)

Open = Callable[..., stripe.checkout.Session]
Paid = Callable[..., Any]


def test_a_session_opens_unpaid_and_without_an_intent(sandbox: Sandbox, open_session: Open) -> None:
    session = open_session()

    assert (session.status, session.payment_status, session.payment_intent) == (
        "open",
        "unpaid",
        None,
    )
    assert (session.amount_total, session.currency, session.livemode) == (12000, "usd", False)
    assert session.url == f"{sandbox.base_url}/checkout/pay/{session.id}"


def test_a_good_card_pays_and_leads_back_to_the_shop(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()

    answer = sandbox.pay(session.id, card=GOOD_CARD, email="pat@example.com")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:1/done?checkout={session.id}"
    found: Any = client.v1.checkout.sessions.retrieve(
        session.id,
        {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]},
    )
    intent, charge = found.payment_intent, found.payment_intent.latest_charge
    assert (found.status, found.payment_status, found.url) == ("complete", "paid", None)
    assert found.customer_details.email == "pat@example.com"
    assert found.line_items.data[0].description == "Appointment deposit"
    assert (intent.status, intent.amount_received) == ("succeeded", 12000)
    assert intent.metadata.to_dict() == {"pay": "pay-1"}
    assert (charge.paid, charge.amount, charge.payment_intent) == (True, 12000, intent.id)
    assert charge.payment_method_details.card.last4 == "4242"
    moved = charge.balance_transaction
    assert (moved.amount, moved.fee, moved.net, moved.source) == (12000, 378, 11622, charge.id)


@pytest.mark.parametrize(
    ("card", "decline_code"),
    [(DECLINED_CARD, "generic_decline"), (NO_MONEY_CARD, "insufficient_funds")],
)
def test_a_declined_card_says_why_and_leaves_the_session_open(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    open_session: Open,
    card: str,
    decline_code: str,
) -> None:
    session = open_session()

    answer = sandbox.pay(session.id, card=card)

    found: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    error = found.payment_intent.last_payment_error
    assert (found.status, found.payment_status) == ("open", "unpaid")
    assert found.payment_intent.status == "requires_payment_method"
    assert error.decline_code == decline_code
    assert (answer.status_code, error.message in answer.text) == (402, True)
    charges = client.v1.charges.list({"payment_intent": found.payment_intent.id}).data
    assert [(charge.status, charge.paid) for charge in charges] == [("failed", False)]


def test_a_decline_can_be_followed_by_a_good_card(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()

    sandbox.pay(session.id, card=DECLINED_CARD)
    sandbox.pay(session.id, card=GOOD_CARD)

    found = client.v1.checkout.sessions.retrieve(session.id)
    charges = client.v1.charges.list({"payment_intent": str(found.payment_intent)}).data
    assert found.payment_status == "paid"
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_the_bank_may_ask_before_the_money_moves(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()

    to_bank = sandbox.pay(session.id, card=THREE_D_SECURE_CARD).headers["Location"]
    asked: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    bank = requests.get(sandbox.base_url + to_bank, timeout=30)
    back = sandbox.answer_bank(to_bank)

    assert asked.payment_intent.status == "requires_action"
    assert asked.payment_intent.next_action.redirect_to_url.url == sandbox.base_url + to_bank
    assert "$120.00" in bank.text
    assert back.headers["Location"] == f"http://127.0.0.1:1/done?checkout={session.id}"
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_failing_the_bank_s_question_leaves_the_session_open(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()

    to_bank = sandbox.pay(session.id, card=THREE_D_SECURE_CARD).headers["Location"]
    answer = sandbox.answer_bank(to_bank, complete=False)

    found: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert "unable to authenticate" in answer.text
    assert (found.status, found.payment_intent.status) == ("open", "requires_payment_method")
    assert found.payment_intent.last_payment_error.code == "payment_intent_authentication_failure"


def test_a_card_can_be_kept_for_later_charges(
    client: stripe.StripeClient, paid_session: Paid
) -> None:
    customer = client.v1.customers.create({"email": "pat@example.com", "name": "Pat"})
    session = paid_session(
        GOOD_CARD,
        customer=customer.id,
        payment_intent_data={"setup_future_usage": "off_session"},
    )

    [card] = client.v1.customers.payment_methods.list(customer.id).data
    later = client.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": card.id,
            "payment_method_types": ["card"],
            "off_session": True,
            "confirm": True,
        }
    )

    assert session.customer == customer.id
    assert session.customer_email is None
    assert (later.status, later.customer) == ("succeeded", customer.id)


def test_a_session_is_found_by_its_customer_state_and_intent(
    client: stripe.StripeClient, open_session: Open, paid_session: Paid
) -> None:
    customer = client.v1.customers.create({"email": "pat@example.com"})
    paid = paid_session(GOOD_CARD, customer=customer.id)
    still_open = open_session()

    by_customer = client.v1.checkout.sessions.list({"customer": customer.id}).data
    by_intent = client.v1.checkout.sessions.list({"payment_intent": paid.payment_intent.id}).data
    by_state = client.v1.checkout.sessions.list({"status": "open"}).data

    assert [session.id for session in by_customer] == [paid.id]
    assert [session.id for session in by_intent] == [paid.id]
    assert [session.id for session in by_state] == [still_open.id]


def test_an_expired_session_can_no_longer_be_paid(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()
    sandbox.pay(session.id, card=DECLINED_CARD)

    expired = client.v1.checkout.sessions.expire(session.id)
    answer = sandbox.pay(session.id)

    assert (expired.status, expired.payment_status, expired.url) == ("expired", "unpaid", None)
    assert (answer.status_code, "You have not been charged" in answer.text) == (410, True)
    assert client.v1.payment_intents.retrieve(str(expired.payment_intent)).status == "canceled"


def test_a_paid_session_cannot_be_expired_nor_paid_again(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Paid
) -> None:
    session = paid_session(GOOD_CARD)

    with pytest.raises(stripe.InvalidRequestError, match="status of complete") as refusal:
        client.v1.checkout.sessions.expire(session.id)
    again = sandbox.pay(session.id)

    assert refusal.value.http_status == 400
    assert (again.status_code, "Already paid" in again.text) == (200, True)
    assert len(client.v1.charges.list({"payment_intent": session.payment_intent.id}).data) == 1


def test_an_intent_of_checkout_is_not_to_be_confirmed_or_cancelled(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()
    sandbox.pay(session.id, card=DECLINED_CARD)
    intent = str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)

    for refused in (client.v1.payment_intents.cancel, client.v1.payment_intents.confirm):
        with pytest.raises(stripe.InvalidRequestError, match="Checkout"):
            refused(intent)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"expires_at": int(time.time()) + 29 * 60}, "expires_at"),
        ({"expires_at": int(time.time()) + 25 * 3600}, "expires_at"),
        ({"success_url": "not an address"}, "success_url"),
        ({"cancel_url": "/back"}, "cancel_url"),
        ({"line_items": []}, "line_items"),
        ({"customer": "cus_unknown"}, "customer"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"mode": "barter"}, "mode"),
        ({"colour": "red"}, "colour"),
        (
            {
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": 49,
                            "product_data": {"name": "Too little"},
                        },
                    }
                ]
            },
            "line_items",
        ),
    ],
)
def test_a_session_that_stripe_would_refuse_is_refused(
    open_session: Open, changes: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        open_session(**changes)

    assert refusal.value.http_status in {400, 404}
    assert refusal.value.param == param


@pytest.mark.parametrize("field", ["email", "number", "expiry", "cvc", "name"])
def test_the_pay_page_marks_the_field_that_is_wrong(
    sandbox: Sandbox, client: stripe.StripeClient, open_session: Open, field: str
) -> None:
    session = open_session()
    form = {
        "email": "pat@example.com",
        "number": GOOD_CARD,
        "expiry": "12 / 40",
        "cvc": "123",
        "name": "Pat",
    }

    answer = requests.post(
        str(session.url),
        data=form | {field: "?"} if field != "name" else form | {"name": ""},
        timeout=30,
    )

    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 1
    assert f'id="{field}-error"' in answer.text
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_the_pay_page_shows_what_is_paid_and_runs_no_scripts(
    sandbox: Sandbox, open_session: Open
) -> None:
    session = open_session(customer_email="pat@example.com")

    answer = requests.get(str(session.url), timeout=30)

    assert "no real money moves" in answer.text
    assert "$120.00" in answer.text
    assert "Appointment deposit" in answer.text
    assert 'value="pat@example.com"' in answer.text
    assert 'href="http://127.0.0.1:1/back"' in answer.text
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_an_unknown_pay_page_says_so(sandbox: Sandbox) -> None:
    answer = sandbox.pay("cs_test_unknown")

    assert (answer.status_code, "No such payment" in answer.text) == (404, True)
