"""Plans, against every choice of starts tried one by one."""

import os
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given, settings

from practice.sessions.rules.planner import layout, planning, search
from practice.sessions.rules.planner.plan import Character
from practice.sessions.rules.planner.planning import Outcome
from tests.unit.sessions.course_oracle import Slow, Times, pairs_of
from tests.unit.sessions.small_courses import courses

EXAMPLES = int(os.environ.get("PLANNER_EXAMPLES", "60"))
"""Long runs set this: how many courses each property is tried on."""


def times_of(outcome: Outcome, character: Character) -> dict[str, datetime] | None:
    for plan in outcome.plans:
        if character in plan.characters:
            return {each.key: each.starts_at for each in plan.steps}
    return None


def off_one_time(slow: Slow) -> Callable[[Times], tuple[object, ...]]:
    pairs = pairs_of(slow)

    def cost(times: Times) -> tuple[object, ...]:
        return slow.outside(times), *min((slow.off(times, pair), pair) for pair in pairs)

    return cost


@settings(max_examples=EXAMPLES)
@given(courses())
def test_the_soonest_plan_is_that_of_the_slow_answer(slow: Slow) -> None:
    best = slow.best(lambda times: (slow.outside(times),))

    outcome = planning.plan(slow.problem)

    assert times_of(outcome, Character.SOONEST) == best
    assert (outcome.no_plan is None) == (best is not None)


@settings(max_examples=EXAMPLES)
@given(courses())
def test_the_gentlest_plan_is_that_of_the_slow_answer(slow: Slow) -> None:
    best = slow.best(lambda times: (slow.outside(times), slow.uncomfortable(times)))

    outcome = planning.plan(slow.problem)

    assert times_of(outcome, Character.GENTLEST) == best


@settings(max_examples=EXAMPLES)
@given(courses())
def test_the_plan_of_one_time_is_that_of_the_slow_answer(slow: Slow) -> None:
    dosings = [s for s in slow.problem.steps if s.rest_hours is not None and s.fact is None]

    outcome = planning.plan(slow.problem)

    if len(dosings) >= 2:
        assert times_of(outcome, Character.SAME_TIME) == slow.best(off_one_time(slow))
    else:
        assert times_of(outcome, Character.SAME_TIME) is None


@settings(max_examples=EXAMPLES)
@given(courses())
def test_no_answer_changes_where_tables_are_small_and_refined_at_once(slow: Slow) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "MOST_ENTRIES", 3)
        patch.setattr(planning, "SLACK", 0)
        patch.setattr(search, "PATIENCE", 0)
        patch.setattr(search, "THRASHING", 1)
        outcome = planning.plan(slow.problem)

    soonest = slow.best(lambda times: (slow.outside(times),))
    gentlest = slow.best(lambda times: (slow.outside(times), slow.uncomfortable(times)))
    assert times_of(outcome, Character.SOONEST) == soonest
    assert times_of(outcome, Character.GENTLEST) == gentlest
    if times_of(outcome, Character.SAME_TIME) is not None:
        assert times_of(outcome, Character.SAME_TIME) == slow.best(off_one_time(slow))
