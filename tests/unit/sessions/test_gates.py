"""The gates, judged by facts alone: every one of them, at every stage it is looked at."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest

from practice.clients.rules.papers import VALID_DAYS, PaperKind, PaperOnFile, Route
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
    GateResult,
    Override,
    Passer,
    SessionFact,
    Stage,
    Subject,
    closed_at,
    evaluate,
    gates_asked,
    next_stage,
)
from practice.sessions.rules.gates.judging import JUDGES
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState, SessionKind
from practice.sessions.rules.templates import shipped

K = PaperKind
S = SessionKind
TODAY = date(2027, 3, 1)
DAY = timedelta(days=1)
ON = TODAY + 7 * DAY
HERE, DOSED, INTEGRATED = uuid4(), uuid4(), uuid4()


def at(on: date, hour: int = 15) -> datetime:
    return datetime.combine(on, time(hour), UTC)


def paper(kind: PaperKind, dated_on: date = TODAY, **more: object) -> PaperOnFile:
    route = Route.SL if kind is K.MEDICAL_CLEARANCE else None
    given = {"id": uuid4(), "valid_until": None, "route": route} | more
    return PaperOnFile(kind=kind, dated_on=dated_on, **given)  # type: ignore[arg-type]


def session(
    kind: SessionKind, on: date, *, held: bool = True, session_id: UUID | None = None
) -> SessionFact:
    return SessionFact(session_id or uuid4(), kind, at(on), on, held)


SUBJECT = Subject(
    id=HERE,
    kind=S.DOSING,
    route=Route.SL,
    starts_at=at(ON),
    on=ON,
    gates=tuple(each for each in Gate if each not in OF_COURSES),
    price_minor=45000,
)
OF_CLIENT = (
    *(K.CONSENT_TREATMENT, K.CONSENT_KETAMINE, K.ROI_PRESCRIBER, K.SCREENING),
    *(K.MEDICAL_CLEARANCE, K.URINARY_CHECK, K.PMP_CHECK, K.PHQ9, K.GAD7, K.RISK_REVIEW),
    *(K.ESTIMATE, K.FOLLOWUP_HELD),
)
OF_DAY = (K.RX_SEEN, K.CONSENT_REAFFIRMED, K.DAY_OF_CHECKS, K.DISCHARGE_CHECKS)
READY = Facts(
    papers=(
        *(paper(kind) for kind in OF_CLIENT),
        *(paper(kind, ON, session_id=HERE) for kind in OF_DAY),
        *(paper(kind, session_id=HERE) for kind in (K.STOCK, K.ESCORT)),
    ),
    sessions=(
        session(S.INTAKE, TODAY - 30 * DAY),
        session(S.PREP, TODAY - 20 * DAY),
        session(S.DOSING, TODAY - 10 * DAY, session_id=DOSED),
        session(S.INTEGRATION, TODAY - 8 * DAY, session_id=INTEGRATED),
        SessionFact(HERE, S.DOSING, at(ON), ON, is_held=False, has_monitor=True),
    ),
    contact=Contact((), TODAY),
    kept_minor={HERE: 45000},
)


def without(*kinds: PaperKind) -> Facts:
    return replace(READY, papers=tuple(p for p in READY.papers if p.kind not in kinds))


def having(*more: PaperOnFile, facts: Facts = READY) -> Facts:
    kinds = {each.kind for each in more}
    return replace(facts, papers=(*more, *(p for p in facts.papers if p.kind not in kinds)))


def sessions(*more: SessionFact, without: tuple[SessionKind, ...] = ()) -> Facts:
    kept = tuple(each for each in READY.sessions if each.id == HERE or each.kind not in without)
    return replace(READY, sessions=(*kept, *more))


def reasons(
    facts: Facts, at: Stage = Stage.DISCHARGE, subject: Subject = SUBJECT
) -> dict[Gate, str]:
    return {each.gate: each.reason for each in closed_at(evaluate(subject, facts, at), at)}


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

LATE = ON - DAY  # the last day of something that runs out before the session
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
