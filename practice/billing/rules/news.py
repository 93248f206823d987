"""What the processor's events are about. They only say what to look up, never what is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from practice.core.errors import Invalid

KINDS = (
    "account.application.deauthorized",
    "account.updated",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "charge.refunded",
    "charge.refund.updated",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
)
"""The events that can change something of ours. All others are answered and forgotten."""


class About(StrEnum):
    """What an event makes us look at."""

    PAYMENT = "payment"  # or a card on file, or the page on which one is saved
    DISPUTE = "dispute"
    PAYOUT = "payout"
    ACCOUNT = "account"


def about(kind: str) -> About:
    """Return what an event of that kind makes us look at."""
    for begins, thing in (
        ("charge.dispute.", About.DISPUTE),
        ("payout.", About.PAYOUT),
        ("account.", About.ACCOUNT),
    ):
        if kind.startswith(begins):
            return thing
    return About.PAYMENT


LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class Event:
    """News from the processor, and every id by which we may know what it is about.

    ``payment`` is our own id, if it was sent back; ``objects`` are the processor's ids, the
    event's own object first.
    """

    id: str
    kind: str
    account: str
    is_live: bool
    payment: str | None
    objects: tuple[str, ...]


def read(body: object) -> Event | None:
    """Read an event from its JSON; ``None`` if it is of a kind that changes no payment.

    Raises:
        Invalid: if it is not an event, or not whole.
    """
    event = _mapping(body)
    if event.get("type") not in KINDS:
        return None
    about = _mapping(_mapping(event.get("data")).get("object"))
    ids = [about.get(name) for name in ("id", "payment_intent", "charge")]
    metadata = about.get("metadata")
    return Event(
        id=_word(event.get("id")),
        kind=_word(event.get("type")),
        account=_word(event["account"]) if event.get("account") else "",
        is_live=event.get("livemode") is True,
        payment=_word(metadata["pay"])
        if isinstance(metadata, dict) and "pay" in metadata
        else None,
        objects=tuple(_word(one) for one in ids if isinstance(one, str)),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid("This is not an event.")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        raise Invalid("This is not an event.")
    return value
