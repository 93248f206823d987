"""What of a course can be booked by now, and what is planned where that is not all of it.

Behind the horizon most is free, so that to wait for it would nearly always keep the most windows as
recommended. Nobody is put off for that, and nothing is squeezed to fit before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from practice.sessions.rules.planner.problem import Problem


def over_all_hours(problem: Problem, whole: Mapping[int, int] | None) -> tuple[Problem, ...]:
    """Return what to plan, in this order, where hours count that cannot be booked yet.

    Until its first dosing a course lies no later than in the plan that can be booked ``whole``.
    Without one, a course of which nothing is a fact begins within reach if it can. Behind facts
    their windows tell.
    """
    if whole is not None:
        has_begun = any(each.fact and each.rest_hours is not None for each in problem.steps)
        return (problem if has_begun else near(problem, _next_dosing(problem), whole),)
    if any(each.fact for each in problem.steps):
        return (problem,)
    return near(problem, 0), problem


def for_others(problem: Problem, soonest: Mapping[int, int]) -> Problem:
    """Return what other plans are made of: if the soonest gives the next dosing by now, so do they.

    Else a plan of one weekday and time would wait for an empty calendar with all of them.
    """
    place = _next_dosing(problem)
    can_wait = any(each.later for each in problem.steps[: place + 1])
    return near(problem, place) if can_wait and place in in_reach(problem, soonest) else problem


def near(problem: Problem, last: int, latest: Mapping[int, int] | None = None) -> Problem:
    """Leave steps up to a place only what can be booked by now, and nothing behind ``latest``."""
    steps = list(problem.steps)
    for n, each in enumerate(steps[: last + 1]):
        starts = each.starts & (2 << latest[n]) - 1 if latest and n in latest else each.starts
        steps[n] = replace(each, starts=starts, later=0)
    return replace(problem, steps=tuple(steps))


def in_reach(problem: Problem, cells: Mapping[int, int], sure: Collection[str] = ()) -> list[int]:
    """Return the steps that a solution can book: those before the first that lies too far.

    Steps that are ``sure`` are booked even behind one that waits.
    """
    steps = problem.steps
    too_far = (n for n in sorted(cells) if not steps[n].starts >> cells[n] & 1)
    first = next(too_far, len(steps))
    return [n for n in sorted(cells) if n < first or steps[n].key in sure]


def _next_dosing(problem: Problem) -> int:
    """Return the place of the first dosing that is to be placed; the first of all without one."""
    steps = enumerate(problem.steps)
    return next((n for n, each in steps if each.rest_hours is not None and not each.fact), 0)
