"""What else moves when one session does, and the times of one step, against the slow answer."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from practice.calendar.rules import timeline
from practice.sessions.rules.planner import (
    Fact,
    Keeps,
    Placed,
    Problem,
    fact_of,
    offered,
    placed_at,
    replan,
    storm,
)
from tests.unit.sessions.course_oracle import Slow, Times
from tests.unit.sessions.small_courses import courses

EXAMPLES = int(os.environ.get("PLANNER_EXAMPLES", "40"))


def tightened(slow: Slow, old: Times) -> Problem:
    """What lay as recommended has to stay so: its window's limits are what is recommended."""
    ties = []
    for tie in slow.problem.ties:
        moment = slow.moment(tie.earlier, tie.window.anchor, old[tie.earlier])
        amount = slow.amount(tie.window.unit, moment, old[tie.later])
        kept = tie.window.min <= amount <= tie.window.max
        window = replace(tie.window, hard_min=tie.window.min, hard_max=tie.window.max)
        ties.append(replace(tie, window=window) if kept else tie)
    spans = []
    for span in slow.problem.spans:
        kept = (slow.on(old[span.last]) - slow.on(old[span.first])).days <= span.max
        spans.append(replace(span, hard_max=span.max) if kept else span)
    return replace(slow.problem, ties=tuple(ties), spans=tuple(spans))


@settings(max_examples=EXAMPLES)
@given(courses(with_facts=False), st.data())
def test_a_move_takes_along_the_fewest_sessions_and_shifts_them_least(
    slow: Slow, data: st.DataObject
) -> None:
    old = next(slow.plans(), None)
    assume(old is not None)
    assert old is not None
    key = data.draw(st.sampled_from(sorted(old)))
    step = slow.problem.step(key)
    at = data.draw(st.sampled_from(slow.choices[key])) + timedelta(
        days=data.draw(st.integers(0, 2))
    )
    fact = Fact(at, at + timedelta(minutes=step.minutes))
    moved = slow.problem.with_step(replace(step, fact=fact))
    places = {
        k: placed_at(
            k,
            Fact(a, slow.end(k, a)),
            slow.problem.axis.zone,
            is_external=slow.steps[k].is_external,
        )
        for k, a in old.items()
    }

    def cost(times: Times) -> tuple[object, ...]:
        shifts = [abs(times[k] - old[k]) for k in times if k != key]
        return sum(map(bool, shifts)), sum(shifts, timedelta())

    for keeps in Keeps:
        rules = tightened(slow, old) if keeps is Keeps.RECOMMENDED else slow.problem
        kept = replace(rules, steps=moved.steps)
        best = Slow(kept, {**slow.choices, key: [at]}).best(cost)

        answer = replan(moved, places, keeps)

        found = answer and {each.key: each.starts_at for each in answer.plan.steps}
        assert found == best
        if answer is not None and best is not None:
            count, shift = cost(best)
            assert (len(answer.moved), timedelta(minutes=answer.shift_minutes)) == (count, shift)


@settings(max_examples=EXAMPLES)
@given(courses(), st.data())
def test_a_time_is_offered_if_and_only_if_the_rest_stays_possible(
    slow: Slow, data: st.DataObject
) -> None:
    open_steps = [each.key for each in slow.problem.steps if each.fact is None]
    assume(open_steps)
    key = data.draw(st.sampled_from(open_steps))
    possible = {plan[key] for plan in slow.plans()}

    bits = offered(slow.problem, key)

    assert set(timeline.instants(slow.problem.axis, bits)) == possible


@settings(max_examples=EXAMPLES)
@given(courses(with_facts=False))
def test_two_courses_of_one_storm_do_not_take_the_same_time(slow: Slow) -> None:
    old = next(slow.plans(), None)
    assume(old is not None)
    assert old is not None
    steps = tuple(replace(each, resources=frozenset({"room"})) for each in slow.problem.steps)
    problem = replace(slow.problem, steps=steps)
    nowhere = {key: _elsewhere(problem.axis.zone, key, at) for key, at in old.items()}

    answers = storm([(problem, nowhere), (problem, nowhere)], Keeps.LIMITS)

    taken: list[tuple[datetime, datetime]] = []
    for answer in answers:
        if answer is None:
            continue
        mine = []
        for each in answer.plan.steps:
            step = problem.step(each.key)
            first = each.starts_at - timedelta(minutes=step.before_minutes)
            past = each.ends_at + timedelta(minutes=step.after_minutes)
            assert all(past <= begun or ended <= first for begun, ended in taken)
            mine.append((first, past))
        taken += mine
    assert answers[0] is not None


def _elsewhere(zone: str, key: str, at: datetime) -> Placed:
    there = at - timedelta(days=30)
    return placed_at(key, Fact(there, there + timedelta(hours=1)), zone)


def test_a_fact_is_the_time_of_a_place() -> None:
    at = datetime.fromisoformat("2027-03-15T14:00+00:00")
    fact = Fact(at, at + timedelta(hours=1))

    assert fact_of(placed_at("prep_1", fact, "America/New_York")) == fact
