"""What is suggested after a course, as a table."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from practice.sessions.rules import courses
from practice.sessions.rules.boosters import BoosterPlan, booster_plan

END = date(2027, 3, 1)


def days(count: int) -> date:
    return END + timedelta(days=count)


def planned(
    slug: str, *, last: int = 0, clearance: int | None = -60, followup: int | None = -30
) -> BoosterPlan:
    boosters = courses.shipped()[slug].boosters
    assert boosters is not None
    return booster_plan(
        boosters,
        course_ended_on=END,
        last_dosing_on=days(last),
        clearance_on=None if clearance is None else days(clearance),
        followup_on=None if followup is None else days(followup),
    )


@pytest.mark.parametrize(
    ("slug", "last", "clearance", "suggested"),
    [
        # typical day, preparation first, new clearance first, as recommended
        ("sl-psycholytic-6", 0, -60, [(44, False, False, True)]),
        ("sl-psycholytic-6", 44, -60, [(88, False, False, True)]),
        ("sl-psycholytic-6", 0, -330, [(44, False, True, True)]),
        ("sl-psycholytic-6", 0, None, [(44, False, True, True)]),
        (
            "im-induction-6",
            0,
            -60,
            [(21, False, False, True), (49, False, False, True), (91, True, False, False)],
        ),
        ("im-induction-6", 21, -60, [(49, False, False, True), (91, False, False, False)]),
        ("im-induction-6", 49, -60, [(91, False, False, True)]),
        ("im-induction-6", 91, -60, []),
        (
            "im-induction-6",
            0,
            -320,
            [(21, False, False, True), (49, False, True, True), (91, True, True, False)],
        ),
    ],
)
def test_boosters_are_suggested_on_usual_days_with_what_they_need(
    slug: str, last: int, clearance: int | None, suggested: list[tuple[int, bool, bool, bool]]
) -> None:
    plan = planned(slug, last=last, clearance=clearance)

    found = [
        ((each.on - END).days, each.needs_prep, each.needs_clearance, each.is_recommended)
        for each in plan.suggestions
    ]
    assert found == suggested


def test_the_window_counts_from_the_last_dosing_and_the_follow_up_from_the_last_visit() -> None:
    plan = planned("sl-psycholytic-6", last=10, followup=5)

    assert [plan.hard_first_on, plan.first_on, plan.last_on, plan.hard_last_on] == [
        days(24),
        days(38),
        days(70),
        days(190),
    ]
    assert (plan.prep_from_on, plan.followup_on) == (days(101), days(95))
    assert planned("sl-psycholytic-6", followup=None).followup_on == days(90)


def test_what_is_due_is_the_last_usual_day_that_has_come() -> None:
    plan = planned("im-induction-6")

    def due(count: int) -> int | None:
        found = plan.next_due(days(count))
        return (found.on - END).days if found else None

    assert [due(20), due(21), due(48), due(60)] == [None, 21, 21, 49]
