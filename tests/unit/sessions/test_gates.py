"""The gates, judged by facts alone: every one of them, at every stage it is looked at."""

from dataclasses import replace

import pytest

from practice.clients.rules.papers import VALID_DAYS, Route
from practice.sessions.rules.gates import (
    GATES,
    MET,
    NAMES,
    OF_COURSES,
    RECORDED_AS,
    Contact,
    CourseFact,
    Facts,
    Gate,
    Stage,
    Subject,
    gates_asked,
)
from practice.sessions.rules.gates.judging import JUDGES
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.templates import shipped
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
    having,
    paper,
    reasons,
    session,
    sessions,
    without,
)

# The data file -----------------------------------------------------------------------------------


def test_every_gate_of_the_data_file_is_known_with_its_rule() -> None:
    raw = {each["key"]: each for each in shipped()["gates"]}

    ours = {gate: rule for gate, rule in GATES.items() if gate not in OF_COURSES}
    assert [gate.value for gate in ours] == list(raw)
    assert {gate: (rule.at, rule.override, rule.valid_days) for gate, rule in ours.items()} == {
        Gate(key): (each["at"], each["override"], each.get("valid_days"))
        for key, each in raw.items()
    }
    assert GATES[Gate.CONSENT_TREATMENT].at_by_kind == {S.INTAKE: Stage.ARRIVAL}
    assert GATES[Gate.MEDICAL_CLEARANCE].first_dose_within_days == 90
    assert GATES[Gate.DAY_OF_CHECKS].applies_to == GIVES_MEDICINE


def test_every_gate_is_judged_and_has_its_words() -> None:
    every = set(Gate)

    assert set(JUDGES) == set(MET) == set(NAMES) == set(RECORDED_AS) == set(GATES) == every


def test_a_record_holds_as_long_as_its_gate_says() -> None:
    said = {
        kind: (VALID_DAYS[kind], rule.valid_days)
        for gate, rule in GATES.items()
        for kind in RECORDED_AS[gate][:1]
        if rule.valid_days
    }

    assert len(said) == 6
    assert {ours for ours, theirs in said.values() if ours != theirs} == set()


# What a session asks for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "route", "asked"),
    [
        (S.CONSULT, None, []),
        (S.INTAKE, None, ["consent_treatment"]),
        (S.PREP, None, ["consent_treatment", "intake_done"]),
        (S.INTEGRATION, None, ["consent_treatment"]),
        (S.MEDICAL_EVAL, None, ["consent_treatment"]),
        (S.MED_FOLLOWUP, None, ["consent_treatment"]),
    ],
)
def test_a_talk_asks_for_what_its_first_step_names(
    kind: SessionKind, route: Route | None, asked: list[str]
) -> None:
    assert list(gates_asked(kind, route)) == asked


@pytest.mark.parametrize(
    ("route", "has", "has_not"),
    [
        (Route.SL, Gate.RX_WITH_CLIENT, Gate.STOCK_ON_HAND),
        (Route.TROCHE, Gate.RX_WITH_CLIENT, Gate.MEDICAL_MONITOR_ASSIGNED),
        (Route.IM, Gate.MEDICAL_MONITOR_ASSIGNED, Gate.RX_WITH_CLIENT),
        (Route.IV, Gate.STOCK_ON_HAND, Gate.RX_WITH_CLIENT),
        (Route.IN, Gate.MEDICAL_MONITOR_ASSIGNED, Gate.RX_WITH_CLIENT),
    ],
)
def test_a_dosing_asks_by_its_route_and_always_for_the_checks_of_the_day(
    route: Route, has: Gate, has_not: Gate
) -> None:
    asked = gates_asked(S.DOSING, route)

    assert has in asked
    assert has_not not in asked
    assert {Gate.DAY_OF_CHECKS, Gate.DISCHARGE_CHECKS, Gate.MEDICAL_CLEARANCE} <= set(asked)


def test_the_step_of_a_course_says_itself_what_it_asks_for() -> None:
    assert gates_asked(S.PREP, None, ["pmp_checked", "consent_treatment", "day_of_checks"]) == (
        Gate.CONSENT_TREATMENT,
        Gate.PMP_CHECKED,
    )
    assert gates_asked(S.DOSING, Route.SL, []) == (Gate.DAY_OF_CHECKS, Gate.DISCHARGE_CHECKS)


# One missing fact at a time ----------------------------------------------------------------------

LACKS: list[tuple[Gate, Facts, str]] = [
    (
        Gate.CONSENT_TREATMENT,
        without(K.CONSENT_TREATMENT),
        "Treatment and privacy consents are missing",
    ),
    (
        Gate.CONSENT_TREATMENT,
        having(paper(K.CONSENT_TREATMENT, ON - 366 * DAY)),
        "Treatment and privacy consents run out on Sun, Mar 7, before this session",
    ),
    (Gate.CONSENT_KETAMINE, without(K.CONSENT_KETAMINE), "Consent to ketamine is missing"),
    (
        Gate.CONSENT_KETAMINE,
        having(paper(K.CONSENT_KETAMINE, valid_until=LATE)),
        "Consent to ketamine runs out on Sun, Mar 7, before this session",
    ),
    (
        Gate.CONSENT_KETAMINE,
        without(K.CONSENT_REAFFIRMED),
        "Consent was not reaffirmed on the day",
    ),
    (Gate.INTAKE_DONE, sessions(without=(S.INTAKE,)), "No intake has been held"),
    (
        Gate.INTAKE_DONE,
        sessions(session(S.INTAKE, TODAY + DAY, held=False), without=(S.INTAKE,)),
        "The intake on Tue, Mar 2 has not been held yet",
    ),
    (
        Gate.EMERGENCY_CONTACT,
        replace(READY, contact=Contact(("name", "relation", "phone"), None)),
        "The emergency contact is missing",
    ),
    (
        Gate.EMERGENCY_CONTACT,
        replace(READY, contact=Contact(("relation",), TODAY)),
        "The emergency contact has no relation",
    ),
    (
        Gate.EMERGENCY_CONTACT,
        replace(READY, contact=Contact((), ON - 181 * DAY)),
        (
            "The emergency contact was last confirmed on Tue, Sep 8, "
            "more than 180 days before this session"
        ),
    ),
    (
        Gate.ROI_PRESCRIBER,
        without(K.ROI_PRESCRIBER),
        "Release of information to the prescriber is missing",
    ),
    (
        Gate.MEDICAL_CLEARANCE,
        having(paper(K.MEDICAL_CLEARANCE, valid_until=LATE)),
        "Medical clearance for SL runs out on Sun, Mar 7, before this session",
    ),
    (
        Gate.MEDICAL_CLEARANCE,
        having(paper(K.CLEARANCE_SUSPENDED)),
        "Medical clearance for SL is suspended since Mon, Mar 1",
    ),
    (
        Gate.MEDICAL_CLEARANCE,
        replace(
            having(paper(K.MEDICAL_CLEARANCE, ON - 91 * DAY)),
            sessions=sessions(without=(S.DOSING, S.INTEGRATION)).sessions,
        ),
        "Medical clearance for SL is more than 90 days old at the first dosing",
    ),
    (
        Gate.MED_FOLLOWUP_DONE,
        without(K.FOLLOWUP_HELD),
        "No prescriber follow-up has been held",
    ),
    (
        Gate.MED_FOLLOWUP_DONE,
        having(paper(K.FOLLOWUP_HELD, is_good=False)),
        "At the prescriber follow-up the course was not continued",
    ),
    (
        Gate.RX_WITH_CLIENT,
        without(K.RX_SEEN),
        "The lozenges in their pharmacy container were not seen and counted",
    ),
    (
        Gate.RX_WITH_CLIENT,
        having(paper(K.RX_SEEN, ON, session_id=DOSED)),
        "The lozenges in their pharmacy container were not seen and counted",
    ),
    (
        Gate.STOCK_ON_HAND,
        without(K.STOCK),
        "The stock for the planned dose was not checked",
    ),
    (
        Gate.STOCK_ON_HAND,
        having(paper(K.STOCK, session_id=HERE, is_good=False)),
        "The stock does not cover the planned dose",
    ),
    (
        Gate.MEDICAL_MONITOR_ASSIGNED,
        replace(
            READY,
            sessions=tuple(replace(each, has_monitor=False) for each in READY.sessions),
        ),
        "No medical monitor is booked for the whole time",
    ),
    (
        Gate.PREP_DONE,
        sessions(without=(S.PREP,)),
        "No preparation session has been held",
    ),
    (
        Gate.PREP_DONE,
        sessions(session(S.PREP, TODAY + 2 * DAY, held=False)),
        "The preparation on Wed, Mar 3 has not been held yet",
    ),
    (
        Gate.PRIOR_INTEGRATION_DONE,
        sessions(without=(S.INTEGRATION,)),
        "No integration has been held after the dosing on Fri, Feb 19",
    ),
    (Gate.MEASURES_CURRENT, without(K.PHQ9), "PHQ-9 is missing"),
    (
        Gate.MEASURES_CURRENT,
        having(paper(K.GAD7, ON - 8 * DAY)),
        "GAD-7 runs out on Sun, Mar 7, before this session",
    ),
    (
        Gate.URINARY_CHECK,
        having(paper(K.URINARY_CHECK, ON - 15 * DAY)),
        "Bladder check runs out on Sun, Mar 7, before this session",
    ),
    (
        Gate.URINARY_CHECK,
        having(paper(K.URINARY_CHECK, is_good=False)),
        "The bladder check found something that stands in the way",
    ),
    (
        Gate.NO_OPEN_RISK_FLAG,
        without(K.RISK_REVIEW),
        "Review: no open risk flag is missing",
    ),
    (Gate.NO_OPEN_RISK_FLAG, having(paper(K.RISK_FLAG)), "A risk flag is open"),
    (
        Gate.NO_OPEN_RISK_FLAG,
        having(paper(K.RISK_REVIEW, ON - 91 * DAY)),
        "Review: no open risk flag runs out on Sun, Mar 7, before this session",
    ),
    (Gate.ESTIMATE_DELIVERED, without(K.ESTIMATE), "Good faith estimate is missing"),
    (
        Gate.PAYMENT_READY,
        replace(READY, kept_minor={HERE: 44999}),
        "Payment is neither made nor arranged",
    ),
    (Gate.ESCORT_NAMED, without(K.ESCORT), "No escort is named with a phone number"),
    (Gate.DAY_OF_CHECKS, without(K.DAY_OF_CHECKS), "The checks of the day are not recorded"),
    (
        Gate.DAY_OF_CHECKS,
        having(paper(K.DAY_OF_CHECKS, ON, session_id=HERE, is_good=False)),
        "The checks of the day are not passed",
    ),
    (
        Gate.DISCHARGE_CHECKS,
        without(K.DISCHARGE_CHECKS),
        "The discharge checks are not recorded",
    ),
    (
        Gate.SCREENING_DECIDED,
        having(paper(K.SCREENING, is_good=False)),
        "The screening does not say eligible, nor cleared after medical review",
    ),
    (
        Gate.LABS_CURRENT,
        having(paper(K.MEDICAL_CLEARANCE, labs_every_days=90)),
        "Liver panel is missing",
    ),
    (
        Gate.PMP_CHECKED,
        having(paper(K.PMP_CHECK, ON - 91 * DAY)),
        "Prescription monitoring check runs out on Sun, Mar 7, before this session",
    ),
]


def test_the_table_below_lacks_no_gate() -> None:
    assert {gate for gate, _, _ in LACKS} == set(Gate) - OF_COURSES.keys()


def test_a_dosing_of_a_course_waits_for_its_reviews_and_for_a_course_that_lapsed() -> None:
    of_a_course = replace(SUBJECT, gates=(*SUBJECT.gates, *OF_COURSES))

    def closed(fact: CourseFact | None, subject: Subject = of_a_course) -> list[str]:
        known = replace(READY, courses={subject.id: fact} if fact and subject.id else {})
        return list(reasons(known, Stage.CONFIRM, subject).values())

    assert closed(CourseFact()) == []
    assert closed(CourseFact(("The review after dosing 2 is not decided",))) == [
        "The review after dosing 2 is not decided"
    ]
    assert closed(CourseFact(lapse="The course has lapsed")) == ["The course has lapsed"]
    assert closed(None) == ["The reviews of the course are looked at once it is booked"]
    assert closed(None, SUBJECT) == []  # of no course


def test_whoever_has_everything_goes_through_every_stage() -> None:
    for stage in Stage:
        assert reasons(READY, stage) == {}


@pytest.mark.parametrize(("gate", "facts", "reason"), LACKS)
def test_a_fact_that_is_missing_closes_its_gate_and_no_other(
    gate: Gate, facts: Facts, reason: str
) -> None:
    assert reasons(facts) == {gate: reason}


@pytest.mark.parametrize(("gate", "facts", "reason"), LACKS)
def test_a_gate_is_looked_at_again_at_every_later_stage(
    gate: Gate, facts: Facts, reason: str
) -> None:
    first = Stage.ADMINISTER if "reaffirmed" in reason else GATES[gate].at
    if "not been held yet" in reason:
        first = Stage.CONFIRM  # booked before is enough for asking

    assert [stage for stage in Stage if reasons(facts, stage)] == [
        stage for stage in Stage if stage.rank >= first.rank
    ]


def test_without_a_clearance_nobody_knows_whether_labs_are_asked_for() -> None:
    assert reasons(without(K.MEDICAL_CLEARANCE)) == {
        Gate.MEDICAL_CLEARANCE: "Medical clearance for SL is missing",
        Gate.LABS_CURRENT: "No clearance says whether a liver panel is asked for",
    }


def test_a_clearance_for_another_route_does_not_count() -> None:
    other = replace(SUBJECT, route=Route.IM)

    assert reasons(READY, subject=other)[Gate.MEDICAL_CLEARANCE] == (
        "Medical clearance for IM is missing"
    )
