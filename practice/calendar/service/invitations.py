"""Sessions in other people's calendars by mail: what is sent, and what each of them knows.

A message is written when its mail is, from one reading of the session's row: its time and its
``SEQUENCE`` were written there by one transaction, so a late mail never carries a newer number
than what it says. What was sent is kept, so that nothing is called off that nobody has, and
nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from email.utils import parseaddr
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from practice.calendar import ports
from practice.calendar.models import DetailLevel, FeedSubscription, SentInvitation
from practice.calendar.rules import ics, zones
from practice.calendar.rules.inviting import Known, is_due, mark_of
from practice.calendar.service.entries import EntryFacts, event_of
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.settings import settings
from practice.outbox import service as outbox
from practice.outbox.jobs import NotYet
from practice.outbox.mail import CalendarPart
from practice.outbox.rules import UNDO_FOR
from practice.people.models import User
from practice.people.queries import get_practice

STAFF_MAIL, CLIENT_MAIL = "staff-calendar", "calendar"


def for_client(facts: EntryFacts, to: str) -> CalendarPart | None:
    """Return what a mail to a session's client must tell their calendar, if anything."""
    wants = facts.is_invited
    return _part(facts, DetailLevel.PLAIN, reader_id=facts.session_id, to=to, wants=wants)


def for_reader(facts: EntryFacts, reader: FeedSubscription, to: str) -> CalendarPart | None:
    """Return what somebody of the practice must be told of a session, if anything.

    One that somebody else serves by now is off for them.
    """
    if reader.resource_id not in facts.resource_ids and facts.gone_at is None:
        facts = replace(facts, gone_at=facts.changed_at)
    wants = reader.revoked_at is None
    return _part(facts, reader.level, reader_id=reader.id, to=to, wants=wants)


def _part(
    facts: EntryFacts, level: DetailLevel, *, reader_id: UUID, to: str, wants: bool
) -> CalendarPart | None:
    event = event_of(facts, level, is_own=reader_id == facts.session_id)
    known = _sent(facts.session_id, [reader_id]).get(reader_id)
    if event.ends_at <= clock.now() or not is_due(known, event, wants=wants):
        return None
    return CalendarPart(
        method=ics.method(event.status),
        text=ics.invitation_text(
            event,
            facts.zone,
            on=zones.local_date(event.starts_at, facts.zone),
            organizer=parseaddr(settings().mail_from)[1],
            organizer_name=get_practice().neutral_name,
            attendee=to,
        ).decode(),
        sent=partial(_remember, facts.session_id, reader_id, event),
    )


def _remember(session_id: UUID, reader_id: UUID, event: ics.EventFacts) -> None:
    """Write down what a mail that is out has told. Call inside ``transaction()``."""
    row = db.session.scalar(
        sa.select(SentInvitation)
        .where(SentInvitation.session_id == session_id, SentInvitation.reader_id == reader_id)
        .with_for_update()
    )
    if row is None:
        row = SentInvitation(session_id=session_id, reader_id=reader_id)
        db.session.add(row)
    row.sequence, row.mark = event.sequence, mark_of(event)
    row.is_cancelled, row.sent_at = event.status is ics.Status.CANCELLED, clock.now()
    db.session.flush()


def _sent(session_id: UUID, reader_ids: Collection[UUID]) -> dict[UUID, Known]:
    rows = db.session.scalars(
        sa.select(SentInvitation).where(
            SentInvitation.session_id == session_id, SentInvitation.reader_id.in_(reader_ids)
        )
    )
    return {row.reader_id: Known(row.sequence, row.mark, row.is_cancelled) for row in rows}


def differs(facts: EntryFacts) -> bool:
    """Say whether the client's calendar shows a session otherwise than it is, in its last version.

    What has a newer version already is on its way to them.
    """
    known = _sent(facts.session_id, [facts.session_id]).get(facts.session_id)
    event = event_of(facts, DetailLevel.PLAIN, is_own=True)
    return (
        known is not None
        and not known.is_cancelled
        and known.sequence == event.sequence
        and known.mark != mark_of(event)
    )


# A worker's part, outside transactions -----------------------------------------------------------


def tell_staff(session_id: UUID) -> None:
    """Post a mail to each of those who take a session's news by mail and do not know it yet."""
    in_transaction(partial(_tell_staff, session_id))


def tell_client(session_id: UUID) -> None:
    """Post a mail to a session's client, unless their calendar knows it already."""
    in_transaction(partial(_tell_client, session_id))


def _tell_staff(session_id: UUID) -> None:
    facts = ports.session_now(session_id)
    if facts is None:
        return
    _wait_for_undo(facts)
    for reader in _readers(facts):
        if for_reader(facts, reader.subscription, reader.email) is not None:
            _post(STAFF_MAIL, facts, reader.subscription.id, reader.email)


def _tell_client(session_id: UUID) -> None:
    facts = ports.session_now(session_id)
    if facts is None or not facts.client_mail:
        return
    _wait_for_undo(facts)
    if for_client(facts, facts.client_mail) is not None:
        _post(CLIENT_MAIL, facts, session_id, facts.client_mail, client_id=facts.client_id)


def _wait_for_undo(facts: EntryFacts) -> None:
    """Wait on, if a session was changed again since this was asked for.

    Raises:
        NotYet: until that cannot be undone any more.
    """
    if facts.changed_at + UNDO_FOR > clock.now():
        raise NotYet(facts.changed_at + UNDO_FOR)


def _post(
    name: str, about: EntryFacts, reader_id: UUID, to: str, client_id: UUID | None = None
) -> None:
    outbox.post(
        name,
        key=f"{name}:{about.session_id}:{about.sequence}:{reader_id}",
        to=to,
        about_id=about.session_id,
        client_id=client_id,
        facts={"reader": str(reader_id)},
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    subscription: FeedSubscription
    email: str


def _readers(facts: EntryFacts) -> list[_Reader]:
    """Return who takes this session's news by mail, or has had some of it. One statement."""
    told = sa.select(SentInvitation.reader_id).where(SentInvitation.session_id == facts.session_id)
    rows = db.session.execute(
        sa.select(FeedSubscription, User.email)
        .join(
            User,
            sa.and_(
                User.practice_id == FeedSubscription.practice_id,
                User.id == FeedSubscription.made_by,
            ),
        )
        .where(
            FeedSubscription.by_mail,
            User.ended_at.is_(None),
            sa.or_(
                sa.and_(
                    FeedSubscription.resource_id.in_(facts.resource_ids),
                    FeedSubscription.revoked_at.is_(None),
                ),
                FeedSubscription.id.in_(told),
            ),
        )
        .order_by(FeedSubscription.id)
    )
    return [_Reader(row.FeedSubscription, row.email) for row in rows]
