"""What the application relies on, asked of the sandbox and, on request, of Stripe itself.

With ``STRIPE_TEST_KEY`` set every test here also runs against Stripe's own test mode: that
is how it shows when the two drift apart. Stripe's pay page cannot be filled in by a program,
so payments are made by payment intents here.
"""

from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.integration.sandbox.conftest import session_params


def pay(client: stripe.StripeClient, card: str = "pm_card_visa") -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {
            "amount": 12000,
            "currency": "usd",
            "payment_method": card,
            "payment_method_types": ["card"],
            "confirm": True,
            "expand": ["latest_charge.balance_transaction"],
        }
    )


def test_a_session_opens_and_can_be_expired_once(either: stripe.StripeClient) -> None:
    session = either.v1.checkout.sessions.create(session_params())
    expired = either.v1.checkout.sessions.expire(session.id)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        either.v1.checkout.sessions.expire(session.id)

    assert (session.status, session.payment_status, session.payment_intent) == (
        "open",
        "unpaid",
        None,
    )
    assert (expired.status, expired.url) == ("expired", None)
    assert refusal.value.http_status == 400


@pytest.mark.parametrize("changes", [{"expires_at": 1}, {"success_url": "nowhere"}])
def test_a_session_that_makes_no_sense_is_refused(
    either: stripe.StripeClient, changes: dict[str, Any]
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        either.v1.checkout.sessions.create(session_params(**changes))

    assert (refusal.value.http_status, refusal.value.param) == (400, next(iter(changes)))


def test_an_unknown_parameter_is_named(either: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        either.v1.checkout.sessions.create(session_params(colour="red"))

    assert (refusal.value.code, refusal.value.param) == ("parameter_unknown", "colour")


def test_something_unknown_is_missing(either: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        either.v1.checkout.sessions.retrieve("cs_test_unknown")

    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_a_key_is_answered_once_and_for_all(either: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": f"test:{uuid4()}"}
    first = either.v1.customers.create({"name": "Pat"}, options)
    again = either.v1.customers.create({"name": "Pat"}, options)
    with pytest.raises(stripe.IdempotencyError):
        either.v1.customers.create({"name": "Kim"}, options)

    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_payment_has_a_charge_and_a_charge_has_moved_money(either: stripe.StripeClient) -> None:
    intent: Any = pay(either)

    charge = intent.latest_charge
    moved = charge.balance_transaction
    assert (intent.status, charge.paid, charge.amount) == ("succeeded", True, 12000)
    assert (moved.type, moved.amount, moved.net) == ("charge", 12000, 12000 - moved.fee)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
    ],
)
def test_a_decline_has_its_codes(
    either: stripe.StripeClient, card: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        pay(either, card)

    error: Any = refusal.value.error
    assert (refusal.value.http_status, refusal.value.code) == (402, code)
    assert error.payment_intent.status == "requires_payment_method"
    if code == "card_declined":
        assert error.decline_code == decline_code


def test_refunds_in_part_then_in_full_then_no_more(either: stripe.StripeClient) -> None:
    intent = pay(either)

    part = either.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})
    with pytest.raises(stripe.InvalidRequestError) as too_much:
        either.v1.refunds.create({"payment_intent": intent.id, "amount": 10001})
    rest = either.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as again:
        either.v1.refunds.create({"payment_intent": intent.id})

    assert [(one.status, one.amount) for one in (part, rest)] == [
        ("succeeded", 2000),
        ("succeeded", 10000),
    ]
    assert too_much.value.http_status == 400
    assert (again.value.http_status, again.value.code) == (400, "charge_already_refunded")
    found = either.v1.refunds.list({"payment_intent": intent.id}).data
    assert [one.id for one in found] == [rest.id, part.id]


def test_another_account_is_not_ours_to_see(either: stripe.StripeClient) -> None:
    with pytest.raises(stripe.StripeError) as refusal:
        either.v1.customers.list(options={"stripe_account": "not-an-account"})

    assert refusal.value.http_status == 403
