"""The courses that the practice offers, what they were before, and the services they name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.core.errors import NotFound
from practice.people.models import User
from practice.sessions.models import CourseTemplateRow, CourseTemplateVersion, Service
from practice.sessions.rules import courses, depending, templates
from practice.sessions.rules.course_differences import course_differences
from practice.sessions.rules.course_writing import Known
from practice.sessions.rules.courses import CourseTemplate
from practice.sessions.rules.offered import Difference


def every_template() -> list[CourseTemplateRow]:
    """Return all course templates, retired ones last, in the practice's own order."""
    return list(
        db.session.scalars(
            sa.select(CourseTemplateRow).order_by(
                CourseTemplateRow.ended_at.is_not(None),
                CourseTemplateRow.position,
                CourseTemplateRow.slug,
            )
        )
    )


def offered_templates() -> list[CourseTemplateRow]:
    """Return the course templates that are offered now, in the practice's own order."""
    return [each for each in every_template() if each.ended_at is None]


def get_template(template_id: UUID) -> CourseTemplateRow:
    """Return a course template, also one that is offered no longer.

    Raises:
        NotFound: if there is none.
    """
    row: CourseTemplateRow | None = db.session.scalar(
        sa.select(CourseTemplateRow).where(CourseTemplateRow.id == template_id)
    )
    if row is None:
        raise NotFound("This practice has no such course.")
    return row


def known_services() -> dict[str, Known]:
    """Return what a course has to know of each of the practice's services, by slug."""
    return {
        each.slug: Known(
            label=each.label,
            kind=each.kind,
            route=each.route,
            price_cents=each.price.minor,
            is_billed_here=each.billed_by_practice,
            is_offered=each.ended_at is None,
        )
        for each in db.session.scalars(sa.select(Service).order_by(Service.position, Service.slug))
    }


def missed_without(services: Collection[Service]) -> list[str]:
    """Say what of all that stays on offer would miss these services, a sentence each."""
    if not services:
        return []
    documents = [each.document for each in offered_templates()]
    return depending.missed_without({each.slug for each in services}, known_services(), documents)


def known_gates() -> dict[str, str]:
    """Return what each gate that a course may ask for means, by its key."""
    return {each["key"]: each["meaning"] for each in templates.shipped()["gates"]}


def read_template(row: CourseTemplateRow) -> CourseTemplate:
    """Read a template as planning needs it.

    Raises:
        Invalid: if it is faulty by now, with each place.
    """
    kinds = {slug: each.kind for slug, each in known_services().items()}
    return courses.read(row.document, services=kinds, gates=known_gates())


def not_taken_over() -> list[CourseTemplate]:
    """Return the shipped courses that the practice has none of this name of."""
    has = set(db.session.scalars(sa.select(CourseTemplateRow.slug)))
    return [each for slug, each in courses.shipped().items() if slug not in has]


@dataclass(frozen=True, slots=True)
class CourseVersion:
    """One change of a template: which version came of it, what differs, when, and by whom."""

    version: int
    at: datetime
    by: str
    differences: tuple[Difference, ...]


def versions_of(row: CourseTemplateRow, services: dict[str, Known]) -> list[CourseVersion]:
    """Return how a template came to be what it is, newest change first."""
    labels = {slug: each.label for slug, each in services.items()}
    rows = db.session.execute(
        sa.select(CourseTemplateVersion, User.name)
        .outerjoin(
            User,
            sa.and_(
                User.practice_id == CourseTemplateVersion.practice_id,
                User.id == CourseTemplateVersion.changed_by,
            ),
        )
        .where(CourseTemplateVersion.template_id == row.id)
        .order_by(CourseTemplateVersion.number.desc())
    ).all()
    after, found = row.document, []
    for version, name in rows:
        told = course_differences(version.document, after, labels=labels)
        after = version.document
        found.append(
            CourseVersion(version.number + 1, version.until_at, name or "the program", tuple(told))
        )
    return found
