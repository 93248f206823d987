"""Reading payments and refunds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from practice.billing.models import (
    Payment,
    ProcessorCustomer,
    ProcessorEvent,
    Reconciliation,
    Refund,
)
from practice.billing.rules.payments import (
    LIVE,
    PaymentMethod,
    PaymentState,
    RefundState,
)
from practice.core.db import db
from practice.core.errors import NotFound
from practice.people.models import Client

T = TypeVar("T")


def get_payment(payment_id: UUID) -> Payment:
    """Return a payment of this practice, or raise ``NotFound``."""
    return _one(sa.select(Payment).where(Payment.id == payment_id))


def find_payment(payment_id: UUID) -> Payment | None:
    """Return a payment of this practice, if there is one."""
    return db.session.scalars(sa.select(Payment).where(Payment.id == payment_id)).one_or_none()


def payments_among(ids: Collection[UUID]) -> set[UUID]:
    """Return those of some ids that are payments of this practice."""
    if not ids:
        return set()
    return set(db.session.scalars(sa.select(Payment.id).where(Payment.id.in_(ids))))


def lock_payment(payment_id: UUID) -> Payment:
    """Return a payment as it is now, kept still until the transaction ends.

    Whatever changes a payment or its refunds comes through here first.
    """
    return _one(sa.select(Payment).where(Payment.id == payment_id).with_for_update())


def take_turns_on_client(client_id: UUID) -> None:
    """Wait for others who move this client's money. After payments are locked, before the rest."""
    db.session.execute(
        sa.select(Client.id).where(Client.id == client_id).with_for_update(key_share=True)
    )


def payments_for(for_id: UUID) -> Sequence[Payment]:
    """Return every payment for one thing, oldest first, whatever became of it."""
    return db.session.scalars(
        sa.select(Payment).where(Payment.for_id == for_id).order_by(Payment.created_at, Payment.id)
    ).all()


def find_live(for_id: UUID) -> Payment | None:
    """Return the newest payment for one thing from which money may still come."""
    return db.session.scalars(
        sa.select(Payment)
        .where(Payment.for_id == for_id, Payment.state.in_(LIVE))
        .order_by(Payment.created_at.desc(), Payment.id)
        .limit(1)
    ).one_or_none()


def paid_minor(for_id: UUID) -> int:
    """Return how much has come in for one thing, in minor units, refunds not taken off."""
    return sum(
        payment.amount.minor
        for payment in payments_for(for_id)
        if payment.state is PaymentState.PAID
    )


def refunded_minor(for_id: UUID) -> int:
    """Return how much goes back or went back for one thing, in minor units."""
    given_back = db.session.scalars(
        sa.select(Refund)
        .join(Payment, Refund.payment_id == Payment.id)
        .where(Payment.for_id == for_id, Refund.state != RefundState.FAILED)
    )
    return sum(refund.amount.minor for refund in given_back)


def get_refund(refund_id: UUID) -> Refund:
    """Return a refund of this practice, or raise ``NotFound``."""
    return _one(sa.select(Refund).where(Refund.id == refund_id))


def refunds_of(payment_id: UUID) -> Sequence[Refund]:
    """Return the refunds of a payment, oldest first, failed ones included."""
    return db.session.scalars(
        sa.select(Refund)
        .where(Refund.payment_id == payment_id)
        .order_by(Refund.created_at, Refund.id)
    ).all()


def pending_refunds() -> Sequence[Refund]:
    """Return the refunds of which the end is not known, oldest first."""
    return db.session.scalars(
        sa.select(Refund)
        .where(Refund.state == RefundState.PENDING)
        .order_by(Refund.created_at, Refund.id)
    ).all()


def live_online_payments() -> Sequence[UUID]:
    """Return the ids of the online payments from which money may still come, oldest first."""
    return db.session.scalars(
        sa.select(Payment.id)
        .where(Payment.state.in_(LIVE), Payment.method == PaymentMethod.CARD_ONLINE)
        .order_by(Payment.created_at, Payment.id)
    ).all()


def find_customer(client_id: UUID, account: str) -> str | None:
    """Return the processor's id for a client in an account, if it knows them there."""
    return db.session.scalar(
        sa.select(ProcessorCustomer.processor_id).where(
            ProcessorCustomer.client_id == client_id, ProcessorCustomer.account == account
        )
    )


def get_event(event_id: UUID) -> ProcessorEvent:
    """Return an event that was kept, or raise ``NotFound``."""
    return _one(sa.select(ProcessorEvent).where(ProcessorEvent.id == event_id))


def get_event_by(account: str, processor_id: str) -> ProcessorEvent:
    """Return the kept event that the processor calls so, or raise ``NotFound``."""
    return _one(_event(account, processor_id))


def is_handled(account: str, processor_id: str) -> bool:
    """Say whether the event that the processor calls so came here and was worked on."""
    found = db.session.scalars(_event(account, processor_id)).one_or_none()
    return found is not None and found.handled_at is not None


def _event(account: str, processor_id: str) -> sa.Select[ProcessorEvent]:
    return sa.select(ProcessorEvent).where(
        ProcessorEvent.account == account, ProcessorEvent.processor_id == processor_id
    )


def reconciled_until() -> datetime | None:
    """Return the instant up to which this practice was compared with the processor."""
    return db.session.scalar(sa.select(sa.func.max(Reconciliation.until_at)))


def _one(statement: sa.Select[T]) -> T:
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("There is nothing at this address.")
    return found
