"""Courses and plans as pictures: what the drawing of a course has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from practice.calendar.rules import zones
from practice.core import clock
from practice.sessions.models import Course, CourseStepRow
from practice.sessions.queries.course_problems import Seen, stands
from practice.sessions.rules import course_drawing
from practice.sessions.rules.course_drawing import Drawing, Look, Stands
from practice.sessions.rules.course_words import CLIENT_NAMES, STEP_NAMES
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.planner import Plan

S = AppointmentState


def drawn(course: Course, zone: str, labels: dict[str, str]) -> Drawing:
    """Draw a course as it stands."""
    return _drawn(course, zone, labels, STEP_NAMES)


def drawn_for_client(course: Course, zone: str) -> Drawing:
    """Draw a course as it stands, with nothing but what its client needs to know."""
    return course_drawing.in_plain(_drawn(course, zone, {}, CLIENT_NAMES))


def _drawn(
    course: Course, zone: str, labels: Mapping[str, str], names: Mapping[str, str]
) -> Drawing:
    known = {each.key: standing(each, zone) for each in course.steps if each.dropped_at is None}
    today = zones.local_date(clock.now(), zone)
    return course_drawing.draw(
        _document_of(course), stands=known, labels=labels, names=names, today=today
    )


def plans_drawn(
    seen: Seen, plans: Sequence[Plan], *, names: Mapping[str, str] = STEP_NAMES
) -> list[Drawing]:
    """Draw plans on one axis, so that they can be compared."""
    zone = seen.problem.axis.zone
    known = [_plan_stands(seen, plan, zone) for plan in plans]
    shared = course_drawing.span_of(known)
    labels = {slug: each.label for slug, each in seen.services.items()}
    return [
        course_drawing.draw(
            _document_of(seen.course),
            stands=each,
            labels=labels,
            names=names,
            today=None,
            shared=shared,
        )
        for each in known
    ]


def standing(row: CourseStepRow, zone: str) -> Stands:
    """Say where one step of a course stands."""
    window = (
        (row.window_from_on, row.window_until_on)
        if row.window_from_on and row.window_until_on
        else None
    )
    if row.is_external:
        on, look = row.held_on or row.planned_on, Look.HELD if row.held_on else Look.PLANNED
        return Stands(on, look, window if on is None else None)
    session = row.appointment
    if session is None or not stands(session):
        return Stands(None, Look.PLANNED, window)
    look = {S.TENTATIVE: Look.TENTATIVE, S.COMPLETED: Look.HELD}.get(session.state, Look.BOOKED)
    when = zones.instant_words(session.starts_at, zone)
    return Stands(zones.local_date(session.starts_at, zone), look, None, when)


def _plan_stands(seen: Seen, plan: Plan, zone: str) -> dict[str, Stands]:
    found: dict[str, Stands] = {}
    for each in plan.steps:
        when = "" if each.is_external else zones.instant_words(each.starts_at, zone)
        row = seen.rows[each.key]
        is_booked = each.is_fact and not each.is_external
        kept = standing(row, zone) if is_booked else None
        found[each.key] = kept or Stands(each.on, Look.PLANNED, None, when)
    for waits in plan.tentative:
        found[waits.key] = Stands(None, Look.PLANNED, (waits.first_on, waits.last_on))
    return found


def _document_of(course: Course) -> dict[str, object]:
    """Return a course's document without the steps that were left out for this client."""
    kept = {each.key for each in course.steps if each.dropped_at is None}
    steps = [each for each in course.document["steps"] if each["key"] in kept]
    return course.document | {"steps": steps}
