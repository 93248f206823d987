"""The processor's own books beside ours: disputes, payouts, fees, and what differs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from practice.billing import books, ledger
from practice.billing.book_models import Dispute, ProcessorMove
from practice.billing.models import Journal, Refund
from practice.billing.rules.books import DisputeState, PayoutState
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import RefundState
from practice.billing.service import checkout, comparing, refunds, verifying
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, read_again
from practice.outbox.models import Task
from tests import factories
from tests.integration.billing.conftest import PRICE, Later, Till, tasks
from tests.stripe_sandbox import Sandbox

FEE = 180_00 * 29 // 1000 + 30  # what the sandbox keeps of a charge
DISPUTE_FEE = 1500
THEIRS = "The processor's books have a card payment"


def balances() -> dict[str, int]:
    """Return the balances of the accounts that card money goes through, in cents."""
    read_again()
    today = clock.now().date()
    found = ledger.totals(today - timedelta(days=9), today + timedelta(days=9))
    return {
        account.name: debit - credit
        for account, (debit, credit) in found.items()
        if account is not Account.CLIENT_CREDIT and debit != credit
    }


def paid(till: Till, sandbox: Sandbox) -> str:
    """Have a payment come in; return the charge's id."""
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    checkout.sync(payment_id)
    return till.see(payment_id).charge_id or ""


def test_a_dispute_is_shown_until_the_bank_decides(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    lost, won = paid(till, sandbox), paid(till, sandbox)
    disputes = [sandbox.dispute(charge, "fraudulent")["id"] for charge in (lost, won)]
    sandbox.wait_for_deliveries()
    opened = balances()
    due = [at.date() - clock.now().date() for at in db.session.scalars(sa.select(Task.due_at))]
    payment_id = next(one.payment.id for one in books.disputes() if one.payment.charge_id == lost)
    refund = in_transaction(
        lambda: refunds.decide(till.see(payment_id), PRICE, "cancelled", factories.OWNER)
    )
    refunds.carry_out(refund.id)

    for dispute in disputes:
        sandbox.submit_evidence(dispute, uncategorized_text="They were here.")
        sandbox.close_dispute(dispute, won=dispute == disputes[1])
    sandbox.wait_for_deliveries()

    assert opened == {
        "CLEARING": -2 * FEE,
        "DISPUTES": 2 * 180_00,
        "PROCESSOR_FEES": 2 * FEE,
    }
    assert due == [timedelta(days=7)] * 2
    assert sorted(one.dispute.state for one in books.disputes()) == [
        DisputeState.LOST,
        DisputeState.WON,
    ]
    assert balances() == {
        "CLEARING": 180_00 - 2 * FEE,
        "BAD_DEBT": 180_00,
        "PROCESSOR_FEES": 2 * FEE,
    }
    assert db.session.scalars(sa.select(Refund.state)).all() == [RefundState.FAILED]
    assert [kind for kind, _ in tasks()] == ["dispute", "dispute", "refund-failed"]


def test_a_payout_is_kept_with_what_is_in_it(till: Till, served: str, sandbox: Sandbox) -> None:
    paid(till, sandbox)
    sandbox.dispute(paid(till, sandbox))
    sandbox.take_fee(250)
    paid(till, sandbox)

    payout = sandbox.pay_out()
    sandbox.wait_for_deliveries()
    sandbox.end_payout(payout["id"])
    sandbox.wait_for_deliveries()

    read_again()
    (kept,) = books.payouts()
    fees = 3 * FEE + DISPUTE_FEE + 250
    assert (kept.payout.state, kept.payout.amount.minor) == (PayoutState.PAID, 360_00 - fees)
    assert (kept.charges, kept.charged.minor, kept.fees.minor) == (3, 540_00, fees)
    assert len(books.lines_of(kept.payout.id)) == 5
    assert balances() == {
        "BANK": 360_00 - fees,
        "DISPUTES": 180_00,
        "PROCESSOR_FEES": fees,
    }

    sandbox.end_payout(payout["id"], well=False)
    sandbox.wait_for_deliveries()

    assert balances()["CLEARING"] == 360_00 - fees
    assert [kind for kind, _ in tasks()] == ["dispute", "payout-failed"]


def test_news_that_got_lost_is_found_in_the_books_by_four_at_once_as_by_one(
    till: Till, sandbox: Sandbox, later: Later, app: Flask
) -> None:
    charge, other = paid(till, sandbox), paid(till, sandbox)
    sandbox.dispute(charge)
    sandbox.refund_in_dashboard(other, 50_00)
    late = till.open()
    sandbox.pay(till.url(late))
    payout = sandbox.pay_out()
    later(days=3)
    here = till.payer.practice_id
    read_again()

    def compare(_: int) -> list[str]:
        with app.app_context(), practice_scope(here):
            return comparing.compare(clock.now() - comparing.FAR_BACK, clock.now())

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(compare, range(4)))

    once = _everything()
    assert found == [[], [], [], []]
    assert len(books.payouts()) == len(db.session.scalars(sa.select(Dispute)).all()) == 1
    assert till.see(late).charge_id is not None
    assert balances() == {
        "BANK": payout["amount"],
        "DISPUTES": 180_00,
        "PROCESSOR_FEES": 3 * FEE + DISPUTE_FEE,
    }
    assert compare(0) == []
    assert _everything() == once
    assert verifying.problems() == []


def test_what_differs_for_good_is_a_task_and_printed(
    till: Till, sandbox: Sandbox, later: Later, app: Flask
) -> None:
    paid(till, sandbox)
    lost, twice = paid(till, sandbox), paid(till, sandbox)
    payment = books.payment_by_charge("", lost)
    other = books.payment_by_charge("", twice)
    assert payment
    assert other

    def spoil() -> None:
        payment.charge_id, other.amount = "ch_of_nobody", PRICE + PRICE

    in_transaction(spoil)
    later(hours=2)

    read_again()
    printed = [app.test_cli_runner().invoke(args=["reconcile"]).output for _ in range(2)]

    words = [
        f"{THEIRS} of $180.00 that ours do not have. Look it up there: it was not made here.",
        "A card payment is over $180.00 in the processor's books, and over $360.00 in ours.",
        "Our books have a card payment of $180.00 that the processor's do not have.",
    ]
    assert all(text in printed[0] and text in printed[1] for text in words)
    assert sorted(what for kind, what in tasks() if kind == "books-differ") == sorted(words)


def _everything() -> list[tuple[object, ...]]:
    read_again()
    asked = [
        sa.select(Journal.source_key),
        sa.select(ProcessorMove.processor_id, ProcessorMove.payout_id),
        sa.select(Task.key),
    ]
    return sorted((tuple(row) for each in asked for row in db.session.execute(each)), key=repr)
