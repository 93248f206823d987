"""Races of payments over sessions, that have no file of their own: see docs/payments-races.md."""

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import make_server

from practice.billing import ports
from practice.billing.models import ProcessorEvent
from practice.billing.rules.payments import PaymentOutcome, PaymentState, RefundState
from practice.billing.service import checkout, refunds
from practice.core.db import db, in_transaction, practice_scope, read_again
from practice.core.errors import Conflict
from practice.outbox import jobs
from practice.people.models import Practice
from practice.sessions.links import booking_link
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, taking
from tests import factories
from tests.browsers import send
from tests.integration.billing.conftest import PRICE, SECRET, Later, Till, mails, receipts, tasks
from tests.integration.billing.test_with_sessions import INTAKE, Visitor, kept, payment_of, see
from tests.stripe_sandbox import Sandbox

S = AppointmentState


@pytest.fixture
def visitor(practice: Practice) -> Visitor:
    in_transaction(factories.furnish)
    ports.paid.bind(booking.paid)
    ports.checkout_ended.bind(booking.checkout_ended)
    return Visitor()


def test_twenty_want_one_time_and_one_pays_for_it(
    visitor: Visitor, app: Flask, practice: Practice, served: str, sandbox: Sandbox
) -> None:
    app.config["SERVER_NAME"] = served.removeprefix("http://")
    page = f"/p/{practice.slug}/book/intake/"
    starts_at = visitor.next_free().isoformat().replace("+00:00", "Z")
    ready = Barrier(20)
    read_again()

    def want(number: int) -> tuple[int, str]:
        browser = app.test_client()
        from_there = {"REMOTE_ADDR": f"192.0.2.{number}"}
        ready.wait()
        answer = send(browser, page, {"start": starts_at}, environ_base=from_there)
        return answer.status_code, answer.location or ""

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(want, range(20)))

    assert [status for status, _ in answers] == [303] + [409] * 19


def test_news_return_page_and_sweeper_may_come_at_once(
    visitor: Visitor, app: Flask, served: str, sandbox: Sandbox, later: Later
) -> None:
    app.config["SERVER_NAME"] = served.removeprefix("http://")
    held = visitor.hold()
    payment_id = visitor.go_to_pay(held)
    sandbox.hold_deliveries()
    sandbox.pay(checkout.start(payment_id))
    link = f"{booking_link(held)}waiting".removeprefix(served)
    news = [each["id"] for each in sandbox.deliveries("held")]
    later(minutes=33)
    practice_id, all_ready = held.practice_id, Barrier(3)
    read_again()

    def sweep() -> None:
        with app.app_context(), practice_scope(practice_id):
            all_ready.wait()
            checkout.settle(payment_id)

    def come_back() -> None:
        all_ready.wait()
        app.test_client().get(link)

    def tell() -> None:
        all_ready.wait()
        sandbox.release_deliveries(news, together=True)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(each) for each in (sweep, come_back, tell)]:
            done.result()

    assert (see(held).state, kept(held)) == (S.CONFIRMED, INTAKE.minor)
    assert payment_of(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert (receipts(), tasks()) == (1, [])
    assert mails().count("receipt") == 1


def test_four_copies_of_everything_in_disorder_are_one_payment(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries()
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    news = [each["id"] for each in sandbox.deliveries("held")]

    sandbox.release_deliveries([*news[::-1], *news] * 2, together=True)
    sandbox.wait_for_deliveries()

    assert till.see(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert (mails(), receipts(), tasks()) == (["receipt"], 1, [])
    kept_events = db.session.scalars(sa.select(ProcessorEvent)).all()
    assert len({each.processor_id for each in kept_events}) == len(kept_events)


def test_a_server_that_was_away_for_a_minute_is_told_again(
    till: Till, app: Flask, sandbox: Sandbox
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    sandbox.set_webhook(f"http://127.0.0.1:{port}/billing/webhooks/stripe", SECRET)
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    sandbox.retry_deliveries()
    away = till.see(payment_id).state

    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    sandbox.retry_deliveries()
    sandbox.wait_for_deliveries()
    server.shutdown()
    thread.join()
    server.server_close()

    assert (away, till.see(payment_id).state) == (PaymentState.OPEN, PaymentState.PAID)
    assert receipts() == 1


def test_staff_cannot_free_a_time_while_it_can_be_paid(visitor: Visitor, sandbox: Sandbox) -> None:
    held = visitor.hold()
    payment_id = visitor.go_to_pay(held)

    with pytest.raises(Conflict):
        in_transaction(lambda: booking.cancel(see(held), by=factories.OWNER))
    checkout.expire(payment_id)

    assert see(held).state is S.RELEASED
    assert sandbox.pay(payment_of(payment_id).checkout_id or "").status_code == 410


@pytest.mark.parametrize("is_resold", [True, False], ids=["resold", "free"])
def test_a_freed_time_that_is_paid_for_is_taken_again_or_given_back(
    visitor: Visitor, served: str, sandbox: Sandbox, *, is_resold: bool
) -> None:
    held = visitor.hold()
    payment_id = visitor.go_to_pay(held)
    in_transaction(lambda: taking.release(taking.lock(held.id)))
    other = visitor.hold(held.starts_at) if is_resold else None

    sandbox.pay(checkout.start(payment_id))
    sandbox.wait_for_deliveries()
    jobs.run_due()

    outcome = PaymentOutcome.SLOT_LOST if is_resold else PaymentOutcome.REACQUIRED
    assert payment_of(payment_id).outcome is outcome
    assert (see(held).state, kept(held)) == (
        (S.RELEASED, 0) if is_resold else (S.CONFIRMED, INTAKE.minor)
    )
    assert other is None or see(other).state is S.TENTATIVE


def test_what_the_bank_disputes_is_not_given_back_and_not_tried_again(
    till: Till, served: str, sandbox: Sandbox, later: Later
) -> None:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    sandbox.wait_for_deliveries()
    sandbox.dispute(till.see(payment_id).charge_id or "")
    sandbox.wait_for_deliveries()
    in_transaction(
        lambda: refunds.decide(till.see(payment_id), PRICE, "cancelled", factories.OWNER)
    )
    before = len(sandbox.requests())

    for _ in range(3):
        jobs.run_due()
        later(hours=1)

    asked = [one for one in sandbox.requests(since=before) if one["path"] == "/v1/refunds"]
    assert [one["method"] for one in asked].count("POST") == 1
    assert till.seen() == [(PRICE, RefundState.FAILED)]
    words = "the cardholder's bank has disputed the payment"
    assert [words in what for kind, what in tasks() if kind == "refund-failed"] == [True]
