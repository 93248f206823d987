"""The course planner on random calendars: plans, proofs, re-plans, storms, and CP-SAT beside it.

CPU of this one process. The tail is the story, so every figure is a median with p95 and the worst.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from statistics import median
from time import process_time
from typing import TypeVar

from bench.measure import Goal, at_least, at_most, in_turn, ratio, show
from bench.planner_calendars import RUN, calendar, course, p95, problem, taken_share
from practice.calendar.rules import timeline
from practice.sessions.rules.planner import (
    Character,
    Fact,
    Keeps,
    Outcome,
    Placed,
    Plan,
    Problem,
    plan,
    replan,
    storm,
)
from practice.sessions.rules.planner.model import Model
from practice.sessions.rules.planner.search import Search
from practice.sessions.rules.planner.web import Web

CALENDARS = 60
SECONDS = 2.0
CASES = (
    # course, days of the monitor, share taken, goals for all three plans: median and p95
    ("sl-psycholytic-6", "Tue+Fri", 0.7, 25, 150),
    ("im-induction-6", "Mon+Thu", 0.45, 50, 250),
    ("im-induction-6", "Tue+Thu", 0.45, 50, 250),
    ("iv-induction-6", "Mon+Thu", 0.45, 50, 250),
    ("im-induction-6", "Mon+Thu", 0.7, None, None),
)
NO_PLAN = ("im-induction-6", "Tue+Fri", 0.7)
BESIDE_CPSAT = 6
STORM = 40
IMPOSSIBLE = -1
MIB = 1 << 20

T = TypeVar("T")


def run() -> None:
    print(
        f" {CALENDARS} calendars each, seeds 0 to {CALENDARS - 1}, 120 days, starts every 15"
        f" minutes;\n taken: so many whole days, and on the others one run of {RUN[0]:.0%} to"
        f" {RUN[1]:.0%} of the hours,\n as in bench/planner_calendars.py"
    )
    for slug, monitor, share, middle, tail in CASES:
        _plans(slug, monitor, share, middle, tail)
    _proofs()
    _replans()
    _storm()
    _memory()
    _beside_cpsat()
    _growth()


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    gc.collect()
    gc.disable()
    begun = process_time()
    found = call()
    spent = (process_time() - begun) * 1000
    gc.enable()
    return spent, found


def _until() -> Callable[[], bool]:
    """Return the clock that ends the search after two seconds, as a page's would."""
    ends = process_time() + SECONDS
    return lambda: process_time() > ends


def _whole(asked: Problem, characters: Sequence[Character] = tuple(Character)) -> Outcome:
    return plan(asked, characters=characters, out_of_time=_until())


def _spread(what: str, figures: Sequence[float], *goals: Goal | None) -> None:
    """Print median, p95 and worst of some figures, each beside its goal."""
    if not figures:
        print(f"  {what}: none")
        return
    for name, figure, goal in zip(
        ("median", "p95", "worst"),
        (median(figures), p95(figures), max(figures)),
        (*goals, None, None, None)[:3],
        strict=True,
    ):
        show(f"{what}, {name}", figure, goal, "ms")


def _plans(slug: str, monitor: str, share: float, middle: int | None, tail: int | None) -> None:
    some, whole, unfinished, warned = [], [], 0, []
    taken = []
    for seed in range(CALENDARS):
        seen = calendar(seed, share=share, monitor=monitor)
        taken.append(taken_share(seen))
        asked = problem(course(slug), seen)
        spent, found = _timed(partial(_whole, asked, (Character.SOONEST, Character.GENTLEST)))
        if not found.plans:
            continue
        some.append(spent)
        spent, found = _timed(partial(_whole, asked))
        whole.append(spent)
        unfinished += bool(found.unfinished)
        warned.append(found.plans[0].outside)
    print(
        f" {slug}, monitor {monitor}, {sum(taken) / len(taken):.0%} taken: {len(whole)} of "
        f"{CALENDARS} have a plan, with {min(warned, default=0)} to {max(warned, default=0)} "
        f"warnings; {unfinished} not done in {SECONDS:g} s"
    )
    if slug.startswith("sl"):
        _spread("soonest and gentlest", some, None, at_most(40))
    else:
        _spread("soonest and gentlest", some)
    _spread(
        "all three plans",
        whole,
        at_most(middle) if middle else None,
        at_most(tail) if tail else None,
    )


def _fewest_warnings(asked: Problem) -> tuple[int, dict[int, int]] | None:
    return Search(Model(Web(asked), outside=1)).solve()


def _proofs() -> None:
    slug, monitor, share = NO_PLAN
    bare, worded, example = [], [], ""
    for seed in range(CALENDARS):
        asked = problem(course(slug), calendar(seed, share=share, monitor=monitor))
        spent, found = _timed(partial(_fewest_warnings, asked))
        if found is not None:
            continue
        bare.append(spent)
        spent, outcome = _timed(partial(_whole, asked))
        worded.append(spent)
        if outcome.no_plan is not None and outcome.no_plan.nearest:
            example = outcome.no_plan.words
    print(f" {slug}, monitor {monitor}, {share:.0%} taken: {len(bare)} have no plan. {example}")
    _spread("proof that there is none", bare, None, at_most(10))
    _spread("proof with words", worded, None, at_most(200))


def _growth() -> None:
    print(" sl-psycholytic-6 with dosings added, three plans, 5 calendars each at 70 %")
    for more in (0, 6, 18):
        for days in (60, 120, 365):
            asked = course("sl-psycholytic-6", more=more)
            figures, plans = [], 0
            for seed in range(5):
                spent, found = _timed(partial(_whole, problem(asked, calendar(seed, days=days))))
                figures.append(spent)
                plans += bool(found.plans)
            what = f"{6 + more} dosings, {days} days: {plans} of 5 have a plan; "
            show(f"{what}median", median(figures), unit="ms")
            show(f"{what}worst", max(figures), unit="ms")


def _planned(slug: str, seeds: int, share: float) -> list[tuple[Problem, Plan]]:
    found = []
    for seed in range(seeds):
        asked = problem(course(slug), calendar(seed, share=share, monitor="Mon+Thu"))
        outcome = _whole(asked, (Character.SOONEST,))
        if outcome.plans:
            found.append((asked, outcome.plans[0]))
    return found


def _replans() -> None:
    figures, impossible, moves = [], 0, []
    for slug, share in (("sl-psycholytic-6", 0.7), ("im-induction-6", 0.45)):
        for asked, old in _planned(slug, CALENDARS, share):
            places = {each.key: each for each in old.steps}
            for by in (1, 3, 5):
                moved = _moved(asked, places["dose_2"], by)
                for keeps in Keeps:
                    spent, found = _timed(
                        partial(replan, moved, places, keeps, out_of_time=_until())
                    )
                    figures.append(spent)
                    impossible += found is None
                    moves += [len(found.moved)] if found else []
    print(
        f" dosing 2 moved by 1, 3 and 5 days: {len(figures)} re-plans, {impossible} proved "
        f"impossible, the others move {min(moves)} to {max(moves)} more sessions"
    )
    _spread("re-plan after one move", figures, None, at_most(15))


def _moved(asked: Problem, place: Placed, days: int) -> Problem:
    at = place.starts_at + timedelta(days=days)
    fact = Fact(at, place.ends_at + timedelta(days=days))
    return asked.with_step(replace(asked.step(place.key), fact=fact))


def _storm() -> None:
    """Close three days on which each of forty courses has a session, and re-plan all of them."""
    courses: list[tuple[Problem, Mapping[str, Placed]]] = []
    for asked, old in _planned("sl-psycholytic-6", STORM, 0.7):
        places = {each.key: each for each in old.steps}
        struck = places["dose_2"].on
        closed = timeline.on_dates(asked.axis, (struck + timedelta(days=n) for n in range(3)))
        steps = tuple(
            each if each.is_external else replace(each, starts=each.starts & ~closed)
            for each in asked.steps
        )
        courses.append((replace(asked, steps=steps), places))
    spent, answers = _timed(lambda: storm(courses, Keeps.LIMITS, out_of_time=_until()))
    print(
        f" a storm breaks {len(courses)} courses; {sum(a is not None for a in answers)} re-planned"
    )
    show("all of them, one after another", spent, at_most(1000), "ms")


def _memory() -> None:
    asked = problem(course("sl-psycholytic-6", more=6), calendar(3, days=365))
    tracemalloc.start()
    _whole(asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    show("12 dosings, 365 days: peak of traced memory", peak / MIB, at_most(10), "MiB")


def _beside_cpsat() -> None:
    if find_spec("ortools") is None:
        print(" not compared with OR-tools CP-SAT: ortools is not installed")
        return
    from bench import planner_cpsat  # noqa: PLC0415  # only where ortools is installed

    print(f" beside OR-tools CP-SAT, one worker, {BESIDE_CPSAT} calendars each, model included")
    for slug, share in (("sl-psycholytic-6", 0.7), ("im-induction-6", 0.45)):
        asked = [
            problem(course(slug), calendar(seed, share=share, monitor="Mon+Thu"))
            for seed in range(BESIDE_CPSAT)
        ]
        for name, gentle in (("W", False), ("W and M", True)):
            ours = [_least(each, gentle=gentle) for each in asked]
            theirs = [planner_cpsat.least(each, gentle=gentle) for each in asked]
            if ours != theirs:
                raise AssertionError(f"{slug}, {name}: {ours} here, {theirs} there")
            times = in_turn(
                {
                    "here": partial(_cpu, asked, partial(_least, gentle=gentle)),
                    "there": partial(_cpu, asked, partial(planner_cpsat.least, gentle=gentle)),
                },
                rounds=2,
            )
            show(
                f"{slug}, {name}: same answers; CP-SAT / here",
                ratio(times["there"], times["here"]),
                at_least(8),
            )


def _cpu(asked: Sequence[Problem], call: Callable[[Problem], object]) -> float:
    begun = process_time()
    for each in asked:
        call(each)
    return process_time() - begun


def _least(asked: Problem, *, gentle: bool) -> int:
    """Return what CP-SAT is asked for too, and with it a plan, the earliest of its cost."""
    found = plan(asked, characters=[Character.GENTLEST] if gentle else [])
    if not found.plans:
        return IMPOSSIBLE
    best = found.plans[-1]
    return best.outside * 1_000 + best.uncomfortable if gentle else best.outside
