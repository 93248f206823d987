"""A plan as people read it: when each session is, how far apart they lie, and what is amiss."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from practice.calendar.rules import timeline, zones
from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.model import Model
from practice.sessions.rules.planner.problem import Problem, Span, Step, Tie
from practice.sessions.rules.planner.search import Search
from practice.sessions.rules.planner.web import Web
from practice.sessions.rules.windows import Anchor, Unit


class Character(StrEnum):
    """What a plan is best at."""

    SOONEST = "soonest"
    SAME_TIME = "same_time"
    GENTLEST = "gentlest"


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its time. Of a visit outside only ``on``, the local date, means anything."""

    key: str
    starts_at: datetime
    ends_at: datetime
    on: date
    is_external: bool = False
    is_fact: bool = False


@dataclass(frozen=True, slots=True)
class Tentative:
    """A step that cannot be booked yet, and the local dates between which it can lie."""

    key: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a step lies after another, in days or hours, and whether that is as recommended.

    A span has no window and is counted in days.
    """

    earlier: str
    later: str
    amount: float
    unit: Unit
    is_recommended: bool
    is_comfortable: bool
    is_legal: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A course with a time for every step that can be booked.

    ``outside`` counts the windows, spans included, that are not as recommended; ``uncomfortable``
    the windows outside the middle half of that. ``dosings_at`` is the weekday, Monday is 0, and the
    time on the wall that most dosings share. ``is_best`` is false for a plan that was found when
    time ran out: it keeps every rule, but a better one may exist.
    """

    characters: tuple[Character, ...]
    steps: tuple[Placed, ...]
    tentative: tuple[Tentative, ...]
    gaps: tuple[Gap, ...]
    outside: int
    uncomfortable: int
    dosings_at: tuple[int, time, int] | None
    is_best: bool = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say which gaps are not as recommended."""
        return tuple(each.words for each in self.gaps if not each.is_recommended)

    @property
    def first_on(self) -> date:
        """The local date of the first session."""
        return min(each.on for each in self.steps)

    @property
    def last_on(self) -> date:
        """The local date of the last session that has a time."""
        return max(each.on for each in self.steps)

    @property
    def days(self) -> int:
        """How many local dates the plan spans, its first and last included."""
        return (self.last_on - self.first_on).days + 1

    def at(self, key: str) -> Placed | None:
        """Return the time of a step; ``None`` if it has none yet."""
        return next((each for each in self.steps if each.key == key), None)


def plan_of(
    web: Web,
    cells: Mapping[int, int],
    *characters: Character,
    booked: Collection[int] | None = None,
    is_best: bool = True,
) -> Plan:
    """Put a solution in words. Steps that are not among the ``booked`` become ranges of dates."""
    problem = web.problem
    waits = () if booked is None else [n for n in cells if n not in booked]
    placed = {each.key: _place(problem, each, cells.get(n)) for n, each in enumerate(problem.steps)}
    gaps = gaps_between(problem, placed)
    sure = placed.keys() - {problem.steps[n].key for n in waits}
    sure_gaps = tuple(each for each in gaps if {each.earlier, each.later} <= sure)
    return Plan(
        characters=characters,
        steps=tuple(each for key, each in placed.items() if key in sure),
        tentative=_tentative(web, cells, waits) if waits else (),
        gaps=sure_gaps,
        outside=sum(not each.is_recommended for each in sure_gaps),
        uncomfortable=sum(not each.is_comfortable for each in sure_gaps),
        dosings_at=_dosings_at(problem, [placed[key] for key in placed if key in sure]),
        is_best=is_best,
    )


def gaps_between(problem: Problem, placed: Mapping[str, Placed]) -> tuple[Gap, ...]:
    """Measure every window and span whose two steps have a time."""
    found = [
        _gap(problem, each, placed[each.earlier], placed[each.later])
        for each in problem.ties
        if {each.earlier, each.later} <= placed.keys()
    ]
    found += [
        _span(problem, each, placed[each.first], placed[each.last])
        for each in problem.spans
        if {each.first, each.last} <= placed.keys()
    ]
    return tuple(found)


def _place(problem: Problem, step: Step, cell: int | None) -> Placed:
    if step.fact is not None:
        start, end = step.fact.starts_at, step.fact.ends_at
    else:
        start = problem.axis.starts_at + (cell or 0) * timeline.CELL
        end = start + timedelta(minutes=step.minutes)
    return Placed(
        step.key,
        start,
        end,
        zones.local_date(start, problem.axis.zone),
        is_external=step.is_external,
        is_fact=step.fact is not None,
    )


def _gap(problem: Problem, tie: Tie, one: Placed, other: Placed) -> Gap:
    window = tie.window
    moment = one.starts_at if window.anchor is Anchor.START else one.ends_at
    if window.unit is Unit.DAYS:
        from_on = one.on if one.is_external else zones.local_date(moment, problem.axis.zone)
        amount = float((other.on - from_on).days)
    else:
        amount = (other.starts_at - moment) / timedelta(hours=1)
    is_recommended = window.min <= amount <= window.max
    twice = 3 * window.min + window.max, window.min + 3 * window.max
    count = f"{abs(amount):.1f}".removesuffix(".0")
    side = "before" if amount < 0 else "after"
    name, before = problem.step(tie.later).name, problem.step(tie.earlier).name
    unit = window.unit if abs(amount) != 1 else window.unit.removesuffix("s")
    is_legal = window.hard_min <= amount <= window.hard_max
    rule = (
        f"{window.min} to {window.max} {window.unit} are recommended"
        if is_legal
        else f"the limits are {window.hard_min} to {window.hard_max} {window.unit}"
    )
    return Gap(
        tie.earlier,
        tie.later,
        amount,
        window.unit,
        is_recommended,
        twice[0] <= 4 * amount <= twice[1],
        is_legal,
        f"{name[:1].upper()}{name[1:]} is {count} {unit} {side} {before}; {rule}.",
    )


def _span(problem: Problem, span: Span, one: Placed, other: Placed) -> Gap:
    amount = (other.on - one.on).days
    first, last = problem.step(span.first).name, problem.step(span.last).name
    is_recommended = amount <= span.max
    return Gap(
        span.first,
        span.last,
        float(amount),
        Unit.DAYS,
        is_recommended,
        is_comfortable=True,  # what is shorter is not less gentle
        is_legal=amount <= span.hard_max,
        words=f"From {first} to {last} are {amount} days; at most {span.max} are recommended.",
    )


def _dosings_at(problem: Problem, placed: list[Placed]) -> tuple[int, time, int] | None:
    zone = zones.zone(problem.axis.zone)
    count: dict[tuple[int, time], int] = {}
    for each in placed:
        if problem.step(each.key).rest_hours is not None:
            local = each.starts_at.astimezone(zone)
            pair = local.weekday(), local.time()
            count[pair] = count.get(pair, 0) + 1
    if not count:
        return None
    most = max(count.values())
    weekday, at = min(pair for pair, n in count.items() if n == most)
    return weekday, at, most


def _tentative(web: Web, cells: Mapping[int, int], waits: Collection[int]) -> tuple[Tentative, ...]:
    """Say between which dates the steps that cannot be booked yet can lie, given the others."""
    problem = web.problem
    steps = []
    for n, each in enumerate(problem.steps):
        if n in cells and n not in waits:
            steps.append(replace(each, starts=1 << cells[n], later=0))
        else:
            steps.append(each)
    search = Search(Model(Web(replace(problem, steps=tuple(steps)), booked=0)))
    first_on = problem.axis.first_on
    found = []
    for n, each in enumerate(problem.steps):
        if n in waits:
            days = list(dates.bits_of(search.days[n]))
            found.append(
                Tentative(
                    each.key,
                    first_on + timedelta(days=days[0]),
                    first_on + timedelta(days=days[-1]),
                )
            )
    return tuple(found)
