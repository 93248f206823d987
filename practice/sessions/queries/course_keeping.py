"""What follows when sessions of a course move, from the calendar as it is now. Nothing is saved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from practice.calendar.rules import timeline
from practice.core import tokens
from practice.sessions.models import Course
from practice.sessions.queries.course_problems import Seen, for_a_page, see, stands
from practice.sessions.rules import keeping
from practice.sessions.rules.keeping import Answer
from practice.sessions.rules.planner import Fact, Problem, Step


@dataclass(frozen=True, slots=True)
class Ahead:
    """What would follow from a change. ``seal`` is what the course was when it was looked at."""

    seen: Seen
    problem: Problem
    chosen: Mapping[str, Fact]
    answers: tuple[Answer, ...]
    seal: str

    def answer(self, code: str) -> Answer | None:
        """Return the way that a form names by its times."""
        return next((each for each in self.answers if each.code == code), None)


def ahead(
    course: Course,
    moves: Mapping[str, datetime],
    *,
    placing: Collection[str] = (),
    as_staff: bool = True,
) -> Ahead:
    """Look at what follows when some steps of a course get other times.

    Args:
        course: from ``queries.courses``.
        moves: new starts, by the keys of the steps. Not looked at whether they are free.
        placing: steps that have no time, and for which the best is looked for.
        as_staff: staff need no notice.

    Raises:
        KeyError: for a step that the course does not have.
    """
    seen = see(course, course.client, as_staff=as_staff, replanning=True)
    problem = free_to_stay(seen)
    chosen = facts_of(problem, moves)
    old = {key: each for key, each in seen.old.items() if key not in placing}
    answers = keeping.answers(problem, old, chosen, placing=placing, out_of_time=for_a_page())
    return Ahead(seen, problem, chosen, answers, seal_of(course))


def facts_of(problem: Problem, moves: Mapping[str, datetime]) -> dict[str, Fact]:
    """Return new starts as facts: each session lasts as long as it does."""
    found = {}
    for key, at in moves.items():
        step = problem.step(key)
        length = timedelta(minutes=0 if step.is_external else step.minutes)
        found[key] = Fact(at, at + length)
    return found


def free_to_stay(seen: Seen, may_stay: Callable[[datetime], bool] = lambda _: True) -> Problem:
    """Return the problem in which every session may stay where it is, whatever speaks against it.

    What is booked stands, even within its notice or past the horizon. A step that only has a range
    of dates may lie wherever it could one day be booked.

    Args:
        seen: the course, with its own claims out of the way.
        may_stay: says of a start whether a session there may stay: not on a day that closes.
    """
    problem = seen.problem
    for step in problem.steps:
        if step.fact is None:
            problem = problem.with_step(_as_it_may(problem, step, seen, may_stay))
    return problem


def _as_it_may(
    problem: Problem, step: Step, seen: Seen, may_stay: Callable[[datetime], bool]
) -> Step:
    old = seen.old.get(step.key)
    if old is None:
        return replace(step, starts=step.starts | step.later, later=0)
    cell = timeline.cell_at(problem.axis, old.starts_at)
    if cell is None or not may_stay(old.starts_at):
        return replace(step, later=0)
    return replace(step, starts=step.starts | 1 << cell, later=0)


def seal_of(course: Course) -> str:
    """Return a digest of all that a plan rests on: whoever changes any of it makes it stale."""
    parts = [str(course.id), str(course.version), course.state]
    for row in course.steps:
        session = row.appointment
        parts.append(
            f"{row.key}:{row.planned_on}:{row.held_on}:{row.dropped_at is None}:"
            + (f"{session.id}:{session.sequence}:{session.state}" if session else "")
        )
    return tokens.digest("|".join(parts))


def key_of(course: Course, appointment_id: object) -> str | None:
    """Return the step that a session belongs to, if it is of this course and still stands."""
    return next(
        (
            row.key
            for row in course.steps
            if row.appointment_id == appointment_id and stands(row.appointment)
        ),
        None,
    )
