"""Judging a session by facts: each gate once, all of them in the order of the data file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from practice.sessions.rules.gates import held, proofs
from practice.sessions.rules.gates.model import (
    GATES,
    Facts,
    Gate,
    GateResult,
    Override,
    Stage,
    Subject,
)
from practice.sessions.rules.gates.verdict import Verdict

G = Gate
Judge = Callable[[Subject, Facts, Stage], Verdict]

JUDGES: Mapping[Gate, Judge] = {
    G.CONSENT_TREATMENT: proofs.consent_treatment,
    G.CONSENT_KETAMINE: proofs.consent_ketamine,
    G.INTAKE_DONE: held.intake,
    G.EMERGENCY_CONTACT: proofs.emergency_contact,
    G.ROI_PRESCRIBER: proofs.roi_prescriber,
    G.MEDICAL_CLEARANCE: proofs.medical_clearance,
    G.MED_FOLLOWUP_DONE: held.med_followup,
    G.RX_WITH_CLIENT: proofs.rx_with_client,
    G.STOCK_ON_HAND: proofs.stock_on_hand,
    G.MEDICAL_MONITOR_ASSIGNED: held.medical_monitor,
    G.PREP_DONE: held.preparation,
    G.PRIOR_INTEGRATION_DONE: held.prior_integration,
    G.MEASURES_CURRENT: proofs.measures_current,
    G.URINARY_CHECK: proofs.urinary_check,
    G.NO_OPEN_RISK_FLAG: proofs.no_open_risk_flag,
    G.ESTIMATE_DELIVERED: proofs.estimate_delivered,
    G.PAYMENT_READY: proofs.payment_ready,
    G.ESCORT_NAMED: proofs.escort_named,
    G.DAY_OF_CHECKS: proofs.day_of_checks,
    G.DISCHARGE_CHECKS: proofs.discharge_checks,
    G.SCREENING_DECIDED: proofs.screening_decided,
    G.LABS_CURRENT: proofs.labs_current,
    G.PMP_CHECKED: proofs.pmp_checked,
    G.REVIEW_DECIDED: held.review_decided,
    G.COURSE_RUNS: held.course_runs,
}


def evaluate(subject: Subject, facts: Facts, at: Stage) -> tuple[GateResult, ...]:
    """Judge every gate that a session asks for, as it stands when it comes to a stage.

    Gates of later stages are judged too, so that a page can say what will be asked for.
    """
    return tuple(_judged(gate, subject, facts, at) for gate in subject.gates)


def closed_at(results: Iterable[GateResult], stage: Stage) -> list[GateResult]:
    """Return what stops a session from coming to a stage: its gates and those of all before."""
    return [each for each in results if not each.is_open and each.stage.rank <= stage.rank]


def _judged(gate: Gate, subject: Subject, facts: Facts, at: Stage) -> GateResult:
    verdict = JUDGES[gate](subject, facts, at)
    return GateResult(
        gate=gate,
        stage=GATES[gate].stage_for(subject.kind),
        reason=verdict.reason,
        holds_until=verdict.until,
        override=_override(gate, subject, facts) if verdict.reason else None,
    )


def _override(gate: Gate, subject: Subject, facts: Facts) -> Override | None:
    """Return the newest override of a gate for this session, where the rule has any."""
    if GATES[gate].override is None or subject.id is None:
        return None
    given = [each for each in facts.overrides if (each.session_id, each.gate) == (subject.id, gate)]
    return max(given, key=lambda each: each.at, default=None)
