"""What follows when sessions of a course move, from the calendar as it is now. Nothing is saved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from practice.calendar.rules import timeline
from practice.core import clock, tokens
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.queries.course_problems import Seen, for_a_page, see, stands
from practice.sessions.queries.courses import course_with
from practice.sessions.queries.times import Start
from practice.sessions.rules import keeping, planner, policies
from practice.sessions.rules.course_states import KEPT
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.keeping import Answer
from practice.sessions.rules.planner import Fact, Problem, Step
from practice.sessions.rules.windows import Finding


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
    problem = free_to_stay(seen, as_staff=as_staff)
    for key in placing:
        problem = _not_where_it_was(problem, problem.step(key), seen)
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


def free_to_stay(
    seen: Seen,
    *,
    may_stay: Callable[[datetime], bool] = lambda _: True,
    as_staff: bool = True,
) -> Problem:
    """Return the problem in which every session may stay where it is, whatever speaks against it.

    What is booked stands, even within its notice or past the horizon. A step that only has a range
    of dates may lie wherever it could one day be booked.

    Args:
        seen: the course, with its own claims out of the way.
        may_stay: says of a start whether a session there may stay: not on a day that closes.
        as_staff: clients do not take sessions along that cost something to cancel by now.
    """
    problem = seen.problem
    for step in problem.steps:
        if step.fact is None:
            free = _as_it_may(problem, step, seen, may_stay)
            row = seen.rows.get(step.key)
            if not as_staff and row is not None and _costs_now(row.appointment):
                free = _as_it_is(problem, free, seen)
            problem = problem.with_step(free)
    return problem


def _costs_now(session: Appointment | None) -> bool:
    if session is None or not stands(session):
        return False
    fee = policies.fee_now(
        session.policy, price=session.price, starts_at=session.starts_at, now=clock.now()
    )
    return bool(fee)


def _as_it_is(problem: Problem, step: Step, seen: Seen) -> Step:
    cell = timeline.cell_at(problem.axis, seen.old[step.key].starts_at)
    return step if cell is None else replace(step, starts=step.starts & 1 << cell)


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


def _not_where_it_was(problem: Problem, step: Step, seen: Seen) -> Problem:
    old = seen.old.get(step.key)
    cell = timeline.cell_at(problem.axis, old.starts_at) if old else None
    if cell is None:
        return problem
    return problem.with_step(replace(step, starts=step.starts & ~(1 << cell)))


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


def key_of(course: Course, appointment_id: UUID) -> str | None:
    """Return the step that a session belongs to, if it is of this course and still stands."""
    return next(
        (
            row.key
            for row in course.steps
            if row.appointment_id == appointment_id and stands(row.appointment)
        ),
        None,
    )


# Which step a session is ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A step of a course, whose session is to move, or to be booked again."""

    course: Course
    key: str

    @property
    def row(self) -> CourseStepRow:
        return next(each for each in self.course.steps if each.key == self.key)

    @property
    def place(self) -> int:
        """Where it stands in the course: how addresses name it."""
        return [each.key for each in self.course.steps].index(self.key)

    @property
    def name(self) -> str:
        return step_names(self.course.document["steps"])[self.key]


def part_in(appointment: Appointment) -> Part | None:
    """Return the step of a course that a session is or was, whatever became of either."""
    course = course_with(appointment.id)
    if course is None:
        return None
    return Part(course, next(e.key for e in course.steps if e.appointment_id == appointment.id))


def part_of(appointment: Appointment) -> Part | None:
    """Return the step of a running course that a session is, if it is one."""
    course = course_with(appointment.id)
    if course is None or course.state not in KEPT:
        return None
    key = key_of(course, appointment.id)
    return Part(course, key) if key else None


def alone(part: Part, starts_at: datetime, *, as_staff: bool = True) -> list[Finding]:
    """Say which limits of its course a session would break that moves without the others."""
    seen = see(part.course, part.course.client, as_staff=as_staff, replanning=True)
    problem = free_to_stay(seen, as_staff=as_staff)
    answer = keeping.judged(problem, seen.old, facts_of(problem, {part.key: starts_at}), {})
    return [Finding(words, is_hard=True) for words in (*answer.impossible, *answer.broken)]


# Which times a step could have --------------------------------------------------------------------

MOVES_OTHERS = (
    "Other sessions of the course move along. The next page shows which, before anything is saved."
)
"""What is said of a time at which a session cannot stand alone."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the course says of other times for one of its steps.

    ``offered`` is a bitmap of the starts for which the rest can be put right.
    """

    seen: Seen
    problem: Problem
    key: str
    offered: int

    @property
    def others(self) -> list[UUID]:
        """The sessions of the course that could move out of the way."""
        return [
            row.appointment_id
            for key, row in self.seen.rows.items()
            if row.appointment_id is not None
            and key != self.key
            and self.problem.step(key).fact is None
        ]

    def said_of(self, starts_at: datetime) -> Start:
        """Say of a start what follows: nothing, a warning, others that move, or no way at all."""
        chosen = facts_of(self.problem, {self.key: starts_at})
        alone = keeping.judged(self.problem, self.seen.old, chosen, {})
        if not alone.broken and not alone.impossible:
            return Start(starts_at, warnings=alone.warnings)
        cell = timeline.cell_at(self.problem.axis, starts_at)
        if cell is not None and self.offered >> cell & 1:
            return Start(starts_at, warnings=(MOVES_OTHERS,))
        return Start(starts_at, refusals=(*alone.impossible, *alone.broken))


def elsewhere(course: Course, key: str, *, as_staff: bool = True) -> Elsewhere:
    """Look at what the course says of other times for one of its steps, all others may move."""
    seen = see(course, course.client, as_staff=as_staff, replanning=True)
    problem = free_to_stay(seen, as_staff=as_staff)
    try:
        bits = planner.offered(problem, key, out_of_time=for_a_page())
    except planner.OutOfTime:  # what does not fit is then told on the next page
        bits = problem.step(key).starts
    return Elsewhere(seen, _about(problem, key), key, bits)


def _about(problem: Problem, key: str) -> Problem:
    """Return a problem with the rules that name a step alone: quick to ask many times."""
    return replace(
        problem,
        ties=tuple(each for each in problem.ties if key in {each.earlier, each.later}),
        spans=tuple(each for each in problem.spans if key in {each.first, each.last}),
        orders=tuple(each for each in problem.orders if key in each),
    )
