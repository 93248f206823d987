"""What clients have paid and what they owe, for pages that show many things at once.

Every function is one statement, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.billing.archive import OPEN_MINOR
from practice.billing.models import Invoice, Payment, Receipt, Refund
from practice.billing.rules.payments import PaymentState, RefundState
from practice.core.db import db
from practice.core.money import Money

_GIVEN_BACK = (
    sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_minor), 0))
    .where(
        Refund.practice_id == Payment.practice_id,
        Refund.payment_id == Payment.id,
        Refund.state != RefundState.FAILED,
    )
    .correlate(Payment)
    .scalar_subquery()
)
"""What goes back or went back of a payment, in cents."""


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment with its receipt, and what of it was given back."""

    payment: Payment
    receipt_id: UUID | None
    receipt_number: str | None
    given_back: Money


def payments_of(client_id: UUID) -> list[Paid]:
    """Return every payment of a client, newest first, whatever became of it."""
    return _payments(Payment.client_id == client_id)


def payments_for(for_id: UUID) -> list[Paid]:
    """Return every payment for one thing, newest first, whatever became of it."""
    return _payments(Payment.for_id == for_id)


def kept_minor(for_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return what was paid for each of some things and not given back, in cents.

    Things that nobody paid for are left out.
    """
    rows = db.session.execute(
        sa.select(Payment.for_id, sa.func.sum(Payment.amount_minor - _GIVEN_BACK))
        .where(Payment.for_id.in_(for_ids), Payment.state == PaymentState.PAID)
        .group_by(Payment.for_id)
    )
    return {for_id: int(minor) for for_id, minor in rows}


def open_minor(client_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return what some clients owe on invoices, in cents. Who never had one is left out."""
    rows = db.session.execute(
        sa.select(Invoice.client_id, sa.func.sum(OPEN_MINOR))
        .where(Invoice.client_id.in_(client_ids))
        .group_by(Invoice.client_id)
    )
    return {client_id: int(minor) for client_id, minor in rows}


def _payments(which: sa.ColumnElement[bool]) -> list[Paid]:
    rows = db.session.execute(
        sa.select(Payment, Receipt.id, Receipt.number, _GIVEN_BACK)
        .outerjoin(
            Receipt,
            sa.and_(Receipt.practice_id == Payment.practice_id, Receipt.payment_id == Payment.id),
        )
        .where(which)
        .order_by(Payment.created_at.desc(), Payment.id)
    )
    return [
        Paid(payment, receipt_id, number, Money(int(minor), payment.amount.currency))
        for payment, receipt_id, number, minor in rows
    ]
