"""What the processor sends to the practice's bank, and the lines of its books that are in it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from practice.billing import book_gateway, books, queries
from practice.billing.book_models import Dispute, Payout, ProcessorMove
from practice.billing.models import Payment, Refund
from practice.billing.rules.books import (
    CHARGES,
    FEES,
    Move,
    PayoutState,
    SeenPayout,
    advance_payout,
)
from practice.billing.rules.ledger import paid_out, processor_kept
from practice.billing.service import attention, ledger
from practice.core import clock
from practice.core.db import db, in_transaction, insert_unless_there


def sync(payout_id: str, account: str, *, event_id: UUID | None = None) -> Payout:
    """Read a payout and what is in it from the processor, then move our rows to it.

    Call outside transactions, as often as you like.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    seen = book_gateway.get_payout(payout_id, account)
    inside = book_gateway.moves_in(payout_id, account)
    return in_transaction(lambda: _settle(seen, inside, account, event_id))


def _settle(seen: SeenPayout, inside: list[Move], account: str, event_id: UUID | None) -> Payout:
    insert_unless_there(
        Payout(
            account=account,
            processor_id=seen.id,
            state=PayoutState.ON_ITS_WAY,
            amount=seen.amount,
            made_at=seen.made_at,
            arrives_on=seen.arrives_on,
        )
    )
    payout = books.payout_by(account, seen.id)
    if payout is None:
        raise RuntimeError("a row that was inserted is not there")
    payout.arrives_on = seen.arrives_on
    state = advance_payout(payout.state, seen.state)
    if state is PayoutState.PAID:
        ledger.post(f"payout:{payout.id}", paid_out(payout.amount_minor), on=payout.arrives_on)
    if state is PayoutState.FAILED and state is not payout.state:
        attention.tell_practice(
            "payout-failed",
            key=f"payout-failed:{payout.id}",
            what=f"Your bank sent back a payout of {payout.amount}. "
            "See in Stripe which bank account it went to.",
            about_id=payout.id,
        )
        ledger.reverse(f"payout:{payout.id}", new_key=f"payout-failed:{payout.id}")
    payout.state = state
    take_down(inside, account, payout_id=payout.id)
    if event_id is not None:
        queries.get_event(event_id).handled_at = clock.now()
    db.session.flush()
    return payout


def take_down(moves: Iterable[Move], account: str, *, payout_id: UUID | None = None) -> None:
    """Keep lines of the processor's books, each once, and say what is behind them.

    Call inside ``transaction()``. ``payout_id`` is the payout that they are in, where it is known.
    """
    moves = list(moves)
    behind = _payments_behind({one.source_id for one in moves if one.source_id}, account)
    for one in moves:
        insert_unless_there(
            ProcessorMove(
                account=account,
                processor_id=one.id,
                kind=one.kind,
                category=one.category,
                amount_minor=one.amount_minor,
                fee_minor=one.fee_minor,
                currency=one.currency,
                source_id=one.source_id,
                made_at=one.made_at,
            )
        )
    rows = db.session.scalars(
        sa.select(ProcessorMove).where(
            ProcessorMove.account == account,
            ProcessorMove.processor_id.in_([one.id for one in moves]),
        )
    )
    for row in rows:
        row.payment_id = row.payment_id or behind.get(row.source_id or "")
        row.payout_id = row.payout_id or payout_id
        _post(row)
    db.session.flush()


def _post(row: ProcessorMove) -> None:
    """Write into the ledger what the processor kept, and for which nothing else does."""
    if row.kind in CHARGES:
        payment = queries.find_payment(row.payment_id) if row.payment_id else None
        if payment is not None and payment.fee_minor is None:
            payment.fee_minor = row.fee_minor
            ledger.keep_fee(payment)
        return
    kept = row.fee_minor - (row.amount_minor if row.kind in FEES else 0)
    if kept:
        ledger.post(f"fee:{row.id}", processor_kept(row.payment_id, kept))


def _payments_behind(sources: set[str], account: str) -> dict[str, UUID]:
    """Return our payment for each charge, refund or dispute that is one of ours."""
    found: dict[str, UUID] = {}
    for asked in (
        sa.select(Payment.charge_id, Payment.id).where(
            Payment.account == account, Payment.charge_id.in_(sources)
        ),
        sa.select(Refund.processor_id, Refund.payment_id).where(Refund.processor_id.in_(sources)),
        sa.select(Dispute.processor_id, Dispute.payment_id).where(
            Dispute.account == account, Dispute.processor_id.in_(sources)
        ),
    ):
        found |= {row[0]: row[1] for row in db.session.execute(asked) if row[0]}
    return found
