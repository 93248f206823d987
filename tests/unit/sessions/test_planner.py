"""Whole templates, planned: what no plan may break, what is not within reach, and why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bench.planner_calendars import calendar, problem
from practice.calendar.rules import hours, timeline
from practice.sessions.rules import courses
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner import (
    Cap,
    Character,
    Fact,
    Keeps,
    Plan,
    Problem,
    Relaxed,
    dosing_leaves_integration,
    offered,
    plan,
    replan,
    search,
)
from practice.sessions.rules.planner.problem import Step, Tie
from practice.sessions.rules.windows import Anchor, StepWindow, Unit

ZONE = ZoneInfo("America/New_York")
EMPTY = 0.0


def asked(slug: str, *, share: float = EMPTY, monitor: str = "Mon+Thu", days: int = 120) -> Problem:
    seen = calendar(0, share=share, monitor=monitor, days=days)
    return problem(courses.shipped()[slug], seen, grid=30)


def only(problem: Problem, keys: str, bits: int) -> Problem:
    """The same problem, with fewer starts for steps whose key begins so."""
    steps = tuple(
        replace(each, starts=each.starts & bits) if each.key.startswith(keys) else each
        for each in problem.steps
    )
    return replace(problem, steps=steps)


def broken(problem: Problem, found: Plan) -> list[str]:
    """Say in words of this test what a plan breaks."""
    faults = [gap.words for gap in found.gaps if not gap.is_legal]
    own = sorted((s for s in found.steps if not s.is_external), key=lambda s: s.starts_at)
    for one, other in pairwise(own):
        a, b = problem.step(one.key), problem.step(other.key)
        pause = other.starts_at - one.ends_at
        if pause < timedelta(minutes=a.after_minutes + b.before_minutes):
            faults.append(f"{one.key} and {other.key} are not apart")
    for dosing in own:
        if problem.step(dosing.key).rest_hours is None:
            continue
        morning = datetime.combine(dosing.on + timedelta(days=1), time(7), ZONE)
        faults += [
            f"{each.key} is on the way after {dosing.key}"
            for each in own
            if dosing.starts_at < each.starts_at < morning and problem.step(each.key).travels
        ]
    at = {each.key: each.starts_at for each in found.steps}
    numbers = [k for k in at if k.startswith("dose")]
    for dosing_key, following in pairwise(numbers):
        behind = {
            tie.later
            for tie in problem.ties
            if tie.earlier == dosing_key and "integration" in tie.later
        }
        faults += [
            f"{following} comes before {each}"
            for each in behind & at.keys()
            if at[each] > at[following]
        ]
    return faults


@pytest.mark.parametrize("slug", sorted(courses.shipped()))
@pytest.mark.parametrize("share", [EMPTY, 0.45])
def test_no_plan_breaks_a_limit_a_day_of_rest_or_the_order(slug: str, share: float) -> None:
    problem = asked(slug, share=share)

    found = plan(problem)

    assert found.plans
    assert [broken(problem, each) for each in found.plans] == [[]] * len(found.plans)
    assert len({each.steps for each in found.plans}) == len(found.plans)


def test_three_plans_differ_in_character_and_keep_what_is_recommended() -> None:
    found = plan(asked("sl-psycholytic-6"))

    assert [each.characters for each in found.plans] == [
        (Character.SOONEST,),
        (Character.SAME_TIME,),
        (Character.GENTLEST,),
    ]
    assert [(each.outside, each.warnings) for each in found.plans] == [(0, ())] * 3
    soonest, same, gentlest = found.plans
    assert soonest.last_on < same.last_on
    assert same.dosings_at == (0, time(9), 6)
    assert gentlest.uncomfortable < soonest.uncomfortable


@pytest.mark.parametrize(("monitor", "warnings"), [("Mon+Thu", 0), ("Tue+Fri", 0), ("Tue+Thu", 4)])
def test_a_monitor_on_two_days_allows_what_the_days_allow(monitor: str, warnings: int) -> None:
    found = plan(asked("im-induction-6", monitor=monitor), characters=[])

    assert [each.outside for each in found.plans] == [warnings]


def test_dosings_are_not_given_where_a_week_is_full() -> None:
    problem = asked("im-induction-6")
    dosings = frozenset(each.key for each in problem.steps if each.rest_hours is not None)
    cap = Cap(dosings, most=1, room={}, weekly=True)

    found = plan(replace(problem, caps=(cap,)), characters=[])

    weeks = [
        each.on.isocalendar()[:2] for p in found.plans for each in p.steps if "dose" in each.key
    ]
    assert len(weeks) == len(set(weeks))


def test_what_fails_in_a_full_week_is_tried_again_where_one_dosing_less_lies_in_it() -> None:
    """The cheaper second dosing leaves the later ones the same starts but no room in the week."""
    monday = date(2027, 1, 11)
    axis = timeline.axis_of(ZONE.key, monday, monday + timedelta(days=20))

    def at(days: int) -> datetime:
        return datetime.combine(monday + timedelta(days=days), time(9), ZONE).astimezone(UTC)

    def dosing(number: int, *days: int) -> Step:
        starts = timeline.busy(axis, ((at(n), at(n) + timeline.CELL) for n in days))
        return Step(
            key=f"dose_{number}",
            name=f"dosing {number}",
            kind=SessionKind.DOSING,
            minutes=60,
            starts=starts,
            rest_hours=12,
        )

    def tie(earlier: int, least: int) -> Tie:
        window = StepWindow(Anchor.START, Unit.HOURS, least, 240, hard_min=24, hard_max=240)
        return Tie(f"dose_{earlier}", f"dose_{earlier + 1}", window)

    steps = (dosing(1, 0), dosing(2, 5, 7), dosing(3, 9), dosing(4, 11))
    cap = Cap(frozenset(each.key for each in steps), most=2, room={}, weekly=True)
    ties = (tie(1, least=150), tie(2, least=24), tie(3, least=24))

    found = plan(Problem(axis=axis, steps=steps, ties=ties, caps=(cap,)), characters=[])

    assert [[each.starts_at for each in one.steps] for one in found.plans] == [
        [at(0), at(5), at(9), at(11)]
    ]


def test_why_there_is_no_plan_names_step_rule_and_what_would_help() -> None:
    problem = asked("im-induction-6")
    mondays = hours.open_hours(problem.axis, {0: [hours.WHOLE_DAY]})
    first_week = timeline.on_dates(
        problem.axis, (date(2027, 1, 11) + timedelta(days=n) for n in range(1))
    )
    without = only(problem, "dose", mondays & ~timeline.on_dates(problem.axis, [date(2027, 2, 1)]))
    shorter = only(without, "dose_1", first_week)

    found = plan(shorter)

    assert found.plans == ()
    assert found.no_plan is not None
    assert found.no_plan.step == "dose_4"
    assert "dosing 4 has to be 2 to 7 days after dosing 3" in found.no_plan.rules
    assert found.no_plan.nearest[0] == "dosing 4 might be up to 14 days after dosing 3, not 7"
    assert found.no_plan.words.startswith("There is no time for dosing 4 between Mon, Jan 4 and")


def test_a_wish_that_stands_in_the_way_is_named() -> None:
    problem = asked("sl-psycholytic-6")
    step = problem.step("intake")
    wish = Relaxed("any weekday suited the client", step.starts)

    found = plan(problem.with_step(replace(step, starts=0, relaxed=(wish,))))

    assert found.no_plan is not None
    assert found.no_plan.words == (
        "There is no free time at all for the intake between Mon, Jan 4 and Mon, May 3. "
        "It would be possible if any weekday suited the client."
    )


def near(problem: Problem, days: int) -> Problem:
    """The same problem with a horizon after some days."""
    first_on = problem.axis.first_on
    bits = timeline.on_dates(problem.axis, (first_on + timedelta(days=n) for n in range(days)))
    steps = tuple(
        replace(each, starts=each.starts & bits, later=each.starts & ~bits)
        for each in problem.steps
    )
    return replace(problem, steps=steps)


def test_what_lies_past_the_horizon_is_tentative_and_no_refusal() -> None:
    problem = asked("sl-psycholytic-6", days=160)

    found = plan(near(problem, 30), characters=[])

    (only_plan,) = found.plans
    assert found.no_plan is None
    count = len(only_plan.steps)
    assert 0 < count < len(problem.steps)
    assert [each.key for each in only_plan.steps] == [each.key for each in problem.steps[:count]]
    assert [each.key for each in only_plan.tentative] == [
        each.key for each in problem.steps[count:]
    ]
    horizon = problem.axis.first_on + timedelta(days=29)
    assert all(each.on <= horizon for each in only_plan.steps)
    assert all(each.last_on > horizon for each in only_plan.tentative)
    assert broken(problem, only_plan) == []


@pytest.mark.parametrize("days", [30, 45, 52])
def test_nothing_is_squeezed_to_fit_before_the_horizon(days: int) -> None:
    problem = asked("sl-psycholytic-6", days=160)
    (far,) = plan(problem, characters=[]).plans

    soonest, *others = plan(near(problem, days)).plans

    assert soonest.steps == far.steps[: len(soonest.steps)]
    assert all(each.tentative for each in (soonest, *others))
    assert [each.warnings for each in (soonest, *others)] == [()] * (1 + len(others))


def test_a_course_is_not_put_off_for_a_calendar_that_is_empty_past_the_horizon() -> None:
    seen = calendar(0, share=0.7, days=280)
    taken = timeline.on_dates(seen.axis, list(seen.axis.dates)[:120]) & seen.taken
    whole = problem(courses.shipped()["sl-psycholytic-6"], replace(seen, taken=taken))

    (found,) = plan(near(whole, 120), characters=[]).plans

    assert (found.outside, found.tentative) == (1, ())  # from day 64 on there would be none


def test_of_a_course_that_lies_past_the_horizon_all_has_ranges() -> None:
    problem = asked("sl-psycholytic-6", days=160)
    step = problem.step("intake")
    far = problem.with_step(replace(step, starts=0, later=step.starts))

    (found,) = plan(far, characters=[]).plans

    assert (found.steps, len(found.tentative)) == ((), len(problem.steps))


def test_what_was_chosen_is_booked_though_a_step_before_it_waits() -> None:
    problem = asked("sl-psycholytic-6", days=160)
    step = problem.step("med_followup_1")
    waits = problem.with_step(replace(step, starts=0, later=step.starts))
    chosen = {each.key for each in problem.steps} - {step.key}

    (found,) = plan(waits, characters=[], sure=chosen).plans

    assert {each.key for each in found.steps} == chosen
    assert [each.key for each in found.tentative] == [step.key]


def test_a_dosing_is_offered_only_if_its_integration_still_has_a_time() -> None:
    problem = asked("sl-psycholytic-6")
    free = timeline.on_dates(problem.axis, [date(2027, 1, 20)])
    few = only(problem, "integration_1", free)

    bits = dosing_leaves_integration(few, "dose_1")

    found = {at.astimezone(ZONE).date() for at in timeline.instants(problem.axis, bits)}
    assert found == {date(2027, 1, n) for n in (13, 14, 15, 18, 19)}


def test_moving_a_dosing_takes_its_integration_along_and_nothing_else() -> None:
    problem = asked("sl-psycholytic-6")
    places = {each.key: each for each in plan(problem, characters=[]).plans[0].steps}
    dosing = places["dose_2"]
    at = dosing.starts_at + timedelta(days=2)
    step = replace(problem.step("dose_2"), fact=Fact(at, at + timedelta(minutes=150)))

    kept, limits = (replan(problem.with_step(step), places, keeps) for keeps in Keeps)

    assert limits is not None
    assert limits.moved == ("integration_2", "med_followup_1")
    assert broken(problem, limits.plan) == []
    assert kept is not None
    assert kept.moved[:3] == ("integration_2", "med_followup_1", "dose_3")
    assert (kept.plan.outside, kept.plan.warnings) == (0, ())


def test_every_time_of_a_date_is_offered_though_all_leave_the_same_to_the_rest() -> None:
    both = asked("sl-psycholytic-6").only({"prep_1", "prep_2"})
    prep_1 = both.step("prep_1")
    last_on = max(timeline.instants(both.axis, both.step("prep_2").starts)).date()
    before = (on for on in both.axis.dates if on < last_on)

    assert offered(both, "prep_1") == prep_1.starts & timeline.on_dates(both.axis, before)


def test_time_that_is_up_leaves_the_best_plan_found_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "LOOK_EVERY", 1)
    looks = iter(range(20))  # as many as the seventeen steps of the soonest plan, and few more

    found = plan(asked("sl-psycholytic-6"), out_of_time=lambda: next(looks, None) is None)

    assert [each.characters for each in found.plans] == [(Character.SOONEST,)]
    assert found.unfinished == (Character.SAME_TIME, Character.GENTLEST)


def test_time_that_is_up_at_once_leaves_any_legal_plan_marked_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "LOOK_EVERY", 1)
    problem = asked("im-induction-6")

    found = plan(problem, out_of_time=lambda: True)

    assert [each.is_best for each in found.plans] == [False]
    assert [broken(problem, each) for each in found.plans] == [[]]
    assert found.unfinished == tuple(Character)
