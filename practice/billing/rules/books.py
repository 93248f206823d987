"""What moved on a balance at the processor, and whether our rows say the same.

Disputes and payouts only ever move forward, like payments: news can be old.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from practice.core.money import Money


class DisputeState(StrEnum):
    ASKED = "asked"  # the bank only asks; no money has moved
    ASKED_ANSWERED = "asked_answered"
    ASKED_CLOSED = "asked_closed"
    NEEDS_ANSWER = "needs_answer"  # the money is gone until the bank decides
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class PayoutState(StrEnum):
    ON_ITS_WAY = "on_its_way"
    PAID = "paid"
    FAILED = "failed"  # the bank sent it back; its money is on the balance again


D = DisputeState
_DISPUTE_ORDER = {
    D.ASKED: 0,
    D.ASKED_ANSWERED: 1,
    D.NEEDS_ANSWER: 2,  # an inquiry may turn into a dispute
    D.UNDER_REVIEW: 3,
    D.ASKED_CLOSED: 4,
    D.WON: 4,
    D.LOST: 4,
}
_PAYOUT_ORDER = {PayoutState.ON_ITS_WAY: 0, PayoutState.PAID: 1, PayoutState.FAILED: 2}

WANTS_ANSWER = frozenset({D.ASKED, D.NEEDS_ANSWER})
TAKES_MONEY = frozenset({D.NEEDS_ANSWER, D.UNDER_REVIEW, D.WON, D.LOST})
"""The states that say that the bank has, or had, the money."""


def advance_dispute(current: DisputeState, seen: DisputeState) -> DisputeState:
    """Return ``seen`` if it lies ahead of ``current``, else ``current``."""
    return seen if _DISPUTE_ORDER[seen] > _DISPUTE_ORDER[current] else current


def advance_payout(current: PayoutState, seen: PayoutState) -> PayoutState:
    """Return ``seen`` if it lies ahead of ``current``, else ``current``."""
    return seen if _PAYOUT_ORDER[seen] > _PAYOUT_ORDER[current] else current


@dataclass(frozen=True, slots=True)
class SeenDispute:
    """A dispute as the processor tells it now. ``due_at`` is when an answer comes too late."""

    id: str
    charge_id: str
    state: DisputeState
    reason: str
    amount: Money
    opened_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeenPayout:
    """A payout as the processor tells it now. ``arrives_on`` is the bank's day."""

    id: str
    state: PayoutState
    amount: Money
    arrives_on: date
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the processor's own books, amounts in minor units.

    ``amount_minor`` is negative where money left the balance; ``fee_minor`` is what the processor
    kept of it. ``kind`` and ``category`` are the processor's words; ``source_id`` is the charge,
    refund, dispute or payout behind it.
    """

    id: str
    kind: str
    category: str
    amount_minor: int
    fee_minor: int
    currency: str
    source_id: str | None
    made_at: datetime

    @property
    def net_minor(self) -> int:
        return self.amount_minor - self.fee_minor


CHARGES = frozenset({"charge", "payment"})
REFUNDS = frozenset({"refund", "payment_refund", "refund_failure", "payment_failure_refund"})
PAYOUTS = frozenset({"payout", "payout_failure", "payout_cancel"})
FEES = frozenset({"stripe_fee"})
DISPUTES = frozenset({"dispute", "dispute_reversal"})  # these are categories


class Source(StrEnum):
    """What kind of thing of ours a line must lead to."""

    PAYMENT = "card payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"


def source_of(move: Move) -> Source | None:
    """Return what a line must lead to; ``None`` for what is the processor's own, such as a fee."""
    if move.category in DISPUTES:
        return Source.DISPUTE
    for kinds, source in (
        (CHARGES, Source.PAYMENT),
        (REFUNDS, Source.REFUND),
        (PAYOUTS, Source.PAYOUT),
    ):
        if move.kind in kinds:
            return source
    return None


SIGN = {"charge": 1, "payment": 1, "refund": -1, "payment_refund": -1, "payout": -1}
"""Lines of these kinds are over the whole of their source; the others may be over a part."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What our rows say of one thing at the processor; ``is_settled`` that its money has moved.

    ``since`` is from when on the processor's books must show it.
    """

    source: Source
    amount_minor: int
    is_settled: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference in words that name nobody. ``key`` is the same whenever it is found."""

    key: str
    what: str


def differences(
    moves: Iterable[Move],
    ours: Mapping[str, Ours],
    *,
    first_at: datetime,
    last_at: datetime,
    currency: str,
) -> list[Difference]:
    """Compare the processor's lines with our rows, both by the processor's ids.

    What lies before ``first_at`` or after ``last_at`` is not looked for among the lines: they
    are not all at hand.
    """
    found = []
    told: dict[str, list[Move]] = {}
    for move in moves:
        source = source_of(move)
        if source is None:
            continue
        known = ours.get(move.source_id or "")
        told.setdefault(move.source_id or "", []).append(move)
        if known is None or known.source is not source:
            found.append(_unknown(move, source))
        elif move.kind in SIGN and move.amount_minor != SIGN[move.kind] * known.amount_minor:
            found.append(_other_amount(move, source, known))
    for wanted, one in sorted(ours.items()):
        if one.is_settled and first_at <= one.since <= last_at and wanted not in told:
            found.append(_missing(wanted, one, currency))
    return found


def payout_differences(
    amounts: Mapping[str, Money], lines: Mapping[str, Collection[Move]]
) -> list[Difference]:
    """Compare each payout with the lines that are said to be in it, by the processor's ids.

    A payout whose lines are not at hand is passed over.
    """
    found = []
    for wanted, amount in sorted(amounts.items()):
        inside = [move.net_minor for move in lines.get(wanted, ()) if move.kind not in PAYOUTS]
        if inside and sum(inside) != amount.minor:
            found.append(
                Difference(
                    f"books:{wanted}:sum",
                    f"A payout of {amount} does not come to what is said to be in it: "
                    f"{Money(sum(inside), amount.currency)}.",
                )
            )
    return found


def ledger_differences(
    theirs: Mapping[UUID, int], here: Mapping[UUID, int], currency: str
) -> list[Difference]:
    """Compare what is left of payments at the processor with our ledger, in minor units.

    Both by our payment's id: charges less refunds, disputes and fees. Payouts belong to none.
    """
    return [
        Difference(
            f"books:{payment_id}:ledger",
            f"Of a card payment {Money(theirs[payment_id], currency)} are at the processor, and "
            f"{Money(here.get(payment_id, 0), currency)} by our own books.",
        )
        for payment_id in sorted(theirs)
        if theirs[payment_id] != here.get(payment_id, 0)
    ]


def _unknown(move: Move, source: Source) -> Difference:
    amount = Money(abs(move.amount_minor), move.currency)
    return Difference(
        f"books:{move.id}:unknown",
        f"The processor's books have a {source} of {amount} that ours do not have. "
        "Look it up there: it was not made here.",
    )


def _other_amount(move: Move, source: Source, known: Ours) -> Difference:
    theirs, here = (
        Money(abs(minor), move.currency) for minor in (move.amount_minor, known.amount_minor)
    )
    return Difference(
        f"books:{move.id}:amount",
        f"A {source} is over {theirs} in the processor's books, and over {here} in ours.",
    )


def _missing(wanted: str, one: Ours, currency: str) -> Difference:
    return Difference(
        f"books:{wanted}:missing",
        f"Our books have a {one.source} of {Money(one.amount_minor, currency)} that the "
        "processor's do not have.",
    )
