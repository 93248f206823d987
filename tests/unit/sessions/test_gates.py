from datetime import date, timedelta
from uuid import uuid4

import pytest

from practice.clients.rules.papers import PaperKind, PaperOnFile, Route
from practice.sessions.rules.gates import ClosedGate, Facts, Gate, closed_gates
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind

TODAY = date(2027, 3, 1)
DAY = timedelta(days=1)


def paper(
    kind: PaperKind, dated_on: date = TODAY, until: date | None = None, route: Route | None = None
) -> PaperOnFile:
    return PaperOnFile(uuid4(), kind, dated_on, until, route)


CONSENT = paper(PaperKind.CONSENT_KETAMINE)
CLEARANCE = paper(PaperKind.MEDICAL_CLEARANCE, route=Route.SL)
READY = Facts(papers=(CONSENT, CLEARANCE), preps_held_on=(TODAY,), first_dosing_on=None)


def reasons(
    facts: Facts, *, on: date = TODAY + 7 * DAY, route: Route | None = Route.SL
) -> list[str]:
    closed = closed_gates(facts, kind=SessionKind.DOSING, route=route, on=on)
    return [each.reason for each in closed]


def test_nothing_is_missing_when_everything_is_on_file() -> None:
    assert reasons(READY) == []


def test_everything_that_is_missing_is_named_in_order() -> None:
    nothing = Facts(papers=(), preps_held_on=(), first_dosing_on=None)

    assert closed_gates(nothing, kind=SessionKind.BOOSTER, route=Route.IM, on=TODAY) == [
        ClosedGate(Gate.CONSENT_KETAMINE, "Consent to ketamine is missing"),
        ClosedGate(Gate.MEDICAL_CLEARANCE, "Medical clearance for IM is missing"),
        ClosedGate(Gate.PREP_DONE, "No preparation session has been held"),
    ]


@pytest.mark.parametrize("kind", sorted(set(SessionKind) - GIVES_MEDICINE))
def test_sessions_without_medicine_have_no_gates(kind: SessionKind) -> None:
    nothing = Facts(papers=(), preps_held_on=(), first_dosing_on=None)

    assert closed_gates(nothing, kind=kind, route=None, on=TODAY) == []


def test_a_clearance_for_another_route_does_not_count() -> None:
    assert reasons(READY, route=Route.IM) == ["Medical clearance for IM is missing"]


def test_a_paper_holds_through_its_last_day() -> None:
    until = TODAY + 30 * DAY
    facts = Facts(
        papers=(
            paper(PaperKind.CONSENT_KETAMINE, until=until),
            paper(PaperKind.MEDICAL_CLEARANCE, until=until, route=Route.SL),
        ),
        preps_held_on=(TODAY,),
        first_dosing_on=TODAY,
    )

    assert reasons(facts, on=until) == []
    assert reasons(facts, on=until + DAY) == [
        "Consent to ketamine runs out on Wed, Mar 31, before this session",
        "Medical clearance for SL runs out on Wed, Mar 31, before this session",
    ]


def test_the_newest_paper_decides_even_if_an_older_one_lasted_longer() -> None:
    shorter = paper(PaperKind.CONSENT_KETAMINE, TODAY + DAY, TODAY + 2 * DAY)
    facts = Facts((CONSENT, CLEARANCE, shorter), preps_held_on=(TODAY,), first_dosing_on=None)

    assert reasons(facts, on=TODAY) == []
    assert reasons(facts, on=TODAY + 3 * DAY) == [
        "Consent to ketamine runs out on Wed, Mar 3, before this session"
    ]


def test_a_paper_does_not_count_before_its_own_date() -> None:
    facts = Facts(
        papers=(CONSENT, CLEARANCE, paper(PaperKind.PREPARATION_HELD)),
        preps_held_on=(),
        first_dosing_on=None,
    )

    assert len(reasons(facts, on=TODAY - DAY)) == 3
    assert reasons(facts, on=TODAY) == []


def test_the_first_dosing_lies_within_ninety_days_of_the_clearance() -> None:
    last = TODAY + 90 * DAY

    assert reasons(READY, on=last) == []
    assert reasons(READY, on=last + DAY) == [
        "Medical clearance for SL is more than 90 days old at the first dosing"
    ]
    begun = Facts(READY.papers, READY.preps_held_on, first_dosing_on=TODAY + 10 * DAY)
    assert reasons(begun, on=last + DAY) == []


def test_a_preparation_after_the_dosing_does_not_count() -> None:
    late = Facts(READY.papers, preps_held_on=(TODAY + 8 * DAY,), first_dosing_on=None)

    assert reasons(late) == ["No preparation session has been held"]
