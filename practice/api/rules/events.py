"""Which deeds are news for other programs, how news is signed, and when it is tried again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Event(StrEnum):
    BOOKING_CREATED = "booking.created"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_UNCONFIRMED = "booking.unconfirmed"
    BOOKING_MOVED = "booking.moved"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_RELEASED = "booking.released"
    BOOKING_COMPLETED = "booking.completed"
    BOOKING_MISSED = "booking.missed"
    CLIENT_ADDED = "client.added"
    CLIENT_CHANGED = "client.changed"
    INVOICE_ISSUED = "invoice.issued"
    PAYMENT_ASKED = "payment.asked"
    PAYMENT_PAID = "payment.paid"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_EXPIRED = "payment.expired"


E = Event
WORDS: Mapping[Event, str] = {
    E.BOOKING_CREATED: "A time was held or booked",
    E.BOOKING_CONFIRMED: "A booking stands",
    E.BOOKING_UNCONFIRMED: "A booking no longer stands, and keeps its time",
    E.BOOKING_MOVED: "A booking was moved",
    E.BOOKING_CANCELLED: "A booking was cancelled",
    E.BOOKING_RELEASED: "A held time was let go",
    E.BOOKING_COMPLETED: "A session was completed",
    E.BOOKING_MISSED: "A client did not come",
    E.CLIENT_ADDED: "A client was added",
    E.CLIENT_CHANGED: "How a client is reached was changed",
    E.INVOICE_ISSUED: "An invoice was issued",
    E.PAYMENT_ASKED: "A card payment was asked for",
    E.PAYMENT_PAID: "Money came in",
    E.PAYMENT_FAILED: "A card payment failed",
    E.PAYMENT_EXPIRED: "A card payment ran out",
}

OF_DEED: Mapping[str, Event] = {
    "appointment:book": E.BOOKING_CREATED,
    "appointment:confirm": E.BOOKING_CONFIRMED,
    "appointment:unconfirm": E.BOOKING_UNCONFIRMED,
    "appointment:move": E.BOOKING_MOVED,
    "appointment:cancel": E.BOOKING_CANCELLED,
    "appointment:release": E.BOOKING_RELEASED,
    "appointment:completed": E.BOOKING_COMPLETED,
    "appointment:no_show": E.BOOKING_MISSED,
    "client:add": E.CLIENT_ADDED,
    "client:edit": E.CLIENT_CHANGED,
    "invoice:issue": E.INVOICE_ISSUED,
    "payment:ask": E.PAYMENT_ASKED,
    "payment:pay": E.PAYMENT_PAID,
    "payment:record": E.PAYMENT_PAID,
    "payment:failed": E.PAYMENT_FAILED,
    "payment:expired": E.PAYMENT_EXPIRED,
}
"""The audit log's verbs that are news. Whatever writes the log needs to know nothing of it."""


def news_in(verb: str, detail: Mapping[str, Any]) -> tuple[Event, ...]:
    """Return the news that a deed is, in order: what is booked at once is also confirmed."""
    event = OF_DEED.get(verb)
    if event is None:
        return ()
    if event is E.BOOKING_CREATED and detail.get("state") == "confirmed":
        return event, E.BOOKING_CONFIRMED
    return (event,)


# Sending ---------------------------------------------------------------------------------------

TRIES = 16
"""Failures until a piece of news is given up: after about a day."""

LONGEST_PAUSE = timedelta(hours=4)
OLD_SECRET_LASTS = timedelta(days=1)
"""How long the former secret still signs beside a new one."""


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many failures: 5 s, tripling, at most 4 hours.

    >>> [int(pause_after(n).total_seconds()) for n in (1, 2, 3, 16)]
    [5, 15, 45, 14400]
    """
    return min(timedelta(seconds=5 * 3 ** min(tries - 1, 10)), LONGEST_PAUSE)


def is_taken(status: int) -> bool:
    """Say whether the other side has taken a piece of news: any 2xx."""
    return 200 <= status < 300


def signature(body: bytes, at: datetime, secrets: Iterable[str]) -> str:
    """Return the header that proves that ``body`` is ours: ``t=1700000000,v1=<hex>``.

    Each ``v1`` is the HMAC-SHA-256, under one secret, of the time, a dot and the body.
    """
    t = int(at.timestamp())
    signed = f"{t}.".encode() + body
    macs = [hmac.new(each.encode(), signed, hashlib.sha256).hexdigest() for each in secrets]
    return ",".join([f"t={t}", *(f"v1={mac}" for mac in macs)])
