import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from practice.billing import ports, queries
from practice.billing.gateway import gateway
from practice.billing.models import Payment, ProcessorEvent
from practice.billing.rules.payments import PaymentOutcome, PaymentState
from practice.billing.service import inbox
from practice.core.db import db, practice_scope, read_again
from practice.core.money import Money
from practice.outbox import jobs
from practice.outbox.models import Job
from practice.people.models import Practice
from tests import factories
from tests.integration.billing.conftest import (
    FORMER_SECRET,
    PRICE,
    SECRET,
    Later,
    Shelf,
    Till,
    mails,
    receipts,
)
from tests.integration.billing.line import Line
from tests.stripe_sandbox import Sandbox


def sign(body: bytes, secret: str, at: int | None = None) -> str:
    """Sign a body as Stripe does, whatever bytes it is made of."""
    at = at or int(time.time())
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


@pytest.fixture
def post(served: str) -> Callable[..., int]:
    """Send a body to the application as Stripe does; return the status of the answer."""

    def send(
        body: object, *, secret: str = SECRET, at: int | None = None, signature: str | None = None
    ) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        made = sign(raw, secret, at) if signature is None else signature
        answer = requests.post(
            f"{served}/billing/webhooks/stripe",
            data=raw,
            headers={"Stripe-Signature": made.encode()} if made else {},
            timeout=30,
        )
        return answer.status_code

    return send


def event(payment: Payment | None, kind: str = "checkout.session.completed") -> dict[str, Any]:
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": kind,
        "livemode": False,
        "data": {
            "object": {
                "id": (payment and payment.checkout_id) or "cs_test_unknown",
                "metadata": {"pay": str(payment.id)} if payment else {},
            }
        },
    }


def events() -> list[ProcessorEvent]:
    read_again()
    return list(db.session.scalars(sa.select(ProcessorEvent)))


@pytest.fixture
def paid(till: Till, served: str, sandbox: Sandbox) -> Payment:
    """A payment that was paid at Stripe; nobody here knows."""
    sandbox.set_webhook(None)
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    return till.see(payment_id)


# Who may speak -----------------------------------------------------------------------------------


def test_a_signed_event_is_kept_and_worked_on(
    paid: Payment, till: Till, post: Callable[..., int]
) -> None:
    body = event(paid)

    assert post(body) == 204

    (kept,) = events()
    assert till.see(paid.id).state is PaymentState.PAID
    assert (kept.processor_id, kept.kind, kept.object_id, kept.payment_id) == (
        body["id"],
        "checkout.session.completed",
        paid.checkout_id,
        paid.id,
    )
    assert kept.handled_at is not None


def test_while_secrets_change_both_are_good(
    paid: Payment, till: Till, post: Callable[..., int]
) -> None:
    assert post(event(paid), secret=FORMER_SECRET) == 204
    assert till.see(paid.id).state is PaymentState.PAID


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "whsec_of_somebody_else"},
        {"at": int(time.time()) - 301},
        {"signature": ""},
        {"signature": "t=1,v1=0"},
        {"signature": "v1=nothing"},
        {"signature": "\u00e9t\u00e9"},
    ],
)
def test_what_is_forged_stale_or_unsigned_changes_nothing(
    paid: Payment, till: Till, post: Callable[..., int], how: dict[str, Any]
) -> None:
    assert post(event(paid), **how) == 400

    assert till.see(paid.id).state is PaymentState.OPEN
    assert events() == []


def test_a_body_that_was_changed_on_the_way_changes_nothing(
    paid: Payment, till: Till, post: Callable[..., int]
) -> None:
    signature = sign(json.dumps(event(None)).encode(), SECRET)

    assert post(event(paid), signature=signature) == 400
    assert till.see(paid.id).state is PaymentState.OPEN


def test_news_of_real_money_is_not_for_a_test_installation(
    paid: Payment, till: Till, post: Callable[..., int]
) -> None:
    assert post(event(paid) | {"livemode": True}) == 400
    assert (till.see(paid.id).state, events()) == (PaymentState.OPEN, [])


# What they may say -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (event(None, "customer.created"), 204),
        (event(None, "a.kind.of.the.future"), 204),
        (event(None), 204),
        ({"type": "balance.available", "data": {}}, 204),
        ([], 400),
        (b"", 400),
        (b"not json", 400),
        (b'{"type": "charge.refunded"}', 400),
        (b"[" * 100_000, 400),
        (b'{"id": "\xff\xfe"}', 400),
        (b" " * 2_000_000, 413),
    ],
)
def test_whatever_is_signed_is_answered_plainly(
    till: Till, post: Callable[..., int], body: Any, status: int
) -> None:
    assert post(body) == status
    assert events() == []


def test_only_a_post_is_answered(served: str) -> None:
    assert requests.get(f"{served}/billing/webhooks/stripe", timeout=30).status_code == 405


def test_an_event_that_comes_again_is_kept_once(
    paid: Payment, post: Callable[..., int], sandbox: Sandbox
) -> None:
    body = event(paid)

    assert [post(body) for _ in range(3)] == [204] * 3

    assert len(events()) == 1
    assert (mails(), receipts()) == (["receipt"], 1)


def test_news_in_any_order_and_number_ends_the_same(
    till: Till, served: str, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries()
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    charge_id = gateway().get_checkout(till.see(payment_id).checkout_id or "").charge_id
    sandbox.refund_in_dashboard(charge_id or "", 5_000)
    held = [delivery["id"] for delivery in sandbox.deliveries("held")]

    sandbox.release_deliveries([*reversed(held), *held])
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()

    payment = till.see(payment_id)
    assert (payment.state, payment.outcome) == (PaymentState.PAID, PaymentOutcome.CONFIRMED)
    assert queries.refunded_minor(payment.for_id) == 5_000
    assert mails() == ["payment-needs-attention", "receipt", "refunded"]
    assert receipts() == 1
    assert {delivery["last_status"] for delivery in sandbox.deliveries()} == {204}
    assert all(kept.handled_at is not None for kept in events())


def test_an_event_finds_its_own_practice(
    app: Flask, paid: Payment, till: Till, post: Callable[..., int], practice: Practice
) -> None:
    with app.app_context():
        other = factories.create_practice(slug="harbor")

    assert post(event(paid)) == 204

    assert len(events()) == 1
    with app.app_context(), practice_scope(other.id):
        assert events() == []


# When it does not work now -----------------------------------------------------------------------


def test_what_cannot_be_worked_on_now_is_left_to_the_worker(
    till: Till, served: str, sandbox: Sandbox, line: Line, later: Later
) -> None:
    payment_id = till.open()
    line.is_cut = True

    sandbox.pay(till.url(payment_id))
    sandbox.wait_for_deliveries()
    assert {delivery["last_status"] for delivery in sandbox.deliveries()} == {204}
    assert [kept.handled_at for kept in events()] == [None]

    line.is_cut = False
    later(seconds=40)
    jobs.run_due()
    assert till.see(payment_id).state is PaymentState.PAID
    assert all(kept.handled_at is not None for kept in events())


def test_an_effect_that_fails_leaves_the_event_unhandled(
    paid: Payment, till: Till, shelf: Shelf, post: Callable[..., int]
) -> None:
    def stumble(_: Payment) -> PaymentOutcome:
        raise RuntimeError("somebody above made a mistake")

    ports.paid.bind(stumble)
    assert post(event(paid)) == 204
    (kept,) = events()
    assert (till.see(paid.id).state, kept.handled_at) == (PaymentState.OPEN, None)

    ports.paid.bind(shelf.paid)
    inbox.handle(kept.id)
    assert till.see(paid.id).state is PaymentState.PAID
    assert [one.handled_at is not None for one in events()] == [True]


def test_an_event_that_was_worked_on_leaves_nothing_for_the_worker(
    paid: Payment, post: Callable[..., int], sandbox: Sandbox
) -> None:
    post(event(paid))
    (kept,) = events()
    before = len(sandbox.requests())

    inbox.handle(kept.id)

    assert sandbox.requests(since=before) == []
    job = db.session.scalars(sa.select(Job).where(Job.kind == "processor-event")).one()
    assert (job.subject_id, job.at - kept.received_at) == (kept.id, timedelta(seconds=30))


def test_a_payment_of_another_amount_is_not_confirmed_by_a_signed_event(
    till: Till, sandbox: Sandbox, served: str
) -> None:
    dear, cheap = till.open(), till.open(amount=Money(100, "USD"))
    sandbox.hold_deliveries()
    sandbox.pay(till.url(cheap))
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()

    assert till.see(dear).state is PaymentState.OPEN
    assert (till.see(cheap).state, till.see(dear).amount) == (PaymentState.PAID, PRICE)
