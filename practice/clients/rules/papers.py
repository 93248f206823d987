"""The papers and records that a session may ask for, as dated facts.

Whatever a later page will bring by itself (a questionnaire, an estimate, a stock log) is on file
here as a record that staff enter, so that nothing counts as done because its page is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from practice.people.rules import Permission

P = Permission
A_YEAR = 365


class PaperKind(StrEnum):
    CONSENT_TREATMENT = "consent_treatment"
    CONSENT_KETAMINE = "consent_ketamine"
    ROI_PRESCRIBER = "roi_prescriber"
    SCREENING = "screening"
    MEDICAL_CLEARANCE = "medical_clearance"
    CLEARANCE_SUSPENDED = "clearance_suspended"  # holds until it is lifted, or a newer clearance
    LABS = "labs"
    URINARY_CHECK = "urinary_check"
    PMP_CHECK = "pmp_check"
    PHQ9 = "phq9"
    GAD7 = "gad7"
    RISK_REVIEW = "risk_review"  # somebody looked, and no risk flag was open
    RISK_FLAG = "risk_flag"  # open until a clinician closes it
    ESTIMATE = "estimate"
    INSURANCE_USED = "insurance_used"  # then no estimate is owed
    PAYMENT_ARRANGED = "payment_arranged"  # a package, a card on file, a deposit
    INTAKE_HELD = "intake_held"  # held before this practice kept its book here
    PREPARATION_HELD = "preparation_held"
    FOLLOWUP_HELD = "followup_held"
    # Of one session alone:
    ESCORT = "escort"
    STOCK = "stock"
    RX_SEEN = "rx_seen"
    CONSENT_REAFFIRMED = "consent_reaffirmed"
    DAY_OF_CHECKS = "day_of_checks"
    DISCHARGE_CHECKS = "discharge_checks"


K = PaperKind


class Route(StrEnum):
    """How the medicine is given. A clearance names one."""

    SL = "SL"
    RDT = "RDT"
    TROCHE = "TROCHE"
    IM = "IM"
    IV = "IV"
    IN = "IN"


class Group(StrEnum):
    """Under which heading a client's page keeps it."""

    CONSENT = "Consents and releases"
    MEDICAL = "Medical"
    WELLBEING = "Measures and safety"
    MONEY = "Estimate and payment"
    ELSEWHERE = "Held elsewhere"
    SESSION = "Of one session"


@dataclass(frozen=True, slots=True)
class PaperRule:
    """How one kind is kept.

    ``results`` are the words for a good and for a bad outcome, where there can be one. What is
    ``on_the_day`` bears the local date of its session. ``is_open`` is no proof but a warning: on
    file, it stands in the way. ``about`` asks for one line of words.
    """

    name: str
    recorded_with: Permission
    group: Group
    valid_days: int | None = None
    results: tuple[str, str] | None = None
    names_person: bool = False
    on_the_day: bool = False
    is_open: bool = False
    about: str = ""


RULES: dict[PaperKind, PaperRule] = {
    K.CONSENT_TREATMENT: PaperRule(
        "Treatment and privacy consents", P.CONSENT_RECORD, Group.CONSENT, A_YEAR
    ),
    K.CONSENT_KETAMINE: PaperRule("Consent to ketamine", P.CONSENT_RECORD, Group.CONSENT, A_YEAR),
    K.ROI_PRESCRIBER: PaperRule(
        "Release of information to the prescriber", P.CONSENT_RECORD, Group.CONSENT, A_YEAR
    ),
    K.SCREENING: PaperRule(
        "Screening decision",
        P.CLEARANCE_RECORD,
        Group.MEDICAL,
        A_YEAR,
        results=("Eligible, or cleared after medical review", "Not eligible, or not decided yet"),
    ),
    K.MEDICAL_CLEARANCE: PaperRule("Medical clearance", P.CLEARANCE_RECORD, Group.MEDICAL, A_YEAR),
    K.CLEARANCE_SUSPENDED: PaperRule(
        "Suspension of clearance", P.CLEARANCE_SUSPEND, Group.MEDICAL, is_open=True, about="Why"
    ),
    K.LABS: PaperRule(
        "Liver panel",
        P.CLEARANCE_RECORD,
        Group.MEDICAL,
        results=("Seen by the prescriber: go on", "Seen by the prescriber: do not go on"),
    ),
    K.URINARY_CHECK: PaperRule(
        "Bladder check",
        P.CHECKS_RECORD,
        Group.MEDICAL,
        results=("Nothing that stands in the way", "Something that stands in the way"),
    ),
    K.PMP_CHECK: PaperRule(
        "Prescription monitoring check",
        P.CLEARANCE_RECORD,
        Group.MEDICAL,
        90,
        results=("Nothing that stands in the way", "Something that stands in the way"),
    ),
    K.PHQ9: PaperRule("PHQ-9", P.CHECKS_RECORD, Group.WELLBEING, about="Total, if known"),
    K.GAD7: PaperRule("GAD-7", P.CHECKS_RECORD, Group.WELLBEING, about="Total, if known"),
    K.RISK_REVIEW: PaperRule("Review: no open risk flag", P.CHECKS_RECORD, Group.WELLBEING, 90),
    K.RISK_FLAG: PaperRule(
        "Open risk flag", P.CHECKS_RECORD, Group.WELLBEING, is_open=True, about="What was seen"
    ),
    K.ESTIMATE: PaperRule("Good faith estimate", P.CLIENT_EDIT, Group.MONEY, A_YEAR),
    K.INSURANCE_USED: PaperRule("Uses insurance: no estimate owed", P.CLIENT_EDIT, Group.MONEY),
    K.PAYMENT_ARRANGED: PaperRule(
        "Payment arranged", P.MONEY_TAKE, Group.MONEY, about="Package, deposit or card on file"
    ),
    K.INTAKE_HELD: PaperRule("Intake held elsewhere", P.CONSENT_RECORD, Group.ELSEWHERE),
    K.PREPARATION_HELD: PaperRule("Preparation held elsewhere", P.CONSENT_RECORD, Group.ELSEWHERE),
    K.FOLLOWUP_HELD: PaperRule(
        "Prescriber follow-up held elsewhere",
        P.CLEARANCE_RECORD,
        Group.ELSEWHERE,
        results=("The course goes on", "The course does not go on"),
    ),
    K.ESCORT: PaperRule("Escort", P.APPOINTMENT_RUN, Group.SESSION, names_person=True),
    K.STOCK: PaperRule(
        "Stock for the planned dose",
        P.CHECKS_RECORD,
        Group.SESSION,
        results=("Covered by an unexpired lot", "Not covered"),
    ),
    K.RX_SEEN: PaperRule(
        "Lozenges seen and counted", P.CHECKS_RECORD, Group.SESSION, on_the_day=True, about="Count"
    ),
    K.CONSENT_REAFFIRMED: PaperRule(
        "Consent reaffirmed on the day", P.CHECKS_RECORD, Group.SESSION, on_the_day=True
    ),
    K.DAY_OF_CHECKS: PaperRule(
        "Checks of the day",
        P.CHECKS_RECORD,
        Group.SESSION,
        on_the_day=True,
        results=("Answered and passed, vital signs within policy", "Not passed"),
    ),
    K.DISCHARGE_CHECKS: PaperRule(
        "Discharge checks",
        P.CHECKS_RECORD,
        Group.SESSION,
        on_the_day=True,
        results=("All criteria met, escort present", "Not all met"),
    ),
}

VALID_DAYS: dict[PaperKind, int | None] = {kind: rule.valid_days for kind, rule in RULES.items()}
"""How long each holds unless the paper says less; `gates` of the course templates."""

NAMES: dict[PaperKind, str] = {kind: rule.name for kind, rule in RULES.items()}

ROUTE_NAMES: dict[Route, str] = {
    Route.SL: "Under the tongue (SL)",
    Route.RDT: "Dissolving tablet (RDT)",
    Route.TROCHE: "Troche",
    Route.IM: "Into a muscle (IM)",
    Route.IV: "Infusion (IV)",
    Route.IN: "Through the nose (IN)",
}

RECORDED_WITH: dict[PaperKind, Permission] = {
    kind: rule.recorded_with for kind, rule in RULES.items()
}
"""What it takes to put each on file, and to withdraw it."""

OF_CLIENT = tuple(kind for kind, rule in RULES.items() if rule.group is not Group.SESSION)
OF_SESSION = tuple(kind for kind, rule in RULES.items() if rule.group is Group.SESSION)

LONGEST_INTERVAL_DAYS = A_YEAR
LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class PaperOnFile:
    """One paper: of ``dated_on``, good through ``valid_until`` (``None``: no end).

    ``session_id`` is that of the one session it is for. ``labs_every_days`` is what a clearance
    asks for; ``is_good`` says whether the outcome lets the session go on.
    """

    id: UUID
    kind: PaperKind
    dated_on: date
    valid_until: date | None
    route: Route | None = None
    session_id: UUID | None = None
    is_good: bool = True
    labs_every_days: int | None = None


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What a paper says beside its kind and dates. ``person`` and ``phone`` are an escort's."""

    route: Route | None = None
    is_good: bool = True
    labs_every_days: int | None = None
    detail: str | None = None
    person: str | None = None
    phone: str | None = None


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
    today: date,
    facts: PaperFacts,
    session_on: date | None = None,
) -> Wrong | None:
    """Say why a paper cannot be put on file like this; ``None`` if it can.

    ``session_on`` is the local date of the session it is for.
    """
    wrong = chain(  # one after another: a date that is no date of a paper is not counted from
        _wrong_dates(RULES[kind], dated_on, valid_until, today, session_on),
        _wrong_length(kind, dated_on, valid_until),
        _wrong_facts(kind, facts),
    )
    return next(wrong, None)


def _wrong_dates(
    rule: PaperRule,
    dated_on: date,
    valid_until: date | None,
    today: date,
    session_on: date | None,
) -> Iterator[Wrong]:
    if dated_on > today:
        yield Wrong("dated_on", "The date on the paper cannot be in the future")
    if rule.on_the_day and session_on is not None and dated_on != session_on:
        yield Wrong("dated_on", "This is recorded with the date of the session itself")
    if valid_until is not None and valid_until < dated_on:
        yield Wrong("valid_until", "A paper cannot end before its own date")


def _wrong_length(kind: PaperKind, dated_on: date, valid_until: date | None) -> Iterator[Wrong]:
    latest, days = last_day(kind, dated_on), VALID_DAYS[kind]
    if valid_until is not None and latest is not None and valid_until > latest:
        length = "a year" if days == A_YEAR else f"{days} days"
        yield Wrong(
            "valid_until",
            f"It holds for {length} at most, until {latest:%B} {latest.day}, {latest.year}",
        )


def _wrong_facts(kind: PaperKind, facts: PaperFacts) -> Iterator[Wrong]:
    if (kind is PaperKind.MEDICAL_CLEARANCE) != (facts.route is not None):
        yield Wrong("route", "Choose the route that the clearance is for")
    if RULES[kind].names_person and not facts.person:
        yield Wrong("person", "Enter the name of the adult who takes the client home")
    if RULES[kind].names_person and not facts.phone:
        yield Wrong("phone", "Enter the number at which they are reached")
