"""The same problem for OR-tools CP-SAT, written from the rules, not from the planner's tables."""

from __future__ import annotations

from datetime import timedelta

from ortools.sat.python import cp_model

from practice.calendar.rules import timeline
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner import Problem, Step
from practice.sessions.rules.windows import Anchor, Unit

CELLS_AN_HOUR = 12
IMPOSSIBLE = -1
SECONDS = 60.0


def least(problem: Problem, *, gentle: bool = False) -> int:
    """Return the least W, or W times 1,000 plus M; ``IMPOSSIBLE`` if there is no plan.

    Sessions lie within client hours, so a dosing's next morning is simply the next date.
    """
    model = cp_model.CpModel()
    edges = problem.axis.day_cells
    starts: dict[str, cp_model.IntVar] = {}
    days: dict[str, cp_model.IntVar] = {}
    for step in problem.steps:
        cells = [
            (at - problem.axis.starts_at) // timeline.CELL
            for at in timeline.instants(problem.axis, step.starts)
        ]
        if not cells:
            return IMPOSSIBLE
        day_of = {cell: _day(edges, cell) for cell in cells}
        start = model.new_int_var_from_domain(cp_model.Domain.from_values(cells), step.key)
        day = model.new_int_var_from_domain(
            cp_model.Domain.from_values(sorted(set(day_of.values()))), f"{step.key} on"
        )
        model.add_allowed_assignments([start, day], list(day_of.items()))
        starts[step.key], days[step.key] = start, day
    fines = []
    for tie in problem.ties:
        one, other, window = problem.step(tie.earlier), problem.step(tie.later), tie.window
        if window.unit is Unit.DAYS:
            gap, scale, off = days[other.key] - days[one.key], 1, 0
        else:
            gap = starts[other.key] - starts[one.key]
            scale = CELLS_AN_HOUR
            off = one.minutes // 5 if window.anchor is Anchor.END else 0
        model.add_linear_constraint(
            gap, window.hard_min * scale + off, window.hard_max * scale + off
        )
        fines.append(
            (1_000 if gentle else 1, _not_within(model, gap, window.min, window.max, scale, off))
        )
        if gentle:
            low, high = 3 * window.min + window.max, window.min + 3 * window.max
            middle = _not_within(model, 4 * gap, low, high, scale, 4 * off)
            fines.append((1, middle))
        _in_order(model, problem, one, other, starts, days)
    for span in problem.spans:
        gap = days[span.last] - days[span.first]
        model.add_linear_constraint(gap, 0, span.hard_max)
        fines.append((1_000 if gentle else 1, _not_within(model, gap, 0, span.max, 1, 0)))
    _apart(model, problem, starts)
    model.minimize(sum(cost * fine for cost, fine in fines))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = SECONDS
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return IMPOSSIBLE
    if status != cp_model.OPTIMAL:
        raise RuntimeError(f"CP-SAT was not done in {timedelta(seconds=SECONDS)}")
    cost: float = solver.objective_value
    return round(cost)


def _not_within(  # noqa: PLR0917
    model: cp_model.CpModel, gap: cp_model.LinearExprT, low: int, high: int, scale: int, off: int
) -> cp_model.IntVar:
    """Return a variable that is 1 unless the gap lies within the two numbers."""
    fine = model.new_bool_var("")
    model.add_linear_constraint(gap, low * scale + off, high * scale + off).only_enforce_if(~fine)
    return fine


def _in_order(  # noqa: PLR0917
    model: cp_model.CpModel,
    problem: Problem,
    one: Step,
    other: Step,
    starts: dict[str, cp_model.IntVar],
    days: dict[str, cp_model.IntVar],
) -> None:
    if one.is_external or other.is_external:
        return
    model.add(starts[other.key] - starts[one.key] >= _cells_between(problem, one, other))
    if one.rest_hours is None:
        return
    if other.kind is SessionKind.INTEGRATION or other.travels:
        model.add(days[other.key] > days[one.key])
    if other.travels:
        rest = one.minutes // 5 + one.rest_hours * CELLS_AN_HOUR
        model.add(starts[other.key] - starts[one.key] >= rest)


def _cells_between(problem: Problem, one: Step, other: Step) -> int:
    minutes = one.after_minutes + other.before_minutes
    if one.travels and other.travels:
        minutes = max(minutes, problem.gap_minutes)
    return (one.minutes + minutes) // 5


def _apart(model: cp_model.CpModel, problem: Problem, starts: dict[str, cp_model.IntVar]) -> None:
    """Keep sessions apart that no chain of windows puts in order."""
    own = [each for each in problem.steps if not each.is_external]
    before: dict[str, set[str]] = {each.key: set() for each in own}
    for tie in problem.ties:
        if {tie.earlier, tie.later} <= before.keys():
            before[tie.later] |= {tie.earlier} | before[tie.earlier]
    for n, other in enumerate(own):
        for one in own[:n]:
            if one.key in before[other.key]:
                continue
            first = model.new_bool_var("")
            model.add(
                starts[other.key] - starts[one.key] >= _cells_between(problem, one, other)
            ).only_enforce_if(first)
            model.add(
                starts[one.key] - starts[other.key] >= _cells_between(problem, other, one)
            ).only_enforce_if(~first)


def _day(edges: tuple[int, ...], cell: int) -> int:
    day = cell // 288
    while edges[day + 1] <= cell:
        day += 1
    while edges[day] > cell:
        day -= 1
    return day
