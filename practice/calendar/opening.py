"""Reading when the practice can be booked, as its settings show it: rows, dates, closed days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import (
    BookingRules,
    Closure,
    HoursOverride,
    Resource,
    ResourceKind,
    WorkingHours,
)
from practice.calendar.queries import NO_RULES
from practice.calendar.rules.weekly import Row
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.often import Often


class Opening(NamedTuple):
    """Some local days: the rules, the closed ones with their reasons, and who is away on which."""

    rules: BookingRules
    closed: dict[date, str]
    away: dict[date, set[UUID]]


_FIRST_ON, _PAST_ON = (sa.bindparam(name, type_=sa.Date()) for name in ("first_on", "past_on"))
OPENING = Often(
    sa.select(BookingRules, Closure, HoursOverride.on_date, HoursOverride.resource_id)
    .outerjoin(
        Closure,
        sa.and_(
            Closure.practice_id == BookingRules.practice_id,
            Closure.first_on < _PAST_ON,
            Closure.last_on >= _FIRST_ON,
        ),
    )
    .outerjoin(
        HoursOverride,
        sa.and_(
            HoursOverride.practice_id == BookingRules.practice_id,
            HoursOverride.on_date >= _FIRST_ON,
            HoursOverride.on_date < _PAST_ON,
            HoursOverride.starts_minute.is_(None),
        ),
    )
)


def days(first_on: date, past_on: date) -> Opening:
    """Return what is said of the local days of ``[first_on, past_on)``. One statement.

    Raises:
        NotFound: if the practice has not been set up.
    """
    rows = OPENING.side_by_side(first_on=first_on, past_on=past_on).all()
    if not rows:
        raise NotFound(NO_RULES)
    found = Opening(rows[0][0], {}, {})
    for _, closure, away_on, resource_id in rows:
        if away_on is not None:
            found.away.setdefault(away_on, set()).add(resource_id)
        if closure is not None:
            first = max(closure.first_on, first_on)
            count = (min(closure.last_on + timedelta(days=1), past_on) - first).days
            those = (first + timedelta(days=n) for n in range(count))
            found.closed.update(dict.fromkeys(those, closure.reason))
    return found


def with_hours(user_id: UUID | None = None) -> list[Resource]:
    """Return the people and rooms that have hours, people first; of one member of staff alone."""
    query = sa.select(Resource).where(
        Resource.kind.in_({ResourceKind.PERSON, ResourceKind.ROOM}), Resource.ended_at.is_(None)
    )
    if user_id is not None:
        query = query.where(Resource.user_id == user_id)
    found = db.session.scalars(query.order_by(Resource.name, Resource.id)).all()
    return sorted(found, key=lambda each: each.kind is ResourceKind.ROOM)


def rows_of(resource_id: UUID) -> list[Row]:
    """Return somebody's weekly hours, in the order of the week."""
    found = db.session.scalars(
        sa.select(WorkingHours).where(WorkingHours.resource_id == resource_id)
    )
    return sorted(
        Row(each.weekday, each.starts_minute, each.ends_minute, tuple(each.kinds), each.modality)
        for each in found
    )


def overrides_from(today: date, resource_ids: Collection[UUID]) -> list[HoursOverride]:
    """Return the dates from today on which other hours hold for some people and rooms."""
    return list(
        db.session.scalars(
            sa.select(HoursOverride)
            .where(HoursOverride.on_date >= today, HoursOverride.resource_id.in_(resource_ids))
            .order_by(HoursOverride.on_date, HoursOverride.resource_id)
        )
    )


def closures_from(today: date) -> list[Closure]:
    """Return the closed days that are not over."""
    return list(
        db.session.scalars(
            sa.select(Closure)
            .where(Closure.last_on >= today)
            .order_by(Closure.first_on, Closure.last_on, Closure.id)
        )
    )


def get_override(override_id: UUID) -> HoursOverride:
    """Return one date's other hours.

    Raises:
        NotFound: if there are none.
    """
    found = db.session.scalar(sa.select(HoursOverride).where(HoursOverride.id == override_id))
    if found is None:
        raise NotFound("There are no such hours.")
    return found


def get_closure(closure_id: UUID) -> Closure:
    """Return some closed days.

    Raises:
        NotFound: if there are none.
    """
    found = db.session.scalar(sa.select(Closure).where(Closure.id == closure_id))
    if found is None:
        raise NotFound("There are no such closed days.")
    return found
