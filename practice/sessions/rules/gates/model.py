"""What a gate is, what is known of a client, and what an evaluation says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from practice.clients.rules.papers import PaperOnFile, Route
from practice.people.rules import Role
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.templates import shipped


class Gate(StrEnum):
    CONSENT_TREATMENT = "consent_treatment"
    CONSENT_KETAMINE = "consent_ketamine"
    INTAKE_DONE = "intake_done"
    EMERGENCY_CONTACT = "emergency_contact"
    ROI_PRESCRIBER = "roi_prescriber"
    MEDICAL_CLEARANCE = "medical_clearance"
    MED_FOLLOWUP_DONE = "med_followup_done"
    RX_WITH_CLIENT = "rx_with_client"
    STOCK_ON_HAND = "stock_on_hand"
    MEDICAL_MONITOR_ASSIGNED = "medical_monitor_assigned"
    PREP_DONE = "prep_done"
    PRIOR_INTEGRATION_DONE = "prior_integration_done"
    MEASURES_CURRENT = "measures_current"
    URINARY_CHECK = "urinary_check"
    NO_OPEN_RISK_FLAG = "no_open_risk_flag"
    ESTIMATE_DELIVERED = "estimate_delivered"
    PAYMENT_READY = "payment_ready"
    ESCORT_NAMED = "escort_named"
    DAY_OF_CHECKS = "day_of_checks"
    DISCHARGE_CHECKS = "discharge_checks"
    SCREENING_DECIDED = "screening_decided"
    LABS_CURRENT = "labs_current"
    PMP_CHECKED = "pmp_checked"
    # Of dosings of a course alone, and of no template: see ``OF_COURSES``.
    REVIEW_DECIDED = "review_decided"
    COURSE_RUNS = "course_runs"


class Stage(StrEnum):
    """When a gate is first looked at. It is looked at again at every later stage."""

    BOOKING = "booking"
    CONFIRM = "confirm"
    T_MINUS_24H = "t_minus_24h"
    ARRIVAL = "arrival"
    ADMINISTER = "administer"
    DISCHARGE = "discharge"

    @property
    def rank(self) -> int:
        return _ORDER[self]


_ORDER = {stage: n for n, stage in enumerate(Stage)}


class Passer(StrEnum):
    """Who may pass a gate without its proof, with a written reason."""

    PRACTITIONER = "practitioner"
    PRESCRIBER = "prescriber"

    def is_among(self, roles: Iterable[Role]) -> bool:
        return not MAY_PASS[self].isdisjoint(roles)


MAY_PASS: Mapping[Passer, frozenset[Role]] = {
    Passer.PRACTITIONER: frozenset({Role.OWNER, Role.THERAPIST}),
    Passer.PRESCRIBER: frozenset({Role.PRESCRIBER}),
}


@dataclass(frozen=True, slots=True)
class GateRule:
    """A gate as the data file has it. ``override`` that is ``None``: nobody passes it."""

    gate: Gate
    at: Stage
    meaning: str
    override: Passer | None
    at_by_kind: Mapping[SessionKind, Stage]
    applies_to: frozenset[SessionKind] | None
    valid_days: int | None
    first_dose_within_days: int | None

    def stage_for(self, kind: SessionKind) -> Stage:
        return self.at_by_kind.get(kind, self.at)


def read_gate(raw: Mapping[str, Any]) -> GateRule:
    """Read one gate of the data file.

    Raises:
        KeyError, ValueError: if it lacks something, or names what there is not.
    """
    passer, kinds = raw["override"], raw.get("applies_to")
    return GateRule(
        gate=Gate(raw["key"]),
        at=Stage(raw["at"]),
        meaning=raw["meaning"],
        override=None if passer is None else Passer(passer),
        at_by_kind={
            SessionKind(kind): Stage(stage) for kind, stage in raw.get("at_by_kind", {}).items()
        },
        applies_to=None if kinds is None else frozenset(map(SessionKind, kinds)),
        valid_days=raw.get("valid_days"),
        first_dose_within_days=raw.get("first_dose_within_days"),
    )


OF_COURSES: Mapping[Gate, GateRule] = {
    gate: GateRule(
        gate=gate,
        at=Stage.CONFIRM,
        meaning=meaning,
        override=None,
        at_by_kind={},
        applies_to=None,
        valid_days=None,
        first_dose_within_days=None,
    )
    for gate, meaning in (
        (Gate.REVIEW_DECIDED, "every review of the course before this dosing is decided"),
        (Gate.COURSE_RUNS, "the course has not lapsed, or goes on by decision"),
    )
}
"""What every dosing of a course asks for besides. Nobody passes them but by deciding."""

GATES: Mapping[Gate, GateRule] = {
    **{rule.gate: rule for rule in map(read_gate, shipped()["gates"])},
    **OF_COURSES,
}
"""Every gate, in the order of the data file, which is that of every list of them."""


# What is known ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionFact:
    """A session of the client, here or elsewhere: it was held, or it is still to come.

    ``on`` is its local date. ``has_monitor`` says whether somebody else than its host, booked
    for all of it, is a medical monitor; ``has_overrides`` whether anything was ever passed.
    """

    id: UUID
    kind: SessionKind
    starts_at: datetime
    on: date
    is_held: bool
    has_monitor: bool = False
    has_overrides: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """The emergency contact on file: what of it is missing, and when it was last confirmed."""

    missing: tuple[str, ...]
    confirmed_on: date | None


@dataclass(frozen=True, slots=True)
class Override:
    """A gate that somebody passed for one session, with their reason."""

    id: UUID
    session_id: UUID
    gate: Gate
    stage: Stage
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CourseFact:
    """What the course of a dosing has to say: in words, why it cannot be confirmed yet."""

    open_reviews: tuple[str, ...] = ()
    lapse: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a client that gates ask for.

    ``kept_minor`` is what was paid for each session and not given back, in cents,
    ``sale_missing_minor`` what is due of each sale that sessions are a part of. ``courses`` is
    what the course says of each dosing that is a step of one.
    """

    papers: tuple[PaperOnFile, ...] = ()
    sessions: tuple[SessionFact, ...] = ()
    contact: Contact = Contact(("name", "relation", "phone"), None)
    overrides: tuple[Override, ...] = ()
    kept_minor: Mapping[UUID, int] = field(default_factory=dict)
    sale_missing_minor: Mapping[UUID, int] = field(default_factory=dict)
    courses: Mapping[UUID, CourseFact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The session that is judged; one that is not booked yet has no ``id``.

    ``on`` is its local date, ``gates`` is what it asks for, in the order of the data file.
    """

    id: UUID | None
    kind: SessionKind
    route: Route | None
    starts_at: datetime
    on: date
    gates: tuple[Gate, ...]
    price_minor: int = 0
    sale_id: UUID | None = None
    pays_at_visit: bool = False
    needs_monitor: bool = False

    def asks_up_to(self, stage: Stage) -> bool:
        """Say whether any gate is first looked at by this stage."""
        return any(GATES[each].stage_for(self.kind).rank <= stage.rank for each in self.gates)


# What is said ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate of one session: passed, or closed with the ``reason`` in words for staff.

    ``holds_until`` is the last day on which what passed it holds, if it ends. ``override`` is
    given where the proof is lacking and somebody passed it all the same.
    """

    gate: Gate
    stage: Stage
    reason: str
    holds_until: date | None = None
    override: Override | None = None

    @property
    def is_open(self) -> bool:
        return not self.reason or self.override is not None
