"""Reading calendars from elsewhere: which there are, what they block, and what that lies over."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import (
    Claim,
    ClaimKind,
    ExternalCalendar,
    Resource,
    ResourceKind,
)
from practice.calendar.queries import LONGEST_CLAIM
from practice.calendar.rules.foreign.busy import Choices, Span
from practice.calendar.rules.ics import own_hosts
from practice.calendar.rules.imported import STALE, VERY_STALE, Over, Taken, over
from practice.core import clock
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.often import Often


@dataclass(frozen=True, slots=True)
class Listed:
    """A calendar in the list of them, with whose time it blocks and how many times to come."""

    calendar: ExternalCalendar
    whose: str
    times: int

    @property
    def is_upload(self) -> bool:
        return self.calendar.address_sealed is None

    @property
    def is_stale(self) -> bool:
        return is_stale(self.calendar)

    @property
    def is_very_stale(self) -> bool:
        at = self.calendar.read_at
        return self.is_stale and at is not None and at < clock.now() - VERY_STALE


class Imported(NamedTuple):
    """A time that a calendar from elsewhere blocks: of whom, and what staff call the calendar."""

    id: UUID
    calendar_id: UUID
    calendar: str
    whose: str
    starts_at: datetime
    ends_at: datetime


def calendars(resource_ids: Collection[UUID]) -> list[Listed]:
    """Return the calendars of some people and rooms, by whose they are and their name."""
    ahead = (
        sa.select(sa.func.count())
        .select_from(Claim)
        .where(
            Claim.practice_id == ExternalCalendar.practice_id,
            Claim.holder_id == ExternalCalendar.id,
            Claim.ends_at > clock.now(),
            Claim.released_at.is_(None),
        )
        .correlate(ExternalCalendar)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(ExternalCalendar, Resource.name, ahead)
        .join(Resource, Resource.id == ExternalCalendar.resource_id)
        .where(ExternalCalendar.resource_id.in_(resource_ids))
        .order_by(Resource.name, ExternalCalendar.name, ExternalCalendar.id)
    )
    return [Listed(*row) for row in rows]


def get_calendar(calendar_id: UUID, *, lock: bool = False) -> ExternalCalendar:
    """Return one calendar, to be changed if ``lock``.

    Raises:
        NotFound: if there is none.
    """
    query = sa.select(ExternalCalendar).where(ExternalCalendar.id == calendar_id)
    found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such calendar.")
    return found


def choices_of(calendar: ExternalCalendar, zone: str) -> Choices:
    """Return how a calendar is read in a practice of this zone."""
    return Choices(
        zone=zone,
        floating=calendar.floating_zone,
        all_day_blocks=calendar.all_day_blocks,
        free_blocks=calendar.free_blocks,
        tentative_blocks=calendar.tentative_blocks,
        own_addresses=frozenset((calendar.own_addresses or "").split()),
        own_hosts=own_hosts(calendar.practice_id),
    )


def found_of(calendar: ExternalCalendar) -> tuple[Span, ...]:
    """Return what a calendar would block, while nobody has said yes to it."""
    return tuple(
        (datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(past, UTC))
        for first, past in json.loads(calendar.found or "[]")
    )


def is_stale(calendar: ExternalCalendar) -> bool:
    """Say whether a calendar that is read by its address has not been for a day."""
    return (
        calendar.address_sealed is not None
        and calendar.confirmed_at is not None
        and calendar.stopped_at is None
        and (calendar.read_at is None or calendar.read_at < clock.now() - STALE)
    )


_STALE = Often(
    sa.select(ExternalCalendar, Resource.name)
    .join(Resource, Resource.id == ExternalCalendar.resource_id)
    .where(
        ExternalCalendar.address_sealed.is_not(None),
        ExternalCalendar.confirmed_at.is_not(None),
        ExternalCalendar.stopped_at.is_(None),
        ExternalCalendar.read_at < sa.bindparam("read_before"),
    )
    .order_by(Resource.name, ExternalCalendar.name, ExternalCalendar.id)
)


def stale_calendars() -> list[Listed]:
    """Return the calendars that block time and could not be read for a day. One statement."""
    rows = _STALE.side_by_side(read_before=clock.now() - STALE)
    return [Listed(calendar, whose, 0) for calendar, whose in rows]


_IMPORTED = (
    sa.select(
        Claim.id,
        ExternalCalendar.id,
        ExternalCalendar.name,
        Resource.name,
        Claim.starts_at,
        Claim.ends_at,
    )
    .join(Resource, Resource.id == Claim.resource_id)
    .join(ExternalCalendar, ExternalCalendar.id == Claim.holder_id)
    .where(
        Claim.kind == ClaimKind.IMPORTED,
        Claim.released_at.is_(None),
        Claim.ends_at > sa.bindparam("first_at"),
        Claim.ends_at <= sa.bindparam("latest_at"),
        Claim.starts_at < sa.bindparam("past_at"),
    )
    .order_by(Claim.starts_at, Claim.id)
)
_OF_EVERYBODY = Often(_IMPORTED)
_OF_SOME = Often(
    _IMPORTED.where(Claim.resource_id.in_(sa.bindparam("resource_ids", expanding=True)))
)


def imported_between(
    first_at: datetime, past_at: datetime, *, resource_ids: Collection[UUID] | None = None
) -> list[Imported]:
    """Return what calendars from elsewhere block in ``[first_at, past_at)``. One statement."""
    span = {"first_at": first_at, "past_at": past_at, "latest_at": past_at + LONGEST_CLAIM}
    if resource_ids is None:
        found = _OF_EVERYBODY.rows(**span)
    else:
        found = _OF_SOME.rows(**span, resource_ids=list(resource_ids))
    return [Imported(*row) for row in found]


def lying_over(calendar: ExternalCalendar) -> list[Over]:
    """Return the sessions to come over which a calendar lies, by their beginning."""
    rows = db.session.execute(
        sa.select(Claim.starts_at, Claim.ends_at).where(
            Claim.holder_id == calendar.id,
            Claim.ends_at > clock.now(),
            Claim.released_at.is_(None),
        )
    )
    return would_lie_over(calendar.resource_id, [(row.starts_at, row.ends_at) for row in rows])


def would_lie_over(resource_id: UUID, spans: Sequence[Span]) -> list[Over]:
    """Return the sessions to come that some times would lie over. One statement."""
    rows = db.session.execute(
        sa.select(Claim.holder_id, Claim.starts_at, Claim.ends_at).where(
            Claim.resource_id == resource_id,
            Claim.kind == ClaimKind.SESSION,
            Claim.released_at.is_(None),
            Claim.ends_at > clock.now(),
        )
    )
    return over(spans, [Taken(*row) for row in rows])


def clients_of(holder_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return whose sessions these are, as far as a client takes part. One statement."""
    rows = db.session.execute(
        sa.select(Claim.holder_id, Resource.client_id)
        .join(Resource, Resource.id == Claim.resource_id)
        .where(Claim.holder_id.in_(holder_ids), Resource.kind == ResourceKind.CLIENT)
    )
    return {holder_id: client_id for holder_id, client_id in rows if client_id is not None}
