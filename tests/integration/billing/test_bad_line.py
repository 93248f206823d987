"""The line to Stripe is cut, loses answers, or brings old ones."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from practice.billing.rules.payments import PaymentState
from practice.billing.service import checkout
from practice.core.errors import Unavailable
from tests.integration.billing.conftest import Later, Shelf, Till, mails, tasks
from tests.integration.billing.line import Fate, Line
from tests.stripe_sandbox import Sandbox

CREATE = "POST /v1/checkout/sessions"


@pytest.fixture
def sessions(sandbox: Sandbox) -> Callable[[], set[str]]:
    """Name the checkouts that the sandbox has made in this test."""
    before = len(sandbox.requests())

    def made() -> set[str]:
        return {
            one["answer"]["id"]
            for one in sandbox.requests(since=before)
            if (one["method"], one["path"]) == ("POST", "/v1/checkout/sessions")
            and one["status"] == 200
        }

    return made


def test_a_lost_answer_is_asked_for_again_and_makes_one_checkout(
    till: Till, line: Line, sessions: Callable[[], set[str]]
) -> None:
    line.fates[CREATE] = [Fate.LOST]

    payment_id = till.open()

    assert till.see(payment_id).state is PaymentState.OPEN
    assert sessions() == {till.see(payment_id).checkout_id}


def test_an_old_answer_is_never_believed(
    till: Till, line: Line, sandbox: Sandbox, sessions: Callable[[], set[str]]
) -> None:
    payment_id = till.ask()
    line.fates[CREATE] = [Fate.LOST] * 3
    with pytest.raises(Unavailable):
        checkout.start(payment_id)
    (checkout_id,) = sessions()
    sandbox.pay(checkout_id)

    leads_to = checkout.start(payment_id)

    payment = till.see(payment_id)
    assert sandbox.requests()[-2]["answer"]["status"] == "open"  # the replay, which is stale
    assert (payment.state, payment.checkout_id) == (PaymentState.PAID, checkout_id)
    assert leads_to == payment.success_url


def test_news_of_a_checkout_whose_answer_was_lost_finds_its_payment(
    till: Till, line: Line, served: str, sandbox: Sandbox, sessions: Callable[[], set[str]]
) -> None:
    payment_id = till.ask()
    line.fates[CREATE] = [Fate.LOST] * 3
    with pytest.raises(Unavailable):
        checkout.start(payment_id)
    (checkout_id,) = sessions()

    sandbox.pay(checkout_id)
    sandbox.wait_for_deliveries()

    assert till.see(payment_id).state is PaymentState.PAID


def test_a_checkout_that_was_never_made_fails_and_lets_go(
    till: Till, shelf: Shelf, line: Line, later: Later, sessions: Callable[[], set[str]]
) -> None:
    for_id = uuid4()
    payment_id = till.ask(for_id)
    line.is_cut = True
    with pytest.raises(Unavailable):
        checkout.start(payment_id)
    line.is_cut = False
    later(minutes=33)

    checkout.settle(payment_id)

    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.FAILED, {for_id})
    assert sessions() == set()
    assert (mails(), tasks()) == ([], [])


def test_a_payer_whom_stripe_does_not_take_is_told_and_the_time_let_go(
    till: Till, shelf: Shelf, line: Line, sessions: Callable[[], set[str]]
) -> None:
    for_id = uuid4()
    payment_id = till.ask(for_id)
    line.fates["POST /v1/customers"] = [Fate.REFUSED]

    with pytest.raises(checkout.CheckoutEnded):
        checkout.start(payment_id)

    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.FAILED, {for_id})
    assert sessions() == set()


def test_a_checkout_whose_key_was_forgotten_is_still_found(
    till: Till, line: Line, later: Later, sandbox: Sandbox, sessions: Callable[[], set[str]]
) -> None:
    payment_id = till.ask()
    line.fates[CREATE] = [Fate.LOST] * 3
    with pytest.raises(Unavailable):
        checkout.start(payment_id)
    (checkout_id,) = sessions()
    sandbox.pay(checkout_id)
    later(hours=25)

    checkout.settle(payment_id)

    assert (till.see(payment_id).state, till.see(payment_id).checkout_id) == (
        PaymentState.PAID,
        checkout_id,
    )


def test_while_stripe_cannot_be_asked_nothing_is_let_go(
    till: Till, shelf: Shelf, line: Line, later: Later
) -> None:
    for_id = uuid4()
    payment_id = till.open(for_id)
    later(minutes=33)

    line.is_cut = True
    with pytest.raises(Unavailable):
        checkout.settle(payment_id)
    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.OPEN, set())

    line.is_cut = False
    checkout.settle(payment_id)
    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.EXPIRED, {for_id})
