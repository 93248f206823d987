"""A card that stays on file, what its holder agreed to, and what a charge of it came to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from practice.billing.rules.payments import CheckoutStatus, SeenCard

TERMS_VERSION = "2026-11"
"""Changes whenever a word below does: a consent keeps the words that were read."""


class Use(StrEnum):
    """A later charge that a holder can agree to."""

    FEE = "fee"  # a session cancelled or moved late, or missed
    INSTALMENT = "instalment"  # a part of something bought in parts, on its day
    BALANCE = "balance"  # what is still open after a session


USES = tuple(Use)

TERMS: dict[Use, str] = {
    Use.FEE: "Fees for sessions that you cancel or move late, or miss. The terms of each session "
    "set the amount: they are shown before you book it, and copied onto the booking.",
    Use.INSTALMENT: "Instalments of something that you buy in parts: the amounts and days that "
    "are shown when you buy it.",
    Use.BALANCE: "What is still open after a session that took place: its price as agreed, less "
    "what you paid.",
}

CLOSING = (
    "We write to you with every charge. You can take the card off at any time on your page "
    "“Money”; what you owe by then stays owed. The card’s number is kept by our payment "
    "processor, never by us."
)


def terms_of(practice: str, uses: Collection[Use]) -> str:
    """Write the words that a holder reads and agrees to, a charge a line."""
    listed = "\n".join(f"- {TERMS[use]}" for use in USES if use in uses)
    return f"{practice} may charge this card without asking again for:\n{listed}\n{CLOSING}"


def digest_of(terms: str) -> str:
    """Return the SHA-256 (hex) by which words that were agreed to are proven."""
    return hashlib.sha256(terms.encode()).hexdigest()


class SetupState(StrEnum):
    """The life of a page on which a card is saved and nothing is paid."""

    CREATING = "creating"  # our row is committed; the processor may or may not know
    OPEN = "open"
    SAVED = "saved"
    EXPIRED = "expired"
    FAILED = "failed"  # proven: the page was never made


S = SetupState
SETUP_MOVES: dict[S, frozenset[S]] = {
    S.CREATING: frozenset({S.OPEN, S.SAVED, S.EXPIRED, S.FAILED}),
    S.OPEN: frozenset({S.SAVED, S.EXPIRED, S.FAILED}),
    S.SAVED: frozenset(),
    S.EXPIRED: frozenset({S.SAVED}),  # a card that was saved is there, whatever was believed
    S.FAILED: frozenset({S.SAVED}),
}
SETUP_LIVE = frozenset({S.CREATING, S.OPEN})


@dataclass(frozen=True, slots=True)
class SeenSetup:
    """A page for saving a card as the processor tells it now. ``setup_id`` is our own id."""

    id: str
    status: CheckoutStatus
    is_live: bool
    setup_id: str | None
    url: str | None
    card: SeenCard | None


def told(seen: SeenSetup) -> SetupState:
    """Return the state that the processor's word amounts to."""
    if seen.status is CheckoutStatus.EXPIRED:
        return S.EXPIRED
    return S.SAVED if seen.status is CheckoutStatus.COMPLETE and seen.card else S.OPEN


def advance(current: SetupState, wanted: SetupState) -> SetupState:
    """Return ``wanted`` if it lies ahead of ``current``, else ``current``: news can be old."""
    return wanted if wanted in SETUP_MOVES[current] else current


class Failure(StrEnum):
    """Why a charge of a card on file brought no money."""

    DECLINED = "declined"  # the bank said no: nobody asks it again by themselves
    NEEDS_HOLDER = "needs_holder"  # the bank wants its holder to confirm: on a page to pay on
    REFUSED = "refused"  # the processor did not take it to the bank: the card is gone, say
    NEVER_ASKED = "never_asked"  # the processor could not be asked for a day


AUTHENTICATION = frozenset({"authentication_required", "payment_intent_authentication_failure"})


def failure_of(code: str | None) -> Failure:
    """Say what a processor's error code means for a charge."""
    if code is None:
        return Failure.REFUSED
    return Failure.NEEDS_HOLDER if code in AUTHENTICATION else Failure.DECLINED


@dataclass(frozen=True, slots=True)
class OnFile:
    """A client's card as pages show it."""

    id: UUID
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    saved_at: datetime
    uses: frozenset[Use]

    @property
    def words(self) -> str:
        """``Visa ending in 4242``."""
        return (
            f"{BRANDS.get(self.brand, self.brand.replace('_', ' ').title())} ending in {self.last4}"
        )

    @property
    def expires(self) -> str:
        return f"{self.exp_month:02d}/{self.exp_year % 100:02d}"


BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
}
