"""What clients have paid and what they owe, for pages that show many things at once.

Every function is one statement, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing.models import (
    Invoice,
    LedgerEntry,
    OpeningBalance,
    Payment,
    Receipt,
    Refund,
)
from practice.billing.rules.fees import SOLD
from practice.billing.rules.fees import SOURCE as FEE
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

_OF_INVOICE = sa.and_(
    Invoice.practice_id == LedgerEntry.practice_id, Invoice.id == LedgerEntry.invoice_id
)


def _of_payment(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    """Sum what the books say of a payment, in cents: positive where it stands for something."""
    return (
        sa.select(-sa.func.coalesce(sa.func.sum(LedgerEntry.minor), 0))
        .join(Invoice, _OF_INVOICE, isouter=True)
        .where(
            LedgerEntry.practice_id == Payment.practice_id,
            LedgerEntry.payment_id == Payment.id,
            *conditions,
        )
        .correlate(Payment)
        .scalar_subquery()
    )


_PARTS: tuple[sa.ColumnElement[int], ...] = (
    Payment.amount_minor.expression - _GIVEN_BACK,
    sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_minor), 0))
    .where(
        Refund.practice_id == Payment.practice_id,
        Refund.payment_id == Payment.id,
        Refund.state == RefundState.PENDING,
    )
    .correlate(Payment)
    .scalar_subquery(),
    _of_payment(LedgerEntry.account == Account.CLIENT_CREDIT, LedgerEntry.for_id == Payment.for_id),
    _of_payment(
        LedgerEntry.account.in_([Account.CLIENT_CREDIT, Account.RECEIVABLE]),
        sa.func.coalesce(Invoice.for_id, LedgerEntry.for_id).is_distinct_from(Payment.for_id),
    ),
)
"""Of a payment: what did not go back, is to go, waits for what it was for, and is elsewhere."""

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
    """Return what counts as paid for each of some things, in cents.

    Counted are the payments for it, without what was given back, or stands in the books for
    something else; what other payments of its client settle of its invoices; and what was taken
    back of these, for it is not to be paid any more. Things without any of it are left out.
    """
    kept: dict[UUID, int] = {}
    paid_for = sa.select(Payment.for_id, *_PARTS).where(
        Payment.for_id.in_(for_ids), Payment.state == PaymentState.PAID
    )
    both: sa.CompoundSelect[Any] = sa.union_all(paid_for, _settled_otherwise(for_ids))
    for for_id, *parts in db.session.execute(both):
        kept[for_id] = kept.get(for_id, 0) + _kept(*map(int, parts))
    return kept


def kept_of(payment_id: UUID) -> int:
    """Return what of a payment that came in counts for what it was paid for, in cents."""
    parts = db.session.execute(sa.select(*_PARTS).where(Payment.id == payment_id)).one()
    return _kept(*map(int, parts))


def _kept(left: int, pending: int, waiting: int, elsewhere: int) -> int:
    """Return what of a payment is kept for what it was paid for.

    What is on its way back is in the books until it is there, and is taken first from what
    ``waiting`` for it nothing has used.
    """
    return left - max(0, elsewhere - max(0, pending - waiting))


def _settled_otherwise(for_ids: Collection[UUID]) -> sa.Select[*tuple[Any, ...]]:
    """Select, by what it was for, what of an invoice others' money settled or was taken back."""
    is_delivered = sa.not_(
        sa.or_(Invoice.source_key.startswith(FEE), Invoice.source_key.startswith(SOLD))
    )
    taken_back = sa.and_(LedgerEntry.payment_id.is_(None), LedgerEntry.minor < 0, is_delivered)
    return (
        sa.select(Invoice.for_id, -sa.func.sum(LedgerEntry.minor), *([sa.literal(0)] * 3))
        .select_from(LedgerEntry)
        .join(Invoice, _OF_INVOICE)
        .join(
            Payment,
            sa.and_(
                Payment.practice_id == LedgerEntry.practice_id,
                Payment.id == LedgerEntry.payment_id,
            ),
            isouter=True,
        )
        .where(
            Invoice.for_id.in_(for_ids),
            LedgerEntry.account == Account.RECEIVABLE,
            sa.or_(Payment.for_id != Invoice.for_id, taken_back),
        )
        .group_by(Invoice.for_id)
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """A balance that a client brought along, and what is still open of it."""

    id: UUID
    client_id: UUID
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
        Opening(
            each.id,
            each.client_id,
            each.number,
            each.dated_on,
            each.amount,
            Money(int(minor), each.currency),
        )
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
