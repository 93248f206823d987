"""Keeping what feeds show: the finished text of every session, made when the session changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from practice.calendar.account_models import CalendarChange
from practice.calendar.models import (
    CalendarEntry,
    DetailLevel,
    FeedSubscription,
    Resource,
    ResourceKind,
)
from practice.calendar.rules import ics
from practice.calendar.service.inviting import invite_staff
from practice.core import clock
from practice.core.db import Base, db, require_practice_id


class OwnCopy(NamedTuple):
    """What stands in the calendar of a session's own client: neutral words, and a place."""

    title: str
    place: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """A session as far as calendars may know it.

    ``resource_ids`` are those whose feeds show it; that of a client carries the client's id.
    ``before`` and ``after`` it they are busy too. ``is_invited`` says whether the client wants it
    by mail; ``own`` makes the copy that is theirs, if there is a calendar for it. ``gone_at`` is
    when it was cancelled.
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
    before: timedelta = timedelta()
    after: timedelta = timedelta()
    client_id: UUID | None = None
    client_mail: str = ""
    is_invited: bool = False
    own: Callable[[], OwnCopy] | None = None
    gone_at: datetime | None = None

    @property
    def status(self) -> ics.Status:
        if self.gone_at is not None:
            return ics.Status.CANCELLED
        return ics.Status.TENTATIVE if self.is_tentative else ics.Status.CONFIRMED


def put(facts: EntryFacts) -> None:
    """Show a session in the feeds of all that it takes as it is now.

    Call in the transaction in which it changed. Texts are made for feeds that somebody
    subscribed to; a new subscription makes its own. Whoever has it by mail is told soon.
    """
    wanted = _touch(facts)
    write([row_of(facts, *each) for each in sorted(wanted)])


def bury(facts: EntryFacts) -> None:
    """Turn a session into a tombstone wherever it was shown, whoever holds it by now.

    ``facts`` carry ``gone_at``. Call in the transaction in which it was cancelled, or moved to
    other people: those in ``resource_ids`` then lose it.
    """
    _touch(facts)
    shown = db.session.execute(
        sa.select(CalendarEntry.resource_id, CalendarEntry.level).where(
            CalendarEntry.session_id == facts.session_id,
            CalendarEntry.resource_id.in_(facts.resource_ids),
        )
    ).all()
    write([row_of(facts, row.resource_id, row.level) for row in shown])


def forget_those_of_others(owners: Mapping[UUID, UUID | None]) -> None:
    """Take sessions, each with whose it is, out of the calendars of all other clients."""
    shown = db.session.scalars(
        sa.select(CalendarEntry)
        .join(
            Resource,
            sa.and_(
                Resource.practice_id == CalendarEntry.practice_id,
                Resource.id == CalendarEntry.resource_id,
            ),
        )
        .where(Resource.kind == ResourceKind.CLIENT, CalendarEntry.session_id.in_(owners))
    )
    for each in shown.all():
        if each.resource_id != owners[each.session_id]:
            db.session.delete(each)
    db.session.flush()


def differ(facts: EntryFacts) -> bool:
    """Say whether some stored text of a session is not what these facts would write."""
    stored = db.session.execute(
        sa.select(CalendarEntry.resource_id, CalendarEntry.level, CalendarEntry.text).where(
            CalendarEntry.session_id == facts.session_id,
            CalendarEntry.resource_id.in_(facts.resource_ids),
        )
    )
    return any(row_of(facts, row.resource_id, row.level)["text"] != row.text for row in stored)


def event_of(facts: EntryFacts, level: DetailLevel, *, is_own: bool) -> ics.EventFacts:
    """Return what one calendar says of a session: its client's own, or one of the practice's.

    The one way in which feeds, files and invitations come to say anything.
    """
    is_busy = level is DetailLevel.BUSY and not is_own
    title, place, words = facts.own() if is_own and facts.own else ("", "", "")
    return ics.EventFacts(
        uid=facts.uid,
        sequence=facts.sequence,
        created_at=facts.created_at,
        changed_at=facts.changed_at,
        starts_at=facts.starts_at - facts.before if is_busy else facts.starts_at,
        ends_at=facts.ends_at + facts.after if is_busy else facts.ends_at,
        status=facts.status,
        title=title
        or ics.title(
            ics.Detail(level), client_name=facts.client_name, service_code=facts.service_code
        ),
        location=place,
        description=words,
    )


def row_of(facts: EntryFacts, resource_id: UUID, level: DetailLevel) -> dict[str, Any]:
    """Write a session's text for one feed and level, as a row."""
    event = event_of(facts, level, is_own=resource_id == facts.client_id)
    return {
        "practice_id": require_practice_id(),
        "id": uuid4(),
        "session_id": facts.session_id,
        "resource_id": resource_id,
        "level": level,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "gone_at": facts.gone_at,
        "changed_at": facts.changed_at,
        "text": ics.event_text(event, facts.zone),
    }


def write(rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, each over the one of the same session, person and level."""
    keys = ("practice_id", "session_id", "resource_id", "level")
    _put(CalendarEntry, rows, keys, ("starts_at", "ends_at", "gone_at", "changed_at", "text"))


def change_of(subscription_id: UUID, session_id: UUID, version: int) -> dict[str, Any]:
    """Write down, as a row, in which version of an account's calendar a session changed."""
    return {
        "practice_id": require_practice_id(),
        "id": uuid4(),
        "subscription_id": subscription_id,
        "session_id": session_id,
        "version": version,
        "changed_at": clock.now(),
    }


def write_changes(rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, each over the one of the same account and session."""
    keys = ("practice_id", "subscription_id", "session_id")
    _put(CalendarChange, rows, keys, ("version", "changed_at"))


def _put(
    table: type[Base], rows: Sequence[dict[str, Any]], keys: Sequence[str], changing: Sequence[str]
) -> None:
    if not rows:
        return
    insert = (postgresql if db.engine.dialect.name == "postgresql" else sqlite).insert
    statement = insert(table).values(list(rows))
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: statement.excluded[name] for name in changing},
        )
    )


def _touch(facts: EntryFacts) -> set[tuple[UUID, DetailLevel]]:
    """Count a change in every subscription of these; return whose texts are wanted, and how full.

    They are held still, so that a new subscription waits for it, but not one booking for another.
    Subscriptions are changed in the order of their ids, so that two bookings cannot deadlock.
    """
    db.session.execute(
        sa.select(Resource.id)
        .where(Resource.id.in_(facts.resource_ids))
        .with_for_update(read=True, key_share=False)
    )
    live = (
        sa.select(FeedSubscription.id)
        .where(
            FeedSubscription.resource_id.in_(facts.resource_ids),
            FeedSubscription.revoked_at.is_(None),
        )
        .order_by(FeedSubscription.id)
        .with_for_update()
    )
    found = db.session.execute(
        sa.update(FeedSubscription)
        .where(FeedSubscription.id.in_(live))
        .values(version=FeedSubscription.version + 1, changed_at=clock.now())
        .returning(
            *(FeedSubscription.id, FeedSubscription.version, FeedSubscription.in_account),
            *(FeedSubscription.resource_id, FeedSubscription.level, FeedSubscription.by_mail),
        )
        .execution_options(synchronize_session=False)
    ).all()
    if any(row.by_mail for row in found):
        invite_staff(facts.session_id, facts.sequence)
    write_changes(
        [change_of(row.id, facts.session_id, row.version) for row in found if row.in_account]
    )
    return {(row.resource_id, row.level) for row in found if not row.by_mail}
