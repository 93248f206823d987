"""Which step of a course a session booked by hand would be, and what the course says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from practice.people.models import Client
from practice.sessions.models import Course, CourseStepRow, Service
from practice.sessions.queries.course_keeping import facts_of
from practice.sessions.queries.course_plans import StepTimes
from practice.sessions.queries.course_problems import see, stands
from practice.sessions.queries.courses import courses_to_book
from practice.sessions.queries.times import Start
from practice.sessions.rules import keeping
from practice.sessions.rules.course_words import step_names, window_words
from practice.sessions.rules.gates import of_step
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Finding


@dataclass(frozen=True, slots=True)
class OpenStep:
    """The next step of a client's course that a session of some service would be."""

    course: Course
    key: str

    @property
    def name(self) -> str:
        return step_names(self.course.document["steps"])[self.key]

    @property
    def gates(self) -> tuple[str, ...]:
        """The keys of the gates that the step has, and those that every dosing of a course has."""
        found = next(each for each in self.course.document["steps"] if each["key"] == self.key)
        return of_step(SessionKind(found["kind"]), found["gates"])


def open_step(client_id: UUID, service: Service) -> OpenStep | None:
    """Return the step of a running course that a session of this service would be, if any.

    One of the same service rather than of the same kind; the first that is open, and only if all
    that it is measured against have their times: nothing is booked before what it comes after. One
    statement for a client without a course.
    """
    return step_in(courses_to_book(client_id), service)


def step_in(courses: Iterable[Course], service: Service) -> OpenStep | None:
    """Return the same from courses that were read already."""
    for course in courses:
        ready = [
            (row, step["service"])
            for row, step in _open(course)
            if row.kind is service.kind and not row.is_external
        ]
        same = [row for row, slug in ready if slug == service.slug]
        if same or ready:
            return OpenStep(course, (same or [row for row, _ in ready])[0].key)
    return None


def _open(course: Course) -> list[tuple[CourseStepRow, dict[str, object]]]:
    """Return the steps without a session whose anchors all have their times, with what they are."""
    rows = {each.key: each for each in course.steps if each.dropped_at is None}
    has_time = {key for key, row in rows.items() if row.is_external or stands(row.appointment)}
    return [
        (rows[step["key"]], step)
        for step in course.document["steps"]
        if step["key"] in rows
        and step["key"] not in has_time
        and {after["step"] for after in step["after"]} & rows.keys() <= has_time
    ]


@dataclass(frozen=True)
class Judge:
    """What a course says of the times of its next step, looked at once for all of them."""

    step: OpenStep
    times: StepTimes

    def said_of(self, starts_at: datetime) -> Start:
        """Say of a start which windows it would break, and whether its integration fits."""
        key, seen = self.step.key, self.times.seen
        chosen = facts_of(seen.problem, {key: starts_at})
        alone = keeping.judged(seen.problem, seen.old, chosen, {})
        refusals = [*alone.impossible, *alone.broken]
        if not refusals and not self.times.leaves_integration_at(starts_at):
            refusals.append("No integration would be free in its window after it.")
        return Start(starts_at, warnings=alone.warnings, refusals=tuple(refusals))

    @property
    def rules(self) -> list[str]:
        """The windows that the step has to keep, in words."""
        steps = self.step.course.document["steps"]
        named = step_names(steps)
        found = next(each for each in steps if each["key"] == self.step.key)
        return [window_words(window, named) for window in found["after"]]

    def findings(self, starts_at: datetime) -> list[Finding]:
        """Say the same as booking asks it."""
        start = self.said_of(starts_at)
        return [
            *(Finding(words, is_hard=True) for words in start.refusals),
            *(Finding(words, is_hard=False) for words in start.warnings),
        ]


def judge(client: Client, step: OpenStep, *, as_staff: bool = True) -> Judge:
    """Look at the calendar for what a course says of its next step."""
    seen = see(step.course, client, as_staff=as_staff)
    starts = seen.problem.step(step.key).starts
    return Judge(step, StepTimes(seen, step.key, legal=starts, free=starts))


def judge_of(client: Client | None, service: Service, *, as_staff: bool = True) -> Judge | None:
    """Look at what a course says of a session of some service; ``None`` if it is of no course."""
    step = open_step(client.id, service) if client else None
    return judge(client, step, as_staff=as_staff) if client and step else None
