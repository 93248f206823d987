"""A process is killed while it speaks to Stripe. Whoever comes next finds out what happened."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from practice.billing import queries
from practice.billing.rules.payments import PaymentOutcome, PaymentState, RefundState
from practice.billing.service import checkout, refunds
from practice.core.db import in_transaction
from tests import factories
from tests.integration.billing.conftest import PRICE, Later, Shelf, Till, mails, receipts
from tests.integration.billing.line import Fate, Line
from tests.integration.billing.process import PATIENCE_SECONDS, begin
from tests.stripe_sandbox import Sandbox

Kill = Callable[[Callable[[], object], str, Fate], None]


@pytest.fixture
def kill(line: Line) -> Kill:
    """Have a process do something, and kill it while a request of its own hangs."""

    def kill(work: Callable[[], object], request: str, fate: Fate) -> None:
        line.fates[request] = [fate]
        process = begin(work)
        try:
            assert line.hanging.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.join(PATIENCE_SECONDS)

    return kill


def made(sandbox: Sandbox, path: str, since: int) -> set[str]:
    return {
        one["answer"]["id"]
        for one in sandbox.requests(since=since)
        if (one["method"], one["path"], one["status"]) == ("POST", path, 200)
    }


@pytest.mark.parametrize("fate", [Fate.HANGS_BEFORE, Fate.HANGS_AFTER])
def test_a_checkout_begun_by_a_dead_process_is_taken_up_again(
    till: Till, kill: Kill, sandbox: Sandbox, fate: Fate
) -> None:
    payment_id, before = till.ask(), len(sandbox.requests())

    kill(lambda: checkout.start(payment_id), "POST /v1/checkout/sessions", fate)
    assert till.see(payment_id).state is PaymentState.CREATING
    checkout.start(payment_id)

    payment = till.see(payment_id)
    assert payment.state is PaymentState.OPEN
    assert made(sandbox, "/v1/checkout/sessions", before) == {payment.checkout_id}
    assert len(made(sandbox, "/v1/customers", before)) == 1


def test_a_checkout_that_a_dead_process_made_is_found_and_ended(
    till: Till, kill: Kill, shelf: Shelf, sandbox: Sandbox, later: Later
) -> None:
    for_id, before = uuid4(), len(sandbox.requests())
    payment_id = till.ask(for_id)

    kill(lambda: checkout.start(payment_id), "POST /v1/checkout/sessions", Fate.HANGS_AFTER)
    later(minutes=33)
    checkout.settle(payment_id)

    payment = till.see(payment_id)
    assert (payment.state, shelf.let_go) == (PaymentState.EXPIRED, {for_id})
    assert made(sandbox, "/v1/checkout/sessions", before) == {payment.checkout_id}


def test_a_checkout_that_a_dead_process_never_made_is_let_go(
    till: Till, kill: Kill, shelf: Shelf, sandbox: Sandbox, later: Later
) -> None:
    for_id, before = uuid4(), len(sandbox.requests())
    payment_id = till.ask(for_id)

    kill(lambda: checkout.start(payment_id), "POST /v1/checkout/sessions", Fate.HANGS_BEFORE)
    later(minutes=33)
    checkout.settle(payment_id)

    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.FAILED, {for_id})
    assert made(sandbox, "/v1/checkout/sessions", before) == set()


def test_money_that_a_dead_process_had_just_heard_of_is_not_lost(
    till: Till, kill: Kill, sandbox: Sandbox
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    path = f"GET /v1/checkout/sessions/{till.see(payment_id).checkout_id}"

    kill(lambda: checkout.sync(payment_id), path, Fate.HANGS_AFTER)
    assert till.see(payment_id).state is PaymentState.OPEN
    checkout.sync(payment_id)

    assert till.see(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert (mails(), receipts()) == (["receipt"], 1)


@pytest.mark.parametrize("fate", [Fate.HANGS_BEFORE, Fate.HANGS_AFTER])
def test_a_refund_begun_by_a_dead_process_is_made_once(
    till: Till, kill: Kill, sandbox: Sandbox, fate: Fate
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    checkout.sync(payment_id)
    refund_id = in_transaction(
        lambda: refunds.decide(queries.get_payment(payment_id), PRICE, "cancelled", factories.OWNER)
    ).id
    before = len(sandbox.requests())

    kill(lambda: refunds.carry_out(refund_id), "POST /v1/refunds", fate)
    till.give_back()

    refund = queries.get_refund(refund_id)
    assert refund.state is RefundState.SUCCEEDED
    assert made(sandbox, "/v1/refunds", before) == {refund.processor_id}
