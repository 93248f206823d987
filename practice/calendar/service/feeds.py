"""Calendar addresses: making one, ending one, and remembering who read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor
from practice.audit.service import record
from practice.calendar import ports
from practice.calendar.models import DetailLevel, FeedSubscription, Resource, ResourceKind
from practice.calendar.rules import ics, zones
from practice.calendar.rules.reading import UNUSED_FOR
from practice.calendar.service import entries, inviting
from practice.calendar.wishes import Wish
from practice.core import clock, tokens
from practice.core.db import db, in_transaction, require_practice_id
from practice.core.errors import Conflict, Invalid
from practice.people import doors
from practice.people.queries import get_practice
from practice.people.rules import DoorKind

ONLY = {ResourceKind.HOME: DetailLevel.BUSY, ResourceKind.CLIENT: DetailLevel.PLAIN}
"""What calendars that are shared with others, or are somebody's own, say and no more."""

REMEMBERED_EVERY = timedelta(minutes=5)
MOST = 20
"""Live subscriptions to one calendar: enough for every device, and a bound to what is stored."""


def subscribe(
    resource: Resource, wish: Wish, *, by: Actor, made_by: UUID
) -> tuple[FeedSubscription, str]:
    """Make a calendar address for one calendar's sessions; return it and its secret.

    The secret is shown once: only its digest is kept. Call inside ``transaction()``. The
    resource's row is locked, so that a booking of the same moment is in the feed.

    Raises:
        Invalid: for more than "busy" of the home, or anything but a client's own of a client.
        Conflict: if this calendar has as many addresses as it may have.
    """
    subscription = begin(resource, wish, made_by=made_by)
    secret = tokens.new_in(require_practice_id())
    doors.cut(DoorKind.FEED, secret, subscription.id)
    zone = get_practice().time_zone
    first_on, last_on = ics.feed_window(
        zones.local_date(clock.now(), zone), back=wish.days_back, ahead=wish.days_ahead
    )
    fill(
        subscription,
        zones.day_start(zone, first_on),
        zones.day_start(zone, last_on + timedelta(days=1)),
    )
    record("feed:subscribe", by=by, subject_id=subscription.id, level=wish.level.value)
    return subscription, secret


def begin(
    resource: Resource, wish: Wish, *, made_by: UUID, in_account: bool = False
) -> FeedSubscription:
    """Begin to show a calendar somewhere, for the while holding its resource's row.

    Raises:
        Invalid, Conflict: as ``subscribe``.
    """
    only = ONLY.get(resource.kind)
    if only is not None and wish.level is not only:
        raise Invalid("This calendar does not say that much.")
    _hold(resource)
    subscription = FeedSubscription(
        resource_id=resource.id,
        made_by=made_by,
        label=wish.label,
        level=wish.level,
        days_back=wish.days_back,
        days_ahead=wish.days_ahead,
        alarm_minutes=wish.alarm_minutes,
        in_account=in_account,
        created_at=clock.now(),
    )
    db.session.add(subscription)
    db.session.flush()
    return subscription


def fill(subscription: FeedSubscription, first_at: datetime, past_at: datetime) -> list[UUID]:
    """Write the texts of what is booked already in ``[first_at, past_at)``; return its ids."""
    resource_id, level = subscription.resource_id, subscription.level
    shown = ports.entries_of(resource_id, first_at, past_at)
    entries.write([entries.row_of(facts, resource_id, level) for facts in shown])
    return [facts.session_id for facts in shown]


def write_anew(resource_id: UUID) -> None:
    """Write what is booked into every link of somebody who has got or lost sessions of another.

    Call inside ``transaction()``, once the sessions are theirs. It counts as a change even where
    only what is past has come or gone.
    """
    now = clock.now()
    zone = get_practice().time_zone
    links = db.session.scalars(
        sa.select(FeedSubscription)
        .where(
            FeedSubscription.resource_id == resource_id,
            FeedSubscription.revoked_at.is_(None),
            FeedSubscription.by_mail.is_(False),
        )
        .order_by(FeedSubscription.id)
        .with_for_update()
    )
    for link in links.all():
        first_on, last_on = ics.feed_window(
            zones.local_date(now, zone), back=link.days_back, ahead=link.days_ahead
        )
        past_on = last_on + timedelta(days=1)
        fill(link, zones.day_start(zone, first_on), zones.day_start(zone, past_on))
        link.version, link.changed_at = link.version + 1, now
    db.session.flush()


def subscribe_by_mail(
    resource: Resource, level: DetailLevel, *, by: Actor, made_by: UUID
) -> FeedSubscription:
    """Have every change of a person's own sessions mailed to them, for their calendar.

    What is booked already they get at once. Call inside ``transaction()``.

    Raises:
        Conflict: if they have it already.
    """
    _hold(resource)
    if any(each.by_mail for each in _live(resource)):
        raise Conflict("You get invitations by mail already.")
    now = clock.now()
    subscription = FeedSubscription(
        resource_id=resource.id,
        made_by=made_by,
        label="By mail",
        level=level,
        by_mail=True,
        created_at=now,
    )
    db.session.add(subscription)
    db.session.flush()
    ahead = now + timedelta(days=ics.DAYS_AHEAD)
    for facts in ports.entries_of(resource.id, now, ahead):
        inviting.invite_staff_again(facts.session_id, subscription.id)
    record("feed:subscribe", by=by, subject_id=subscription.id, level=level.value)
    return subscription


def _hold(resource: Resource) -> None:
    db.session.execute(sa.select(Resource.id).where(Resource.id == resource.id).with_for_update())
    if len(_live(resource)) >= MOST:
        raise Conflict(f"There are {MOST} links to this calendar. End one that is not used.")


def _live(resource: Resource) -> Sequence[FeedSubscription]:
    return db.session.scalars(
        sa.select(FeedSubscription).where(
            FeedSubscription.resource_id == resource.id, FeedSubscription.revoked_at.is_(None)
        )
    ).all()


def renew(subscription: FeedSubscription, *, by: Actor) -> str:
    """Give a subscription another address; return its secret. The old one ends at once.

    Call inside ``transaction()``.

    Raises:
        Conflict: if it was ended, or has no address.
    """
    has_address = not subscription.by_mail and not subscription.in_account
    if subscription.revoked_at is not None or not has_address:
        raise Conflict("That calendar link was ended already.")
    doors.close(DoorKind.FEED, subscription.id)
    secret = tokens.new_in(require_practice_id())
    doors.cut(DoorKind.FEED, secret, subscription.id)
    subscription.created_at = clock.now()
    subscription.fetched_at = subscription.fetched_by = subscription.fetched_status = None
    db.session.flush()
    record("feed:renew", by=by, subject_id=subscription.id)
    return secret


def end_unused(_practice_id: UUID) -> None:
    """End the addresses that no program has read for long. A worker's part."""
    long_ago = clock.now() - UNUSED_FOR

    def work() -> None:
        unused = db.session.scalars(
            sa.select(FeedSubscription)
            .where(
                FeedSubscription.revoked_at.is_(None),
                FeedSubscription.by_mail.is_(False),
                sa.func.coalesce(FeedSubscription.fetched_at, FeedSubscription.created_at)
                < long_ago,
            )
            .order_by(FeedSubscription.id)
            .with_for_update()
        )
        for each in unused.all():
            revoke(each, by=PROGRAM)

    in_transaction(work)


def revoke(subscription: FeedSubscription, *, by: Actor) -> None:
    """End a calendar address at once: its door is gone with this transaction.

    Raises:
        Conflict: if it was ended already.
    """
    if subscription.revoked_at is not None:
        raise Conflict("That calendar link was ended already.")
    subscription.revoked_at = clock.now()
    db.session.flush()
    doors.close(
        DoorKind.CALENDAR_ACCOUNT if subscription.in_account else DoorKind.FEED, subscription.id
    )
    record("feed:revoke", by=by, subject_id=subscription.id)


def end_those(which: sa.ColumnElement[bool], *, by: Actor) -> None:
    """End all of some links at once. Call inside ``transaction()``."""
    links = db.session.scalars(
        sa.select(FeedSubscription)
        .where(FeedSubscription.revoked_at.is_(None), which)
        .order_by(FeedSubscription.id)
    )
    for link in links.all():
        revoke(link, by=by)


def is_worth_remembering(fetched_at: datetime | None, changed_at: datetime | None) -> bool:
    """Say whether a fetch is written down: one every five minutes, and the first after a change."""
    if fetched_at is None or clock.now() - fetched_at >= REMEMBERED_EVERY:
        return True
    return changed_at is not None and fetched_at < changed_at


def remember_fetch(subscription_id: UUID, *, program: str, status: int) -> None:
    """Write down that a program read the feed, and what it got."""
    db.session.execute(
        sa.update(FeedSubscription)
        .where(FeedSubscription.id == subscription_id)
        .values(fetched_at=clock.now(), fetched_by=program, fetched_status=status)
        .execution_options(synchronize_session=False)
    )
