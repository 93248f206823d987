"""Changing the courses that the practice offers. A client's course keeps what it was copied from.

Everything is called inside ``transaction()``. What a template was before a change is kept as a
version, with the moment of the change and who made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotFound
from practice.sessions.models import CourseTemplateRow, CourseTemplateVersion
from practice.sessions.queries.course_templates import get_template, known_gates, known_services
from practice.sessions.rules import templates
from practice.sessions.rules.course_checks import checks
from practice.sessions.rules.course_faults import Fault
from practice.sessions.rules.offered import slug_for


class CourseChangedMeanwhile(Conflict):
    """Somebody else changed the course since the form was opened."""


class FaultyCourse(Invalid):
    """The course cannot be kept like that; ``faults`` says where and why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(str(each) for each in faults))
        self.faults = tuple(faults)


def shipped_rows() -> list[CourseTemplateRow]:
    """Return a row for each shipped course, for a practice that has none yet."""
    return [
        _row(document, position)
        for position, document in enumerate(templates.shipped()["templates"], start=1)
    ]


def take_over(slug: str, *, by: Actor) -> CourseTemplateRow:
    """Offer a shipped course that the practice does not have, as one that existed before them.

    Raises:
        NotFound: if none of this name is shipped.
        Conflict: if the practice has it already.
        FaultyCourse: if the practice lacks a service that it names.
    """
    try:
        document = templates.course(slug)
    except KeyError:
        raise NotFound("There is no such course.") from None
    if slug in _slugs():
        raise Conflict("You have this course already.")
    refuse_faults(document)
    return _add(document, by)


def copy(template_id: UUID, *, by: Actor) -> CourseTemplateRow:
    """Offer a copy of a course under a name of its own, to be changed.

    Raises:
        NotFound: if there is no such course.
    """
    original = get_template(template_id)
    title = f"Copy of {original.title}"[:120]
    document = original.document | {"title": title, "slug": slug_for(title, _slugs())}
    return _add(document, by)


def change(
    template_id: UUID, document: Mapping[str, Any], *, seen: int, by: Actor
) -> CourseTemplateRow:
    """Change a course. ``seen`` is the version that the form showed.

    Nothing is written where nothing differs. Its name in addresses stays what it is.

    Raises:
        NotFound: if there is no such course.
        CourseChangedMeanwhile: if somebody else was quicker.
        FaultyCourse: if something is wrong with it, with each place.
    """
    row = _lock(template_id, seen)
    new = {**document, "slug": row.slug, "version": row.version}
    refuse_faults(new)
    if new == row.document:
        return row
    db.session.add(
        CourseTemplateVersion(
            template_id=row.id,
            number=row.version,
            until_at=clock.now(),
            changed_by=by.id,
            document=row.document,
        )
    )
    row.version += 1
    row.title = new["title"]
    row.document = new | {"version": row.version}
    db.session.flush()
    audit.record("course_template:change", by=by, subject_id=row.id, version=row.version)
    return row


def retire(template_id: UUID, *, by: Actor) -> CourseTemplateRow:
    """Offer a course no longer. Clients' courses stay. Twice is as good as once."""
    row = _lock(template_id)
    if row.ended_at is None:
        row.ended_at = clock.now()
        db.session.flush()
        audit.record("course_template:retire", by=by, subject_id=row.id)
    return row


def bring_back(template_id: UUID, *, by: Actor) -> CourseTemplateRow:
    """Offer a retired course again."""
    row = _lock(template_id)
    if row.ended_at is not None:
        row.ended_at = None
        db.session.flush()
        audit.record("course_template:bring_back", by=by, subject_id=row.id)
    return row


def refuse_faults(document: Mapping[str, Any]) -> None:
    """Refuse a template that nobody may be booked by.

    Raises:
        FaultyCourse: with each place.
    """
    found = checks(document, services=known_services(), gates=known_gates())
    if found:
        raise FaultyCourse(found)


def _add(document: Mapping[str, Any], by: Actor) -> CourseTemplateRow:
    last = db.session.scalar(sa.select(sa.func.max(CourseTemplateRow.position))) or 0
    row = _row(document, last + 1)
    db.session.add(row)
    db.session.flush()
    audit.record("course_template:add", by=by, subject_id=row.id)
    return row


def _row(document: Mapping[str, Any], position: int) -> CourseTemplateRow:
    return CourseTemplateRow(
        slug=document["slug"],
        title=document["title"],
        document=deepcopy(dict(document)) | {"version": 1},
        version=1,
        position=position,
    )


def _slugs() -> set[str]:
    return set(db.session.scalars(sa.select(CourseTemplateRow.slug)))


def _lock(template_id: UUID, seen: int | None = None) -> CourseTemplateRow:
    db.session.execute(
        sa.select(CourseTemplateRow.id).where(CourseTemplateRow.id == template_id).with_for_update()
    )
    row = get_template(template_id)
    if seen is not None and row.version != seen:
        raise CourseChangedMeanwhile("Somebody else has just changed this. Look at it again.")
    return row
