from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.billing import queries
from practice.billing.gateway import CardsOff
from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import (
    PaymentMethod,
    PaymentOutcome,
    PaymentState,
    RefundState,
)
from practice.billing.service import checkout
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope
from practice.core.money import Money
from practice.outbox.models import Job
from practice.people import doors
from practice.people.models import Practice
from practice.people.rules import DoorKind
from tests.integration.billing.conftest import PRICE, Later, Shelf, Till, mails, receipts, tasks
from tests.stripe_sandbox import DECLINED_CARD, THREE_D_SECURE_CARD, Sandbox


def facts(payment: Payment) -> dict[str, Any]:
    """Return everything that a payment says of itself."""
    return {
        column.key: getattr(payment, column.key)
        for column in sa.inspect(Payment).column_attrs
        if column.key != "checkout_url"
    }


# Asking ------------------------------------------------------------------------------------------


def test_asking_writes_a_payment_that_waits_and_can_be_found(
    till: Till, practice: Practice
) -> None:
    ends_at = clock.now() + timedelta(minutes=31)
    for_id = uuid4()

    payment = till.see(till.ask(for_id))

    assert (payment.state, payment.amount, payment.for_id, payment.method) == (
        PaymentState.CREATING,
        PRICE,
        for_id,
        PaymentMethod.CARD_ONLINE,
    )
    assert payment.checkout_ends_at is not None
    assert abs(payment.checkout_ends_at - ends_at) < timedelta(seconds=5)
    assert doors.find(DoorKind.PAYMENT, str(payment.id)) == doors.Found(practice.id, payment.id)
    job = db.session.scalars(sa.select(Job).where(Job.kind == "settle-payment")).one()
    assert job.subject_id == payment.id
    assert job.at - payment.checkout_ends_at >= checkout.SETTLED_AFTER


def test_a_second_tab_gets_the_payment_that_waits_already(till: Till, sandbox: Sandbox) -> None:
    for_id = uuid4()
    first = till.ask(for_id)

    assert till.ask(for_id) == first
    assert checkout.start(first) == checkout.start(till.ask(for_id)) == till.url(first)


def test_another_amount_or_a_payment_past_its_end_is_asked_for_anew(
    till: Till, later: Later
) -> None:
    for_id = uuid4()
    first = till.ask(for_id)
    dearer = till.ask(for_id, PRICE + Money(1, "USD"))
    later(minutes=32)

    assert len({first, dearer, till.ask(for_id)}) == 3


# Paying ------------------------------------------------------------------------------------------


def test_a_payment_is_paid_by_the_news_of_it(till: Till, served: str, sandbox: Sandbox) -> None:
    payment_id = till.open()

    paid = sandbox.pay(till.url(payment_id))
    sandbox.wait_for_deliveries()

    payment = till.see(payment_id)
    assert paid.headers["Location"] == payment.success_url
    assert (payment.state, payment.outcome) == (PaymentState.PAID, PaymentOutcome.CONFIRMED)
    assert payment.paid_at is not None
    assert abs(clock.now() - payment.paid_at) < timedelta(minutes=1)
    assert payment.fee_minor is not None
    assert (mails(), receipts(), tasks()) == (["receipt"], 1, [])
    for processor_id in (payment.checkout_id, payment.intent_id, payment.charge_id):
        assert processor_id is not None
        found = doors.find(DoorKind.PROCESSOR, processor_id)
        assert found == doors.Found(payment.practice_id, payment_id)


def test_a_declined_card_leaves_the_checkout_open_for_another(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    payment_id = till.open()
    url = till.url(payment_id)

    assert sandbox.pay(url, card=DECLINED_CARD).status_code == 402
    assert checkout.sync(payment_id).state is PaymentState.OPEN
    assert sandbox.pay(url).status_code == 303
    sandbox.wait_for_deliveries()

    assert till.see(payment_id).state is PaymentState.PAID
    assert mails() == ["receipt"]


def test_a_bank_that_first_says_no_and_then_yes_is_paid_once(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    payment_id = till.open()
    url = till.url(payment_id)

    no = sandbox.pay(url, card=THREE_D_SECURE_CARD)
    sandbox.answer_bank(no.headers["Location"], complete=False)
    assert checkout.sync(payment_id).state is PaymentState.OPEN
    yes = sandbox.pay(url, card=THREE_D_SECURE_CARD)
    sandbox.answer_bank(yes.headers["Location"])
    sandbox.wait_for_deliveries()

    assert till.see(payment_id).state is PaymentState.PAID
    assert receipts() == 1


def test_the_return_page_may_come_first(till: Till, served: str, sandbox: Sandbox) -> None:
    sandbox.hold_deliveries()
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))

    returned = facts(checkout.sync(payment_id))
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()

    assert returned["state"] is PaymentState.PAID
    assert facts(till.see(payment_id)) == returned
    assert (mails(), receipts()) == (["receipt"], 1)


def test_the_news_may_come_first(till: Till, served: str, sandbox: Sandbox) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    sandbox.wait_for_deliveries()
    told = facts(till.see(payment_id))

    returned = facts(checkout.sync(payment_id))

    assert told["state"] is PaymentState.PAID
    assert returned == told
    assert (mails(), receipts()) == (["receipt"], 1)


def test_everybody_may_come_at_once(
    till: Till, app: Flask, practice: Practice, served: str, sandbox: Sandbox
) -> None:
    payment_id = till.open()
    sandbox.hold_deliveries()
    sandbox.pay(till.url(payment_id))
    held = [delivery["id"] for delivery in sandbox.deliveries("held")]
    practice_id = practice.id

    def look(_: int) -> PaymentState:
        with app.app_context(), practice_scope(practice_id):
            return checkout.sync(payment_id).state

    with ThreadPoolExecutor(7) as pool:
        news = pool.submit(sandbox.release_deliveries, held * 3, together=True)
        states = list(pool.map(look, range(6)))
        news.result()

    assert states == [PaymentState.PAID] * 6
    assert till.see(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert (mails(), receipts(), tasks()) == (["receipt"], 1, [])


def test_a_paid_payment_leads_back_instead_of_to_the_pay_page(till: Till, sandbox: Sandbox) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    checkout.sync(payment_id)

    assert checkout.start(payment_id) == till.see(payment_id).success_url


# Ending unpaid -----------------------------------------------------------------------------------


def test_a_checkout_that_ran_out_lets_go_and_says_nothing(
    till: Till, shelf: Shelf, served: str, sandbox: Sandbox, later: Later
) -> None:
    for_id = uuid4()
    payment_id = till.open(for_id)

    later(minutes=32)
    sandbox.wait_for_deliveries()
    checkout.sync(payment_id)

    assert till.see(payment_id).state is PaymentState.EXPIRED
    assert (shelf.let_go, mails(), tasks()) == ({for_id}, [], [])
    with pytest.raises(checkout.CheckoutEnded):
        checkout.start(payment_id)


def test_without_any_news_the_job_settles_what_ran_out(
    till: Till, shelf: Shelf, sandbox: Sandbox, later: Later
) -> None:
    for_id = uuid4()
    payment_id = till.open(for_id)
    later(minutes=33)

    checkout.settle(payment_id)

    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.EXPIRED, {for_id})


def test_without_any_news_the_job_finds_what_was_paid(
    till: Till, shelf: Shelf, sandbox: Sandbox, later: Later
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    later(minutes=33)

    checkout.settle(payment_id)

    assert till.see(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert shelf.let_go == set()


def test_whoever_pays_in_the_last_second_has_paid(
    till: Till, shelf: Shelf, sandbox: Sandbox
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    before = len(sandbox.requests())

    payment = checkout.expire(payment_id)

    refused = sandbox.requests(since=before)[0]
    assert (refused["path"][-7:], refused["status"]) == ("/expire", 400)
    assert (payment.state, payment.outcome) == (PaymentState.PAID, PaymentOutcome.CONFIRMED)
    assert shelf.let_go == set()


def test_a_client_who_gives_up_can_no_longer_pay(
    till: Till, shelf: Shelf, sandbox: Sandbox
) -> None:
    for_id = uuid4()
    payment_id = till.open(for_id)
    url = till.url(payment_id)

    payment = checkout.expire(payment_id)

    assert (payment.state, shelf.let_go) == (PaymentState.EXPIRED, {for_id})
    assert sandbox.pay(url).status_code == 410
    assert checkout.expire(payment_id).state is PaymentState.EXPIRED


# Paid, but ---------------------------------------------------------------------------------------


def test_what_was_paid_twice_goes_back_once(till: Till, sandbox: Sandbox) -> None:
    for_id = uuid4()
    first, second = till.open(for_id), till.open(for_id, PRICE + Money(500, "USD"))
    for payment_id in (first, second):
        sandbox.pay(till.url(payment_id))

    outcomes = [checkout.sync(payment_id).outcome for payment_id in (first, second)]
    till.give_back()

    assert outcomes == [PaymentOutcome.CONFIRMED, PaymentOutcome.DUPLICATE]
    assert [
        (one.payment_id, one.amount, one.state, one.reason)
        for one in db.session.scalars(sa.select(Refund))
    ] == [(second, PRICE + Money(500, "USD"), RefundState.SUCCEEDED, "duplicate")]
    assert mails() == ["receipt", "refunded"]


def test_what_was_paid_too_late_goes_back_in_full(
    till: Till, shelf: Shelf, served: str, sandbox: Sandbox
) -> None:
    for_id = uuid4()
    payment_id = till.open(for_id)
    shelf.sold_to_another.add(for_id)

    sandbox.pay(till.url(payment_id))
    sandbox.wait_for_deliveries()
    till.give_back()

    payment = till.see(payment_id)
    assert payment.outcome is PaymentOutcome.SLOT_LOST
    assert queries.refunded_minor(for_id) == queries.paid_minor(for_id) == PRICE.minor
    assert (mails(), receipts()) == (["refunded"], 1)


def test_what_was_paid_late_and_is_still_there_is_taken_again(
    till: Till, shelf: Shelf, sandbox: Sandbox
) -> None:
    for_id = uuid4()
    payment_id = till.open(for_id)
    shelf.let_go.add(for_id)
    sandbox.pay(till.url(payment_id))

    assert checkout.sync(payment_id).outcome is PaymentOutcome.REACQUIRED
    assert queries.refunded_minor(for_id) == 0


@pytest.mark.parametrize("asked", [Money(17_999, "USD"), Money(18_000, "EUR")])
def test_a_checkout_over_another_amount_moves_nothing_and_calls_for_a_person(
    till: Till, sandbox: Sandbox, asked: Money
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    in_transaction(lambda: setattr(queries.lock_payment(payment_id), "amount", asked))

    checkout.sync(payment_id)
    checkout.sync(payment_id)

    words = f"A card payment is not what was asked for: it is over $180.00 instead of {asked}."
    assert till.see(payment_id).state is PaymentState.OPEN
    assert tasks() == [("payment-differs", words)]
    assert (mails(), receipts()) == (["payment-needs-attention"], 0)


def test_a_checkout_of_another_payment_moves_nothing(till: Till, sandbox: Sandbox) -> None:
    ours, theirs = till.open(), till.open()
    sandbox.pay(till.url(theirs))
    foreign = till.see(theirs).checkout_id

    def swap() -> None:
        queries.lock_payment(ours).checkout_id = foreign

    in_transaction(swap)

    assert checkout.sync(ours).state is PaymentState.OPEN
    assert [kind for kind, _ in tasks()] == ["payment-differs"]


# Without a processor -----------------------------------------------------------------------------


def test_without_a_key_nobody_is_asked_for_a_card(without_a_key: None, till: Till) -> None:
    with pytest.raises(CardsOff):
        till.ask()
