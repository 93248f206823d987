"""Plans for a client's course: three to choose from, one mended, one step given another time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from practice.calendar.rules import free, timeline, zones
from practice.calendar.rules.free import Refusal
from practice.calendar.rules.timeline import Axis
from practice.people.models import Client
from practice.sessions.models import Course
from practice.sessions.queries.course_problems import Seen, for_a_page, see
from practice.sessions.rules import planner
from practice.sessions.rules.planner import (
    Fact,
    Gap,
    Keeps,
    NoPlan,
    Outcome,
    Placed,
    Plan,
    Problem,
    Step,
)

Chosen = Mapping[str, datetime | date]
"""A start for a step of ours, a local date for a visit outside; by the step's key."""

NOON = time(12)


@dataclass(frozen=True, slots=True)
class Plans:
    """What planning a course came to, and the look that it rests on."""

    seen: Seen
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Mended:
    """A choice put right, with as few and small moves as can be.

    ``lost`` is what could not be had, by step, and why in words. ``plan`` is the whole with ranges
    for what is left open, ``None`` if nothing fits around it; ``moved`` are the steps that moved.
    """

    lost: Mapping[str, str]
    plan: Plan | None = None
    moved: tuple[str, ...] = ()


def plans(course: Course, client: Client, *, as_staff: bool = True) -> Plans:
    """Plan what of a course is still open. A page waits two seconds at most."""
    seen = see(course, client, as_staff=as_staff)
    return Plans(seen, planner.plan(seen.problem, out_of_time=for_a_page()))


def checked(seen: Seen, chosen: Chosen) -> Plan | NoPlan:
    """Judge a choice as a whole: the plan with ranges for what is left open, or why it is none.

    Every step of the choice has to be on offer: see ``lost``.
    """
    outcome = planner.plan(
        _pinned(seen.problem, chosen), characters=(), sure=chosen, out_of_time=for_a_page()
    )
    if outcome.plans:
        return outcome.plans[0]
    return outcome.no_plan or NoPlan("", (), (), "Those times do not make a course together.")


def proof(seen: Seen, none: NoPlan) -> str:
    """Say why there is no plan: the step, between which days, and the rules that block it."""
    axis = seen.problem.axis
    first, last = axis.first_on + zones.DAY, axis.last_on - zones.DAY
    within = f"from {zones.day_words(first)} to {zones.day_words(last)}, {last.year}"
    if not none.step:
        return none.words
    name = seen.problem.step(none.step).name
    if not none.rules:
        return f"There is no free time at all for {name} {within}."
    return f"There is no time for {name} {within}: {'; '.join(none.rules)}."


def lost(seen: Seen, chosen: Chosen) -> dict[str, str]:
    """Say which steps of a choice cannot be had any more, and why in words."""
    found = {}
    for key, when in chosen.items():
        step = seen.problem.step(key)
        cell = cell_of(seen.problem, when)
        if cell is None or not step.starts >> cell & 1:
            found[key] = why_not(seen, key, when)
    return found


def why_not(seen: Seen, key: str, when: datetime | date) -> str:
    """Say why a step cannot start then, as far as the calendar goes."""
    if not isinstance(when, datetime) or key not in seen.looks:
        return "That date cannot be chosen."
    return " ".join(each.words for each in refusals_of(seen, key, when)) or "That time has gone."


def refusals_of(seen: Seen, key: str, when: datetime) -> list[Refusal]:
    """List what of the calendar speaks against a time for a step of ours."""
    return free.why_not(seen.looks[key].offer, when)


def mended(seen: Seen, chosen: Chosen) -> Mended:
    """Keep what can be had of a choice, and move as little as can be of the rest."""
    return _put_right(seen, seen.problem, chosen, chosen.keys(), lost(seen, chosen))


def adjusted(seen: Seen, chosen: Chosen, key: str, when: datetime | date) -> Mended:
    """Give one step of a choice another time, and move as little as can be of the others."""
    if gone := lost(seen, {key: when}):
        return Mended(gone)
    place = placed(seen, key, when)
    step = replace(seen.problem.step(key), fact=Fact(place.starts_at, place.ends_at))
    others = {each: at for each, at in chosen.items() if each != key}
    wanted = {*chosen, key}
    return _put_right(seen, seen.problem.with_step(step), others, wanted, {}, {key: when})


def _put_right(  # noqa: PLR0917  # a choice, and what is known of it
    seen: Seen,
    problem: Problem,
    old: Chosen,
    wanted: Collection[str],
    gone: Mapping[str, str],
    given: Chosen | None = None,
) -> Mended:
    """Plan again around what stays. What that pushes past the horizon keeps a range of dates."""
    steps = tuple(
        each if each.fact is not None else replace(each, starts=each.starts | each.later, later=0)
        for each in problem.steps
    )
    places = {key: placed(seen, key, when) for key, when in old.items()}
    try:
        answer = planner.replan(
            replace(problem, steps=steps), places, Keeps.LIMITS, out_of_time=for_a_page()
        )
    except planner.OutOfTime:
        answer = None
    if answer is None:
        return Mended(gone)
    found = {key: at for key, at in chosen_of(answer.plan, seen).items() if key in wanted}
    judged = checked(seen, {**_in_reach(seen, found), **(given or {})})
    return Mended(gone) if isinstance(judged, NoPlan) else Mended(gone, judged, answer.moved)


def _in_reach(seen: Seen, chosen: Chosen) -> Chosen:
    """Return what of a choice can be booked by now."""
    too_far = lost(seen, chosen)
    return {key: when for key, when in chosen.items() if key not in too_far}


def chosen_of(plan: Plan, seen: Seen) -> dict[str, datetime | date]:
    """Return what a plan gives to the steps that were open."""
    open_keys = {each.key for each in seen.problem.steps if each.fact is None}
    return {
        each.key: each.on if each.is_external else each.starts_at
        for each in plan.steps
        if each.key in open_keys
    }


def placed(seen: Seen, key: str, when: datetime | date) -> Placed:
    """Return a step of a choice as the planner sees it."""
    step, zone = seen.problem.step(key), seen.problem.axis.zone
    start = _instant(when, zone)
    length = timedelta(0) if step.is_external else timedelta(minutes=step.minutes)
    return planner.placed_at(key, Fact(start, start + length), zone, is_external=step.is_external)


def cell_of(problem: Problem, when: datetime | date) -> int | None:
    """Return the cell that a choice begins in; of a date that of its noon."""
    return timeline.cell_at(problem.axis, _instant(when, problem.axis.zone))


def _instant(when: datetime | date, zone: str) -> datetime:
    return when if isinstance(when, datetime) else zones.instant_of(zone, when, NOON)


def _pinned(problem: Problem, chosen: Chosen) -> Problem:
    """Leave every chosen step its one start, and let all others wait."""
    return replace(
        problem, steps=tuple(_pinned_step(problem, each, chosen) for each in problem.steps)
    )


def _pinned_step(problem: Problem, step: Step, chosen: Chosen) -> Step:
    if step.fact is not None:
        return step
    cell = cell_of(problem, chosen[step.key]) if step.key in chosen else None
    if cell is None:
        return replace(step, starts=0, later=step.starts | step.later)
    return replace(step, starts=1 << cell, later=0)


# Another time for one step ------------------------------------------------------------------------


@dataclass(frozen=True)
class StepTimes:
    """When a step can be. ``legal`` are the starts that leave the rest of the course possible.

    Both are bitmaps of the problem's axis; ``free`` is what the calendar alone allows.
    """

    seen: Seen
    key: str
    legal: int
    free: int

    @property
    def axis(self) -> Axis:
        return self.seen.problem.axis

    def why_not(self, when: datetime) -> str:
        """Say why a start is not among the legal ones."""
        if not self.is_free(when):
            return why_not(self.seen, self.key, when)
        if broken := self.broken_at(when):
            return " ".join(each.words for each in broken)
        if not self.leaves_integration_at(when):
            return "No integration would be free in its window after it."
        return "The rest of the course would not fit around it."

    def is_free(self, when: datetime) -> bool:
        """Say whether the calendar alone allows a start."""
        cell = timeline.cell_at(self.axis, when)
        return cell is not None and bool(self.free >> cell & 1)

    def broken_at(self, when: datetime) -> list[Gap]:
        """List the limits towards what is booked or held that a start would break."""
        problem = self.seen.problem
        facts = {
            each.key: planner.placed_at(each.key, each.fact, self.axis.zone)
            for each in problem.steps
            if each.fact is not None
        }
        gaps = planner.gaps_between(problem, facts | {self.key: placed(self.seen, self.key, when)})
        return [
            each for each in gaps if not each.is_legal and self.key in {each.earlier, each.later}
        ]

    def leaves_integration_at(self, when: datetime) -> bool:
        """Say whether an integration still has a legal, free time after a dosing then."""
        if self.seen.problem.step(self.key).rest_hours is None:
            return True
        cell = timeline.cell_at(self.axis, when)
        if cell is None or not self.free >> cell & 1:
            return True  # other reasons speak against it
        return bool(self.leaves_integration >> cell & 1)

    @cached_property
    def leaves_integration(self) -> int:
        """The starts of a dosing after which its integration still has a legal, free time."""
        try:
            return planner.dosing_leaves_integration(
                self.seen.problem, self.key, out_of_time=for_a_page()
            )
        except planner.OutOfTime:
            return self.free


def times_of(seen: Seen, key: str) -> StepTimes:
    """Look for the other times of one step, all others being free to move.

    If that takes longer than a page may, every start that the calendar allows stays; what does
    not fit is then told once it is chosen.
    """
    starts = seen.problem.step(key).starts
    try:
        legal = planner.offered(seen.problem, key, out_of_time=for_a_page())
    except planner.OutOfTime:
        legal = starts
    return StepTimes(seen, key, legal, starts)
