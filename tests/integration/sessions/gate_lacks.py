"""Every fact that a session may lack, or that may have run out: what staff read of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from practice.clients.models import CareProfile, Paper
from practice.clients.rules.papers import PaperKind, Route
from practice.core.db import Base, db
from practice.people.models import Client
from practice.sessions.models import BroughtSession, Course
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.gates import GATES, Gate, Stage
from practice.sessions.rules.lifecycle import SessionKind
from tests.integration.sessions.test_free_times import TUESDAY, at

P, K, G = PaperKind, SessionKind, Gate
DAY = timedelta(days=1)
ON = TUESDAY

Rows = Callable[[Client], list[Base]]


def paper(kind: PaperKind, dated_on: date = ON - DAY, **more: Any) -> Rows:
    route = Route.SL if kind is P.MEDICAL_CLEARANCE else None
    given = {"route": route, "valid_until": None, "is_good": True} | more
    return lambda client: [
        Paper(
            client_id=client.id,
            kind=kind,
            dated_on=dated_on,
            recorded_at=at(dated_on, 9),
            **given,
        )
    ]


def expired(kind: PaperKind) -> Rows:
    return paper(kind, ON - 300 * DAY, valid_until=ON - DAY)


def contact(confirmed_on: date | None, **names: str) -> Rows:
    return lambda client: [
        CareProfile(
            client_id=client.id,
            emergency_confirmed_on=confirmed_on,
            **{f"emergency_{part}": value for part, value in names.items()},
        )
    ]


def elsewhere(kind: SessionKind, on: date) -> Rows:
    return lambda client: [
        BroughtSession(
            client_id=client.id,
            kind=kind,
            starts_at=at(on, 12),
            ends_at=at(on, 13),
            recorded_at=at(on, 14),
        )
    ]


def together(*parts: Rows) -> Rows:
    return lambda client: [row for part in parts for row in part(client)]


@dataclass(frozen=True)
class Lack:
    """One fact that is missing, or has run out: what staff read, and what is on file instead."""

    gate: Gate
    words: str
    rows: Rows | None = None

    @property
    def at(self) -> Stage:
        return GATES[self.gate].at


RAN_OUT = "runs out on Mon, Mar 1, before this session"
LACKS = [
    Lack(G.CONSENT_TREATMENT, "Treatment and privacy consents are missing"),
    Lack(
        G.CONSENT_TREATMENT,
        "Treatment and privacy consents run out on Mon, Mar 1, before this session",
        expired(P.CONSENT_TREATMENT),
    ),
    Lack(G.CONSENT_KETAMINE, "Consent to ketamine is missing"),
    Lack(G.CONSENT_KETAMINE, f"Consent to ketamine {RAN_OUT}", expired(P.CONSENT_KETAMINE)),
    Lack(G.INTAKE_DONE, "No intake has been held"),
    Lack(G.EMERGENCY_CONTACT, "The emergency contact is missing"),
    Lack(
        G.EMERGENCY_CONTACT,
        "The emergency contact has no relation",
        contact(ON, name="Tam Bell", phone="+17575550199"),
    ),
    Lack(
        G.EMERGENCY_CONTACT,
        "The emergency contact was last confirmed on Wed, Sep 2, "
        "more than 180 days before this session",
        contact(ON - 181 * DAY, name="Tam", relation="spouse", phone="+17575550199"),
    ),
    Lack(G.ROI_PRESCRIBER, "Release of information to the prescriber is missing"),
    Lack(
        G.ROI_PRESCRIBER,
        f"Release of information to the prescriber {RAN_OUT}",
        expired(P.ROI_PRESCRIBER),
    ),
    Lack(G.MEDICAL_CLEARANCE, "Medical clearance for SL is missing"),
    Lack(
        G.MEDICAL_CLEARANCE,
        "Medical clearance for SL is missing",
        paper(P.MEDICAL_CLEARANCE, route=Route.IM),
    ),
    Lack(G.MEDICAL_CLEARANCE, f"Medical clearance for SL {RAN_OUT}", expired(P.MEDICAL_CLEARANCE)),
    Lack(
        G.MEDICAL_CLEARANCE,
        "Medical clearance for SL is more than 90 days old at the first dosing",
        paper(P.MEDICAL_CLEARANCE, ON - 91 * DAY),
    ),
    Lack(
        G.MEDICAL_CLEARANCE,
        "Medical clearance for SL is suspended since Mon, Mar 1",
        together(paper(P.MEDICAL_CLEARANCE), paper(P.CLEARANCE_SUSPENDED)),
    ),
    Lack(G.MED_FOLLOWUP_DONE, "No prescriber follow-up has been held"),
    Lack(
        G.MED_FOLLOWUP_DONE,
        "At the prescriber follow-up the course was not continued",
        paper(P.FOLLOWUP_HELD, is_good=False),
    ),
    Lack(G.RX_WITH_CLIENT, "The lozenges in their pharmacy container were not seen and counted"),
    Lack(G.STOCK_ON_HAND, "The stock for the planned dose was not checked"),
    Lack(G.MEDICAL_MONITOR_ASSIGNED, "No medical monitor is booked for the whole time"),
    Lack(G.PREP_DONE, "No preparation session has been held"),
    Lack(
        G.PRIOR_INTEGRATION_DONE,
        "No integration has been held after the dosing on Fri, Feb 19",
        elsewhere(K.DOSING, date(2027, 2, 19)),
    ),
    Lack(G.MEASURES_CURRENT, "PHQ-9 is missing; GAD-7 is missing"),
    Lack(G.MEASURES_CURRENT, "GAD-7 is missing", paper(P.PHQ9)),
    Lack(G.URINARY_CHECK, "Bladder check is missing"),
    Lack(G.URINARY_CHECK, f"Bladder check {RAN_OUT}", paper(P.URINARY_CHECK, ON - 15 * DAY)),
    Lack(
        G.URINARY_CHECK,
        "The bladder check found something that stands in the way",
        paper(P.URINARY_CHECK, is_good=False),
    ),
    Lack(G.NO_OPEN_RISK_FLAG, "Review: no open risk flag is missing"),
    Lack(
        G.NO_OPEN_RISK_FLAG,
        "A risk flag is open",
        together(paper(P.RISK_REVIEW), paper(P.RISK_FLAG)),
    ),
    Lack(G.ESTIMATE_DELIVERED, "Good faith estimate is missing"),
    Lack(G.ESTIMATE_DELIVERED, f"Good faith estimate {RAN_OUT}", expired(P.ESTIMATE)),
    Lack(G.PAYMENT_READY, "Payment is neither made nor arranged"),
    Lack(G.PAYMENT_READY, "Payment is neither made nor arranged", expired(P.PAYMENT_ARRANGED)),
    Lack(G.ESCORT_NAMED, "No escort is named with a phone number"),
    Lack(G.DAY_OF_CHECKS, "The checks of the day are not recorded"),
    Lack(G.DISCHARGE_CHECKS, "The discharge checks are not recorded"),
    Lack(G.SCREENING_DECIDED, "Screening decision is missing"),
    Lack(
        G.SCREENING_DECIDED,
        "The screening does not say eligible, nor cleared after medical review",
        paper(P.SCREENING, is_good=False),
    ),
    Lack(G.LABS_CURRENT, "No clearance says whether a liver panel is asked for"),
    Lack(
        G.LABS_CURRENT,
        "Liver panel is missing",
        paper(P.MEDICAL_CLEARANCE, labs_every_days=90),
    ),
    Lack(
        G.LABS_CURRENT,
        f"Liver panel {RAN_OUT}",
        together(paper(P.MEDICAL_CLEARANCE, labs_every_days=90), paper(P.LABS, ON - 91 * DAY)),
    ),
    Lack(G.PMP_CHECKED, "Prescription monitoring check is missing"),
    Lack(
        G.PMP_CHECKED,
        f"Prescription monitoring check {RAN_OUT}",
        paper(P.PMP_CHECK, ON - 91 * DAY),
    ),
    Lack(G.REVIEW_DECIDED, "The reviews of the course are looked at once it is booked"),
]
"""What any session may lack. One that is of no course knows of no reviews."""


def lapsed(client: Client) -> list[Base]:
    db.session.execute(
        sa.update(Course).where(Course.client_id == client.id).values(state=CourseState.LAPSED)
    )
    db.session.expire_all()
    return []


OF_A_COURSE = [
    Lack(G.REVIEW_DECIDED, "The review after the call is not decided"),
    Lack(
        G.COURSE_RUNS,
        "The course has lapsed: a medical review and one preparation come first",
        lapsed,
    ),
]
"""What only a dosing of a course may lack."""
