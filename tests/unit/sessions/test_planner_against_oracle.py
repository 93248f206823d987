"""Plans, against every choice of starts tried one by one."""

import os
from datetime import datetime

from hypothesis import given, settings

from practice.sessions.rules.planner import planning
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
    def cost(times: Times) -> tuple[object, ...]:
        off = [(slow.off(times, pair), pair) for pair in pairs]
        return slow.outside(times), *min(off)

    pairs = pairs_of(slow)
    dosings = [s for s in slow.problem.steps if s.rest_hours is not None and s.fact is None]

    outcome = planning.plan(slow.problem)

    if len(dosings) >= 2:
        assert times_of(outcome, Character.SAME_TIME) == slow.best(cost)
    else:
        assert times_of(outcome, Character.SAME_TIME) is None
