"""Days that close: several courses put right together, in one preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from practice.sessions.rules.keeping import Answer, Way, answer_of
from practice.sessions.rules.planner.plan import Placed
from practice.sessions.rules.planner.problem import Cap, Problem, Step
from practice.sessions.rules.planner.replan import Keeps, Replanned, replan, without
from practice.sessions.rules.planner.search import Clock, OutOfTime, never


@dataclass(frozen=True, slots=True)
class Broken:
    """A course that a closure breaks: its problem without the closed days, and where it lies."""

    problem: Problem
    old: Mapping[str, Placed]


def put_right(
    courses: Sequence[Broken], *, clocks: Callable[[], Clock] = lambda: never
) -> list[Answer | None]:
    """Re-plan courses one after another; each finds taken what those before it took.

    Each keeps what was as recommended, or else its limits. ``None`` for a course that cannot be
    put right.

    Args:
        courses: in the order in which they may choose.
        clocks: makes one for each course, which is asked now and then: after that the best found
            so far counts, and ``None`` where nothing was.
    """
    taken: list[tuple[Step, Placed]] = []
    answers: list[Answer | None] = []
    for course in courses:
        problem = with_taken(course.problem, taken)
        way, found = _replanned(problem, course.old, clocks())
        if found is None:
            answers.append(None)
            continue
        answers.append(answer_of(course.problem, course.old, {}, way, found))
        moved = set(found.moved)
        taken += ((problem.step(each.key), each) for each in found.plan.steps if each.key in moved)
    return answers


def _replanned(
    problem: Problem, old: Mapping[str, Placed], out_of_time: Clock
) -> tuple[Way, Replanned | None]:
    for keeps, way in ((Keeps.RECOMMENDED, Way.RESTORE), (Keeps.LIMITS, Way.LIMITS)):
        try:
            found = replan(problem, old, keeps, out_of_time=out_of_time)
        except OutOfTime:
            continue
        if found is not None:
            return way, found
    return Way.LIMITS, None


def with_taken(problem: Problem, taken: Sequence[tuple[Step, Placed]]) -> Problem:
    """Return a problem without what was taken meanwhile: times, and room in the caps of dosings."""
    dosings = [each for step, each in taken if step.rest_hours is not None]
    return replace(
        without(problem, taken), caps=tuple(_with_less(each, dosings) for each in problem.caps)
    )


def _with_less(cap: Cap, dosings: Sequence[Placed]) -> Cap:
    room = dict(cap.room)
    for each in dosings:
        on = _of(cap, each.on)
        room[on] = max(room.get(on, cap.most) - 1, 0)
    return replace(cap, room=room)


def _of(cap: Cap, on: date) -> date:
    return on - timedelta(days=on.weekday()) if cap.weekly else on
