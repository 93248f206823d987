"""Reading the processor's books as we keep them: disputes, payouts and moves of the balance."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from practice.billing.book_models import Dispute, Payout, ProcessorMove
from practice.billing.models import LedgerEntry, Payment, Refund
from practice.billing.rules.books import (
    TAKES_MONEY,
    Move,
    Ours,
    PayoutState,
    Source,
)
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentMethod, PaymentState, RefundState
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.money import Money
from practice.people.models import Client

PAGE = 50


# Disputes ----------------------------------------------------------------------------------------


def get_dispute(dispute_id: UUID) -> Dispute:
    """Return a dispute of this practice, or raise ``NotFound``."""
    found = db.session.scalar(sa.select(Dispute).where(Dispute.id == dispute_id))
    if found is None:
        raise NotFound("There is no such dispute.")
    return found


def dispute_by(account: str, processor_id: str) -> Dispute | None:
    """Return the dispute that the processor calls so, locked, if we have it."""
    return db.session.scalar(
        sa.select(Dispute)
        .where(Dispute.account == account, Dispute.processor_id == processor_id)
        .with_for_update()
    )


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute with the payment and the client that it is about."""

    dispute: Dispute
    payment: Payment
    client: Client


def disputes(*, page: int = 1) -> list[Disputed]:
    """Return a page of the disputes, newest first, and one more where there are more."""
    rows = db.session.execute(
        _DISPUTED.order_by(Dispute.opened_at.desc(), Dispute.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    return [Disputed(*row) for row in rows]


def get_disputed(dispute_id: UUID) -> Disputed:
    """Return a dispute with what it is about, or raise ``NotFound``."""
    row = db.session.execute(_DISPUTED.where(Dispute.id == dispute_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such dispute.")
    return Disputed(*row)


_DISPUTED = (
    sa.select(Dispute, Payment, Client)
    .join(
        Payment,
        sa.and_(Payment.practice_id == Dispute.practice_id, Payment.id == Dispute.payment_id),
    )
    .join(
        Client, sa.and_(Client.practice_id == Payment.practice_id, Client.id == Payment.client_id)
    )
)


def payment_by_charge(account: str, charge_id: str) -> Payment | None:
    """Return the payment that a charge brought, if it is one of ours."""
    return db.session.scalar(
        sa.select(Payment).where(Payment.account == account, Payment.charge_id == charge_id)
    )


# Payouts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A payout with what is in it: how many charges, over how much, and the fees kept."""

    payout: Payout
    charges: int
    charged: Money
    refunded: Money
    fees: Money


def get_payout(payout_id: UUID) -> Payout:
    """Return a payout of this practice, or raise ``NotFound``."""
    found = db.session.scalar(sa.select(Payout).where(Payout.id == payout_id))
    if found is None:
        raise NotFound("There is no such payout.")
    return found


def payout_by(account: str, processor_id: str) -> Payout | None:
    """Return the payout that the processor calls so, locked, if we have it."""
    return db.session.scalar(
        sa.select(Payout)
        .where(Payout.account == account, Payout.processor_id == processor_id)
        .with_for_update()
    )


def payouts(
    *, first_on: date | None = None, last_on: date | None = None, page: int | None = None
) -> list[PaidOut]:
    """Return payouts by the day on which they arrive, newest first; one page, or all of them.

    A page may have one more than ``PAGE``: then there is another one.
    """
    asked = _PAID_OUT.order_by(Payout.arrives_on.desc(), Payout.id)
    if first_on is not None:
        asked = asked.where(Payout.arrives_on >= first_on)
    if last_on is not None:
        asked = asked.where(Payout.arrives_on <= last_on)
    if page is not None:
        asked = asked.offset((page - 1) * PAGE).limit(PAGE + 1)
    return [_paid_out(*row) for row in db.session.execute(asked)]


def paid_out(payout_ids: Collection[UUID]) -> dict[UUID, PaidOut]:
    """Return some payouts with what is in them, by their ids."""
    rows = db.session.execute(_PAID_OUT.where(Payout.id.in_(payout_ids)))
    return {row[0].id: _paid_out(*row) for row in rows}


def get_paid_out(payout_id: UUID) -> PaidOut:
    """Return a payout with what is in it, or raise ``NotFound``."""
    row = db.session.execute(_PAID_OUT.where(Payout.id == payout_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such payout.")
    return _paid_out(*row)


def _sum(what: sa.ColumnElement[int], *kinds: str) -> sa.ScalarSelect[int]:
    asked = sa.select(sa.func.coalesce(sa.func.sum(what), 0)).where(
        ProcessorMove.practice_id == Payout.practice_id, ProcessorMove.payout_id == Payout.id
    )
    if kinds:
        asked = asked.where(ProcessorMove.kind.in_(kinds))
    return asked.correlate(Payout).scalar_subquery()


_PAID_OUT = sa.select(
    Payout,
    _sum(sa.literal(1), "charge", "payment"),
    _sum(ProcessorMove.amount_minor.expression, "charge", "payment"),
    _sum(ProcessorMove.amount_minor.expression, "refund", "payment_refund"),
    _sum(ProcessorMove.fee_minor.expression)
    - _sum(ProcessorMove.amount_minor.expression, "stripe_fee"),
)


def _paid_out(payout: Payout, charges: int, charged: int, refunded: int, fees: int) -> PaidOut:
    return PaidOut(
        payout,
        charges,
        *(Money(minor, payout.currency) for minor in (charged, refunded, fees)),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A move of the balance, and the payment and client behind it where there are some."""

    move: ProcessorMove
    client: Client | None

    @property
    def net(self) -> Money:
        return Money(self.move.amount_minor - self.move.fee_minor, self.move.currency)

    @property
    def amount(self) -> Money:
        return Money(self.move.amount_minor, self.move.currency)

    @property
    def fee(self) -> Money:
        return Money(self.move.fee_minor, self.move.currency)


def lines_of(payout_id: UUID) -> list[Line]:
    """Return what is in a payout, oldest first; its own line is left out."""
    rows = db.session.execute(
        sa.select(ProcessorMove, Client)
        .join(
            Payment,
            sa.and_(
                Payment.practice_id == ProcessorMove.practice_id,
                Payment.id == ProcessorMove.payment_id,
            ),
            isouter=True,
        )
        .join(
            Client,
            sa.and_(Client.practice_id == Payment.practice_id, Client.id == Payment.client_id),
            isouter=True,
        )
        .where(ProcessorMove.payout_id == payout_id, ProcessorMove.kind != "payout")
        .order_by(ProcessorMove.made_at, ProcessorMove.processor_id)
    )
    return [Line(*row) for row in rows]


# Comparing ---------------------------------------------------------------------------------------


def moves_between(account: str, first_at: datetime, last_at: datetime) -> Sequence[Move]:
    """Return the lines of the processor's books that we keep, as it told them."""
    rows = db.session.scalars(
        sa.select(ProcessorMove).where(
            ProcessorMove.account == account, ProcessorMove.made_at.between(first_at, last_at)
        )
    )
    return [as_told(row) for row in rows]


def as_told(row: ProcessorMove) -> Move:
    """Return a line as the processor told it."""
    return Move(
        id=row.processor_id,
        kind=row.kind,
        category=row.category,
        amount_minor=row.amount_minor,
        fee_minor=row.fee_minor,
        currency=row.currency,
        source_id=row.source_id,
        made_at=row.made_at,
    )


def lines_by_payout(
    account: str, first_at: datetime
) -> tuple[Mapping[str, Money], Mapping[str, list[Move]]]:
    """Return the payouts made since, by the processor's ids: their amounts, and their lines."""
    amounts: dict[str, Money] = {}
    lines: dict[str, list[Move]] = {}
    for payout, row in db.session.execute(
        sa.select(Payout, ProcessorMove)
        .join(
            ProcessorMove,
            sa.and_(
                ProcessorMove.practice_id == Payout.practice_id,
                ProcessorMove.payout_id == Payout.id,
            ),
        )
        .where(
            Payout.account == account,
            Payout.made_at >= first_at,
            Payout.state != PayoutState.FAILED,
        )
    ):
        amounts[payout.processor_id] = payout.amount
        lines.setdefault(payout.processor_id, []).append(as_told(row))
    return amounts, lines


def has_moves(account: str) -> bool:
    """Say whether any of the processor's books of an account are kept."""
    return (
        db.session.scalar(
            sa.select(sa.exists().where(ProcessorMove.account == account)).select_from(
                ProcessorMove
            )
        )
        or False
    )


def first_paid_at(account: str) -> datetime | None:
    """Return when the first card payment came into an account."""
    return db.session.scalar(
        sa.select(sa.func.min(Payment.paid_at)).where(
            Payment.account == account, Payment.charge_id.is_not(None)
        )
    )


def left_of_payments(
    account: str, first_at: datetime, last_at: datetime
) -> tuple[Mapping[UUID, int], Mapping[UUID, int]]:
    """Return what is left of payments at the processor, by its books and by the ledger, in cents.

    Those that moved between two instants, and of which nothing is on its way.
    """
    on_its_way = sa.select(Refund.payment_id).where(Refund.state == RefundState.PENDING)
    net = sa.func.sum(ProcessorMove.amount_minor - ProcessorMove.fee_minor)
    theirs = db.session.execute(
        sa.select(ProcessorMove.payment_id, net)
        .where(
            ProcessorMove.account == account,
            ProcessorMove.payment_id.is_not(None),
            ProcessorMove.payment_id.not_in(on_its_way),
        )
        .group_by(ProcessorMove.payment_id)
        .having(sa.func.max(ProcessorMove.made_at).between(first_at, last_at))
    )
    found = {payment_id: int(minor) for payment_id, minor in theirs if payment_id}
    here = db.session.execute(
        sa.select(LedgerEntry.payment_id, sa.func.sum(LedgerEntry.minor))
        .where(
            LedgerEntry.account == Account.CLEARING,
            LedgerEntry.payment_id.in_(found),
        )
        .group_by(LedgerEntry.payment_id)
    )
    return found, {payment_id: int(minor) for payment_id, minor in here if payment_id}


def ours(account: str, sources: Collection[str], first_at: datetime) -> Mapping[str, Ours]:
    """Return what our rows say of things at the processor, by its ids.

    Those are the ``sources``, and whatever else has moved money since ``first_at``.
    """
    found: dict[str, Ours] = {}
    for charge_id, amount, paid_at in db.session.execute(
        sa.select(Payment.charge_id, Payment.amount_minor, Payment.paid_at).where(
            Payment.account == account,
            Payment.method == PaymentMethod.CARD_ONLINE,
            Payment.state == PaymentState.PAID,
            Payment.charge_id.is_not(None),
            sa.or_(Payment.charge_id.in_(sources), Payment.paid_at >= first_at),
        )
    ):
        if charge_id and paid_at:
            found[charge_id] = Ours(Source.PAYMENT, amount, is_settled=True, since=paid_at)
    for refund_id, amount, state, settled_at, made_at in db.session.execute(
        sa.select(
            Refund.processor_id,
            Refund.amount_minor,
            Refund.state,
            Refund.settled_at,
            Refund.created_at,
        )
        .join(
            Payment,
            sa.and_(Payment.practice_id == Refund.practice_id, Payment.id == Refund.payment_id),
        )
        .where(
            Payment.account == account,
            Refund.processor_id.is_not(None),
            sa.or_(Refund.processor_id.in_(sources), Refund.created_at >= first_at),
        )
    ):
        if refund_id:
            found[refund_id] = Ours(
                Source.REFUND, amount, state is RefundState.SUCCEEDED, settled_at or made_at
            )
    for dispute in db.session.scalars(
        sa.select(Dispute).where(
            Dispute.account == account,
            sa.or_(Dispute.processor_id.in_(sources), Dispute.opened_at >= first_at),
        )
    ):
        found[dispute.processor_id] = Ours(
            Source.DISPUTE,
            dispute.amount_minor,
            dispute.state in TAKES_MONEY,
            dispute.opened_at,
        )
    for payout in db.session.scalars(
        sa.select(Payout).where(
            Payout.account == account,
            sa.or_(Payout.processor_id.in_(sources), Payout.made_at >= first_at),
        )
    ):
        found[payout.processor_id] = Ours(
            Source.PAYOUT, payout.amount_minor, is_settled=True, since=payout.made_at
        )
    return found
