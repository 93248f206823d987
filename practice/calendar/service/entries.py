"""Keeping what feeds show: the finished text of every session, made when the session changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from practice.calendar.models import CalendarEntry, DetailLevel, FeedSubscription, Resource
from practice.calendar.rules import ics
from practice.core.db import db, require_practice_id


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """A session as far as calendars may know it.

    ``resource_ids`` are the people whose feeds show it. ``gone_at`` is when it was cancelled.
    """

    session_id: UUID
    uid: str
    sequence: int
    created_at: datetime
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    zone: str
    is_tentative: bool
    client_name: str
    service_code: str
    resource_ids: tuple[UUID, ...]
    gone_at: datetime | None = None


def put(facts: EntryFacts) -> None:
    """Show a session in the feeds of its people as it is now.

    Call in the transaction in which it changed. Texts are made for feeds that somebody
    subscribed to; a new subscription makes its own.
    """
    _touch(facts.resource_ids)
    wanted = db.session.execute(
        sa.select(FeedSubscription.resource_id, FeedSubscription.level)
        .where(
            FeedSubscription.resource_id.in_(facts.resource_ids),
            FeedSubscription.revoked_at.is_(None),
        )
        .distinct()
    ).all()
    write([row_of(facts, row.resource_id, row.level) for row in wanted])


def bury(facts: EntryFacts) -> None:
    """Turn a session into a tombstone wherever it was shown, whoever holds it by now.

    ``facts`` carry ``gone_at``. Call in the transaction in which it was cancelled, or moved to
    other people: the people in ``resource_ids`` then lose it.
    """
    _touch(facts.resource_ids)
    shown = db.session.execute(
        sa.select(CalendarEntry.resource_id, CalendarEntry.level).where(
            CalendarEntry.session_id == facts.session_id,
            CalendarEntry.resource_id.in_(facts.resource_ids),
        )
    ).all()
    write([row_of(facts, row.resource_id, row.level) for row in shown])


def row_of(facts: EntryFacts, resource_id: UUID, level: DetailLevel) -> dict[str, Any]:
    """Write a session's text for one person and level, as a row."""
    gone = facts.gone_at is not None
    status = (
        ics.Status.CANCELLED
        if gone
        else ics.Status.TENTATIVE
        if facts.is_tentative
        else ics.Status.CONFIRMED
    )
    event = ics.EventFacts(
        uid=facts.uid,
        sequence=facts.sequence,
        created_at=facts.created_at,
        changed_at=facts.changed_at,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        status=status,
        title=ics.title(
            ics.Detail(level), client_name=facts.client_name, service_code=facts.service_code
        ),
    )
    return {
        "practice_id": require_practice_id(),
        "id": uuid4(),
        "session_id": facts.session_id,
        "resource_id": resource_id,
        "level": level,
        "starts_at": facts.starts_at,
        "ends_at": facts.ends_at,
        "gone_at": facts.gone_at,
        "changed_at": facts.changed_at,
        "text": ics.event_text(event, facts.zone),
    }


def write(rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, each over the one of the same session, person and level."""
    if not rows:
        return
    insert = (postgresql if db.engine.dialect.name == "postgresql" else sqlite).insert
    statement = insert(CalendarEntry).values(list(rows))
    changing = ("starts_at", "ends_at", "gone_at", "changed_at", "text")
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["practice_id", "session_id", "resource_id", "level"],
            set_={name: statement.excluded[name] for name in changing},
        )
    )


def _touch(resource_ids: Sequence[UUID]) -> None:
    """Count a change in each person's calendar, and keep new subscriptions waiting for it.

    Several rows are locked in the order of their ids, so that two bookings cannot deadlock.
    """
    if len(resource_ids) > 1:
        db.session.execute(
            sa.select(Resource.id)
            .where(Resource.id.in_(resource_ids))
            .order_by(Resource.id)
            .with_for_update()
        )
    db.session.execute(
        sa.update(Resource)
        .where(Resource.id.in_(resource_ids))
        .values(calendar_version=Resource.calendar_version + 1)
        .execution_options(synchronize_session=False)
    )
