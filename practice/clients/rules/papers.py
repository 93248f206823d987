"""The papers that a session may ask for, as dated facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from practice.people.rules import Permission


class PaperKind(StrEnum):
    CONSENT_TREATMENT = "consent_treatment"
    CONSENT_KETAMINE = "consent_ketamine"
    MEDICAL_CLEARANCE = "medical_clearance"
    PREPARATION_HELD = "preparation_held"  # held before this practice kept its book here


class Route(StrEnum):
    """How the medicine is given. A clearance names one."""

    SL = "SL"
    RDT = "RDT"
    TROCHE = "TROCHE"
    IM = "IM"
    IV = "IV"
    IN = "IN"


VALID_DAYS: dict[PaperKind, int | None] = {
    PaperKind.CONSENT_TREATMENT: 365,
    PaperKind.CONSENT_KETAMINE: 365,
    PaperKind.MEDICAL_CLEARANCE: 365,
    PaperKind.PREPARATION_HELD: None,
}
"""How long each holds unless the paper says less; `gates` of the course templates."""

NAMES: dict[PaperKind, str] = {
    PaperKind.CONSENT_TREATMENT: "Treatment and privacy consents",
    PaperKind.CONSENT_KETAMINE: "Consent to ketamine",
    PaperKind.MEDICAL_CLEARANCE: "Medical clearance",
    PaperKind.PREPARATION_HELD: "Preparation held elsewhere",
}


ROUTE_NAMES: dict[Route, str] = {
    Route.SL: "Under the tongue (SL)",
    Route.RDT: "Dissolving tablet (RDT)",
    Route.TROCHE: "Troche",
    Route.IM: "Into a muscle (IM)",
    Route.IV: "Infusion (IV)",
    Route.IN: "Through the nose (IN)",
}

RECORDED_WITH: dict[PaperKind, Permission] = {
    PaperKind.CONSENT_TREATMENT: Permission.CONSENT_RECORD,
    PaperKind.CONSENT_KETAMINE: Permission.CONSENT_RECORD,
    PaperKind.MEDICAL_CLEARANCE: Permission.CLEARANCE_RECORD,
    PaperKind.PREPARATION_HELD: Permission.CONSENT_RECORD,
}
"""What it takes to put each on file, and to withdraw it."""


@dataclass(frozen=True, slots=True)
class PaperOnFile:
    """One paper: of ``dated_on``, good through ``valid_until`` (``None``: no end)."""

    id: UUID
    kind: PaperKind
    dated_on: date
    valid_until: date | None
    route: Route | None = None


def last_day(kind: PaperKind, dated_on: date) -> date | None:
    """Return the last day on which a paper of this kind holds, counted from its own date."""
    days = VALID_DAYS[kind]
    return None if days is None else dated_on + timedelta(days=days)


class Wrong(NamedTuple):
    """What is wrong with a paper as it is to be recorded, and in which field of the form."""

    field: str
    words: str


def what_is_wrong(
    kind: PaperKind,
    *,
    dated_on: date,
    valid_until: date | None,
    route: Route | None,
    today: date,
) -> Wrong | None:
    """Say why a paper cannot be put on file like this; ``None`` if it can."""
    if dated_on > today:
        return Wrong("dated_on", "The date on the paper cannot be in the future")
    if valid_until is not None and valid_until < dated_on:
        return Wrong("valid_until", "A paper cannot end before its own date")
    latest = last_day(kind, dated_on)
    if valid_until is not None and latest is not None and valid_until > latest:
        return Wrong(
            "valid_until",
            f"It holds for a year at most, until {latest:%B} {latest.day}, {latest.year}",
        )
    if (kind is PaperKind.MEDICAL_CLEARANCE) != (route is not None):
        return Wrong("route", "Choose the route that the clearance is for")
    return None
