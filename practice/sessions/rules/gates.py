"""What must be on file before a dosing can be confirmed or begun, and why it is not enough yet.

The gates that the shipped course templates name for dosings and that this practice already
keeps papers for: consent, clearance, preparation. Nobody may pass them without the paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind, PaperOnFile, Route, last_day
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind


class Gate(StrEnum):
    CONSENT_KETAMINE = "consent_ketamine"
    MEDICAL_CLEARANCE = "medical_clearance"
    PREP_DONE = "prep_done"


FIRST_DOSE_WITHIN_DAYS = 90
"""How old a clearance may be at the first dosing: `first_dose_within_days` of the gate."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a client that gates ask for.

    ``preps_held_on`` are the local dates of preparation sessions that were completed.
    ``first_dosing_on`` is the local date of the client's earliest dosing, booked or held.
    """

    papers: tuple[PaperOnFile, ...]
    preps_held_on: tuple[date, ...]
    first_dosing_on: date | None


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """A gate that is still shut, and why, in words for staff."""

    gate: Gate
    reason: str


def closed_gates(
    facts: Facts, *, kind: SessionKind, route: Route | None, on: date
) -> list[ClosedGate]:
    """List what stands between a client and a dosing on a local day. An empty list means go.

    Sessions that give no medicine have no gates here. ``route`` is the service's.
    """
    if kind not in GIVES_MEDICINE:
        return []
    reasons = {
        Gate.CONSENT_KETAMINE: _consent(facts.papers, on),
        Gate.MEDICAL_CLEARANCE: _clearance(facts, route, on),
        Gate.PREP_DONE: _preparation(facts, on),
    }
    return [ClosedGate(gate, reason) for gate, reason in reasons.items() if reason]


def _consent(papers: Iterable[PaperOnFile], on: date) -> str | None:
    paper = _newest(papers, PaperKind.CONSENT_KETAMINE, None, on)
    return _not_in_force(paper, on, "Consent to ketamine")


def _clearance(facts: Facts, route: Route | None, on: date) -> str | None:
    name = f"Medical clearance for {route}" if route else "Medical clearance"
    paper = _newest(facts.papers, PaperKind.MEDICAL_CLEARANCE, route, on)
    closed = _not_in_force(paper, on, name)
    is_first = facts.first_dosing_on is None or facts.first_dosing_on >= on
    if closed or paper is None or not is_first:
        return closed
    if on <= paper.dated_on + timedelta(days=FIRST_DOSE_WITHIN_DAYS):
        return None
    return f"{name} is more than {FIRST_DOSE_WITHIN_DAYS} days old at the first dosing"


def _preparation(facts: Facts, on: date) -> str | None:
    held = [*facts.preps_held_on]
    held += [p.dated_on for p in facts.papers if p.kind is PaperKind.PREPARATION_HELD]
    return None if any(day <= on for day in held) else "No preparation session has been held"


def _newest(
    papers: Iterable[PaperOnFile], kind: PaperKind, route: Route | None, on: date
) -> PaperOnFile | None:
    """Return the paper of a kind that decides on a day: the last one dated by then."""
    dated = [p for p in papers if p.kind is kind and p.route is route and p.dated_on <= on]
    return max(dated, key=lambda paper: paper.dated_on, default=None)


def _not_in_force(paper: PaperOnFile | None, on: date, name: str) -> str | None:
    if paper is None:
        return f"{name} is missing"
    until = paper.valid_until or last_day(paper.kind, paper.dated_on)
    if until is not None and until < on:
        return f"{name} runs out on {zones.day_words(until)}, before this session"
    return None
