"""Reading what accounts of calendar programs show. Hot: programs ask every few minutes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.account_models import CalendarChange
from practice.calendar.models import CalendarEntry, DetailLevel, FeedSubscription, Resource
from practice.calendar.rules import ics, zones
from practice.core import tokens
from practice.core.db import db, enter_practice
from practice.core.often import Often
from practice.people import doors
from practice.people.models import Practice, User
from practice.people.rules import DoorKind, Permission, Role, may


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a program that has just asked: whose sessions, and how far they have come."""

    subscription_id: UUID
    resource_id: UUID
    level: DetailLevel
    name: str
    zone: str
    alarm_minutes: int | None
    version: int
    forgotten: int
    shown_from: datetime
    fetched_at: datetime | None
    changed_at: datetime | None


class Member(NamedTuple):
    """A session in an account's calendar: its stored text, written out when it is wanted."""

    session_id: UUID
    starts_at: datetime
    text: str


class Changed(NamedTuple):
    """In which version a session changed last; ``member`` is empty if it is not there any more."""

    version: int
    session_id: UUID
    member: Member | None


_SELECT: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        FeedSubscription.id,
        FeedSubscription.resource_id,
        FeedSubscription.level,
        FeedSubscription.alarm_minutes,
        FeedSubscription.version,
        FeedSubscription.forgotten,
        FeedSubscription.shown_from,
        FeedSubscription.fetched_at,
        FeedSubscription.changed_at,
        Practice.neutral_name,
        Practice.time_zone,
        User.roles,
        sa.func.coalesce(Resource.user_id == User.id, sa.false()).label("is_own"),
    )
    .join(
        Resource,
        sa.and_(
            Resource.practice_id == FeedSubscription.practice_id,
            Resource.id == FeedSubscription.resource_id,
        ),
    )
    .join(
        User,
        sa.and_(
            User.practice_id == FeedSubscription.practice_id, User.id == FeedSubscription.made_by
        ),
    )
    .join(Practice, Practice.id == FeedSubscription.practice_id)
    .where(
        FeedSubscription.id == sa.bindparam("id"),
        FeedSubscription.in_account,
        FeedSubscription.revoked_at.is_(None),
        Resource.ended_at.is_(None),
        User.ended_at.is_(None),
    )
)
_ACCOUNT = Often(_SELECT)


def user_name(subscription_id: UUID) -> str:
    """Return an account's user name: another for each, since programs keep passwords by it."""
    return f"calendar-{subscription_id.hex[:10]}"


def key_of(name: str, password: str) -> str:
    """Return what opens an account: a user name and an app password, as somebody may type them."""
    return f"{name.strip().lower()}\n{tokens.as_typed(password)}"


def find(name: str, password: str) -> Account | None:
    """Return the account that a user name and an app password open, and enter its practice.

    Two statements. ``None`` for what opens nothing, and for whoever has left or may not see these
    sessions any more. Found by the digest of both, so that no answer takes longer for being nearly
    right.
    """
    found = doors.find(DoorKind.CALENDAR_ACCOUNT, key_of(name, password))
    if found is None:
        return None
    enter_practice(found.practice_id)
    row = _ACCOUNT.rows(id=found.subject_id).one_or_none()
    if row is None:
        return None
    roles = frozenset(map(Role, row.roles))
    if not may(roles, Permission.FEED_SUBSCRIBE):
        return None
    if not row.is_own and not may(roles, Permission.PRACTICE_MANAGE):
        return None
    return Account(
        subscription_id=row.id,
        resource_id=row.resource_id,
        level=row.level,
        name=row.neutral_name,
        zone=row.time_zone,
        alarm_minutes=row.alarm_minutes,
        version=row.version,
        forgotten=row.forgotten,
        shown_from=row.shown_from,
        fetched_at=row.fetched_at,
        changed_at=row.changed_at,
    )


def _there(resource_id: Any, level: Any, shown_from: Any) -> sa.ColumnElement[bool]:
    """Whether the session of a change is in the calendar now."""
    return sa.and_(
        CalendarEntry.practice_id == CalendarChange.practice_id,
        CalendarEntry.session_id == CalendarChange.session_id,
        CalendarEntry.resource_id == resource_id,
        CalendarEntry.level == level,
        CalendarEntry.gone_at.is_(None),
        CalendarEntry.starts_at >= shown_from,
    )


def is_there() -> sa.ColumnElement[bool]:
    """Whether the session of a change is in the calendar of its subscription, which is joined."""
    return _there(FeedSubscription.resource_id, FeedSubscription.level, FeedSubscription.shown_from)


def members(
    account: Account,
    *,
    after: datetime | None = None,
    before: datetime | None = None,
    ids: Collection[UUID] | None = None,
) -> list[Member]:
    """Return the sessions of an account's calendar, in their order. One statement.

    Args:
        account: whose.
        after: only those that end after this.
        before: only those that start before this.
        ids: only these.
    """
    select = (
        sa.select(CalendarEntry.session_id, CalendarEntry.starts_at, CalendarEntry.text)
        .select_from(CalendarChange)
        .join(CalendarEntry, _there(account.resource_id, account.level, account.shown_from))
        .where(CalendarChange.subscription_id == account.subscription_id)
        .order_by(CalendarEntry.starts_at, CalendarEntry.session_id)
    )
    if after is not None:
        select = select.where(CalendarEntry.ends_at > after)
    if before is not None:
        select = select.where(CalendarEntry.starts_at < before)
    if ids is not None:
        select = select.where(CalendarEntry.session_id.in_(ids))
    return [Member(*row) for row in db.session.execute(select)]


def changes(account: Account, known: int, *, at_most: int | None = None) -> list[Changed]:
    """Return what changed after a version, in the order in which it did. One statement.

    ``at_most`` leaves out what comes after so many.
    """
    select = (
        sa.select(
            CalendarChange.version,
            CalendarChange.session_id,
            CalendarEntry.id,
            CalendarEntry.starts_at,
            CalendarEntry.text,
        )
        .select_from(CalendarChange)
        .join(
            CalendarEntry,
            _there(account.resource_id, account.level, account.shown_from),
            isouter=known > 0,  # whoever knows nothing need not hear of what has gone
        )
        .where(
            CalendarChange.subscription_id == account.subscription_id,
            CalendarChange.version > known,
        )
        .order_by(CalendarChange.version)
        .limit(at_most)
    )
    return [
        Changed(
            row.version,
            row.session_id,
            Member(row.session_id, row.starts_at, row.text) if row.id else None,
        )
        for row in db.session.execute(select)
    ]


def text_of(account: Account, member: Member) -> bytes:
    """Write one session as a calendar of its own."""
    on = zones.local_date(member.starts_at, account.zone)
    return ics.member_text(ringing(account, member), zone=account.zone, on=on)


def ringing(account: Account, member: Member) -> str:
    """Return the text of a session with the account's alarm, if it has one."""
    minutes = account.alarm_minutes
    return member.text if minutes is None else ics.with_alarm(member.text, minutes)
