"""What is planned past the horizon, against every choice of starts tried one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import event, given, settings
from hypothesis import strategies as st

from practice.calendar.rules import timeline
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner import Character, Plan, Problem, Step, Tie, planning
from practice.sessions.rules.windows import Anchor, StepWindow, Unit
from tests.unit.sessions.course_oracle import Slow, Times
from tests.unit.sessions.small_courses import DAYS, ZONE, courses

EXAMPLES = int(os.environ.get("PLANNER_EXAMPLES", "60"))


@dataclass(frozen=True)
class Ahead:
    """A course, and the instant from which on some of its steps cannot be booked yet."""

    slow: Slow
    horizon: datetime
    waits: frozenset[str]

    def is_near(self, key: str, at: datetime) -> bool:
        return key not in self.waits or at < self.horizon

    def is_whole(self, times: Times) -> bool:
        return all(self.is_near(key, at) for key, at in times.items())

    def waiting(self, times: Times) -> list[str]:
        """The first step to be placed that lies too far, and all behind it."""
        open_keys = [key for key, step in self.slow.steps.items() if not step.fact]
        far = [key for key in open_keys if not self.is_near(key, times[key])]
        return open_keys[open_keys.index(far[0]) :] if far else []

    def best(self) -> dict[str, datetime] | None:
        """Say again what the soonest plan is, rule by rule."""

        def cost(times: Times) -> tuple[object, ...]:
            return (self.slow.outside(times),)

        whole = self.slow.best(cost, self.is_whole)
        if not self.waits or (whole and not self.slow.outside(whole)):
            return whole
        steps = self.slow.problem.steps
        dosings = [each.key for each in steps if each.rest_hours is not None]
        if whole:
            latest: dict[str, datetime] = {}
            if not any(self.slow.steps[key].fact for key in dosings):
                keys = [each.key for each in steps]
                last = dosings[0] if dosings else keys[0]
                latest = {key: whole[key] for key in keys[: keys.index(last) + 1]}
            wide = self.slow.best(
                cost, lambda times: all(times[key] <= at for key, at in latest.items())
            )
            assert wide
            return wide if cost(wide) < cost(whole) else whole
        first = steps[0].key
        begun = any(each.fact for each in steps)
        near = None if begun else self.slow.best(cost, lambda t: self.is_near(first, t[first]))
        return near or self.slow.best(cost)


@st.composite
def rows(draw: st.DrawFn) -> Slow:
    """Dosings in a row, each on some mornings: a horizon often presses on their gaps."""
    first_on = date(2027, 3, 8)
    axis = timeline.axis_of(ZONE, first_on, first_on + timedelta(days=DAYS - 1))
    keys = [f"dose_{n}" for n in range(draw(st.integers(2, 4)))]
    choices = {
        key: [
            datetime.combine(first_on + timedelta(days=n), time(9), ZoneInfo(ZONE)).astimezone(UTC)
            for n in sorted(draw(st.sets(st.integers(0, DAYS - 1), min_size=2, max_size=9)))
        ]
        for key in keys
    }
    steps = tuple(
        Step(
            key=key,
            name=key,
            kind=SessionKind.DOSING,
            minutes=60,
            starts=timeline.busy(axis, ((at, at + timeline.CELL) for at in choices[key])),
            rest_hours=12,
        )
        for key in keys
    )
    least = draw(st.integers(1, 4))
    window = StepWindow(Anchor.START, Unit.DAYS, least, least + 2, 1, 9)
    ties = tuple(Tie(one, other, window) for one, other in pairwise(keys))
    return Slow(Problem(axis=axis, steps=steps, ties=ties), choices)


@st.composite
def aheads(draw: st.DrawFn) -> Ahead:
    """A course of which some steps cannot be booked from some day on."""
    slow = draw(st.one_of(courses(), rows()))
    axis = slow.problem.axis
    horizon = axis.starts_at + timedelta(days=draw(st.integers(0, DAYS)))
    near = timeline.before(axis, horizon)
    open_keys = [each.key for each in slow.problem.steps if not each.fact]
    waits = {key for key in open_keys if draw(st.integers(0, 4))}
    steps = tuple(
        replace(each, starts=each.starts & near, later=each.starts & ~near)
        if each.key in waits
        else each
        for each in slow.problem.steps
    )
    slow.problem = replace(slow.problem, steps=steps)
    return Ahead(slow, horizon, frozenset(each.key for each in steps if each.later))


def given_by(plan: Plan) -> Mapping[str, datetime]:
    return {each.key: each.starts_at for each in plan.steps}


@settings(max_examples=EXAMPLES)
@given(aheads())
def test_the_soonest_plan_is_that_of_all_hours_up_to_the_first_step_too_far(ahead: Ahead) -> None:
    best = ahead.best()

    outcome = planning.plan(ahead.slow.problem)

    assert (outcome.no_plan is None) == (best is not None)
    if best is None:
        return
    waiting = ahead.waiting(best)
    event(f"{len(waiting)} wait")
    soonest = outcome.plans[0]
    assert soonest.characters[0] is Character.SOONEST
    assert given_by(soonest) == {key: at for key, at in best.items() if key not in waiting}
    assert [each.key for each in soonest.tentative] == waiting
    on = {key: ahead.slow.on(best[key]) for key in waiting}
    assert all(w.first_on <= on[w.key] <= w.last_on for w in soonest.tentative)


@settings(max_examples=EXAMPLES)
@given(aheads())
def test_no_gap_is_out_of_its_range_if_a_plan_over_all_hours_keeps_it_inside(ahead: Ahead) -> None:
    slow, best = ahead.slow, ahead.best()
    if best is None:
        return
    least = slow.outside(best)

    for plan in planning.plan(slow.problem).plans:
        times = given_by(plan)
        event(f"{len(plan.tentative)} wait")
        assert least == min(
            slow.outside(each) for each in slow.plans() if each.items() >= times.items()
        )
        facts = {each.key for each in plan.steps if each.is_fact}
        chosen = [gap for gap in plan.gaps if not {gap.earlier, gap.later} <= facts]
        assert sum(not gap.is_recommended for gap in chosen) <= least
