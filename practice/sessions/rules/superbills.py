"""What stands on a superbill: the sessions that one clinician held for a client, in codes.

Sessions that were missed or cancelled are never handed in, so their fees cannot be on one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from practice.billing.rules.invoices import pour
from practice.calendar.rules import zones
from practice.clients.rules.diagnoses import POINTERS
from practice.clients.rules.diagnoses import WORDS as DIAGNOSES
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.people.identifiers import Provider
from practice.sessions.rules.codes import Coded, Codes, coded
from practice.sessions.rules.lifecycle import Modality

POINTERS_A_LINE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A session that was held and charged, as a superbill needs it."""

    id: UUID
    on: date
    label: str
    minutes: int
    modality: Modality
    fee: Money
    paid: Money
    codes: Codes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Whom a superbill is for. Empty is what is not known."""

    birth_on: str
    address: str
    member_id: str
    diagnoses: Sequence[str]  # the primary one first


def lacking(patient: Patient, provider: Provider, *, tax_id: str) -> list[str]:
    """Return what a superbill cannot be made without, in words for staff."""
    return [
        words
        for is_there, words in (
            (patient.birth_on, "The client’s birth date is not on file."),
            (patient.address, "The client’s address is not on file."),
            (patient.diagnoses, "No diagnosis is recorded."),
            (tax_id, "The tax ID of the practice is not in the settings."),
            *lacking_of(provider),
        )
        if not is_there
    ]


def lacking_of(provider: Provider) -> tuple[tuple[str, str], ...]:
    """Return what is known of a clinician, each with what to say where it is not."""
    return (
        (provider.npi, "The NPI of the clinician is not in the settings."),
        (provider.credentials, "The credentials of the clinician are not in the settings."),
        (
            provider.licence_no and provider.licence_state,
            "The license of the clinician is not in the settings.",
        ),
    )


def in_codes(sessions: Sequence[Held]) -> tuple[list[tuple[Held, list[Coded]]], list[str]]:
    """Return the sessions in codes, and why some cannot be, in words for staff."""
    found, problems = [], []
    for each in sessions:
        if each.codes is None or not each.codes.lines:
            problems.append(f"{each.label} has no codes yet.")
            continue
        try:
            lines = coded(each.codes, minutes=each.minutes, modality=each.modality, fee=each.fee)
        except Invalid as wrong:
            day = zones.day_words(each.on)
            problems.append(f"{each.label} on {day}: {wrong.message}.")
            continue
        found.append((each, lines))
    return found, list(dict.fromkeys(problems))


def facts(
    coded_sessions: Sequence[tuple[Held, Sequence[Coded]]],
    patient: Patient,
    *,
    currency: str,
) -> Mapping[str, Any]:
    """Return the part of a superbill that is about the sessions, fit for JSON."""
    pointers = "".join(POINTERS[: min(len(patient.diagnoses), POINTERS_A_LINE)])
    lines = [line for session, parts in coded_sessions for line in _lines(session, parts, pointers)]
    fee, paid = (sum(each[name] for each in lines) for name in ("fee_minor", "paid_minor"))
    return {
        "birth_on": patient.birth_on,
        "member_id": patient.member_id,
        "diagnoses": [
            {"pointer": pointer, "code": code, "words": DIAGNOSES.get(code, "")}
            for pointer, code in zip(POINTERS, patient.diagnoses, strict=False)
        ],
        "lines": lines,
        "fee_minor": fee,
        "paid_minor": paid,
        "balance_minor": fee - paid,
        "currency": currency,
    }


def _lines(session: Held, parts: Sequence[Coded], pointers: str) -> list[dict[str, Any]]:
    paid = pour(session.paid.minor, [each.fee.minor for each in parts])
    return [
        {
            "on": session.on.isoformat(),
            "label": each.line.label or session.label,
            "code": each.line.code,
            "modifiers": list(each.line.modifiers),
            "place": each.place,
            "pointers": pointers,
            "units": each.line.units,
            "fee_minor": each.fee.minor,
            "paid_minor": paid_minor,
        }
        for each, paid_minor in zip(parts, paid, strict=True)
    ]
