"""The lives of payments and refunds, and what the processor's word does to them.

Both only ever move forward. What the processor says is read from its own objects, never from
the news of them, so that the order of the news does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from practice.core.money import Money


class Label(StrEnum):
    """All that the processor, a bank or a card statement ever learns of what is paid for."""

    DEPOSIT = "Appointment deposit"
    APPOINTMENT = "Appointment payment"
    PACKAGE = "Package payment"
    CANCELLATION = "Cancellation fee"
    BALANCE = "Balance payment"


class PaymentState(StrEnum):
    CREATING = "creating"  # our row is committed; the processor may or may not know
    OPEN = "open"  # the checkout can be paid
    PROCESSING = "processing"  # completed, the money is still on its way
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"  # proven: the checkout was never made, or its money never came


class PaymentOutcome(StrEnum):
    """What a paid payment did to what it was for."""

    CONFIRMED = "confirmed"
    REACQUIRED = "reacquired"  # paid late, and the time was still free
    DUPLICATE = "duplicate"  # something else had paid already: refunded
    SLOT_LOST = "slot_lost"  # paid late, and the time was gone: refunded


class PaymentMethod(StrEnum):
    CARD_ONLINE = "card_online"
    CARD_AT_VISIT = "card_at_visit"
    CASH = "cash"
    CHECK = "check"
    TRANSFER = "transfer"
    HSA_CARD = "hsa_card"  # a card of a health savings account, on the practice's own terminal


TAKEN_AT_VISIT = frozenset(PaymentMethod) - {PaymentMethod.CARD_ONLINE}


class RefundState(StrEnum):
    PENDING = "pending"  # decided; the processor may or may not know
    SUCCEEDED = "succeeded"
    FAILED = "failed"


P = PaymentState
MOVES: dict[P, frozenset[P]] = {
    P.CREATING: frozenset({P.OPEN, P.PROCESSING, P.PAID, P.EXPIRED, P.FAILED}),
    P.OPEN: frozenset({P.PROCESSING, P.PAID, P.EXPIRED, P.FAILED}),
    P.PROCESSING: frozenset({P.PAID, P.FAILED}),
    P.PAID: frozenset(),
    P.EXPIRED: frozenset({P.PAID}),  # money counts, whatever was believed before
    P.FAILED: frozenset({P.PAID}),
}

LIVE = frozenset({P.CREATING, P.OPEN, P.PROCESSING})
"""The states from which money may still come."""

GIVEN_BACK = frozenset({PaymentOutcome.DUPLICATE, PaymentOutcome.SLOT_LOST})
"""The outcomes that give the whole payment back at once."""

REFUND_MOVES: dict[RefundState, frozenset[RefundState]] = {
    RefundState.PENDING: frozenset({RefundState.SUCCEEDED, RefundState.FAILED}),
    RefundState.SUCCEEDED: frozenset({RefundState.FAILED}),  # a bank may send money back later
    RefundState.FAILED: frozenset(),
}


class CheckoutStatus(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SeenCard:
    """A card as the processor tells it now; ``customer`` is ``None`` once it was taken off."""

    id: str
    customer: str | None
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class SeenCheckout:
    """A checkout, or the charge of a card on file, as the processor tells it now.

    ``payment_id`` is our own id as it was sent along. ``fee_minor`` is what the processor kept,
    once it has said so, ``refunded_minor`` what went back, both in minor units; ``paid_at`` is
    when the money moved, ``card`` the one that it came from, if that was asked, and
    ``error_code`` why the last try brought none.
    """

    id: str
    status: CheckoutStatus
    is_paid: bool
    amount: Money
    is_live: bool
    payment_id: str | None
    url: str | None = None
    intent_id: str | None = None
    intent_status: str | None = None
    charge_id: str | None = None
    refunded_minor: int = 0
    fee_minor: int | None = None
    paid_at: datetime | None = None
    card: SeenCard | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """A refund as the processor tells it now. ``refund_id`` is our own, if we asked for it."""

    id: str
    state: RefundState
    amount: Money
    made_at: datetime
    refund_id: UUID | None


NO_MONEY_WILL_COME = frozenset({"requires_payment_method", "canceled"})
"""Statuses of an intent that mean that a completed, unpaid checkout has failed."""


def told(seen: SeenCheckout) -> PaymentState:
    """Return the state that the processor's word amounts to."""
    if seen.status is CheckoutStatus.OPEN:
        return PaymentState.OPEN
    if seen.status is CheckoutStatus.EXPIRED:
        return PaymentState.EXPIRED
    if seen.is_paid:
        return PaymentState.PAID
    return (
        PaymentState.FAILED if seen.intent_status in NO_MONEY_WILL_COME else PaymentState.PROCESSING
    )


def advance(current: PaymentState, wanted: PaymentState) -> PaymentState:
    """Return ``wanted`` if it lies ahead of ``current``, else ``current``: news can be old."""
    return wanted if wanted in MOVES[current] else current


def advance_refund(current: RefundState, wanted: RefundState) -> RefundState:
    """Return ``wanted`` if it lies ahead of ``current``, else ``current``."""
    return wanted if wanted in REFUND_MOVES[current] else current


def differences(seen: SeenCheckout, *, payment_id: str, amount: Money, is_live: bool) -> list[str]:
    """List in words where a checkout is not the one we asked for. Empty: it is.

    Nothing moves on a checkout that differs: a person must look at it.
    """
    found = []
    if seen.payment_id != payment_id:
        found.append("it names another payment")
    if seen.amount != amount:
        found.append(f"it is over {seen.amount} instead of {amount}")
    if seen.is_live != is_live:
        found.append("it is a test" if is_live else "it is real money, and this is a test")
    return found


def left_to_refund(paid: Money, refunds: Iterable[tuple[RefundState, Money]]) -> Money:
    """Return what may still be given back: refunds that are decided count, failed ones do not."""
    left = paid
    for state, amount in refunds:
        if state is not RefundState.FAILED:
            left -= amount
    return left
