import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from practice.billing import queries
from practice.billing.models import Reconciliation
from practice.billing.rules.payments import PaymentOutcome, PaymentState, RefundState
from practice.billing.service import checkout, reconcile, refunds
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, read_again
from practice.outbox import jobs
from practice.people.models import Practice
from tests import factories
from tests.integration.billing.conftest import (
    PRICE,
    Later,
    Shelf,
    Till,
    mails,
    receipts,
    tasks,
)
from tests.integration.billing.line import Line
from tests.integration.billing.process import PATIENCE_SECONDS, begin
from tests.stripe_sandbox import Sandbox

FOUND = (
    "The processor knew more of a payment of $180.00 than we did. "
    "It is put right here; see whether the session still agrees."
)


@pytest.fixture
def run(app: Flask) -> Callable[[], Result]:
    def reconcile() -> Result:
        read_again()  # a command begins with nothing read
        return app.test_cli_runner().invoke(args=["reconcile"])

    return reconcile


def runs() -> list[tuple[int, int]]:
    read_again()
    return [
        (one.payments, one.differences)
        for one in db.session.scalars(sa.select(Reconciliation).order_by(Reconciliation.until_at))
    ]


def test_money_of_which_no_news_came_is_found_and_shown(
    till: Till, run: Callable[[], Result], sandbox: Sandbox, later: Later
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    later(minutes=10)

    found = run()

    assert (found.exit_code, found.output.splitlines()) == (
        0,
        [f"payment {payment_id}: open -> paid", "1 payments looked at, 1 differences"],
    )
    assert till.see(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert (tasks(), mails()) == (
        [("payment-differed", FOUND)],
        ["payment-needs-attention", "receipt"],
    )


def test_money_that_was_only_quicker_than_its_news_worries_nobody(
    till: Till, run: Callable[[], Result], sandbox: Sandbox
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))

    run()

    assert till.see(payment_id).state is PaymentState.PAID
    assert (tasks(), mails()) == ([], ["receipt"])


def test_when_all_agrees_there_is_nothing_to_do(
    till: Till, run: Callable[[], Result], served: str, sandbox: Sandbox
) -> None:
    sandbox.pay(till.url(till.open()))
    till.open()
    sandbox.wait_for_deliveries()

    assert run().output == "1 payments looked at, 0 differences\n"
    assert tasks() == []


def test_a_refund_of_which_no_news_came_is_found(
    till: Till, run: Callable[[], Result], sandbox: Sandbox, later: Later
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    checkout.sync(payment_id)
    sandbox.refund_in_dashboard(till.see(payment_id).charge_id or "", 5_000)
    later(hours=3)

    found = run()

    (refund,) = queries.refunds_of(payment_id)
    assert refund.state is RefundState.SUCCEEDED
    assert found.output.splitlines() == [
        f"refund {refund.id} of $50.00: unknown -> succeeded",
        "1 payments looked at, 1 differences",
    ]
    assert [kind for kind, _ in tasks()] == ["payment-differed", "refund-elsewhere"]


def test_a_refund_whose_job_was_given_up_is_carried_out(
    till: Till, run: Callable[[], Result], sandbox: Sandbox
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    checkout.sync(payment_id)
    refund_id = in_transaction(
        lambda: refunds.decide(queries.get_payment(payment_id), PRICE, "cancelled", factories.OWNER)
    ).id

    found = run()

    read_again()
    assert queries.get_refund(refund_id).state is RefundState.SUCCEEDED
    assert f"refund {refund_id} of $180.00: pending -> succeeded" in found.output


def test_after_three_days_away_everything_is_found(
    till: Till, shelf: Shelf, run: Callable[[], Result], sandbox: Sandbox, later: Later
) -> None:
    paid, gone, never = till.open(), till.open(), till.ask()
    sandbox.pay(till.url(paid))
    later(days=3)

    run()

    assert [till.see(one).state for one in (paid, gone, never)] == [
        PaymentState.PAID,
        PaymentState.EXPIRED,
        PaymentState.FAILED,
    ]
    assert len(shelf.let_go) == 2


def test_what_differs_for_good_is_named_every_time(
    till: Till, run: Callable[[], Result], sandbox: Sandbox, later: Later
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))

    def change() -> None:
        queries.lock_payment(payment_id).amount = PRICE + PRICE

    in_transaction(change)
    later(hours=1)

    words = f"payment {payment_id}: still open after its end"
    assert [run().output.splitlines()[0] for _ in range(2)] == [words, words]
    assert [kind for kind, _ in tasks()] == ["books-differ", "payment-differs"]


def test_the_next_run_begins_where_the_last_one_ended(
    till: Till, run: Callable[[], Result], sandbox: Sandbox, later: Later
) -> None:
    run()
    later(hours=5)
    began = clock.now()
    run()

    asked = [one for one in sandbox.requests() if one["path"] == "/v1/events"][-1]
    since = datetime.fromtimestamp(int(asked["params"]["created"]["gte"]), UTC)
    assert abs(began - timedelta(hours=6) - since) < timedelta(minutes=1)
    assert runs() == [(0, 0), (0, 0)]


def test_each_practice_has_its_own_payments_looked_at(
    app: Flask, till: Till, run: Callable[[], Result], sandbox: Sandbox, later: Later
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    with app.app_context():
        other = factories.create_practice(slug="harbor")
    later(minutes=10)

    assert run().exit_code == 0

    assert runs() == [(1, 1)]
    with app.app_context(), practice_scope(other.id):
        assert (runs(), tasks()) == ([(0, 0)], [])


def test_four_at_once_end_like_one(
    till: Till,
    run: Callable[[], Result],
    sandbox: Sandbox,
    later: Later,
) -> None:
    for_id = uuid4()
    paid, twice = till.open(for_id), till.open(for_id, PRICE + PRICE)
    for payment_id in (paid, twice):
        sandbox.pay(till.url(payment_id))
    checkout.sync(paid)
    sandbox.refund_in_dashboard(till.see(paid).charge_id or "", 5_000)
    later(minutes=10)
    before = len(sandbox.requests())

    four = [begin(lambda: sys.exit(run().exit_code)) for _ in range(4)]
    for process in four:
        process.join(PATIENCE_SECONDS)

    assert [process.exitcode for process in four] == [0] * 4
    assert till.see(twice).outcome is PaymentOutcome.DUPLICATE
    assert sorted(
        (refund.amount.minor, refund.state)
        for payment_id in (paid, twice)
        for refund in queries.refunds_of(payment_id)
    ) == [(5_000, RefundState.SUCCEEDED), (2 * PRICE.minor, RefundState.SUCCEEDED)]
    assert receipts() == 2
    assert [kind for kind, _ in tasks()] == [
        "payment-differed",
        "payment-differed",
        "refund-elsewhere",
    ]
    refunded = {
        one["answer"]["id"]
        for one in sandbox.requests(since=before)
        if (one["method"], one["path"]) == ("POST", "/v1/refunds")
    }
    assert len(refunded) == 1


def test_the_worker_looks_by_itself(
    till: Till, sandbox: Sandbox, later: Later, practice: Practice
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))

    reconcile.run_here(practice.id)

    assert "reconcile-payments" in jobs.HANDLERS
    assert till.see(payment_id).state is PaymentState.PAID


def test_when_stripe_cannot_be_asked_the_run_says_so_and_does_not_count(
    till: Till, run: Callable[[], Result], line: Line
) -> None:
    till.open()
    line.is_cut = True

    found = run()

    assert (found.exit_code, found.output) == (
        1,
        "Error: We could not reach the payment processor. Try again in a minute.\n",
    )
    assert runs() == []


def test_without_a_key_there_is_nothing_to_compare(
    without_a_key: None, practice: Practice, run: Callable[[], Result]
) -> None:
    reconcile.run_here(practice.id)

    assert run().output == "Error: Cards are not taken online here. You can pay at your visit.\n"
    assert runs() == []
