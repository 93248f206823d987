"""Giving money back: decided in a transaction, carried out after it, under its own key.

Refunds made in the processor's own dashboard appear here too. A refund never moves a session:
whether that still stands is another decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import accounts, queries
from practice.billing.gateway import NoAccess, Refused, gateway
from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import (
    PaymentMethod,
    PaymentOutcome,
    PaymentState,
    RefundState,
    SeenRefund,
    advance_refund,
    left_to_refund,
)
from practice.billing.service import attention, papers
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people import queries as people

KEYS_LIVE = timedelta(hours=23)
"""Stripe forgets a key after a day or more. An older try looks before it asks again."""

REFUSALS = {
    "charge_already_refunded": "it was given back already",
    "charge_disputed": "the cardholder's bank has disputed the payment",
}


class NothingToGiveBack(Conflict):
    """More was to be given back than is left of the payment."""


def decide(payment: Payment, amount: Money, reason: str, by: Actor) -> Refund:
    """Decide that ``amount`` of a payment goes back. Call inside ``transaction()``.

    A job asks the processor for it after the commit. What was taken at the visit is handed
    back there, so its refund is done with the decision.

    Raises:
        NothingToGiveBack: if it is more than is left, or the payment never came in.
        Invalid: for no amount, a negative one, or another currency.
    """
    payment = queries.lock_payment(payment.id)
    if amount.minor <= 0 or amount.currency != payment.amount.currency:
        raise Invalid("Enter an amount of more than zero.")
    left = left_of(payment)
    if amount.minor > left.minor:
        raise NothingToGiveBack(f"Only {left} of this payment is left to give back.")
    refund = Refund(
        payment_id=payment.id,
        amount=amount,
        state=RefundState.PENDING,
        reason=reason,
        created_at=clock.now(),
    )
    db.session.add(refund)
    db.session.flush()
    audit.record(
        "refund:decide", by=by, subject_id=refund.id, amount_minor=amount.minor, reason=reason
    )
    if payment.method is PaymentMethod.CARD_ONLINE:
        outbox.enqueue("refund", key=f"refund:{refund.id}", subject_id=refund.id)
    else:
        _move(payment, refund, RefundState.SUCCEEDED)
    return refund


def carry_out(refund_id: UUID) -> None:
    """Ask the processor for a refund that was decided. Call outside transactions.

    Asking again, at once or after a crash, gives the money back once.

    Raises:
        Unavailable: if the processor cannot be asked; the refund waits.
    """
    refund = queries.get_refund(refund_id)
    payment_id, is_old = refund.payment_id, clock.now() - refund.created_at > KEYS_LIVE
    if is_old:
        sync(payment_id)
        refund = queries.get_refund(refund_id)
    if refund.state is not RefundState.PENDING or refund.processor_id is not None:
        return
    try:
        payment = queries.get_payment(payment_id)
        seen = gateway(payment.account).create_refund(refund, payment)
    except NoAccess:
        why = "your Stripe account is not linked any more"
        in_transaction(lambda: _give_up(payment_id, refund_id, why))
    except Refused as refused:
        why = REFUSALS.get(refused.code or "", "it gave no reason that we know")
        sync(payment_id)
        in_transaction(lambda: _give_up(payment_id, refund_id, why))
    else:
        in_transaction(lambda: take_stock(queries.lock_payment(payment_id), [seen]))


def sync(payment_id: UUID) -> None:
    """Read every refund of a payment from the processor. Call outside transactions."""
    payment = queries.get_payment(payment_id)
    intent_id, account = payment.intent_id, payment.account
    if intent_id is not None:
        seen = gateway(account).list_refunds(intent_id)
        in_transaction(lambda: take_stock(queries.lock_payment(payment_id), seen))


def take_stock(payment: Payment, seen: Iterable[SeenRefund]) -> None:
    """Write down what the processor says of a payment's refunds.

    Call inside ``transaction()``, with the payment locked. Ours are known by our id, all others
    by theirs; one that nobody here decided is written down and shown to a person.
    """
    refunds = queries.refunds_of(payment.id)
    by_theirs = {refund.processor_id: refund for refund in refunds}
    by_ours = {refund.id: refund for refund in refunds}
    for one in seen:
        refund = by_theirs.get(one.id) or (by_ours.get(one.refund_id) if one.refund_id else None)
        if refund is None:
            refund = _made_elsewhere(payment, one)
        refund.processor_id = one.id
        _move(payment, refund, one.state)


def left_of(payment: Payment) -> Money:
    """Return what of a payment neither went back nor is to go back."""
    if payment.state is not PaymentState.PAID:
        return Money(0, payment.amount.currency)
    refunds = queries.refunds_of(payment.id)
    return left_to_refund(payment.amount, ((one.state, one.amount) for one in refunds))


def left_for(payment: Payment) -> Money:
    """Return what of that stands for what was paid for, and for nothing else by now.

    What became credit for anything, or settled something else, stays there.
    """
    if payment.state is not PaymentState.PAID:
        return Money(0, payment.amount.currency)
    return Money(max(0, accounts.kept_of(payment.id)), payment.amount.currency)


def give_back_over(payment: Payment, needed_minor: int) -> None:
    """Decide that what a payment brought beyond ``needed_minor`` goes back, if it is too much."""
    if (over := payment.amount.minor - needed_minor) > 0:
        back = Money(over, payment.amount.currency)
        decide(payment, back, reason=PaymentOutcome.DUPLICATE.value, by=PROGRAM)


def _made_elsewhere(payment: Payment, seen: SeenRefund) -> Refund:
    refund = Refund(
        payment_id=payment.id,
        amount=seen.amount,
        state=RefundState.PENDING,
        reason="made at the processor",
        processor_id=seen.id,
        created_at=seen.made_at,
    )
    db.session.add(refund)
    db.session.flush()
    audit.record("refund:find", by=PROGRAM, subject_id=refund.id, amount_minor=seen.amount.minor)
    attention.call_for(
        "refund-elsewhere",
        payment,
        key=f"refund-elsewhere:{refund.processor_id}",
        what=f"A refund of {seen.amount} was made at the processor. Does the session still stand?",
    )
    return refund


def _move(payment: Payment, refund: Refund, wanted: RefundState) -> None:
    state = advance_refund(refund.state, wanted)
    if state is refund.state:
        return
    refund.state = state
    refund.settled_at = clock.now()
    audit.record(f"refund:{state}", by=PROGRAM, subject_id=refund.id)
    if state is RefundState.SUCCEEDED:
        books.give_back(refund, payment)
        outbox.post(
            "refunded",
            key=f"refunded:{refund.id}",
            to=people.get_client(payment.client_id).email,
            about_id=refund.id,
            client_id=payment.client_id,
        )
    else:
        books.undo_give_back(refund)
        papers.settle_waiting(payment)
        _tell_of_failure(payment, refund, "the bank sent the money back")


def _give_up(payment_id: UUID, refund_id: UUID, why: str) -> None:
    payment = queries.lock_payment(payment_id)
    refund = queries.get_refund(refund_id)
    if refund.state is RefundState.PENDING and refund.processor_id is None:
        refund.state = RefundState.FAILED
        refund.settled_at = clock.now()
        audit.record("refund:failed", by=PROGRAM, subject_id=refund.id)
        _tell_of_failure(payment, refund, why)


def _tell_of_failure(payment: Payment, refund: Refund, why: str) -> None:
    attention.call_for(
        "refund-failed",
        payment,
        key=f"refund-failed:{refund.id}",
        what=f"A refund of {refund.amount} did not go through: {why}. Give it back another way.",
    )
