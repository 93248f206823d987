"""Stripe's published test cards, and what happens to each."""

from dataclasses import dataclass
from enum import StrEnum


class Authentication(StrEnum):
    """When the card asks its holder to prove who they are (3-D Secure)."""

    NEVER = "never"
    UNLESS_SAVED = "unless_saved"
    """Only on the first payment; charges of the saved card go through."""
    ALWAYS = "always"


class RefundCourse(StrEnum):
    """What becomes of a refund to this card."""

    AT_ONCE = "at_once"
    PENDING_FIRST = "pending_first"
    """Pending, then succeeded."""
    FAILS_LATER = "fails_later"
    """Succeeded, then failed."""


class DisputeCourse(StrEnum):
    """What the holder's bank says of a payment a moment later, in Stripe's word for why."""

    FRAUDULENT = "fraudulent"
    NOT_RECEIVED = "product_not_received"
    INQUIRY = "inquiry"
    """It only asks, and takes nothing back."""


@dataclass(frozen=True)
class Decline:
    """Why a bank says no: Stripe's error code, decline code and words for the payer."""

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True)
class TestCard:
    """A card number with a fate."""

    __test__ = False  # Not a test class, whatever pytest makes of the name.

    number: str
    brand: str = "visa"
    decline: Decline | None = None
    saves: bool = False
    """Whether it can be put on file although its bank declines every charge."""
    authentication: Authentication = Authentication.NEVER
    refund: RefundCourse = RefundCourse.AT_ONCE
    dispute: DisputeCourse | None = None
    alias: str | None = None
    """The payment method id that stands for the card, such as ``pm_card_visa``."""

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _no(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", decline_code, message)


GENERIC = _no("generic_decline")
INSUFFICIENT = _no("insufficient_funds", "Your card has insufficient funds.")
LOST = _no("lost_card")
STOLEN = _no("stolen_card")
TOO_OFTEN = _no("card_velocity_exceeded")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
NOT_A_TEST_CARD = _no(
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card.",
)
ASKS_HOLDER = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)

CARDS = (
    TestCard("4242424242424242", alias="pm_card_visa"),
    TestCard("4000056655665556", alias="pm_card_visa_debit"),
    TestCard("5555555555554444", "mastercard", alias="pm_card_mastercard"),
    TestCard("378282246310005", "amex", alias="pm_card_amex"),
    TestCard("6011111111111117", "discover", alias="pm_card_discover"),
    TestCard("4000000000000077", alias="pm_card_bypassPending"),
    TestCard("4000000000000002", decline=GENERIC, alias="pm_card_visa_chargeDeclined"),
    TestCard(
        "4000000000009995",
        decline=INSUFFICIENT,
        alias="pm_card_visa_chargeDeclinedInsufficientFunds",
    ),
    TestCard("4000000000009987", decline=LOST, alias="pm_card_visa_chargeDeclinedLostCard"),
    TestCard("4000000000009979", decline=STOLEN, alias="pm_card_visa_chargeDeclinedStolenCard"),
    TestCard("4000000000006975", decline=TOO_OFTEN),
    TestCard("4000000000000069", decline=EXPIRED, alias="pm_card_chargeDeclinedExpiredCard"),
    TestCard("4000000000000127", decline=WRONG_CVC, alias="pm_card_chargeDeclinedIncorrectCvc"),
    TestCard("4000000000000119", decline=PROCESSING, alias="pm_card_chargeDeclinedProcessingError"),
    TestCard("4000000000000341", decline=GENERIC, saves=True, alias="pm_card_chargeCustomerFail"),
    TestCard(
        "4000002500003155",
        authentication=Authentication.UNLESS_SAVED,
        alias="pm_card_authenticationRequiredOnSetup",
    ),
    TestCard(
        "4000002760003184",
        authentication=Authentication.ALWAYS,
        alias="pm_card_authenticationRequired",
    ),
    TestCard(
        "4000000000003220",
        authentication=Authentication.ALWAYS,
        alias="pm_card_threeDSecure2Required",
    ),
    TestCard(
        "4000008400001629",
        authentication=Authentication.ALWAYS,
        decline=GENERIC,
        alias="pm_card_threeDSecureRequiredChargeDeclined",
    ),
    TestCard(
        "4000008260003178",
        authentication=Authentication.ALWAYS,
        decline=INSUFFICIENT,
        alias="pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    ),
    TestCard("4000000000007726", refund=RefundCourse.PENDING_FIRST, alias="pm_card_pendingRefund"),
    TestCard("4000000000005126", refund=RefundCourse.FAILS_LATER, alias="pm_card_refundFail"),
    TestCard("4000000000000259", dispute=DisputeCourse.FRAUDULENT, alias="pm_card_createDispute"),
    TestCard(
        "4000000000002685",
        dispute=DisputeCourse.NOT_RECEIVED,
        alias="pm_card_createDisputeProductNotReceived",
    ),
    TestCard(
        "4000000000001976", dispute=DisputeCourse.INQUIRY, alias="pm_card_createDisputeInquiry"
    ),
)

BY_NUMBER = {card.number: card for card in CARDS}
BY_ALIAS = {card.alias: card for card in CARDS if card.alias}


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812 for the ones before it."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def card_for(number: str) -> TestCard:
    """Return the test card with that number; any other number is one that declines."""
    return BY_NUMBER.get(number) or TestCard(number, decline=NOT_A_TEST_CARD)
