"""One person's weekly hours in their plainest form: one window on each of some days.

Call what writes inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Resource, ResourceKind
from practice.calendar.queries import booking_rules
from practice.calendar.rules.weekly import Row
from practice.calendar.service import opening
from practice.core.db import db
from practice.core.errors import Invalid


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


def keep_week(person: Resource, rows: Sequence[Row], *, by: Actor) -> None:
    """Replace somebody's weekly hours, and open the practice as wide as they need.

    Raises:
        Invalid: without a day, or if two rows say the same time twice.
    """
    if not rows:
        raise Invalid("Hours need a day.")
    opening.keep_rows(person, rows, by=by)
    rules = booking_rules()
    rules.weekdays = sorted({*rules.weekdays, *(row.weekday for row in rows)})
    rules.opens_minute = min(rules.opens_minute, *(row.starts_minute for row in rows))
    rules.closes_minute = max(rules.closes_minute, *(row.ends_minute for row in rows))
    db.session.flush()
