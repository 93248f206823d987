"""Reading feeds and who subscribed to them. Hot: calendar programs ask day and night."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import (
    CalendarEntry,
    DetailLevel,
    FeedSubscription,
    Resource,
    ResourceKind,
)
from practice.calendar.rules import ics, zones
from practice.calendar.rules.reading import UNUSED_FOR, Standing, ago, program_of, standing
from practice.calendar.rules.reading import WORDS as STANDING_WORDS
from practice.core import clock, tokens
from practice.core.db import db, enter_practice
from practice.core.errors import NotFound
from practice.core.often import Alone
from practice.people import doors
from practice.people.models import Door, Practice
from practice.people.rules import DoorKind

TOMBSTONES_STAY = timedelta(days=ics.TOMBSTONE_DAYS)
OUT_OF_SIGHT = timedelta(days=ics.DAYS_BACK + 30)
"""What ended so long ago lies before every feed's window, and need not be counted."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as somebody asks for it now. ``etag`` changes with every visible change.

    ``window`` is its first and last local date; ``changed_at`` when it last became another.
    """

    subscription_id: UUID
    resource_id: UUID
    level: DetailLevel
    fetched_at: datetime | None
    name: str
    zone: str
    window: tuple[date, date]
    etag: str
    changed_at: datetime
    alarm_minutes: int | None


_STALE = sa.and_(
    CalendarEntry.gone_at.is_not(None),  # else "not stale" would be unknown of all that is past
    CalendarEntry.gone_at <= sa.bindparam("tombstones_until"),
    CalendarEntry.ends_at <= sa.bindparam("tombstones_until"),
)
"""A tombstone 14 days after the later of its cancellation and its end."""

_OVER_AT = sa.case(
    (CalendarEntry.gone_at > CalendarEntry.ends_at, CalendarEntry.gone_at),
    else_=CalendarEntry.ends_at,
)

_FEED = Alone(
    sa.select(
        FeedSubscription.id,
        FeedSubscription.resource_id,
        FeedSubscription.level,
        FeedSubscription.fetched_at,
        FeedSubscription.version,
        FeedSubscription.created_at,
        FeedSubscription.changed_at,
        FeedSubscription.alarm_minutes,
        FeedSubscription.days_back,
        FeedSubscription.days_ahead,
        Practice.neutral_name,
        Practice.time_zone,
        sa.select(sa.func.max(_OVER_AT))
        .where(
            CalendarEntry.practice_id == FeedSubscription.practice_id,
            CalendarEntry.resource_id == FeedSubscription.resource_id,
            CalendarEntry.level == FeedSubscription.level,
            CalendarEntry.ends_at >= sa.bindparam("out_of_sight"),
            _STALE,
        )
        .correlate(FeedSubscription)
        .scalar_subquery()
        .label("last_over_at"),
    )
    .join(
        Door,
        sa.and_(
            Door.practice_id == FeedSubscription.practice_id,
            Door.subject_id == FeedSubscription.id,
        ),
    )
    .join(
        Resource,
        sa.and_(
            Resource.practice_id == FeedSubscription.practice_id,
            Resource.id == FeedSubscription.resource_id,
        ),
    )
    .join(Practice, Practice.id == FeedSubscription.practice_id)
    .where(
        FeedSubscription.practice_id == sa.bindparam("practice_id"),
        Door.kind == DoorKind.FEED,
        Door.hash == sa.bindparam("hash"),
        FeedSubscription.revoked_at.is_(None),
        Resource.ended_at.is_(None),
    )
)


def find_feed(secret: str) -> Feed:
    """Return the feed that a secret address leads to, and enter its practice. One statement.

    The address names its practice, so that this is not asked first; its digest alone opens.
    Addresses from before that are asked for theirs. The version is the feed's count of
    changes, the week in which it begins, and the last tombstone that is old enough to be left
    out: the body changes with these alone.

    Raises:
        NotFound: for an unknown or ended address, or somebody who has left.
    """
    practice_id = tokens.practice_in(secret)
    if practice_id is None:
        found = doors.find(DoorKind.FEED, secret)
        practice_id = found.practice_id if found else None
    if practice_id is None:
        raise NotFound("There is no calendar at this address.")
    enter_practice(practice_id)
    now = clock.now()
    row = _FEED.row(
        hash=tokens.digest(secret),
        tombstones_until=now - TOMBSTONES_STAY,
        out_of_sight=now - OUT_OF_SIGHT,
    )
    if row is None:
        raise NotFound("There is no calendar at this address.")
    return _feed(row, zones.local_date(now, row.time_zone))


@lru_cache(maxsize=1024)
def _feed(row: Any, today: date) -> Feed:
    window = ics.feed_window(today, back=row.days_back, ahead=row.days_ahead)
    parts = (row.id, row.version, window[0], row.last_over_at, row.neutral_name, row.time_zone)
    version = ":".join(map(str, parts))
    changes = (
        row.changed_at or row.created_at,
        zones.day_start(row.time_zone, window[0] + timedelta(days=row.days_back)),
        *((row.last_over_at + TOMBSTONES_STAY,) if row.last_over_at else ()),
    )
    return Feed(
        subscription_id=row.id,
        resource_id=row.resource_id,
        level=row.level,
        fetched_at=row.fetched_at,
        name=row.neutral_name,
        zone=row.time_zone,
        window=window,
        etag=hashlib.sha256(version.encode()).hexdigest()[:32],
        changed_at=max(changes),
        alarm_minutes=row.alarm_minutes,
    )


def body_of(feed: Feed) -> bytes:
    """Join the stored texts of a feed. One statement; the same bytes while nothing changes."""
    first_at = zones.day_start(feed.zone, feed.window[0])
    past_at = zones.day_start(feed.zone, feed.window[1] + timedelta(days=1))
    rows = db.session.execute(
        sa.select(CalendarEntry.text, CalendarEntry.gone_at)
        .where(
            CalendarEntry.resource_id == feed.resource_id,
            CalendarEntry.level == feed.level,
            CalendarEntry.starts_at >= first_at,
            CalendarEntry.starts_at < past_at,
            ~_STALE,
        )
        .order_by(CalendarEntry.starts_at, CalendarEntry.session_id),
        {"tombstones_until": clock.now() - TOMBSTONES_STAY},
    )
    minutes = feed.alarm_minutes
    texts = (
        text if minutes is None or gone_at else ics.with_alarm(text, minutes)
        for text, gone_at in rows
    )
    return ics.feed_text(name=feed.name, zone=feed.zone, events=texts, window=feed.window)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription in the list of them: whose calendar, and how it is being read."""

    subscription: FeedSubscription
    whose: str
    standing: Standing
    read: str
    program: str

    @property
    def words(self) -> str:
        return STANDING_WORDS[self.standing]

    @property
    def ends_at(self) -> datetime:
        """When it ends by itself, if no program reads it until then."""
        return (self.subscription.fetched_at or self.subscription.created_at) + UNUSED_FOR


def subscriptions(resource_ids: Sequence[UUID]) -> list[Subscribed]:
    """Return the live subscriptions to some calendars, newest first."""
    now = clock.now()
    select = (
        sa.select(FeedSubscription, Resource.name)
        .join(
            Resource,
            sa.and_(
                Resource.practice_id == FeedSubscription.practice_id,
                Resource.id == FeedSubscription.resource_id,
            ),
        )
        .where(
            FeedSubscription.revoked_at.is_(None), FeedSubscription.resource_id.in_(resource_ids)
        )
        .order_by(FeedSubscription.created_at.desc(), FeedSubscription.id)
    )
    found = []
    for row in db.session.execute(select):
        each = row.FeedSubscription
        known = program_of(each.fetched_by or "")
        found.append(
            Subscribed(
                each,
                row.name,
                standing(
                    agent=each.fetched_by,
                    fetched_at=each.fetched_at,
                    changed_at=each.changed_at,
                    now=now,
                ),
                ago(each.fetched_at, now) if each.fetched_at else "",
                known.name if known else each.fetched_by or "an unnamed program",
            )
        )
    return found


def get_subscription(subscription_id: UUID) -> FeedSubscription:
    """Return one subscription, ended or not.

    Raises:
        NotFound: if there is none.
    """
    subscription = db.session.scalar(
        sa.select(FeedSubscription).where(FeedSubscription.id == subscription_id)
    )
    if subscription is None:
        raise NotFound("There is no such calendar link.")
    return subscription


def get_own(subscription_id: UUID, resource_ids: Collection[UUID]) -> FeedSubscription:
    """Return one subscription to some calendars, for whoever may say over these alone.

    Raises:
        NotFound: if there is none, or it is another's.
    """
    subscription = get_subscription(subscription_id)
    if subscription.resource_id not in resource_ids:
        raise NotFound("There is no such calendar link.")
    return subscription


def calendars_to_subscribe(user_id: UUID | None) -> list[Resource]:
    """Return whose sessions can be subscribed to: one's own, or everybody's and the rooms'."""
    select = sa.select(Resource).where(Resource.ended_at.is_(None))
    if user_id is not None:
        select = select.where(Resource.user_id == user_id)
    else:
        select = select.where(
            sa.or_(
                Resource.user_id.is_not(None),
                Resource.kind.in_({ResourceKind.ROOM, ResourceKind.HOME}),
            )
        )
    return list(db.session.scalars(select.order_by(Resource.name, Resource.id)))


def person_of(user_id: UUID) -> Resource:
    """Return a member of staff as the calendar knows them.

    Raises:
        NotFound: if they hold no sessions.
    """
    person = db.session.scalar(
        sa.select(Resource).where(Resource.user_id == user_id, Resource.ended_at.is_(None))
    )
    if person is None:
        raise NotFound("You hold no sessions, so there is nothing to mail.")
    return person
