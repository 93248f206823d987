"""What it means for the calendar that somebody comes back, does other work, or leaves.

Call what writes inside ``transaction()``.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Claim, ClaimKind, FeedSubscription, Resource
from practice.calendar.service import feeds
from practice.core import clock
from practice.core.db import db
from practice.outbox.service import assign
from practice.people.models import User
from practice.people.rules import SEES_CLIENTS, Permission, may
from practice.sessions.service.setup import employ


def reassign(user: User, by: Actor) -> None:
    """Let somebody serve in the roles that they have now, with the hours that they had.

    Calendar links that they could not make any more end at once.
    """
    person = _person_of(user.id)
    if not may(user.role_set, Permission.FEED_SUBSCRIBE):
        feeds.end_those(FeedSubscription.made_by == user.id, by=by)
    elif not may(user.role_set, Permission.PRACTICE_MANAGE):
        own = person.id if person is not None else None
        others = FeedSubscription.resource_id.is_distinct_from(own)
        feeds.end_those(sa.and_(FeedSubscription.made_by == user.id, others), by=by)
    if person is not None:
        person.name, person.roles, person.ended_at = user.name, list(user.roles), None
        db.session.flush()
    elif SEES_CLIENTS & user.role_set:
        employ(user, by)


def dismiss(user: User, by: Actor) -> None:
    """End somebody's time in the calendar, and every calendar link of theirs at once.

    Sessions that are booked with them stay: a task asks a person to look after those.
    """
    person = _person_of(user.id)
    theirs = [FeedSubscription.made_by == user.id]
    if person is not None:
        theirs.append(FeedSubscription.resource_id == person.id)
        person.ended_at = clock.now()
        db.session.flush()
    feeds.end_those(sa.or_(*theirs), by=by)
    if sessions_ahead(user.id):
        now = clock.now()
        assign(
            "sessions-of-who-left",
            key=f"sessions-of-who-left:{user.id}:{now:%Y%m%d%H%M}",
            what="Somebody who left still has sessions in the calendar. "
            "Cancel them, or book them with somebody else.",
            due_at=now,
            about_id=user.id,
        )


def sessions_ahead(user_id: UUID) -> int:
    """Return how many sessions somebody serves from now on."""
    counted = (
        sa.select(sa.func.count(Claim.holder_id.distinct()))
        .join(
            Resource,
            sa.and_(Resource.practice_id == Claim.practice_id, Resource.id == Claim.resource_id),
        )
        .where(
            Resource.user_id == user_id,
            Claim.kind == ClaimKind.SESSION,
            Claim.released_at.is_(None),
            Claim.ends_at > clock.now(),
        )
    )
    return db.session.scalar(counted) or 0


def _person_of(user_id: UUID) -> Resource | None:
    return db.session.scalar(sa.select(Resource).where(Resource.user_id == user_id))
