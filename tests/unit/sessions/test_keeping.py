"""What people are shown before a session of a course moves, and storms over several courses."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from practice.core.errors import Invalid
from practice.sessions.rules import keeping, storms
from practice.sessions.rules.keeping import Way
from practice.sessions.rules.planner import (
    Cap,
    Fact,
    Keeps,
    Placed,
    Problem,
    placed_at,
    plan,
    replan,
)
from practice.sessions.rules.planner.plan import gaps_between
from tests.unit.sessions.course_oracle import Slow, Times
from tests.unit.sessions.small_courses import courses as small_courses
from tests.unit.sessions.test_planner import asked

EXAMPLES = int(os.environ.get("PLANNER_EXAMPLES", "40"))
DAY = timedelta(days=1)


def places(slow: Slow, times: Times) -> dict[str, Placed]:
    zone = slow.problem.axis.zone
    return {
        key: placed_at(
            key, Fact(at, slow.end(key, at)), zone, is_external=slow.steps[key].is_external
        )
        for key, at in times.items()
    }


def booked(slug: str = "sl-psycholytic-6") -> tuple[Problem, dict[str, Placed]]:
    """A whole course on an empty calendar, booked by its soonest plan."""
    problem = asked(slug)
    (found,) = plan(problem, characters=[]).plans
    return problem, {each.key: each for each in found.steps}


def later(placed: Placed, count: int) -> Fact:
    return Fact(placed.starts_at + count * DAY, placed.ends_at + count * DAY)


@settings(max_examples=EXAMPLES)
@given(small_courses(with_facts=False), st.data())
def test_what_is_shown_is_what_the_planner_says_and_can_be_had(
    slow: Slow, data: st.DataObject
) -> None:
    times = next(slow.plans(), None)
    assume(times is not None)
    assert times is not None
    old = places(slow, times)
    key = data.draw(st.sampled_from(sorted(old)))
    at = data.draw(st.sampled_from(slow.choices[key]))
    chosen = {key: Fact(at, slow.end(key, at))}
    moved = keeping.with_facts(slow.problem, chosen)

    shown = keeping.answers(slow.problem, old, chosen)

    assert len({each.code for each in shown}) == len(shown)
    for keeps, way in ((Keeps.RECOMMENDED, Way.RESTORE), (Keeps.LIMITS, Way.LIMITS)):
        best = replan(moved, old, keeps)
        mine = next((each for each in shown if each.way is way), None)
        if mine is not None:
            assert best is not None
            assert {s.key for s in mine.others} == set(best.moved)
            assert {s.key: s.now for s in mine.others} == {
                each.key: each for each in best.plan.steps if each.key in best.moved
            }
    for each in shown:
        others = {s.key: s.now.starts_at for s in each.others}
        possible = keeping.is_possible(slow.problem, old, chosen, others)
        assert possible or each.broken
        assert keeping.read(each.code) == {s.key: s.now.starts_at for s in each.shifts}
        gaps = gaps_between(slow.problem, each.placed)
        assert bool(each.broken) == any(not gap.is_legal for gap in gaps)


def test_a_small_move_takes_nothing_along() -> None:
    problem, old = booked()
    hour = timedelta(hours=1)
    last = old["integration_6"]
    chosen = {"integration_6": Fact(last.starts_at + hour, last.ends_at + hour)}

    first = keeping.answers(problem, old, chosen)[0]

    assert (first.heading, first.warnings, first.broken) == ("Nothing else moves", (), ())


def test_a_dosing_moved_by_five_days_takes_its_integration_along() -> None:
    problem, old = booked()

    restored, *rest = keeping.answers(problem, old, {"dose_2": later(old["dose_2"], 5)})

    assert restored.way is Way.RESTORE
    assert "integration_2" in {each.key for each in restored.others}
    assert (restored.warnings, restored.broken) == ((), ())
    assert all(each.others for each in rest)  # alone it would come behind its own integration


def test_where_only_a_recommended_window_breaks_nothing_else_has_to_move() -> None:
    problem, old = booked()
    far = later(old["integration_3"], 3)

    found = keeping.answers(problem, old, {"integration_3": far})

    alone = next(each for each in found if not each.others)
    assert alone.broken == ()
    assert alone.warnings


def test_a_move_that_would_have_the_client_drive_is_not_shown() -> None:
    problem, old = booked()
    problem = problem.with_step(replace(problem.step("integration_2"), travels=True))
    dosing = old["dose_2"]
    same_day = Fact(dosing.ends_at + 2 * timedelta(hours=1), dosing.ends_at + timedelta(hours=3))

    assert all(each.others for each in keeping.answers(problem, old, {"integration_2": same_day}))


def test_a_plan_that_was_shown_no_longer_stands_once_a_time_is_gone() -> None:
    problem, old = booked()
    chosen = {"dose_2": later(old["dose_2"], 5)}
    restored = keeping.answers(problem, old, chosen)[0]
    others = {each.key: each.now.starts_at for each in restored.others}
    key, at = next(iter(others.items()))
    cell = (at - problem.axis.starts_at) // timedelta(minutes=5)
    step = problem.step(key)
    without = problem.with_step(replace(step, starts=step.starts & ~(1 << cell)))

    assert keeping.is_possible(problem, old, chosen, others)
    assert not keeping.is_possible(without, old, chosen, others)
    assert not keeping.is_possible(problem, old, chosen, {})


@pytest.mark.parametrize(
    "code",
    [
        "dose_2",
        "dose_2@2027-03-15",
        "dose_2@2027-02-30T14:00:00Z",
        "dose_2@2027-03-15T14:00:00Z dose_2@2027-03-16T14:00:00Z",
        "'; drop@2027-03-15T14:00:00Z",
    ],
)
def test_a_form_that_was_tampered_with_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        keeping.read(code)


def test_times_are_written_and_read_again() -> None:
    at = datetime(2027, 3, 15, 14, tzinfo=UTC)

    assert keeping.read("") == {}
    assert keeping.read("dose_2@2027-03-15T14:00:00Z") == {"dose_2": at}


# Storms ----------------------------------------------------------------------------------------


def closed(problem: Problem, days: set[date]) -> Problem:
    axis = problem.axis
    bits = 0
    for on in days:
        n = (on - axis.first_on).days
        bits |= (1 << axis.day_cells[n + 1]) - (1 << axis.day_cells[n])
    return replace(
        problem,
        steps=tuple(replace(s, starts=s.starts & ~bits) for s in problem.steps),
    )


def test_a_storm_over_two_courses_puts_both_right_and_gives_no_time_twice() -> None:
    problem, old = booked()
    room = frozenset({"room"})
    problem = replace(problem, steps=tuple(replace(s, resources=room) for s in problem.steps))
    shut = closed(problem, {old["dose_3"].on + n * DAY for n in range(3)})
    course = storms.Broken(shut, old)

    found = storms.put_right([course, course])

    assert all(each is not None and not each.broken for each in found)
    taken = [
        (s.now.starts_at - timedelta(minutes=30), s.now.ends_at + timedelta(minutes=45))
        for each in found
        if each is not None
        for s in each.shifts
        if not s.is_external and problem.step(s.key).rest_hours is not None
    ]
    assert taken
    assert all(
        one is other or one[1] <= other[0] or other[1] <= one[0] for one in taken for other in taken
    )


def test_a_course_that_cannot_be_put_right_is_named_and_the_others_are() -> None:
    problem, old = booked()
    on = old["dose_3"].on
    gone = storms.Broken(closed(problem, {on + n * DAY for n in range(-20, 60)}), old)
    fine = storms.Broken(closed(problem, {on}), old)

    first, second = storms.put_right([gone, fine])

    assert first is None
    assert second is not None
    assert "dose_3" in {each.key for each in second.shifts}


def test_a_storm_does_not_fill_a_week_beyond_its_cap() -> None:
    problem, old = booked()
    dosings = frozenset(s.key for s in problem.steps if s.rest_hours is not None)
    capped = replace(problem, caps=(Cap(dosings, most=1, room={}),))
    course = storms.Broken(closed(capped, {old["dose_3"].on}), old)

    found = storms.put_right([course, course, course])

    days = [s.now.on for each in found if each for s in each.shifts if s.key in dosings]
    assert len(days) == len(set(days)) >= 3
