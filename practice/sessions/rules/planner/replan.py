"""What else has to move when one session does: as few as can be, and those as little as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from practice.calendar.rules import timeline
from practice.sessions.rules.planner.ground import ground_of
from practice.sessions.rules.planner.model import Kept, Model, Own
from practice.sessions.rules.planner.plan import Placed, Plan, gaps_between, plan_of
from practice.sessions.rules.planner.problem import Problem, Step
from practice.sessions.rules.planner.search import Clock, OutOfTime, Search, never
from practice.sessions.rules.planner.web import Web

ONE_MOVE = 1 << 32
"""A session moved costs more than any shift: 800 dates of 300 cells for each of 100 steps."""


class Keeps(StrEnum):
    """Which windows a new plan keeps."""

    RECOMMENDED = "recommended"  # what lay as recommended still does
    LIMITS = "limits"  # only the limits


@dataclass(frozen=True, slots=True)
class Replanned:
    """An answer: the plan, which steps it moves, and by how many minutes in all.

    ``is_best`` is false if time ran out before it was sure that fewer or less would not do.
    """

    keeps: Keeps
    plan: Plan
    moved: tuple[str, ...]
    shift_minutes: int
    is_best: bool = True


def replan(
    problem: Problem, old: Mapping[str, Placed], keeps: Keeps, *, out_of_time: Clock = never
) -> Replanned | None:
    """Put right a course of which one or more steps were moved, held at another time, or lost.

    Fewest sessions moved, then the least shift in all, then the earliest starts. ``None`` if no
    times restore the windows that are to be kept.

    Args:
        problem: the course; the step that was moved and those held are facts. The starts of the
            others leave out the course's own claims, but hold their old times only if those are
            still to be had: a closed day does not.
        old: where every step lay before. A step without an old time is placed at no cost.
        keeps: which windows are kept. Those that were broken already need only keep their limits.
        out_of_time: asked now and then; once it says yes, the best found so far is returned.

    Raises:
        OutOfTime: if time ran out before anything was found.
    """
    tightened = _tightened(problem, old) if keeps is Keeps.RECOMMENDED else problem
    web = Web(tightened)
    own = _own(web, old, per_cell=0, move=1)
    counting = Search(Model(web, own=own), out_of_time=out_of_time)
    try:
        found = counting.solve()
    except OutOfTime:
        some = counting.any_at_all()
        if some is None:
            raise
        return _answer(problem, web, old, some, keeps, is_best=False)
    if found is None:
        return None
    least, cells = found
    is_best = True
    try:
        cells = _least_shift(counting, old, least, cells)
    except OutOfTime:
        is_best = False
    return _answer(problem, web, old, cells, keeps, is_best=is_best)


def both_answers(
    problem: Problem, old: Mapping[str, Placed], *, out_of_time: Clock = never
) -> tuple[Replanned, ...]:
    """Return the answer that keeps what is recommended, and the one that keeps the limits alone.

    If they are the same it is returned once, as keeping what is recommended.
    """
    answers: list[Replanned] = []
    for keeps in Keeps:
        answer = replan(problem, old, keeps, out_of_time=out_of_time)
        if answer is not None and not any(answer.plan.steps == a.plan.steps for a in answers):
            answers.append(answer)
    return tuple(answers)


def storm(
    courses: Sequence[tuple[Problem, Mapping[str, Placed]]],
    keeps: Keeps,
    *,
    fresh: Callable[[Problem, Sequence[tuple[Step, Placed]]], Problem] | None = None,
    out_of_time: Clock = never,
) -> list[Replanned | None]:
    """Re-plan several courses one after another; each finds taken what those before it took.

    Args:
        courses: each with its old times, in the order in which they may choose.
        keeps: as for ``replan``.
        fresh: returns a problem without the starts that the steps placed so far take away;
            ``without`` if not given.
        out_of_time: as for ``replan``.
    """
    taken: list[tuple[Step, Placed]] = []
    answers: list[Replanned | None] = []
    for problem, old in courses:
        answer = replan((fresh or without)(problem, taken), old, keeps, out_of_time=out_of_time)
        answers.append(answer)
        if answer is not None:
            moved = set(answer.moved)
            taken += (
                (problem.step(each.key), each) for each in answer.plan.steps if each.key in moved
            )
    return answers


def without(problem: Problem, taken: Sequence[tuple[Step, Placed]]) -> Problem:
    """Return a problem without the starts at which something it needs is taken by now."""
    axis = problem.axis
    steps = []
    for each in problem.steps:
        starts = each.starts
        for step, placed in taken:
            if starts and each.resources & step.resources:
                first, past = (
                    (at - axis.starts_at) // timeline.CELL
                    for at in (placed.starts_at, placed.ends_at + timeline.CELL - timeline.CELL / 5)
                )
                low = first - timeline.cells_for(
                    step.before_minutes + each.minutes + each.after_minutes
                )
                high = past + timeline.cells_for(step.after_minutes + each.before_minutes)
                ground = ground_of(axis)
                starts = ground.within(starts, 0, low) | ground.within(starts, high, axis.cells)
        steps.append(replace(each, starts=starts) if starts != each.starts else each)
    return replace(problem, steps=tuple(steps))


def _tightened(problem: Problem, old: Mapping[str, Placed]) -> Problem:
    """Make a limit of what is recommended, where it was kept."""
    kept = {
        (gap.earlier, gap.later, tie.window)
        for tie in problem.ties
        for gap in gaps_between(replace(problem, ties=(tie,), spans=()), old)
        if gap.is_recommended
    }
    ties = tuple(
        replace(
            tie,
            window=replace(tie.window, hard_min=tie.window.min, hard_max=tie.window.max),
        )
        if (tie.earlier, tie.later, tie.window) in kept
        else tie
        for tie in problem.ties
    )
    spans = tuple(
        replace(span, hard_max=span.max)
        if all(
            g.is_recommended for g in gaps_between(replace(problem, ties=(), spans=(span,)), old)
        )
        else span
        for span in problem.spans
    )
    return replace(problem, ties=ties, spans=spans)


def _own(web: Web, old: Mapping[str, Placed], *, per_cell: int, move: int) -> dict[int, Own]:
    axis = web.problem.axis
    own: dict[int, Own] = {}
    for n in web.chain:
        placed = old.get(web.steps[n].key)
        if placed is None:
            continue
        cell = (placed.starts_at - axis.starts_at) // timeline.CELL
        if placed.is_external:  # a date: whichever cell stands for it
            day = (placed.on - axis.first_on).days
            slices = web.starts[n].slices
            cell = web.starts[n].first(day) if day in slices else cell
        own[n] = Kept(cell, move=move, per_cell=per_cell)
    return own


def _least_shift(
    counting: Search, old: Mapping[str, Placed], least: int, cells: dict[int, int]
) -> dict[int, int]:
    """Among the plans that move as few, return the one of least shift, of those the earliest."""
    own = _own(counting.web, old, per_cell=1, move=ONE_MOVE)

    def cost(found: Mapping[int, int]) -> int:
        return sum(own[n].at(cell) for n, cell in found.items() if n in own)

    best = cost(cells)
    search = counting.again(counting.model.with_own(own), most=best)
    while (found := search.within(best - 1, cheapest_first=True)) is not None:
        best = cost(found)
    assert best // ONE_MOVE == least  # noqa: S101  # fewer moves would have been found before
    return search.within(best) or cells


def _answer(
    problem: Problem,
    web: Web,
    old: Mapping[str, Placed],
    cells: Mapping[int, int],
    keeps: Keeps,
    *,
    is_best: bool,
) -> Replanned:
    plan = plan_of(web, cells)
    plan = replace(plan, gaps=gaps_between(problem, {each.key: each for each in plan.steps}))
    own = _own(web, old, per_cell=1, move=0)
    moved = tuple(web.steps[n].key for n, cell in cells.items() if n in own and own[n].at(cell))
    shift = sum(own[n].at(cell) for n, cell in cells.items() if n in own)
    return Replanned(
        keeps,
        replace(plan, is_best=is_best),
        moved,
        shift * timeline.CELL_MINUTES,
        is_best=is_best,
    )
