from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.billing import queries
from practice.billing.gateway import gateway
from practice.billing.rules.payments import PaymentMethod, RefundState
from practice.billing.service import checkout, refunds, visit
from practice.core.db import db, in_transaction, practice_scope
from practice.core.errors import Invalid, PracticeError, Unavailable
from practice.core.money import Money
from practice.outbox import jobs
from practice.outbox.models import Job
from practice.people.models import Practice
from tests import factories
from tests.integration.billing.conftest import PRICE, Later, Till, mails, tasks
from tests.integration.billing.line import Fate, Line
from tests.stripe_sandbox import (
    GOOD_CARD,
    REFUND_FAILS_CARD,
    REFUND_PENDING_CARD,
    Sandbox,
)

SOME = Money(5_000, "USD")
REFUND = "POST /v1/refunds"


def paid(till: Till, sandbox: Sandbox, card: str = GOOD_CARD) -> UUID:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id), card=card)
    checkout.sync(payment_id)
    return payment_id


def decide(payment_id: UUID, amount: Money = PRICE) -> UUID:
    return in_transaction(
        lambda: refunds.decide(
            queries.get_payment(payment_id), amount, "the client cancelled", factories.OWNER
        )
    ).id


def made(sandbox: Sandbox, since: int) -> list[Any]:
    """Return the ids of the refunds that the sandbox has made."""
    return sorted(
        {
            one["answer"]["id"]
            for one in sandbox.requests(since=since)
            if (one["method"], one["path"], one["status"]) == ("POST", "/v1/refunds", 200)
        }
    )


def failure(why: str) -> str:
    return f"A refund of {PRICE} did not go through: {why}. Give it back another way."


# Deciding and carrying out -----------------------------------------------------------------------


def test_a_refund_is_decided_first_and_carried_out_by_the_worker(
    till: Till, sandbox: Sandbox
) -> None:
    payment_id = paid(till, sandbox)

    refund_id = decide(payment_id)
    assert till.seen() == [(PRICE, RefundState.PENDING)]
    jobs.run_due()

    refund = queries.get_refund(refund_id)
    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert refund.processor_id is not None
    assert refund.settled_at is not None
    assert refund.reason == "the client cancelled"
    assert mails() == ["receipt", "refunded"]


def test_parts_go_back_until_nothing_is_left(till: Till, sandbox: Sandbox) -> None:
    payment_id = paid(till, sandbox)
    for _ in range(3):
        decide(payment_id, SOME)
    till.give_back()

    with pytest.raises(refunds.NothingToGiveBack, match=r"Only \$30\.00"):
        decide(payment_id, SOME)
    decide(payment_id, Money(3_000, "USD"))
    till.give_back()
    with pytest.raises(refunds.NothingToGiveBack, match=r"Only \$0\.00"):
        decide(payment_id, Money(1, "USD"))

    payment = till.see(payment_id)
    assert queries.refunded_minor(payment.for_id) == queries.paid_minor(payment.for_id)


@pytest.mark.parametrize("amount", [Money(0, "USD"), Money(-1, "USD"), Money(100, "EUR")], ids=str)
def test_an_amount_that_makes_no_sense_is_refused(
    till: Till, sandbox: Sandbox, amount: Money
) -> None:
    payment_id = paid(till, sandbox)

    with pytest.raises(Invalid):
        decide(payment_id, amount)
    assert till.seen() == []


def test_what_never_came_does_not_go_back(till: Till) -> None:
    with pytest.raises(refunds.NothingToGiveBack):
        decide(till.open())


def test_four_clicks_at_once_give_back_once(
    till: Till, app: Flask, practice: Practice, sandbox: Sandbox
) -> None:
    payment_id = paid(till, sandbox)
    practice_id, before = practice.id, len(sandbox.requests())

    def click(_: int) -> str:
        with app.app_context(), practice_scope(practice_id):
            try:
                refund_id = decide(payment_id)
            except PracticeError as error:
                return type(error).__name__
            refunds.carry_out(refund_id)
            return "given back"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(click, range(4)))

    assert answers == ["NothingToGiveBack"] * 3 + ["given back"]
    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert len(made(sandbox, before)) == 1


def test_four_workers_at_once_carry_out_one_refund(
    till: Till, app: Flask, practice: Practice, sandbox: Sandbox
) -> None:
    refund_id = decide(paid(till, sandbox))
    practice_id, before = practice.id, len(sandbox.requests())

    def work(_: int) -> None:
        with app.app_context(), practice_scope(practice_id):
            refunds.carry_out(refund_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert len(made(sandbox, before)) == 1
    assert mails() == ["receipt", "refunded"]


# When the line is bad ----------------------------------------------------------------------------


def test_a_refund_whose_answer_was_lost_is_not_made_twice(
    till: Till, sandbox: Sandbox, line: Line
) -> None:
    refund_id = decide(paid(till, sandbox))
    before = len(sandbox.requests())
    line.fates[REFUND] = [Fate.LOST] * 3

    with pytest.raises(Unavailable):
        refunds.carry_out(refund_id)
    assert till.seen() == [(PRICE, RefundState.PENDING)]
    refunds.carry_out(refund_id)

    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert len(made(sandbox, before)) == 1


def test_a_refund_whose_key_was_forgotten_is_looked_for_first(
    till: Till, sandbox: Sandbox, line: Line, later: Later
) -> None:
    refund_id = decide(paid(till, sandbox), SOME)
    before = len(sandbox.requests())
    line.fates[REFUND] = [Fate.LOST] * 3
    with pytest.raises(Unavailable):
        refunds.carry_out(refund_id)
    later(hours=25)

    refunds.carry_out(refund_id)

    assert till.seen() == [(SOME, RefundState.SUCCEEDED)]
    assert len(made(sandbox, before)) == 1


def test_a_refund_waits_until_stripe_can_be_asked(
    till: Till, sandbox: Sandbox, line: Line, later: Later
) -> None:
    decide(paid(till, sandbox))
    line.is_cut = True
    jobs.run_due()
    assert till.seen() == [(PRICE, RefundState.PENDING)]

    line.is_cut = False
    later(minutes=1)
    jobs.run_due()
    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]


# What others do ----------------------------------------------------------------------------------


def test_a_refund_made_in_the_dashboard_appears_and_calls_for_a_decision(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    payment_id = paid(till, sandbox)
    charge_id = till.see(payment_id).charge_id or ""

    sandbox.refund_in_dashboard(charge_id, SOME.minor)
    sandbox.wait_for_deliveries()

    assert till.seen() == [(SOME, RefundState.SUCCEEDED)]
    assert tasks() == [
        (
            "refund-elsewhere",
            "A refund of $50.00 was made at the processor. Does the session still stand?",
        )
    ]
    with pytest.raises(refunds.NothingToGiveBack):
        decide(payment_id)


def test_a_refund_that_the_dashboard_was_quicker_with_is_given_up_with_the_reason(
    till: Till, sandbox: Sandbox
) -> None:
    payment_id = paid(till, sandbox)
    refund_id = decide(payment_id)
    sandbox.refund_in_dashboard(till.see(payment_id).charge_id or "")

    refunds.carry_out(refund_id)

    assert sorted(till.seen(), key=str) == [
        (PRICE, RefundState.FAILED),
        (PRICE, RefundState.SUCCEEDED),
    ]
    assert ("refund-failed", failure("it was given back already")) in tasks()
    assert queries.refunded_minor(till.see(payment_id).for_id) == PRICE.minor


def test_a_refund_that_fails_later_calls_for_a_person_and_can_be_made_again(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    payment_id = paid(till, sandbox, card=REFUND_FAILS_CARD)
    refund_id = decide(payment_id)
    till.give_back()
    sandbox.wait_for_deliveries()
    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]

    sandbox.settle_refund(queries.get_refund(refund_id).processor_id or "")
    sandbox.wait_for_deliveries()

    assert till.seen() == [(PRICE, RefundState.FAILED)]
    assert tasks() == [("refund-failed", failure("the bank sent the money back"))]
    assert mails() == ["payment-needs-attention", "receipt", "refunded"]
    decide(payment_id)
    assert queries.refunded_minor(till.see(payment_id).for_id) == PRICE.minor


def test_a_refund_that_takes_its_time_is_told_when_it_is_done(
    till: Till, served: str, sandbox: Sandbox, later: Later
) -> None:
    refund_id = decide(paid(till, sandbox, card=REFUND_PENDING_CARD))
    till.give_back()
    sandbox.wait_for_deliveries()
    assert till.seen() == [(PRICE, RefundState.PENDING)]
    assert mails() == ["receipt"]

    later(minutes=2)
    refunds.sync(queries.get_refund(refund_id).payment_id)

    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert mails() == ["receipt", "refunded"]


def test_news_of_a_refund_may_come_before_news_of_the_payment(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries()
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    before = {delivery["id"] for delivery in sandbox.deliveries("held")}
    truth = gateway().get_checkout(till.see(payment_id).checkout_id or "")
    sandbox.refund_in_dashboard(truth.charge_id or "")
    refunded = [one["id"] for one in sandbox.deliveries("held") if one["id"] not in before]

    sandbox.release_deliveries(refunded)
    sandbox.wait_for_deliveries()
    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()

    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert queries.paid_minor(till.see(payment_id).for_id) == PRICE.minor


# At the visit ------------------------------------------------------------------------------------


def test_what_was_paid_at_the_visit_is_handed_back_there(till: Till, sandbox: Sandbox) -> None:
    before = len(sandbox.requests())
    payment = in_transaction(
        lambda: visit.record(till.payer.id, uuid4(), PRICE, PaymentMethod.CASH, factories.OWNER)
    )

    decide(payment.id, SOME)

    assert till.seen() == [(SOME, RefundState.SUCCEEDED)]
    assert mails() == ["receipt", "refunded"]
    assert db.session.scalars(sa.select(Job).where(Job.kind == "refund")).all() == []
    assert sandbox.requests(since=before) == []
