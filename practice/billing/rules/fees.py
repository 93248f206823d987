"""A fee for a session that did not take place as booked: what it is settled from, and its life."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from practice.billing.rules.ledger import Account
from practice.core.money import Money


class FeeFor(StrEnum):
    """What was done too late."""

    CANCELLED = "cancelled"
    MOVED = "moved"
    MISSED = "missed"


LINES: dict[FeeFor, str] = {
    FeeFor.CANCELLED: "Cancellation fee",
    FeeFor.MOVED: "Cancellation fee, moved late",
    FeeFor.MISSED: "Cancellation fee, missed",
}
"""What stands on the invoice. It names no session: the day beside it does."""


SOURCE = "fee:"
"""How the source keys of their invoices begin, by which they are told from what was delivered."""


SOLD = "sale:"
"""How the source keys begin of invoices for what is sold ahead, and earned as it is used."""


def is_fee(source_key: str) -> bool:
    """Say whether an invoice is for a fee: income of its own kind, and never on a superbill."""
    return source_key.startswith(SOURCE)


def earned_by(source_key: str) -> Account:
    """Return the account of what an invoice earns."""
    if source_key.startswith(SOLD):
        return Account.PACKAGES
    return Account.FEE_INCOME if is_fee(source_key) else Account.REVENUE


class FeeState(StrEnum):
    WAITING = "waiting"  # what it is for may still be undone; nothing is charged yet
    DUE = "due"  # it has its invoice
    WITHDRAWN = "withdrawn"  # undone: it never was
    WAIVED = "waived"  # by a person, with a reason: before it fell due, or after


S = FeeState
FEE_MOVES: dict[S, frozenset[S]] = {
    S.WAITING: frozenset({S.DUE, S.WITHDRAWN, S.WAIVED}),
    S.DUE: frozenset({S.WAIVED}),
    S.WITHDRAWN: frozenset(),
    S.WAIVED: frozenset({S.WITHDRAWN}),  # before it had an invoice
}


class Split(NamedTuple):
    """What becomes of money.

    ``kept`` and ``back`` are all that was paid, ``kept`` and ``owed`` are the fee.
    """

    fee: Money
    paid: Money
    kept: Money
    back: Money
    owed: Money


def split(fee: Money, paid: Money) -> Split:
    """Settle a fee from what was paid ahead; the rest goes back, or is owed."""
    kept = min(fee.minor, paid.minor)
    return Split(
        fee,
        paid,
        Money(kept, fee.currency),
        Money(paid.minor - kept, fee.currency),
        Money(fee.minor - kept, fee.currency),
    )


def goes_back(lefts: Sequence[int], kept: int) -> list[int]:
    """Say how much of each payment goes back, in cents, if ``kept`` of them all stays.

    ``lefts`` are what is left of each, oldest first: the oldest settle the fee.
    """
    back = []
    for left in lefts:
        stays = min(left, kept)
        kept -= stays
        back.append(left - stays)
    return back
