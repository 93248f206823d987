"""Changing one client's course, for that client alone, and with a reason.

More dosings, wider windows, another route, a step left out: the copy changes, its template does
not. Steps that are booked or held stay what they are. Everything is called inside
``transaction()``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.sessions.models import Course, CourseChange, CourseStepRow
from practice.sessions.queries.course_changes import course_with_steps, settled_keys
from practice.sessions.queries.course_templates import known_gates, known_services
from practice.sessions.rules.course_checks import checks
from practice.sessions.rules.course_differences import course_differences
from practice.sessions.rules.course_faults import Fault
from practice.sessions.rules.course_states import LIVE
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.course_writing import price_cents
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.service.course_templates import CourseChangedMeanwhile, FaultyCourse

DEED = "changed"
WHAT_A_SESSION_IS = ("service", "kind", "external")


def change_course(
    course_id: UUID, document: Mapping[str, Any], *, seen: int, reason: str, by: Actor
) -> Course:
    """Change one client's course. ``seen`` is the version of the course that the form showed.

    Nothing is written where nothing differs. A step that is left out keeps its row, marked as
    dropped, so that what was stays readable.

    Raises:
        NotFound: if there is no such course.
        Conflict: if it has ended.
        CourseChangedMeanwhile: if somebody else was quicker.
        Invalid: if no reason is given.
        FaultyCourse: if something is wrong with it, or a session that is booked or held would
            have to go or become another one; with each place.
    """
    db.session.execute(sa.select(Course.id).where(Course.id == course_id).with_for_update())
    course = course_with_steps(course_id)
    if course.version != seen:
        raise CourseChangedMeanwhile("Somebody else has just changed this. Look at it again.")
    if course.state not in LIVE:
        raise Conflict("This course has ended, so it cannot be changed any more.")
    if not reason.strip():
        raise Invalid("Say why this client’s course is to be different.")
    new = _as_agreed(document, course.document)
    services, settled = known_services(), settled_keys(course)
    found = checks(new, services=services, gates=known_gates(), settled=settled)
    found += touched(course.document, new, settled)
    if found:
        raise FaultyCourse(found)
    labels = {slug: each.label for slug, each in services.items()}
    told = course_differences(course.document, new, labels=labels)
    if not told:
        return course

    _keep_rows(course, new["steps"])
    if price_cents(new) != price_cents(course.document):
        course.price = Money(price_cents(new), course.price.currency)
    course.title = new["title"]
    course.document = new
    course.version += 1
    db.session.add(
        CourseChange(
            course_id=course.id,
            made_at=clock.now(),
            made_by=by.id,
            deed=DEED,
            reason=reason.strip(),
            facts={"version": course.version, "differences": [asdict(each) for each in told]},
        )
    )
    db.session.flush()
    audit.record("course:change", by=by, subject_id=course.id, version=course.version)
    return course_with_steps(course_id)


def _as_agreed(document: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed under its own name, and at the prices of its day.

    What a service costs by now is nothing to a course whose sessions stay the same ones.
    """
    new = {**document, **{name: before[name] for name in ("slug", "version")}}
    was, now = (each.get("pricing") or {} for each in (before, new))
    if was.get("includes") == now.get("includes") and "list_total_cents" in was:
        new["pricing"] = now | {"list_total_cents": was["list_total_cents"]}
    return new


def touched(
    before: Mapping[str, Any], after: Mapping[str, Any], settled: Sequence[str]
) -> Iterator[Fault]:
    """List where a change would take away, or turn into another, what is booked or held."""
    was = {step["key"]: step for step in before["steps"]}
    names = step_names(before["steps"])
    places = {step["key"]: n for n, step in enumerate(after["steps"])}
    for key in settled:
        if key not in was:
            continue
        if key not in places:
            words = f"{names[key]} is booked or held, so it stays in the course"
            yield Fault(key, words, ("steps",))
            continue
        is_now = after["steps"][places[key]]
        if any(was[key].get(name) != is_now.get(name) for name in WHAT_A_SESSION_IS):
            yield Fault(
                key,
                "this session is booked or held, so it stays what it is",
                ("steps", places[key], "service"),
            )


def _keep_rows(course: Course, steps: Sequence[Mapping[str, Any]]) -> None:
    """Bring the rows of the steps in line with the document."""
    rows = {row.key: row for row in course.steps}
    for position, step in enumerate(steps, start=1):
        kind, is_external = SessionKind(step["kind"]), bool(step.get("external"))
        row = rows.pop(step["key"], None)
        if row is None:
            db.session.add(
                CourseStepRow(
                    course_id=course.id,
                    key=step["key"],
                    position=position,
                    kind=kind,
                    is_external=is_external,
                )
            )
            continue
        row.position, row.kind, row.is_external = position, kind, is_external
        row.dropped_at = None
    for row in rows.values():
        if row.dropped_at is None:
            row.dropped_at = clock.now()
            row.planned_on = row.window_from_on = row.window_until_on = row.reachable_at = None
