"""Reading fees for sessions that did not take place as booked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.billing import ledger
from practice.billing.fee_models import Fee
from practice.billing.models import Payment
from practice.billing.rules.fees import FeeState
from practice.billing.rules.payments import Label, PaymentState
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.money import Money


@dataclass(frozen=True, slots=True)
class DueFee:
    """A fee that has its invoice, and what is still open of it."""

    fee: Fee
    open: Money


def fees_of(for_id: UUID) -> Sequence[Fee]:
    """Return every fee for one session but those that were undone, newest first."""
    return db.session.scalars(
        sa.select(Fee)
        .where(Fee.for_id == for_id, Fee.state != FeeState.WITHDRAWN)
        .order_by(Fee.decided_at.desc(), Fee.id)
    ).all()


def fee_of_change(for_id: UUID, change: int) -> Fee | None:
    """Return the fee for one change of a session, if it cost one and was not undone."""
    return db.session.scalar(
        sa.select(Fee).where(
            Fee.for_id == for_id, Fee.change == change, Fee.state != FeeState.WITHDRAWN
        )
    )


def paid_ahead_minor(settles_id: UUID) -> int:
    """Return the cents that came in for something, but for those that paid its fee."""
    total = db.session.scalar(
        sa.select(sa.func.sum(Payment.amount_minor)).where(
            Payment.for_id == settles_id,
            Payment.state == PaymentState.PAID,
            Payment.label != Label.CANCELLATION,
        )
    )
    return int(total or 0)


def due_for(for_ids: Collection[UUID]) -> list[Fee]:
    """Return the fees for some sessions that have fallen due, newest first."""
    return _in_state(for_ids, FeeState.DUE)


def waiting_units(for_ids: Collection[UUID]) -> list[Fee]:
    """Return what makes some sessions count as used, and can still be undone."""
    return [each for each in _in_state(for_ids, FeeState.WAITING) if each.takes_unit]


def _in_state(for_ids: Collection[UUID], state: FeeState) -> list[Fee]:
    if not for_ids:
        return []
    return list(
        db.session.scalars(
            sa.select(Fee)
            .where(Fee.for_id.in_(for_ids), Fee.state == state)
            .order_by(Fee.decided_at.desc(), Fee.id)
        )
    )


def get_fee(fee_id: UUID) -> Fee:
    """Return a fee, or raise ``NotFound``."""
    fee = db.session.scalar(sa.select(Fee).where(Fee.id == fee_id))
    if fee is None:
        raise NotFound("There is no such fee.")
    return fee


def lock_fee(fee_id: UUID) -> Fee:
    """Return a fee as it is now, kept still until the transaction ends."""
    fee = db.session.scalar(sa.select(Fee).where(Fee.id == fee_id).with_for_update())
    if fee is None:
        raise NotFound("There is no such fee.")
    return fee


def settled_by(settles_id: UUID) -> Fee | None:
    """Return the fee that payments for ``settles_id`` pay, locked."""
    return db.session.scalar(
        sa.select(Fee)
        .where(Fee.settles_id == settles_id, Fee.state.in_([FeeState.DUE, FeeState.WAIVED]))
        .order_by(Fee.decided_at.desc())
        .limit(1)
        .with_for_update()
    )


def due_of(client_id: UUID) -> list[DueFee]:
    """Return a client's fees of which something is open, newest first."""
    found = db.session.scalars(
        sa.select(Fee)
        .where(Fee.client_id == client_id, Fee.state == FeeState.DUE)
        .order_by(Fee.decided_at.desc(), Fee.id)
    )
    return [DueFee(each, left) for each in found if (left := open_of(each))]


def open_of(fee: Fee) -> Money:
    """Return what is still to pay of a fee: nothing before it falls due, or once it is waived."""
    if fee.state is not FeeState.DUE or fee.invoice_id is None:
        return Money(0, fee.currency)
    return Money(ledger.open_minor(fee.invoice_id), fee.currency)
