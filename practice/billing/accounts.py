"""What clients have paid and what they owe, for pages that show many things at once.

Every function is one statement, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.billing.models import LedgerEntry, OpeningBalance, Payment, Receipt, Refund
from practice.billing.rules.ledger import Account
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

OPENING_MINOR = (
    sa.select(sa.cast(sa.func.coalesce(sa.func.sum(LedgerEntry.minor), 0), sa.BigInteger))
    .where(
        LedgerEntry.practice_id == OpeningBalance.practice_id,
        LedgerEntry.for_id == OpeningBalance.id,
        LedgerEntry.account == Account.RECEIVABLE,
    )
    .correlate(OpeningBalance)
    .scalar_subquery()
)
"""What is still open of a balance that was brought along, in cents."""


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


@dataclass(frozen=True, slots=True)
class Opening:
    """A balance that a client brought along, and what is still open of it."""

    id: UUID
    number: str
    dated_on: date
    amount: Money
    open: Money


def openings_of(client_ids: Collection[UUID]) -> list[Opening]:
    """Return the balances that some clients brought along, newest first."""
    rows = db.session.execute(
        sa.select(OpeningBalance, OPENING_MINOR)
        .where(OpeningBalance.client_id.in_(client_ids))
        .order_by(OpeningBalance.dated_on.desc(), OpeningBalance.number)
    )
    return [
        Opening(each.id, each.number, each.dated_on, each.amount, Money(int(minor), each.currency))
        for each, minor in rows
    ]


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
