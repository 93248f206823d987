"""The times of one step that leave the rest of the course possible."""

from __future__ import annotations

from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner.model import Model
from practice.sessions.rules.planner.problem import Problem
from practice.sessions.rules.planner.search import Clock, Search, never
from practice.sessions.rules.planner.web import Web


def offered(
    problem: Problem, key: str, *, with_later: bool = True, out_of_time: Clock = never
) -> int:
    """Return the starts of a step from which a legal plan of all others can still be made.

    A dosing is offered only where an integration after it is still free; and so on to the end.

    Args:
        problem: the course. Steps that are booked already are facts.
        key: of the step that is to be booked now.
        with_later: steps behind it may also lie where nothing can be booked yet.
        out_of_time: asked now and then.

    Raises:
        KeyError: if there is no such step.
        OutOfTime: if it takes longer than it may.
    """
    steps = [each.key for each in problem.steps]
    place = steps.index(key)
    booked = _at_once(problem, place) if with_later else len(steps)
    web = Web(problem, booked=booked)
    if place not in web.chain:
        return 0
    order = [place, *(n for n in web.chain if n != place)]
    search = Search(Model(web), order=order, out_of_time=out_of_time)
    return sum(1 << cell for cell in search.firsts())


def dosing_leaves_integration(problem: Problem, key: str, *, out_of_time: Clock = never) -> int:
    """Return the starts of a dosing after which its integration still has a legal, free time.

    Only the two and what is booked already are looked at: for a place where a dosing is offered by
    itself and not as a step of a course that is planned to its end.

    Raises:
        KeyError: if there is no such step.
        OutOfTime: if it takes longer than it may.
    """
    behind = {
        tie.later
        for tie in problem.ties
        if tie.earlier == key and _is_integration(problem, tie.later)
    }
    facts = {each.key for each in problem.steps if each.fact is not None}
    return offered(problem.only({key, *behind, *facts}), key, out_of_time=out_of_time)


def _at_once(problem: Problem, place: int) -> int:
    """Return how many of the first steps cannot wait: up to this one."""
    return place + 1 if any(each.later for each in problem.steps) else len(problem.steps)


def _is_integration(problem: Problem, key: str) -> bool:
    return problem.step(key).kind is SessionKind.INTEGRATION
