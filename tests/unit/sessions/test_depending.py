"""Switching a service off: what still on offer would miss it."""

import pytest

from practice.clients.rules.papers import Route
from practice.sessions.rules.course_writing import Known
from practice.sessions.rules.depending import missed_without
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.templates import shipped

SERVICES = {
    each["slug"]: Known(
        label=each["label"],
        kind=SessionKind(each["kind"]),
        route=Route(each["route"]) if "route" in each else None,
        price_cents=each["price_cents"],
        is_billed_here=each["billed_by"] == "practice",
    )
    for each in shipped()["services"]
}
LOZENGES = [each for each in shipped()["templates"] if each["slug"] == "sl-psycholytic-6"]
COURSE = "“Low-dose lozenge course, six sessions” has"
NO_STEP = "among its steps. No such step could be booked any more."
NONE = "You would offer none any more."
PREP_60, PREP_90 = "“Preparation session, 60 min”", "“Preparation session, 90 min”"
FIRST, NEXT = "“First lozenge session, 3 h”", "“Lozenge session, 2.5 h”"


@pytest.mark.parametrize(
    ("leaving", "words"),
    [
        (set(), []),
        ({"dosing_iv", "booster_iv"}, []),
        ({"prep_90"}, []),  # another preparation stays, and no course here names this one
        ({"prep_60"}, [f"{COURSE} {PREP_60} {NO_STEP}"]),
        (
            {"prep_60", "prep_90"},
            [
                f"{COURSE} {PREP_60} {NO_STEP}",
                f"{FIRST}, {NEXT} and 5 more ask for preparation, held first. {NONE}",
            ],
        ),
        (
            {"consult", "intake"},
            [
                f"{COURSE} “Intake and eligibility interview” {NO_STEP}",
                f"{PREP_60}, {PREP_90} and 7 more ask for an intake, held first. {NONE}",
                "New clients begin with a call or an intake. They could book neither.",
            ],
        ),
    ],
)
def test_a_service_that_leaves_is_missed_by_courses_and_gates(
    leaving: set[str], words: list[str]
) -> None:
    assert missed_without(leaving, SERVICES, LOZENGES) == words


def test_integration_is_missed_by_the_sessions_before_it_alone() -> None:
    medicine = {slug: each for slug, each in SERVICES.items() if slug.endswith(("_sl", "_60"))}

    sentence = (
        f"{NEXT} and “Lozenge booster, 2.5 h” ask for integration, held after each and before the "
        f"next. {NONE}"
    )
    assert missed_without({"integration_60"}, medicine, LOZENGES) == [
        f"{COURSE} “Integration session, 60 min” {NO_STEP}",
        sentence,
    ]
