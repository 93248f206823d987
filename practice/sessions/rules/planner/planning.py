"""Up to three complete plans for a course, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import heapify, heappop, heappush

from practice.calendar.rules import zones
from practice.calendar.rules.timeline import CELL_MINUTES
from practice.sessions.rules.planner import horizon
from practice.sessions.rules.planner.bounds import Bounds
from practice.sessions.rules.planner.dates import INFINITE
from practice.sessions.rules.planner.ground import Ground, Starts
from practice.sessions.rules.planner.model import Model, Preferred
from practice.sessions.rules.planner.narrowing import narrowed
from practice.sessions.rules.planner.plan import Character, Plan, plan_of
from practice.sessions.rules.planner.problem import Problem
from practice.sessions.rules.planner.proof import NoPlan, why_none
from practice.sessions.rules.planner.search import Clock, OutOfTime, Search, never
from practice.sessions.rules.planner.web import Web

FIRST = 1_000
"""What counts before everything else costs this much, so that nothing else adds up to it."""

SLACK = 2
"""By how much the tables for a plan reach beyond the least cost, to keep them small."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What planning came to.

    ``plans`` are different, each named by all that it is best at. What a plan puts where nothing
    can be booked yet is "not within the horizon": it has a range of dates in it, and so has all
    that follows. ``no_plan`` says why there is none. ``unfinished`` names what was not looked for
    to its end.
    """

    plans: tuple[Plan, ...] = ()
    no_plan: NoPlan | None = None
    unfinished: tuple[Character, ...] = ()


def plan(
    problem: Problem,
    *,
    characters: Collection[Character] = tuple(Character),
    sure: Collection[str] = (),
    out_of_time: Clock = never,
) -> Outcome:
    """Plan a course: soonest; dosings on one weekday and at one time; gentlest.

    All three first keep as many windows as they can as recommended. What they still leave open goes
    to the earliest times, step by step. Nothing is squeezed to fit before the horizon: where the
    whole does not, or costs windows by it, all hours are planned with, and what lies too far waits.

    Args:
        problem: the course and its calendar.
        characters: which plans are wanted; the soonest is always among them.
        sure: steps that are booked even if one before them has to wait.
        out_of_time: asked now and then; once it says yes, the best found so far is returned.
    """
    search, found = _search(horizon.near(problem, len(problem.steps)), out_of_time), None
    try:
        found = search.solve()
        if (found is None or found[0]) and any(each.later for each in problem.steps):
            most = found[0] - 1 if found else INFINITE
            for each in horizon.over_all_hours(problem, found and found[1]):
                wide = _search(each, out_of_time)
                search = search if found else wide
                better = wide.again(most=most).solve()
                if better is not None:
                    search, found = wide, better
                    break
    except OutOfTime:
        return _whatever(search, found, sure)
    if found is None:
        return Outcome(no_plan=why_none(_all_hours(problem)))

    others = horizon.for_others(search.web.problem, found[1])
    if others is not search.web.problem:
        search = _search(others, out_of_time)
    solutions, unfinished = _all(search, found, characters)
    named: dict[tuple[tuple[int, int], ...], list[Character]] = {}
    for character, cells in solutions:
        booked = tuple((n, cells[n]) for n in horizon.in_reach(problem, cells, sure))
        named.setdefault(booked, []).append(character)
    cells_of = dict(solutions)
    plans = [
        plan_of(search.web, cells_of[each[0]], *each, booked=dict(booked))
        for booked, each in named.items()
    ]
    return Outcome(tuple(plans), unfinished=unfinished)


def _search(problem: Problem, out_of_time: Clock) -> Search:
    """Look for the fewest windows that are not as recommended, in hours near and far."""
    return Search(Model(Web(problem, booked=0), outside=FIRST), out_of_time=out_of_time)


def _all(
    search: Search,
    found: tuple[int, dict[int, int]],
    characters: Collection[Character],
) -> tuple[list[tuple[Character, dict[int, int]]], tuple[Character, ...]]:
    """Return the solutions that are wanted, and what was not looked for to its end."""
    least, cells = found
    solutions, unfinished = [(Character.SOONEST, cells)], []
    others = ((Character.SAME_TIME, same_time), (Character.GENTLEST, gentlest))
    wanted = [(character, look) for character, look in others if character in characters]
    near = narrowed(search, least) if wanted else search
    for character, look in wanted:
        try:
            other = look(near, least)
        except OutOfTime:
            unfinished.append(character)
        else:
            if other is not None:
                solutions.append((character, other))
    return solutions, tuple(unfinished)


def _all_hours(problem: Problem) -> Problem:
    steps = tuple(replace(each, starts=each.starts | each.later) for each in problem.steps)
    return replace(problem, steps=steps)


def _whatever(
    search: Search, found: tuple[int, dict[int, int]] | None, sure: Collection[str]
) -> Outcome:
    """Return what was found, or any plan that is at once; a better one may exist."""
    cells = found[1] if found else search.any_at_all()
    rest = tuple(Character)
    if cells is None:
        return Outcome(unfinished=rest)
    booked = horizon.in_reach(search.web.problem, cells, sure)
    any_plan = plan_of(search.web, cells, Character.SOONEST, booked=booked, is_best=False)
    return Outcome((any_plan,), unfinished=rest)


def gentlest(search: Search, least: int) -> dict[int, int] | None:
    """Keep most windows in the middle half of what is recommended.

    ``search`` is the one for the soonest plan, narrowed, and ``least`` what that costs.
    """
    model = Model(search.web, outside=FIRST, uncomfortable=1)
    most = least + FIRST - 1
    wide = Search(model, most=most, out_of_time=search.out_of_time, like=search, days=search.days)
    least, slack = max(wide.root(), least), SLACK
    while least <= most:
        reach = min(least + slack, most)
        found = narrowed(wide, reach, most=reach).solve(budget=least)
        if found is not None:
            return found[1]
        least, slack = reach + 1, 2 * slack + 1
    return None


# Same weekday and time ----------------------------------------------------------------------------


def same_time(search: Search, least_cost: int) -> dict[int, int] | None:
    """Put as many dosings as can be on one weekday at one time; of equal pairs, the first.

    Of each pair the dates alone say first how many dosings have to lie elsewhere, then tables: made
    with the dosings in front, most of them are the same for all pairs. The whole course is planned
    for the pair that can still be the best.
    """
    web, plain = search.web, search.model
    dosings = [n for n in web.chain if web.steps[n].rest_hours is not None]
    if len(dosings) < 2:
        return None
    order = [*dosings, *(n for n in web.chain if n not in dosings)]
    row = Bounds(plain, order, search.days, search.segments, most=least_cost + len(dosings))
    row.root()
    pairs = _pairs(web, dosings)
    hits = {
        pair: tuple(own.days & search.days[n] for n, own in owns.items())
        for pair, owns in pairs.items()
    }
    known: dict[tuple[int, ...], int] = {}
    best, best_pair = len(dosings) + 1, (7, 0)
    best_cells: dict[int, int] | None = None
    queue = [(sum(not each for each in hits[pair]), pair, False) for pair in pairs]
    heapify(queue)
    while queue and queue[0] < (best, best_pair):
        misses, pair, is_known = heappop(queue)
        model = plain.with_own(pairs[pair])
        if not is_known:
            if hits[pair] not in known:
                least = row.again(model, most=least_cost + best).root()
                known[hits[pair]] = least - least_cost
            heappush(queue, (max(misses, known[hits[pair]]), pair, True))
            continue
        most = least_cost + best - (pair > best_pair)
        found = search.again(model, most=most).solve(budget=least_cost + misses)
        if found is not None:
            best, best_pair, best_cells = found[0] - least_cost, pair, found[1]
    return best_cells


def _pairs(web: Web, dosings: list[int]) -> dict[tuple[int, int], dict[int, Preferred]]:
    """Return, for each weekday and minute of the wall clock, which starts of which dosings do."""
    read: dict[int, dict[tuple[int, int], Preferred]] = {}
    for n in dosings:
        starts = web.starts[n]
        if id(starts) not in read:
            read[id(starts)] = _readings(web.ground, starts)
    nothing = Preferred(frozenset(), 0, 1)
    pairs = {pair for found in read.values() for pair in found}
    return {
        pair: {n: read[id(web.starts[n])].get(pair, nothing) for n in dosings} for pair in pairs
    }


def _readings(ground: Ground, starts: Starts) -> dict[tuple[int, int], Preferred]:
    """Return what the clock on the wall shows, and at which starts and on which dates."""
    cells: dict[tuple[int, int], list[int]] = {}
    days: dict[tuple[int, int], int] = {}
    zone, first_on = ground.axis.zone, ground.axis.first_on
    for day, (first, past) in starts.slices.items():
        on = first_on + timedelta(days=day)
        stretches = zones.stretches(zone, on)
        for cell in starts.cells[first:past]:
            elapsed = (cell - ground.edges[day]) * CELL_MINUTES
            part = next(s for s in reversed(stretches) if s.elapsed_minutes <= elapsed)
            pair = on.weekday(), part.wall_minutes + elapsed - part.elapsed_minutes
            cells.setdefault(pair, []).append(cell)
            days[pair] = days.get(pair, 0) | 1 << day
    return {pair: Preferred(frozenset(found), days[pair], 1) for pair, found in cells.items()}
