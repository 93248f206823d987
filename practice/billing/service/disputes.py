"""Payments that a cardholder's bank takes back: written down, shown, and answered by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import PROGRAM
from practice.billing import book_gateway, books, queries
from practice.billing.book_models import Dispute
from practice.billing.models import Payment
from practice.billing.rules.books import (
    TAKES_MONEY,
    WANTS_ANSWER,
    DisputeState,
    SeenDispute,
    advance_dispute,
)
from practice.billing.rules.ledger import dispute_lost, dispute_won, disputed
from practice.billing.service import attention, ledger
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.outbox import service as outbox
from practice.people import doors
from practice.people.rules import DoorKind

ANSWERED_BEFORE = timedelta(days=2)
"""How long before the bank's last moment staff are asked to have answered."""

TASK = "dispute"
ENDS = {
    DisputeState.WON: "The bank decided for you: a disputed payment of {amount} is yours again.",
    DisputeState.LOST: "The bank decided against you: a disputed payment of {amount} is lost.",
}


def sync(dispute_id: str, account: str, *, event_id: UUID | None = None) -> Dispute | None:
    """Read a dispute from the processor, then move our row to it.

    Call outside transactions, as often as you like. ``None``: it is over a payment that is not
    ours, or that we do not know to be paid yet.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    seen = book_gateway.get_dispute(dispute_id, account)
    return in_transaction(lambda: _settle(seen, account, event_id))


def _settle(seen: SeenDispute, account: str, event_id: UUID | None) -> Dispute | None:
    if event_id is not None:
        queries.get_event(event_id).handled_at = clock.now()
    payment = books.payment_by_charge(account, seen.charge_id)
    if payment is None:
        return None
    queries.lock_payment(payment.id)
    dispute = books.dispute_by(account, seen.id)
    if dispute is None:
        dispute = _open(payment, seen)
    elif (state := advance_dispute(dispute.state, seen.state)) is not dispute.state:
        dispute.state = state
        _tell(payment, dispute)
    dispute.due_at = seen.due_at
    db.session.flush()
    return dispute


def _open(payment: Payment, seen: SeenDispute) -> Dispute:
    dispute = Dispute(
        payment_id=payment.id,
        account=payment.account,
        processor_id=seen.id,
        state=seen.state,
        reason=seen.reason[:60],
        amount=seen.amount,
        opened_at=seen.opened_at,
        due_at=seen.due_at,
    )
    db.session.add(dispute)
    db.session.flush()
    doors.cut(DoorKind.PROCESSOR, seen.id, payment.id)
    _tell(payment, dispute)
    return dispute


def post(dispute: Dispute) -> None:
    """Write into the ledger where the money of a dispute is. Call inside ``transaction()``."""
    payment_id, minor = dispute.payment_id, dispute.amount.minor
    if dispute.state in TAKES_MONEY:
        ledger.post(f"dispute:{dispute.id}:opened", disputed(payment_id, minor))
    if dispute.state is DisputeState.WON:
        ledger.post(f"dispute:{dispute.id}:won", dispute_won(payment_id, minor))
    if dispute.state is DisputeState.LOST:
        ledger.post(f"dispute:{dispute.id}:lost", dispute_lost(payment_id, minor))


def _tell(payment: Payment, dispute: Dispute) -> None:
    """Write down what became of a dispute, and ask for what has to be done about it."""
    audit.record(
        f"dispute:{dispute.state}",
        by=PROGRAM,
        subject_id=dispute.id,
        amount_minor=dispute.amount.minor,
    )
    key = f"{TASK}:{dispute.id}"
    post(dispute)
    if dispute.state in WANTS_ANSWER:
        due_at = (dispute.due_at or clock.now()) - ANSWERED_BEFORE
        what = (
            f"A cardholder’s bank disputes a payment of {dispute.amount}."
            if dispute.state is DisputeState.NEEDS_ANSWER
            else f"A cardholder’s bank asks about a payment of {dispute.amount}."
        )
        attention.call_for(
            TASK,
            payment,
            key=f"{key}:{dispute.state}",
            what=f"{what} Download the evidence and answer in Stripe.",
            due_at=max(due_at, clock.now()),
        )
        return
    for state in WANTS_ANSWER:
        outbox.withdraw(f"{key}:{state}")
    if dispute.state in ENDS:
        dispute.decided_at = clock.now()
        attention.call_for(
            TASK,
            payment,
            key=f"{key}:{dispute.state}",
            what=ENDS[dispute.state].format(amount=dispute.amount),
        )
    elif dispute.state is DisputeState.ASKED_CLOSED:
        dispute.decided_at = clock.now()
