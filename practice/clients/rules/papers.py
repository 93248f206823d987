"""The papers that a session may ask for, as dated facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID


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
