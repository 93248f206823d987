"""One person's weekly hours in their plainest form: the same window on some days of the week.

Call what writes inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.models import Resource, ResourceKind, WorkingHours
from practice.calendar.queries import booking_rules
from practice.core.db import db
from practice.core.errors import Invalid


@dataclass(frozen=True, slots=True)
class PlainWeek:
    """The same hours on each of some days. Days are ISO numbers, minutes count from midnight."""

    weekdays: tuple[int, ...]
    starts_minute: int
    ends_minute: int


def person_of(user_id: UUID) -> Resource | None:
    """Return a member of staff as the calendar knows them, if they see clients."""
    return db.session.scalar(
        sa.select(Resource).where(Resource.user_id == user_id, Resource.ended_at.is_(None))
    )


def people() -> list[Resource]:
    """Return everybody who has time in the calendar, by name."""
    return list(
        db.session.scalars(
            sa.select(Resource)
            .where(Resource.kind == ResourceKind.PERSON, Resource.ended_at.is_(None))
            .order_by(Resource.name, Resource.id)
        )
    )


def windows_of(resource_id: UUID) -> list[WorkingHours]:
    """Return all weekly windows of somebody, in the order of the week."""
    return list(
        db.session.scalars(
            sa.select(WorkingHours)
            .where(WorkingHours.resource_id == resource_id)
            .order_by(WorkingHours.weekday, WorkingHours.starts_minute)
        )
    )


def plain_week(windows: Collection[WorkingHours]) -> PlainWeek | None:
    """Return weekly windows as one, or ``None`` where days differ, have several or are for some."""
    if any(each.kinds or each.modality for each in windows):
        return None
    spans = {(each.starts_minute, each.ends_minute) for each in windows}
    days = tuple(each.weekday for each in windows)
    if len(spans) != 1 or len(set(days)) != len(days):
        return None
    ((starts, ends),) = spans
    return PlainWeek(days, starts, ends)


def keep_week(person: Resource, week: PlainWeek, *, by: Actor) -> None:
    """Replace somebody's weekly hours, and open the practice as wide as they need.

    Raises:
        Invalid: without a day, or for hours that end before they begin.
    """
    if not week.weekdays or week.starts_minute >= week.ends_minute:
        raise Invalid("Hours need a day, and end after they begin.")
    db.session.execute(sa.delete(WorkingHours).where(WorkingHours.resource_id == person.id))
    db.session.add_all(
        WorkingHours(
            resource_id=person.id,
            weekday=weekday,
            starts_minute=week.starts_minute,
            ends_minute=week.ends_minute,
        )
        for weekday in sorted(set(week.weekdays))
    )
    rules = booking_rules()
    rules.weekdays = sorted({*rules.weekdays, *week.weekdays})
    rules.opens_minute = min(rules.opens_minute, week.starts_minute)
    rules.closes_minute = max(rules.closes_minute, week.ends_minute)
    db.session.flush()
    record(
        "resource:keep_week",
        by=by,
        subject_id=person.id,
        weekdays=sorted(set(week.weekdays)),
        starts_minute=week.starts_minute,
        ends_minute=week.ends_minute,
    )
