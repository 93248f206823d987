"""What is read of Stripe's own books: disputes, payouts and moves of the balance. Never written."""

from __future__ import annotations

from datetime import UTC, datetime

import stripe

from practice.billing.gateway import PAGE, gateway, sent_along
from practice.billing.rules.books import (
    DisputeState,
    Move,
    PayoutState,
    SeenDispute,
    SeenPayout,
)
from practice.core.money import Money

DISPUTE_STATES = {
    "warning_needs_response": DisputeState.ASKED,
    "warning_under_review": DisputeState.ASKED_ANSWERED,
    "warning_closed": DisputeState.ASKED_CLOSED,
    "prevented": DisputeState.ASKED_CLOSED,
    "needs_response": DisputeState.NEEDS_ANSWER,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}

PAYOUT_STATES = {
    "pending": PayoutState.ON_ITS_WAY,
    "in_transit": PayoutState.ON_ITS_WAY,
    "paid": PayoutState.PAID,
    "failed": PayoutState.FAILED,
    "canceled": PayoutState.FAILED,
}


def get_dispute(dispute_id: str, account: str) -> SeenDispute:
    """Read a dispute as it is now."""
    found = gateway(account).ask(lambda v1: v1.disputes.retrieve(dispute_id))
    due_by = found.evidence_details.due_by
    return SeenDispute(
        id=found.id,
        charge_id=_id_of(found.charge) or "",
        state=DISPUTE_STATES[found.status],
        reason=found.reason,
        amount=Money(found.amount, found.currency.upper()),
        opened_at=_at(found.created),
        due_at=_at(due_by) if due_by else None,
    )


def get_payout(payout_id: str, account: str) -> SeenPayout:
    """Read a payout as it is now."""
    found = gateway(account).ask(lambda v1: v1.payouts.retrieve(payout_id))
    return SeenPayout(
        id=found.id,
        state=PAYOUT_STATES[found.status],
        amount=Money(found.amount, found.currency.upper()),
        arrives_on=_at(found.arrival_date).date(),
        made_at=_at(found.created),
    )


def moves_in(payout_id: str, account: str) -> list[Move]:
    """Return the lines that make up a payout, oldest first, its own among them."""
    found = gateway(account).ask(
        lambda v1: list(
            v1.balance_transactions.list({"payout": payout_id, "limit": PAGE}).auto_paging_iter()
        )
    )
    return [_move(one) for one in reversed(found)]


def moves_since(since: datetime, account: str) -> list[Move]:
    """Return the lines that were written at or after ``since``, oldest first."""
    created = {"gte": int(since.timestamp())}
    found = gateway(account).ask(
        lambda v1: list(
            v1.balance_transactions.list(
                {"created": {"gte": created["gte"]}, "limit": PAGE}
            ).auto_paging_iter()
        )
    )
    return [_move(one) for one in reversed(found)]


def payment_behind(source_id: str, account: str) -> str | None:
    """Return our payment's id as it was sent along with a charge, or with that of a refund."""
    gate = gateway(account)
    charge: str | None = source_id
    if source_id.startswith(("re_", "pyr_")):
        charge = _id_of(gate.ask(lambda v1: v1.refunds.retrieve(source_id)).charge)
    if charge is None:
        return None
    wanted = charge
    return sent_along(gate.ask(lambda v1: v1.charges.retrieve(wanted)), "pay")


def _move(one: stripe.BalanceTransaction) -> Move:
    return Move(
        id=one.id,
        kind=one.type,
        category=one.reporting_category,
        amount_minor=one.amount,
        fee_minor=one.fee,
        currency=one.currency.upper(),
        source_id=one.source if isinstance(one.source, str) else None,
        made_at=_at(one.created),
    )


def _id_of(thing: str | stripe.Charge | None) -> str | None:
    return thing.id if isinstance(thing, stripe.Charge) else thing


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
