"""Calendar addresses: making one, ending one, and remembering who read it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar import ports
from practice.calendar.models import DetailLevel, FeedSubscription, Resource
from practice.calendar.rules import ics, zones
from practice.calendar.service import entries
from practice.core import clock, tokens
from practice.core.db import db, require_practice_id
from practice.core.errors import Conflict
from practice.people import doors
from practice.people.queries import get_practice
from practice.people.rules import DoorKind

REMEMBERED_EVERY = timedelta(minutes=5)


def subscribe(
    resource: Resource, *, label: str, level: DetailLevel, by: Actor, made_by: UUID
) -> tuple[FeedSubscription, str]:
    """Make a calendar address for one person's sessions; return it and its secret.

    The secret is shown once: only its digest is kept. Call inside ``transaction()``. The
    person's row is locked, so that a booking of the same moment is in the feed.
    """
    db.session.execute(sa.select(Resource.id).where(Resource.id == resource.id).with_for_update())
    subscription = FeedSubscription(
        resource_id=resource.id,
        made_by=made_by,
        label=label,
        level=level,
        created_at=clock.now(),
    )
    db.session.add(subscription)
    db.session.flush()
    secret = tokens.new_in(require_practice_id())
    doors.cut(DoorKind.FEED, secret, subscription.id)
    zone = get_practice().time_zone
    first_on, last_on = ics.feed_window(zones.local_date(clock.now(), zone))
    shown = ports.entries_of(
        resource.id,
        zones.day_start(zone, first_on),
        zones.day_start(zone, last_on + timedelta(days=1)),
    )
    entries.write([entries.row_of(facts, resource.id, level) for facts in shown])
    record("feed:subscribe", by=by, subject_id=subscription.id, level=level.value)
    return subscription, secret


def revoke(subscription: FeedSubscription, *, by: Actor) -> None:
    """End a calendar address at once: its door is gone with this transaction.

    Raises:
        Conflict: if it was ended already.
    """
    if subscription.revoked_at is not None:
        raise Conflict("That calendar link was ended already.")
    subscription.revoked_at = clock.now()
    db.session.flush()
    doors.close(DoorKind.FEED, subscription.id)
    record("feed:revoke", by=by, subject_id=subscription.id)


def is_worth_remembering(fetched_at: datetime | None) -> bool:
    """Say whether a fetch is written down: at most one every five minutes is."""
    return fetched_at is None or clock.now() - fetched_at >= REMEMBERED_EVERY


def remember_fetch(subscription_id: UUID, *, program: str, status: int) -> None:
    """Write down that a program read the feed, and what it got."""
    db.session.execute(
        sa.update(FeedSubscription)
        .where(FeedSubscription.id == subscription_id)
        .values(fetched_at=clock.now(), fetched_by=program, fetched_status=status)
        .execution_options(synchronize_session=False)
    )
