"""What staff read of gates: what passed them, and what is recorded to pass them."""

from __future__ import annotations

from collections.abc import Mapping

from practice.clients.rules.papers import PaperKind
from practice.sessions.rules.gates.model import Gate, Passer, Stage

G = Gate
K = PaperKind

MET: Mapping[Gate, str] = {
    G.CONSENT_TREATMENT: "Treatment and privacy consents are on file",
    G.CONSENT_KETAMINE: "Consent to ketamine is on file",
    G.INTAKE_DONE: "The intake has been held",
    G.EMERGENCY_CONTACT: "The emergency contact is confirmed",
    G.ROI_PRESCRIBER: "The release to the prescriber is on file",
    G.MEDICAL_CLEARANCE: "Medical clearance is on file",
    G.MED_FOLLOWUP_DONE: "The prescriber follow-up has been held",
    G.RX_WITH_CLIENT: "The lozenges were seen and counted",
    G.STOCK_ON_HAND: "The stock covers the planned dose",
    G.MEDICAL_MONITOR_ASSIGNED: "A medical monitor is booked for all of it",
    G.PREP_DONE: "Preparation has been held",
    G.PRIOR_INTEGRATION_DONE: "Integration after the dosing before has been held",
    G.MEASURES_CURRENT: "PHQ-9 and GAD-7 are current",
    G.URINARY_CHECK: "The bladder check is current",
    G.NO_OPEN_RISK_FLAG: "No risk flag is open",
    G.ESTIMATE_DELIVERED: "The estimate was delivered, or none is owed",
    G.PAYMENT_READY: "Payment is settled or arranged",
    G.ESCORT_NAMED: "An escort is named",
    G.DAY_OF_CHECKS: "The checks of the day are passed",
    G.DISCHARGE_CHECKS: "The discharge checks are passed",
    G.SCREENING_DECIDED: "The screening is decided",
    G.LABS_CURRENT: "The liver panel is current, or none is asked for",
    G.PMP_CHECKED: "The prescription monitoring program was checked",
    G.REVIEW_DECIDED: "The reviews of the course are decided",
    G.COURSE_RUNS: "The course has not lapsed",
}
"""What the checklist says of a gate that is open."""

RECORDED_AS: Mapping[Gate, tuple[PaperKind, ...]] = {
    G.CONSENT_TREATMENT: (K.CONSENT_TREATMENT,),
    G.CONSENT_KETAMINE: (K.CONSENT_KETAMINE, K.CONSENT_REAFFIRMED),
    G.INTAKE_DONE: (K.INTAKE_HELD,),
    G.EMERGENCY_CONTACT: (),
    G.ROI_PRESCRIBER: (K.ROI_PRESCRIBER,),
    G.MEDICAL_CLEARANCE: (K.MEDICAL_CLEARANCE,),
    G.MED_FOLLOWUP_DONE: (K.FOLLOWUP_HELD,),
    G.RX_WITH_CLIENT: (K.RX_SEEN,),
    G.STOCK_ON_HAND: (K.STOCK,),
    G.MEDICAL_MONITOR_ASSIGNED: (),
    G.PREP_DONE: (K.PREPARATION_HELD,),
    G.PRIOR_INTEGRATION_DONE: (),
    G.MEASURES_CURRENT: (K.PHQ9, K.GAD7),
    G.URINARY_CHECK: (K.URINARY_CHECK,),
    G.NO_OPEN_RISK_FLAG: (K.RISK_REVIEW,),
    G.ESTIMATE_DELIVERED: (K.ESTIMATE, K.INSURANCE_USED),
    G.PAYMENT_READY: (K.PAYMENT_ARRANGED,),
    G.ESCORT_NAMED: (K.ESCORT,),
    G.DAY_OF_CHECKS: (K.DAY_OF_CHECKS,),
    G.DISCHARGE_CHECKS: (K.DISCHARGE_CHECKS,),
    G.SCREENING_DECIDED: (K.SCREENING,),
    G.LABS_CURRENT: (K.LABS,),
    G.PMP_CHECKED: (K.PMP_CHECK,),
    G.REVIEW_DECIDED: (),
    G.COURSE_RUNS: (),
}
"""Which records staff enter to pass a gate. None: the program knows by itself."""

STAGE_WORDS: Mapping[Stage, str] = {
    Stage.BOOKING: "Before it is booked",
    Stage.CONFIRM: "Before it is confirmed",
    Stage.T_MINUS_24H: "24 hours before",
    Stage.ARRIVAL: "On arrival",
    Stage.ADMINISTER: "Before it begins",
    Stage.DISCHARGE: "Before the client leaves",
}

PASSED_BY: Mapping[Passer | None, str] = {
    None: "Nobody may pass this without it.",
    Passer.PRACTITIONER: "A practitioner may pass it with a written reason.",
    Passer.PRESCRIBER: "A prescriber may pass it with a written reason.",
}

NAMES: Mapping[Gate, str] = {
    G.CONSENT_TREATMENT: "treatment and privacy consents",
    G.CONSENT_KETAMINE: "consent to ketamine",
    G.INTAKE_DONE: "the intake",
    G.EMERGENCY_CONTACT: "the emergency contact",
    G.ROI_PRESCRIBER: "the release to the prescriber",
    G.MEDICAL_CLEARANCE: "medical clearance",
    G.MED_FOLLOWUP_DONE: "the prescriber follow-up",
    G.RX_WITH_CLIENT: "lozenges seen and counted",
    G.STOCK_ON_HAND: "stock for the planned dose",
    G.MEDICAL_MONITOR_ASSIGNED: "a medical monitor",
    G.PREP_DONE: "preparation",
    G.PRIOR_INTEGRATION_DONE: "integration after the dosing before",
    G.MEASURES_CURRENT: "current PHQ-9 and GAD-7",
    G.URINARY_CHECK: "the bladder check",
    G.NO_OPEN_RISK_FLAG: "no open risk flag",
    G.ESTIMATE_DELIVERED: "the estimate",
    G.PAYMENT_READY: "payment",
    G.ESCORT_NAMED: "an escort",
    G.DAY_OF_CHECKS: "the checks of the day",
    G.DISCHARGE_CHECKS: "the discharge checks",
    G.SCREENING_DECIDED: "the screening decision",
    G.LABS_CURRENT: "a current liver panel",
    G.PMP_CHECKED: "the prescription monitoring check",
    G.REVIEW_DECIDED: "the reviews of the course",
    G.COURSE_RUNS: "a course that runs",
}
"""What a gate asks for, within a sentence: ``Passed without ...``."""
