"""Money given back: in full, in part, too much, later, in vain."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.stripe_sandbox import GOOD_CARD, REFUND_FAILS_CARD, REFUND_PENDING_CARD, Sandbox

Paid = Callable[..., Any]


def test_a_refund_gives_everything_back(client: stripe.StripeClient, paid_session: Paid) -> None:
    intent = paid_session(GOOD_CARD).payment_intent

    refund = client.v1.refunds.create({"payment_intent": intent.id, "metadata": {"refund": "1"}})

    charge = client.v1.charges.retrieve(intent.latest_charge.id, {"expand": ["refunds"]})
    moved = client.v1.balance_transactions.retrieve(str(refund.balance_transaction))
    assert (refund.status, refund.amount, refund.charge) == ("succeeded", 12000, charge.id)
    assert (charge.refunded, charge.amount_refunded) == (True, 12000)
    assert charge.refunds is not None
    assert [one.id for one in charge.refunds.data] == [refund.id]
    assert (moved.amount, moved.fee, moved.type, moved.source) == (-12000, 0, "refund", refund.id)


def test_refunds_in_part_add_up(client: stripe.StripeClient, paid_session: Paid) -> None:
    intent = paid_session(GOOD_CARD).payment_intent

    parts = [
        client.v1.refunds.create({"charge": intent.latest_charge.id, "amount": amount}).id
        for amount in (2000, 3000)
    ]

    charge = client.v1.charges.retrieve(intent.latest_charge.id)
    assert (charge.refunded, charge.amount_refunded) == (False, 5000)
    for found in (
        client.v1.refunds.list({"payment_intent": intent.id}),
        client.v1.refunds.list({"charge": charge.id}),
    ):
        assert [refund.id for refund in found.data] == parts[::-1]


def test_more_than_is_left_is_not_given_back(
    client: stripe.StripeClient, paid_session: Paid
) -> None:
    intent = paid_session(GOOD_CARD).payment_intent
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})

    with pytest.raises(stripe.InvalidRequestError, match="greater than") as refusal:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 10001})

    assert (refusal.value.http_status, refusal.value.param) == (400, "amount")


def test_nothing_is_given_back_twice(client: stripe.StripeClient, paid_session: Paid) -> None:
    intent = paid_session(GOOD_CARD).payment_intent
    client.v1.refunds.create({"payment_intent": intent.id})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id})

    assert (refusal.value.http_status, refusal.value.code) == (400, "charge_already_refunded")


@pytest.mark.parametrize("params", [{}, {"charge": "ch_unknown"}, {"payment_intent": "pi_none"}])
def test_a_refund_needs_a_payment(client: stripe.StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(params)


def test_a_refund_may_fail_later(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Paid
) -> None:
    intent = paid_session(REFUND_FAILS_CARD).payment_intent
    refund = client.v1.refunds.create({"payment_intent": intent.id})

    sandbox.settle_refund(refund.id)
    sandbox.settle_refund(refund.id)

    found = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    charge = client.v1.charges.retrieve(intent.latest_charge.id)
    back: Any = found.failure_balance_transaction
    assert (refund.status, found.status, back.amount) == ("succeeded", "failed", 12000)
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    told = client.v1.events.list({"type": "refund.failed"}).data
    assert len(told) == 1


def test_a_refund_may_take_its_time(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Paid
) -> None:
    intent = paid_session(REFUND_PENDING_CARD).payment_intent
    refund = client.v1.refunds.create({"payment_intent": intent.id})

    sandbox.settle_refund(refund.id)

    assert refund.status == "pending"
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_the_dashboard_can_refund_too(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Paid
) -> None:
    intent = paid_session(GOOD_CARD).payment_intent

    made = sandbox.refund_in_dashboard(intent.latest_charge.id, 1500)

    [found] = client.v1.refunds.list({"payment_intent": intent.id}).data
    [event] = client.v1.events.list({"type": "refund.created"}).data
    assert (found.id, found.amount) == (made["id"], 1500)
    assert event["request"].to_dict() == {"id": None, "idempotency_key": None}
