"""Writing down what clients had elsewhere, as dated facts. Call inside ``transaction()``.

Nothing is claimed, billed or mailed. Sessions that waited for such a fact are looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import BroughtSession
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.service.readiness import reconsider

COUNTED_FROM = time(12)  # nobody knows the hour any more
LENGTHS = {True: timedelta(hours=3), False: timedelta(hours=1)}  # by whether it gave medicine


@dataclass(frozen=True, slots=True)
class Brought:
    """One session held on a local day, or how many of a kind were ``left_over``."""

    client_id: UUID
    kind: SessionKind
    held_on: date | None
    left_over: int | None


def bring(facts: Sequence[Brought], *, by: Actor) -> list[UUID]:
    """Write facts down, and return the id of each, in their order."""
    zone, now = get_practice().time_zone, clock.now()
    rows = [_row(fact, zone, now) for fact in facts]
    db.session.add_all(rows)
    db.session.flush()
    _note("sessions:bring", {fact.client_id for fact in facts}, by)
    return [row.id for row in rows]


def take_back(ids: Sequence[UUID], *, by: Actor) -> None:
    """Take facts back; sessions that relied on them are looked at again."""
    here = BroughtSession.id.in_(ids)
    client_ids = set(db.session.scalars(sa.select(BroughtSession.client_id).where(here)))
    db.session.execute(
        sa.delete(BroughtSession).where(here).execution_options(synchronize_session=False)
    )
    _note("sessions:take_back", client_ids, by)


def _row(fact: Brought, zone: str, now: datetime) -> BroughtSession:
    starts_at = ends_at = None
    if fact.held_on is not None:
        starts_at = datetime.combine(fact.held_on, COUNTED_FROM, zones.zone(zone))
        ends_at = starts_at + LENGTHS[fact.kind in GIVES_MEDICINE]
    return BroughtSession(
        client_id=fact.client_id,
        kind=fact.kind,
        starts_at=starts_at,
        ends_at=ends_at,
        left_over=fact.left_over,
        recorded_at=now,
    )


def _note(verb: str, client_ids: set[UUID], by: Actor) -> None:
    for client_id in sorted(client_ids):
        record(verb, by=by, subject_id=client_id)
        reconsider(client_id, by)
