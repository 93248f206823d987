"""The gates that a dated record passes."""

from __future__ import annotations

from datetime import date, timedelta

from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind, PaperOnFile
from practice.sessions.rules.gates.model import GATES, Facts, Gate, Stage, Subject
from practice.sessions.rules.gates.verdict import (
    PASSED,
    Verdict,
    judged,
    newest,
    of_client,
    of_session,
)
from practice.sessions.rules.lifecycle import GIVES_MEDICINE

K = PaperKind

MEASURED_WITHIN_DAYS = 7
MEASURED_BEFORE_FIRST_DAYS = 14
BLADDER_WITHIN_DAYS = 14
"""From the meanings of ``measures_current`` and ``urinary_check``, which give no number apart."""


def consent_treatment(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    return of_client(K.CONSENT_TREATMENT, subject, facts, verb="are")


def consent_ketamine(subject: Subject, facts: Facts, at: Stage) -> Verdict:
    """Signed and in force; where medicine is about to be given, reaffirmed on the day too."""
    signed = of_client(K.CONSENT_KETAMINE, subject, facts)
    if signed.reason or at.rank < Stage.ADMINISTER.rank or subject.kind not in GIVES_MEDICINE:
        return signed
    again = of_session(
        K.CONSENT_REAFFIRMED, subject, facts, missing="Consent was not reaffirmed on the day"
    )
    return again if again.reason else signed


def roi_prescriber(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    return of_client(K.ROI_PRESCRIBER, subject, facts)


def emergency_contact(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    contact = facts.contact
    if len(contact.missing) > 2 or (contact.confirmed_on is None and not contact.missing):
        return Verdict("The emergency contact is missing")
    if contact.missing or contact.confirmed_on is None:
        return Verdict(f"The emergency contact has no {' and no '.join(contact.missing)}")
    days = GATES[Gate.EMERGENCY_CONTACT].valid_days or 0
    until = contact.confirmed_on + timedelta(days=days)
    if until < subject.on:
        return Verdict(
            f"The emergency contact was last confirmed on {zones.day_words(contact.confirmed_on)}, "
            f"more than {days} days before this session"
        )
    return Verdict(until=until)


# The prescriber's ------------------------------------------------------------------------------


def medical_clearance(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """For this route, in force, not suspended; not too old where it is the first dosing."""
    route = subject.route
    name = f"Medical clearance for {route}" if route else "Medical clearance"
    paper = newest(facts, K.MEDICAL_CLEARANCE, subject, route=route)
    if suspended_on := _suspended_on(paper, subject, facts):
        return Verdict(f"{name} is suspended since {zones.day_words(suspended_on)}")
    found = judged(paper, subject, name=name)
    if found.reason or paper is None or not _is_first_dosing(subject, facts):
        return found
    days = GATES[Gate.MEDICAL_CLEARANCE].first_dose_within_days or 0
    latest = paper.dated_on + timedelta(days=days)
    if subject.on > latest:
        return Verdict(f"{name} is more than {days} days old at the first dosing")
    return Verdict(until=min(latest, found.until or latest))


def _suspended_on(paper: PaperOnFile | None, subject: Subject, facts: Facts) -> date | None:
    """Return since when clearance is suspended, unless a newer one has been given since."""
    since = [
        each.dated_on
        for each in facts.papers
        if each.kind is K.CLEARANCE_SUSPENDED
        and each.dated_on <= subject.on
        and (each.valid_until is None or each.valid_until >= subject.on)
        and (paper is None or paper.dated_on <= each.dated_on)
    ]
    return min(since, default=None)


def _is_first_dosing(subject: Subject, facts: Facts) -> bool:
    return not any(
        each.kind in GIVES_MEDICINE and each.starts_at < subject.starts_at
        for each in facts.sessions
        if each.id != subject.id
    )


def labs_current(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """As often as the clearance asks for. Without a clearance nobody knows whether it does."""
    clearance = newest(facts, K.MEDICAL_CLEARANCE, subject, route=subject.route)
    if clearance is None:
        return Verdict("No clearance says whether a liver panel is asked for")
    if clearance.labs_every_days is None:
        return PASSED
    bad = "The liver panel: the prescriber says not to go on"
    return of_client(K.LABS, subject, facts, bad=bad, days=clearance.labs_every_days)


def pmp_checked(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    bad = "The prescription monitoring check found something that stands in the way"
    days = GATES[Gate.PMP_CHECKED].valid_days
    return of_client(K.PMP_CHECK, subject, facts, bad=bad, days=days)


def screening_decided(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    bad = "The screening does not say eligible, nor cleared after medical review"
    return of_client(K.SCREENING, subject, facts, bad=bad)


def stock_on_hand(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    return of_session(
        K.STOCK,
        subject,
        facts,
        missing="The stock for the planned dose was not checked",
        bad="The stock does not cover the planned dose",
    )


def rx_with_client(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    missing = "The lozenges in their pharmacy container were not seen and counted"
    return of_session(K.RX_SEEN, subject, facts, missing=missing)


# Well-being and safety -------------------------------------------------------------------------


def measures_current(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """Both questionnaires, within a week; within two before the first dosing."""
    is_first = _is_first_dosing(subject, facts)
    days = MEASURED_BEFORE_FIRST_DAYS if is_first else MEASURED_WITHIN_DAYS
    found = [of_client(kind, subject, facts, days=days) for kind in (K.PHQ9, K.GAD7)]
    closed = [each.reason for each in found if each.reason]
    if closed:
        return Verdict("; ".join(closed))
    return Verdict(until=min((each.until for each in found if each.until), default=None))


def urinary_check(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    bad = "The bladder check found something that stands in the way"
    return of_client(K.URINARY_CHECK, subject, facts, bad=bad, days=BLADDER_WITHIN_DAYS)


def no_open_risk_flag(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """Somebody looked, and no flag is open. A later review never closes a flag: a person does."""
    if any(each.kind is K.RISK_FLAG for each in facts.papers):
        return Verdict("A risk flag is open")
    return of_client(K.RISK_REVIEW, subject, facts)


# Money -----------------------------------------------------------------------------------------


def estimate_delivered(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    insured = of_client(K.INSURANCE_USED, subject, facts)
    return of_client(K.ESTIMATE, subject, facts) if insured.reason else insured


def payment_ready(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """Free, paid, paid at the visit by the terms it was booked with, or arranged for."""
    if _is_paid(subject, facts):
        return PASSED
    arranged = of_client(K.PAYMENT_ARRANGED, subject, facts)
    return Verdict("Payment is neither made nor arranged") if arranged.reason else arranged


def _is_paid(subject: Subject, facts: Facts) -> bool:
    """Say whether what has to be paid by now is, for a part of a sale: of that sale."""
    if subject.sale_id is not None:
        return not facts.sale_missing_minor.get(subject.sale_id, 0)
    paid = facts.kept_minor.get(subject.id, 0) if subject.id else 0
    return subject.pays_at_visit or paid >= subject.price_minor


# The day ---------------------------------------------------------------------------------------


def escort_named(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    return of_session(K.ESCORT, subject, facts, missing="No escort is named with a phone number")


def day_of_checks(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    return of_session(
        K.DAY_OF_CHECKS,
        subject,
        facts,
        missing="The checks of the day are not recorded",
        bad="The checks of the day are not passed",
    )


def discharge_checks(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    return of_session(
        K.DISCHARGE_CHECKS,
        subject,
        facts,
        missing="The discharge checks are not recorded",
        bad="The discharge criteria are not all met",
    )
