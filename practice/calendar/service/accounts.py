"""Accounts for calendar programs: opened with an app password, kept short. They are ended as feeds.

Call inside ``transaction()``, but for what a worker does.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.account_models import CalendarChange
from practice.calendar.accounts import is_there, key_of, user_name
from practice.calendar.models import CalendarEntry, FeedSubscription, Resource
from practice.calendar.rules import ics
from practice.calendar.service import entries, feeds
from practice.calendar.wishes import Wish
from practice.core import clock, tokens
from practice.core.db import db, in_transaction
from practice.people import doors
from practice.people.rules import DoorKind

FAR = timedelta(days=3650)
"""An account shows everything ahead; nothing is booked further ahead than this."""

GONE_KEPT_FOR = timedelta(days=180)
"""How long it is known that a session has gone. Whoever asks more seldom begins anew."""


def open_account(
    resource: Resource, wish: Wish, *, by: Actor, made_by: UUID
) -> tuple[FeedSubscription, str]:
    """Let a program keep in step with one calendar; return the account and its app password.

    The password is shown once: only the digest of it and its user name is kept.

    Raises:
        Invalid: for more than "busy" of the home, or anything but a client's own of a client.
        Conflict: if this calendar has as many links and accounts as it may have.
    """
    account = feeds.begin(resource, wish, made_by=made_by, in_account=True)
    password = tokens.to_type()
    doors.cut(DoorKind.CALENDAR_ACCOUNT, key_of(user_name(account.id), password), account.id)
    account.shown_from = _shown_from(clock.now())
    shown = feeds.fill(account, account.shown_from, clock.now() + FAR)
    _note(account, shown)
    record("feed:open_account", by=by, subject_id=account.id, level=wish.level.value)
    return account, password


def keep_short(_practice_id: UUID) -> None:
    """Let what is long past go from accounts, and forget what went long ago. A worker's part."""
    first_at = _shown_from(clock.now())

    def work() -> None:
        live = db.session.scalars(
            sa.select(FeedSubscription)
            .where(FeedSubscription.in_account, FeedSubscription.revoked_at.is_(None))
            .order_by(FeedSubscription.id)
            .with_for_update()
        )
        for account in live.all():
            _let_go(account, first_at)
            _forget(account)

    in_transaction(work)


def _shown_from(now: datetime) -> datetime:
    """Return when a calendar begins, the same throughout a week."""
    first_on, _ = ics.feed_window(now.astimezone(UTC).date())
    return datetime.combine(first_on, time(), UTC)


def _note(account: FeedSubscription, session_ids: list[UUID]) -> None:
    """Count a change of each of these sessions, so that they can be told of one by one."""
    rows = [
        entries.change_of(account.id, each, version)
        for version, each in enumerate(session_ids, account.version + 1)
    ]
    entries.write_changes(rows)
    account.version += len(rows)
    db.session.flush()


def _let_go(account: FeedSubscription, first_at: datetime) -> None:
    if account.shown_from is None or account.shown_from >= first_at:
        return
    past = db.session.scalars(
        _changes(account).where(is_there(), CalendarEntry.starts_at < first_at)
    ).all()
    account.shown_from = first_at
    _note(account, [each.session_id for each in past])


def _forget(account: FeedSubscription) -> None:
    """Forget what went long ago. Whoever has not heard of it must begin anew."""
    gone = db.session.scalars(
        _changes(account).where(
            CalendarEntry.id.is_(None),
            CalendarChange.changed_at < clock.now() - GONE_KEPT_FOR,
        )
    ).all()
    for each in gone:
        account.forgotten = max(account.forgotten, each.version)
        db.session.delete(each)
    db.session.flush()


def _changes(account: FeedSubscription) -> sa.Select[CalendarChange]:
    """Select the changes of an account, each with the session if it is there."""
    return (
        sa.select(CalendarChange)
        .join(
            FeedSubscription,
            sa.and_(
                FeedSubscription.practice_id == CalendarChange.practice_id,
                FeedSubscription.id == CalendarChange.subscription_id,
            ),
        )
        .join(CalendarEntry, is_there(), isouter=True)
        .where(CalendarChange.subscription_id == account.id)
        .order_by(CalendarChange.version)
    )
