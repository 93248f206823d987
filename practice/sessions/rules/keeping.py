"""What follows when one session of a course moves, as people read it before anything is saved."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from practice.calendar.rules import timeline
from practice.core.errors import Invalid
from practice.sessions.rules.planner.plan import Gap, Placed, gaps_between
from practice.sessions.rules.planner.problem import Fact, Problem
from practice.sessions.rules.planner.replan import Keeps, Replanned, replan
from practice.sessions.rules.planner.search import Clock, OutOfTime, never
from practice.sessions.rules.planner.setting import placed_at

PAIR = re.compile(r"([a-z0-9_]{1,60})@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


class Way(StrEnum):
    """How far a change may reach."""

    RESTORE = "restore"  # what lay as recommended still does
    LIMITS = "limits"  # only the limits are kept, with fewer or smaller moves
    ALONE = "alone"  # nothing else moves


@dataclass(frozen=True, slots=True)
class Shift:
    """One session that gets another time. ``is_chosen``: the one that was asked for."""

    key: str
    name: str
    was: Placed | None
    now: Placed
    is_chosen: bool

    @property
    def is_external(self) -> bool:
        return self.now.is_external


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to go on: what moves, and which windows are then not as they should be.

    ``warnings`` and ``broken`` are those that this change makes; what was amiss before is not
    said again. ``impossible`` is what nobody can answer for: sessions out of order, and driving
    after a dosing. ``is_best`` is false if time ran out before that was sure.
    """

    way: Way
    shifts: tuple[Shift, ...]
    warnings: tuple[str, ...]
    broken: tuple[str, ...]
    impossible: tuple[str, ...]
    placed: Mapping[str, Placed]
    is_best: bool = True

    @property
    def others(self) -> tuple[Shift, ...]:
        """What moves besides what was asked for."""
        return tuple(each for each in self.shifts if not each.is_chosen)

    @property
    def code(self) -> str:
        """The times as a form carries them."""
        return written(self.shifts)

    @property
    def heading(self) -> str:
        """Name this way in a line."""
        count = len(self.others)
        if not count:
            return "Nothing else moves"
        return "One more session moves" if count == 1 else f"{count} more sessions move"


def answers(
    problem: Problem,
    old: Mapping[str, Placed],
    chosen: Mapping[str, Fact],
    *,
    placing: Collection[str] = (),
    out_of_time: Clock = never,
) -> tuple[Answer, ...]:
    """Return the ways to go on after some sessions of a course get other times.

    The first restores every window; the next keeps only the limits, where that moves less; the
    last moves nothing else, and may break limits, for which somebody has to answer. Empty if the
    wanted times cannot be had whatever else moves.

    Args:
        problem: the course and its calendar. Steps that were held are facts.
        old: where every step lies now, if anywhere.
        chosen: the steps that move, and where to.
        placing: steps that lie nowhere, and for which the best times are looked for.
        out_of_time: asked now and then: after that the best found so far counts.
    """
    moved = with_facts(problem, chosen)
    found: list[Answer] = []
    for keeps, way in ((Keeps.RECOMMENDED, Way.RESTORE), (Keeps.LIMITS, Way.LIMITS)):
        try:
            wanted = _as_recommended(moved, placing) if way is Way.RESTORE else moved
            answer = replan(wanted, old, keeps, out_of_time=out_of_time)
        except OutOfTime:
            continue
        if answer is not None:
            found.append(answer_of(problem, old, chosen, way, answer, placing=placing))
    if chosen and not placing:
        alone = _alone(problem, old, chosen)
        if alone.broken or is_possible(problem, old, chosen, {}):
            found.append(alone)
    by_times = {each.code: each for each in reversed(found) if not each.impossible}
    return tuple(each for each in found if by_times.get(each.code) is each)


def _as_recommended(problem: Problem, placing: Collection[str]) -> Problem:
    """Hold the windows of steps that are placed anew to what is recommended."""
    if not placing:
        return problem
    ties = tuple(
        replace(tie, window=replace(tie.window, hard_min=tie.window.min, hard_max=tie.window.max))
        if {tie.earlier, tie.later} & {*placing}
        else tie
        for tie in problem.ties
    )
    return replace(problem, ties=ties)


def with_facts(problem: Problem, facts: Mapping[str, Fact]) -> Problem:
    """Return a problem in which some steps have times that are not to be chosen."""
    for key, fact in facts.items():
        problem = problem.with_step(replace(problem.step(key), fact=fact))
    return problem


def judged(
    problem: Problem,
    old: Mapping[str, Placed],
    chosen: Mapping[str, Fact],
    times: Mapping[str, datetime],
) -> Answer:
    """Say what some times come to that somebody sends back: as ``answers`` said it before."""
    others = {
        key: Fact(at, at + timedelta(minutes=0 if step.is_external else step.minutes))
        for key, at in times.items()
        for step in (problem.step(key),)
    }
    placed = dict(old) | {key: _placed(problem, key, f) for key, f in {**others, **chosen}.items()}
    return _made(problem, old, chosen, Way.ALONE, placed, moved={*others, *chosen}, is_best=True)


def is_possible(
    problem: Problem,
    old: Mapping[str, Placed],
    chosen: Mapping[str, Fact],
    times: Mapping[str, datetime],
) -> bool:
    """Say whether a plan that was shown still stands: all else stays, and every limit is kept.

    Args:
        problem: the course and the calendar as they are now.
        old: where every step lies now.
        chosen: the steps that were asked for, and where to.
        times: where the others go that move along.
    """
    pinned = with_facts(problem, chosen)
    for step in pinned.steps:
        if step.fact is not None or step.key not in old.keys() | times.keys():
            continue
        at = times.get(step.key, old[step.key].starts_at if step.key in old else None)
        cell = timeline.cell_at(problem.axis, at) if at else None
        starts = step.starts & (1 << cell) if cell is not None else 0
        pinned = pinned.with_step(replace(step, starts=starts, later=0))
    return replan(pinned, {}, Keeps.LIMITS) is not None


def written(shifts: Sequence[Shift]) -> str:
    """Write the times of some steps for a hidden field."""
    return " ".join(
        f"{each.key}@{each.now.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for each in shifts
    )


def read(code: str) -> dict[str, datetime]:
    """Read what ``written`` wrote.

    Raises:
        Invalid: for anything else, or a step named twice.
    """
    found: dict[str, datetime] = {}
    for part in code.split():
        match = PAIR.fullmatch(part)
        if match is None or match[1] in found:
            raise Invalid("This page is out of order. Open it again.")
        try:
            found[match[1]] = datetime.strptime(match[2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Invalid("This page is out of order. Open it again.") from None
    return found


def newly(before: Sequence[Gap], after: Sequence[Gap]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of what a change makes worse: only warnings, and limits that are broken.

    Gaps are compared one by one: the same two steps, in the same order of rules.
    """
    was = _by_rule(before)
    warnings, broken = [], []
    for rule, gap in _by_rule(after).items():
        old = was.get(rule)
        if not gap.is_legal and (old is None or old.is_legal or old.amount != gap.amount):
            broken.append(gap.words)
        elif gap.is_legal and not gap.is_recommended and (old is None or old.is_recommended):
            warnings.append(gap.words)
    return tuple(warnings), tuple(broken)


def _by_rule(gaps: Sequence[Gap]) -> dict[tuple[str, str, int], Gap]:
    found: dict[tuple[str, str, int], Gap] = {}
    for gap in gaps:
        nth = sum((gap.earlier, gap.later) == rule[:2] for rule in found)
        found[gap.earlier, gap.later, nth] = gap
    return found


def answer_of(
    problem: Problem,
    old: Mapping[str, Placed],
    chosen: Mapping[str, Fact],
    way: Way,
    answer: Replanned,
    *,
    placing: Collection[str] = (),
) -> Answer:
    """Put what the planner found into words: what moves, and what is then not as it should be."""
    known = {*old, *chosen, *placing}
    placed = {each.key: each for each in answer.plan.steps if each.key in known}
    moved = {*answer.moved, *chosen, *placing}
    return _made(problem, old, chosen, way, placed, moved=moved, is_best=answer.is_best)


def _alone(problem: Problem, old: Mapping[str, Placed], chosen: Mapping[str, Fact]) -> Answer:
    placed = dict(old) | {key: _placed(problem, key, fact) for key, fact in chosen.items()}
    return _made(problem, old, chosen, Way.ALONE, placed, moved=chosen, is_best=True)


def _made(
    problem: Problem,
    old: Mapping[str, Placed],
    chosen: Mapping[str, Fact],
    way: Way,
    placed: Mapping[str, Placed],
    *,
    moved: Collection[str],
    is_best: bool,
) -> Answer:
    warnings, broken = newly(gaps_between(problem, old), gaps_between(problem, placed))
    in_order = [each for each in problem.steps if each.key in moved and each.key in placed]
    return Answer(
        way,
        tuple(
            Shift(
                each.key,
                each.name,
                old.get(each.key),
                placed[each.key],
                is_chosen=each.key in chosen or each.key not in old,
            )
            for each in in_order
        ),
        warnings,
        broken,
        (*_out_of_order(problem, placed), *_on_the_way(problem, placed)),
        placed,
        is_best=is_best,
    )


def _out_of_order(problem: Problem, placed: Mapping[str, Placed]) -> tuple[str, ...]:
    """Say which pairs of steps change places: no override makes an order of it."""
    found = []
    pairs = [*problem.orders, *((tie.earlier, tie.later) for tie in problem.ties)]
    for earlier, later in dict.fromkeys(pairs):
        if {earlier, later} <= placed.keys():
            one, two = placed[earlier], placed[later]
            is_wrong = (
                two.on < one.on
                if one.is_external or two.is_external
                else two.starts_at < one.ends_at
            )
            if is_wrong:
                first, second = problem.step(earlier).name, problem.step(later).name
                found.append(f"{second[:1].upper()}{second[1:]} would come before {first}.")
    return tuple(found)


def _on_the_way(problem: Problem, placed: Mapping[str, Placed]) -> tuple[str, ...]:
    """Say what would have the client travel on the day of a dosing, behind it."""
    at = [(problem.step(key), each) for key, each in placed.items()]
    return tuple(
        f"{step.name[:1].upper()}{step.name[1:]} would be on the day of {dosing.name}, behind it: "
        "nobody travels then."
        for dosing, given in at
        if dosing.rest_hours is not None
        for step, each in at
        if step.travels and each.on == given.on and each.starts_at > given.starts_at
    )


def _placed(problem: Problem, key: str, fact: Fact) -> Placed:
    zone = problem.axis.zone
    return placed_at(key, fact, zone, is_external=problem.step(key).is_external)
