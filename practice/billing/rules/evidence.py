"""What a bank is shown of a disputed payment, and that nothing of it says what was treated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

LEFT_OUT = "(Left out: these words say more than a bank may know.)"

_CLINICAL = re.compile(
    r"\b(dos(e|es|ing)|lozenges?|boosters?|intakes?|prep|preps|therap\w*|psych\w*|integration\w*"
    r"|medic\w*|prescri\w*|clinic\w*|treat\w*|diagnos\w*|symptom\w*|patient\w*|consult\w*"
    r"|screening\w*|clearance\w*|evaluation\w*|eligib\w*|preparation\w*)\b"
    r"|ketamin|depress|anxi|trauma|ptsd|bipolar|suicid|opioid|infusion|intramuscular"
    r"|\b[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b",
    re.IGNORECASE,
)


def is_clean(text: str) -> bool:
    """Say whether a text names no medicine, no diagnosis, no code and no kind of session."""
    return _CLINICAL.search(text) is None


def clean(text: str, known: Iterable[str] = ()) -> str:
    """Return a text whose every line is clean; lines that are not say that they were left out.

    ``known`` are names that the bank has anyway, such as the business that it paid.
    """
    lines = []
    for line in text.splitlines():
        rest = line
        for name in known:
            rest = rest.replace(name, "")
        lines.append(line if is_clean(rest) else LEFT_OUT)
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Visit:
    """What was paid for, as a bank may know it: when it was, who came, and what was agreed.

    ``was`` is one plain word for what became of it. ``policy`` are the sentences of the terms of
    cancelling as they were copied onto the booking when it was made.
    """

    booked_at: datetime
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    was: str
    arrived_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    policy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that went to the client: when, and what it was about."""

    at: datetime
    about: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """Consent to charges as it was given. ``text`` is shown as far as it is clean."""

    at: datetime
    version: str
    text: str
    text_sha256: str
    address: str


ABOUT = {
    "approved": "Booking confirmed",
    "booked": "Booking confirmed",
    "booked-series": "Bookings confirmed",
    "cancelled": "Booking cancelled",
    "cancelled-series": "Bookings cancelled",
    "card-not-charged": "Card could not be charged",
    "missed": "Appointment missed",
    "moved": "Booking moved",
    "moved-series": "Bookings moved",
    "payment-request": "Payment asked for",
    "receipt": "Receipt",
    "refunded": "Refund",
    "reminder": "Reminder of the appointment",
    "requested": "Booking asked for",
    "slot-lost": "Payment given back",
    "tentative": "Booking held",
}
"""What a message that went to a client was about, by its name. All others are left out."""
