"""Ways to pass a gate: other proofs while they hold, a written reason; and when it is looked at."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from practice.sessions.rules.gates import (
    GATES,
    OF_COURSES,
    Contact,
    CourseFact,
    Facts,
    Gate,
    GateResult,
    Override,
    Passer,
    Stage,
    evaluate,
    next_stage,
)
from practice.sessions.rules.lifecycle import AppointmentState, SessionKind
from tests.unit.sessions.gate_facts import (
    DAY,
    DOSED,
    HERE,
    LATE,
    ON,
    READY,
    SUBJECT,
    TODAY,
    K,
    S,
    at,
    having,
    paper,
    reasons,
    session,
    sessions,
    without,
)

# Other ways to pass ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        having(paper(K.INSURANCE_USED), facts=without(K.ESTIMATE)),
        replace(having(paper(K.PAYMENT_ARRANGED)), kept_minor={}),
        having(paper(K.INTAKE_HELD), facts=sessions(without=(S.INTAKE,))),
        having(paper(K.PREPARATION_HELD), facts=sessions(without=(S.PREP,))),
        having(paper(K.MEDICAL_CLEARANCE, TODAY + DAY), facts=having(paper(K.CLEARANCE_SUSPENDED))),
        sessions(session(S.MED_FOLLOWUP, TODAY - DAY)),
        having(paper(K.LABS), facts=having(paper(K.MEDICAL_CLEARANCE, labs_every_days=90))),
        sessions(without=(S.DOSING, S.INTEGRATION)),  # before the first there is nothing to digest
    ],
)
def test_there_are_other_ways_to_pass(facts: Facts) -> None:
    assert reasons(facts) == {}


def test_before_the_first_dosing_measures_may_be_two_weeks_old() -> None:
    measured = having(paper(K.PHQ9, ON - 14 * DAY), paper(K.GAD7, ON - 14 * DAY))
    first = replace(measured, sessions=sessions(without=(S.DOSING, S.INTEGRATION)).sessions)

    assert reasons(first) == {}
    assert Gate.MEASURES_CURRENT in reasons(measured)


def test_a_paper_holds_through_its_last_day_and_says_until_when() -> None:
    facts = having(paper(K.CONSENT_KETAMINE, valid_until=ON))
    found = {each.gate: each.holds_until for each in evaluate(SUBJECT, facts, Stage.CONFIRM)}

    assert reasons(facts) == {}
    assert (found[Gate.CONSENT_KETAMINE], found[Gate.PMP_CHECKED]) == (ON, TODAY + 90 * DAY)


def test_the_newest_paper_decides_even_if_an_older_one_lasted_longer() -> None:
    shorter = paper(K.CONSENT_KETAMINE, TODAY + DAY, valid_until=LATE)
    facts = replace(READY, papers=(*READY.papers, shorter))

    assert list(reasons(facts)) == [Gate.CONSENT_KETAMINE]


def test_a_paper_does_not_count_before_its_own_date() -> None:
    assert list(reasons(having(paper(K.CONSENT_KETAMINE, ON + DAY)))) == [Gate.CONSENT_KETAMINE]


def test_a_later_review_never_closes_a_risk_flag() -> None:
    facts = replace(
        READY, papers=(paper(K.RISK_REVIEW, TODAY + DAY), paper(K.RISK_FLAG), *READY.papers)
    )

    assert reasons(facts) == {Gate.NO_OPEN_RISK_FLAG: "A risk flag is open"}


@pytest.mark.parametrize(("kind", "gate"), [(S.INTAKE, Gate.INTAKE_DONE), (S.PREP, Gate.PREP_DONE)])
def test_for_asking_it_is_enough_that_the_step_before_is_booked_earlier(
    kind: SessionKind, gate: Gate
) -> None:
    booked = sessions(session(kind, ON - DAY, held=False), without=(kind,))
    later = sessions(session(kind, ON + DAY, held=False), without=(kind,))

    assert (reasons(booked, Stage.BOOKING), list(reasons(booked, Stage.CONFIRM))) == ({}, [gate])
    assert list(reasons(later, Stage.BOOKING)) == [gate]


# Passing with a reason ---------------------------------------------------------------------------


def passed(gate: Gate, session_id: UUID = HERE) -> Facts:
    given = Override(uuid4(), session_id, gate, GATES[gate].at, "Known.", "Morgan", at(TODAY))
    empty = Facts(contact=Contact(("name",), None), kept_minor={})
    return replace(empty, overrides=(given,))


@pytest.mark.parametrize("gate", Gate)
def test_an_override_passes_what_its_rule_lets_pass_and_nothing_else(gate: Gate) -> None:
    subject = replace(SUBJECT, gates=(gate,), kind=S.DOSING)
    before = sessions(without=(S.INTEGRATION, S.INTAKE, S.PREP)).sessions
    facts = replace(
        passed(gate),
        sessions=tuple(replace(s, has_monitor=False) for s in before),
        courses={HERE: CourseFact(("The review is not decided",), "The course has lapsed")},
    )
    labs = (
        having(paper(K.MEDICAL_CLEARANCE, labs_every_days=9))
        if gate is Gate.LABS_CURRENT
        else facts
    )
    (result,) = evaluate(subject, replace(labs, overrides=facts.overrides), Stage.DISCHARGE)

    assert result.reason
    assert result.is_open is (GATES[gate].override is not None)
    assert result.override == (facts.overrides[0] if result.is_open else None)


def test_an_override_is_for_one_session_alone() -> None:
    subject = replace(SUBJECT, gates=(Gate.PREP_DONE,))
    (result,) = evaluate(subject, passed(Gate.PREP_DONE, DOSED), Stage.CONFIRM)

    assert result == GateResult(
        Gate.PREP_DONE, Stage.BOOKING, "No preparation session has been held"
    )


def test_nobody_passes_what_has_no_rule_for_it() -> None:
    assert {gate for gate, rule in GATES.items() if rule.override is None} == {
        *(Gate.CONSENT_TREATMENT, Gate.CONSENT_KETAMINE, Gate.EMERGENCY_CONTACT),
        *(Gate.ROI_PRESCRIBER, Gate.MEDICAL_CLEARANCE, Gate.RX_WITH_CLIENT),
        *(Gate.MEDICAL_MONITOR_ASSIGNED, Gate.NO_OPEN_RISK_FLAG, Gate.ESTIMATE_DELIVERED),
        Gate.ESCORT_NAMED,
        *OF_COURSES,
    }
    assert {rule.override for rule in GATES.values()} == {None, *Passer}


# When it is looked at ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "hours", "stage"),
    [
        (AppointmentState.REQUESTED, 100, Stage.BOOKING),
        (AppointmentState.TENTATIVE, 100, Stage.CONFIRM),
        (AppointmentState.CONFIRMED, 25, Stage.CONFIRM),
        (AppointmentState.CONFIRMED, 24, Stage.T_MINUS_24H),
        (AppointmentState.CONFIRMED, 2, Stage.ARRIVAL),
        (AppointmentState.ARRIVED, 0, Stage.ADMINISTER),
        (AppointmentState.IN_SESSION, -1, Stage.DISCHARGE),
        (AppointmentState.COMPLETED, -5, None),
        (AppointmentState.CANCELLED, 5, None),
    ],
)
def test_the_clock_and_the_state_say_which_stage_comes_next(
    state: AppointmentState, hours: int, stage: Stage | None
) -> None:
    now = at(ON)
    starts_at = now + timedelta(hours=hours)

    assert next_stage(state, S.DOSING, starts_at=starts_at, now=now, zone="America/New_York") is (
        stage
    )


def test_a_talk_that_has_begun_just_ends() -> None:
    assert (
        next_stage(
            AppointmentState.IN_SESSION,
            S.PREP,
            starts_at=at(ON),
            now=at(ON),
            zone="America/New_York",
        )
        is None
    )
