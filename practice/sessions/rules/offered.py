"""What a service is made of, within which bounds, and how its versions differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from practice.billing.rules import prices
from practice.clients.rules.papers import Route
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.sessions.rules import policies
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality, SessionKind

STEP_MINUTES = 5  # free time is looked for in cells of this length
SHORTEST_MINUTES, LONGEST_MINUTES = 5, 12 * 60
LONGEST_BUFFER_MINUTES = 4 * 60
LONGEST_NOTICE_HOURS = 90 * 24
DEAREST_MINOR = 10_000_000
MOST_POSITION = 999
CODE = re.compile(r"[A-Z0-9]{1,3}")

ROLES = {
    "therapist": "Practitioner",
    "prescriber": "Prescriber",
    "medical_monitor": "Medical monitor",
}
"""Who can be needed; the first of those that a service names holds the session."""

WAYS = {Modality.IN_PERSON: "In person", Modality.TELEHEALTH: "Video"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A service as a checked form gives it. Lengths are in minutes, notice in hours.

    Raises:
        Invalid: for anything out of bounds, with what it is.
    """

    kind: SessionKind
    label: str
    about: str
    code: str
    minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    price: Money
    modalities: tuple[Modality, ...]
    needs_room: bool
    needs_roles: tuple[str, ...]
    route: Route | None
    notice_hours: int
    billed_by_practice: bool
    pay_at_visit: bool
    deposit: dict[str, Any]
    position: int

    def __post_init__(self) -> None:
        buffers = (self.buffer_before_minutes, self.buffer_after_minutes)
        wrong = {
            "A service has a name.": not self.label,
            f"Lengths are in steps of {STEP_MINUTES} minutes.": any(
                length % STEP_MINUTES for length in (self.minutes, *buffers)
            ),
            "That length is no session's.": not (
                SHORTEST_MINUTES <= self.minutes <= LONGEST_MINUTES
            ),
            "Set-up and turnover take four hours at most.": not all(
                0 <= buffer <= LONGEST_BUFFER_MINUTES for buffer in buffers
            ),
            "Notice is at most 90 days.": not 0 <= self.notice_hours <= LONGEST_NOTICE_HOURS,
            "That price is no session's.": not 0 <= self.price.minor <= DEAREST_MINOR,
            "A session is given in person, by video, or both.": not self.modalities,
            "Somebody has to hold the session.": not (
                self.needs_roles and set(self.needs_roles) <= set(ROLES)
            ),
            "The code is one to three letters or digits.": not CODE.fullmatch(self.code),
            "A session has a route if it gives medicine, and only then.": (
                (self.route is not None) != (self.kind in GIVES_MEDICINE)
            ),
        }
        for words, is_so in wrong.items():
            if is_so:
                raise Invalid(words)


def terms_of(offered: Offered, cancellation: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that a version keeps, fit for JSON."""
    return {
        "label": offered.label,
        "about": offered.about,
        "code": offered.code,
        "minutes": offered.minutes,
        "buffer_before_minutes": offered.buffer_before_minutes,
        "buffer_after_minutes": offered.buffer_after_minutes,
        "price_minor": offered.price.minor,
        "currency": offered.price.currency,
        "modalities": [way.value for way in offered.modalities],
        "needs_room": offered.needs_room,
        "needs_roles": list(offered.needs_roles),
        "notice_hours": offered.notice_hours,
        "billed_by_practice": offered.billed_by_practice,
        "pay_at_visit": offered.pay_at_visit,
        "deposit": offered.deposit,
        "position": offered.position,
        "cancellation": dict(cancellation),
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed from one version to the next, in words."""

    name: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Say what changed from one version's terms to the next one's, in the order of the form."""
    told, telling = _in_words(before), _in_words(after)
    return [
        Difference(name, words, telling[name])
        for name, words in told.items()
        if words != telling[name]
    ]


def _in_words(terms: Mapping[str, Any]) -> dict[str, str]:
    price = Money(terms["price_minor"], terms["currency"])
    return {
        "Name": terms["label"],
        "About": terms["about"] or "nothing",
        "Length": length_words(terms["minutes"]),
        "Set-up": f"{terms['buffer_before_minutes']} minutes",
        "Turnover": f"{terms['buffer_after_minutes']} minutes",
        "Price": str(price) if price else "free",
        "Paid": "at the visit" if terms["pay_at_visit"] else _due_words(terms),
        "Billed by": "the practice" if terms["billed_by_practice"] else "the prescriber",
        "Given": " or ".join(WAYS[Modality(way)].lower() for way in terms["modalities"]),
        "Needs": ", ".join(
            [ROLES[role].lower() for role in terms["needs_roles"]] + ["room"] * terms["needs_room"]
        ),
        "Notice": f"{terms['notice_hours']} hours",
        "Code": terms["code"],
        "Place in the list": str(terms["position"]),
        "Cancelling": policies.in_full(policies.from_terms(terms["cancellation"])),
    }


def _due_words(terms: Mapping[str, Any]) -> str:
    asked = prices.from_terms(terms.get("deposit") or {})
    if asked is None:
        return "when booking"
    words = f"{prices.in_words(asked, terms['currency'])} when booking"
    if asked.first is not None:
        words += f", {prices.in_words(asked.first, terms['currency'])} for a first visit"
    return words


def due_words(offered: Offered) -> str:
    """Say what of a deposit is due when booking; nothing where all of the price is, or none."""
    if not offered.deposit or offered.pay_at_visit or not offered.price:
        return ""
    return _due_words({"deposit": offered.deposit, "currency": offered.price.currency})


def slug_for(label: str, taken: Collection[str]) -> str:
    """Return a new service's name in addresses, made from its label and like no other's.

    >>> slug_for("Preparation, 90 min", {"preparation-90-min"})
    'preparation-90-min-2'
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "session"
    number, slug = 1, stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug
