"""Cards put on file, charged without their holder, and taken off, as Stripe does it."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.integration.sandbox.conftest import Ear
from tests.stripe_sandbox import DECLINED_CARD, GOOD_CARD, THREE_D_SECURE_CARD, Sandbox

SAVED_BUT_DECLINED = "4000 0000 0000 0341"
Saved = Callable[..., Any]


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return client.v1.customers.create({"email": "pat@example.com", "name": "Pat"}).id


@pytest.fixture
def asked(client: stripe.StripeClient, customer: str) -> stripe.checkout.Session:
    """Open a page that keeps a card and takes no money."""
    return client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "ui_mode": "hosted_page",
            "payment_method_types": ["card"],
            "customer": customer,
            "metadata": {"pay": "setup-1"},
            "setup_intent_data": {"metadata": {"pay": "setup-1"}},
            "success_url": "http://127.0.0.1:1/done",
            "cancel_url": "http://127.0.0.1:1/back",
        }
    )


@pytest.fixture
def saved(sandbox: Sandbox, client: stripe.StripeClient, asked: Any) -> Saved:
    """Put a card on file, and return its payment method."""

    def save(card: str) -> Any:
        answer = sandbox.pay(asked.id, card=card)
        if "authenticate" in answer.headers["Location"]:
            sandbox.answer_bank(answer.headers["Location"])
        seen: Any = client.v1.checkout.sessions.retrieve(
            asked.id, {"expand": ["setup_intent.payment_method"]}
        )
        return seen.setup_intent.payment_method

    return save


def charge(client: stripe.StripeClient, customer: str, method: str) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "payment_method_types": ["card"],
            "off_session": True,
            "confirm": True,
            "metadata": {"pay": "fee-1"},
        }
    )


def test_a_card_is_saved_without_money_and_charged_later(
    client: stripe.StripeClient, asked: Any, customer: str, saved: Saved
) -> None:
    method = saved(GOOD_CARD)
    seen = client.v1.checkout.sessions.retrieve(asked.id)
    charged = charge(client, customer, method.id)

    assert (asked.payment_status, asked.amount_total) == ("no_payment_required", None)
    assert (seen.status, seen.payment_status) == ("complete", "no_payment_required")
    assert (method.customer, method.card.brand, method.card.last4) == (customer, "visa", "4242")
    assert (charged.status, charged.amount_received) == ("succeeded", 5000)


def test_putting_a_card_on_file_and_off_it_is_told(
    client: stripe.StripeClient, sandbox: Sandbox, ear: Ear, saved: Saved
) -> None:
    client.v1.payment_methods.detach(saved(GOOD_CARD).id)
    sandbox.wait_for_deliveries()

    assert {
        "setup_intent.succeeded",
        "payment_method.attached",
        "checkout.session.completed",
        "payment_method.detached",
    } <= set(ear.types())


def test_a_declined_card_is_not_saved_and_another_may_be(
    client: stripe.StripeClient, sandbox: Sandbox, asked: Any, customer: str, saved: Saved
) -> None:
    declined = sandbox.pay(asked.id, card=DECLINED_CARD)
    before = client.v1.payment_methods.list({"customer": customer, "type": "card"}).data

    saved(GOOD_CARD)

    after = client.v1.payment_methods.list({"customer": customer, "type": "card"}).data
    assert (declined.status_code, "Not saved" in declined.text) == (402, True)
    assert (len(before), len(after)) == (0, 1)


@pytest.mark.parametrize(
    ("card", "code"),
    [(SAVED_BUT_DECLINED, "card_declined"), (THREE_D_SECURE_CARD, "authentication_required")],
)
def test_a_saved_card_can_still_refuse_a_charge(
    client: stripe.StripeClient, customer: str, saved: Saved, card: str, code: str
) -> None:
    method = saved(card)

    with pytest.raises(stripe.CardError) as refusal:
        charge(client, customer, method.id)

    [intent] = client.v1.payment_intents.list({"customer": customer}).data
    assert refusal.value.code == code
    assert intent.status == "requires_payment_method"
    assert intent.metadata.to_dict() == {"pay": "fee-1"}


def test_a_card_that_was_taken_off_is_charged_no_more(
    client: stripe.StripeClient, customer: str, saved: Saved
) -> None:
    method = saved(GOOD_CARD)

    client.v1.payment_methods.detach(method.id)

    with pytest.raises(stripe.InvalidRequestError):
        charge(client, customer, method.id)
    assert client.v1.payment_methods.list({"customer": customer}).data == []


def test_a_setup_page_that_ran_out_saves_nothing(
    client: stripe.StripeClient, sandbox: Sandbox, asked: Any
) -> None:
    expired = client.v1.checkout.sessions.expire(asked.id)
    intent = client.v1.setup_intents.retrieve(str(expired.setup_intent))

    assert (expired.status, intent.status) == ("expired", "canceled")
    assert sandbox.pay(asked.id).status_code == 410


def test_setup_intents_are_confirmed_directly_too(
    client: stripe.StripeClient, customer: str
) -> None:
    intent = client.v1.setup_intents.create(
        {"customer": customer, "payment_method_types": ["card"], "usage": "off_session"}
    )
    with pytest.raises(stripe.CardError):
        client.v1.setup_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclined"}
        )

    done = client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert (intent.status, done.status) == ("requires_payment_method", "succeeded")
    assert [each.id for each in client.v1.customers.payment_methods.list(customer).data] == [
        done.payment_method
    ]
