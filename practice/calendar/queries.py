"""Reading time: who there is, when they work, and what is taken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import (
    Block,
    BookingRules,
    Claim,
    ClaimKind,
    Closure,
    HoursOverride,
    Resource,
    ResourceKind,
    WorkingHours,
)
from practice.calendar.rules import hours
from practice.calendar.rules.free import Wanted
from practice.calendar.rules.hours import Window
from practice.calendar.rules.timeline import Axis, Span
from practice.core.db import Json, db
from practice.core.errors import NotFound

Hours = tuple[tuple[tuple[object, tuple[Window, ...]], ...], ...]
Asked = tuple[str, str]
"""A kind of session and a way of giving it, as hours name them: ``("prep", "in_person")``."""

LONGEST_CLAIM = timedelta(days=31)
"""No claim is longer, so that what is taken in some days is found by a bounded search."""


def _roster() -> sa.Select[Any]:
    """Select people, rooms and the home, once for every window of their hours.

    A window is weekly (it has a weekday), replaces the weekly ones (it has dates), or closes the
    whole practice (it is nobody's).
    """
    first_on, last_on = (sa.bindparam(name, type_=sa.Date()) for name in ("first_on", "last_on"))
    no_one, no_number, no_date, no_kinds, no_way = (
        sa.cast(sa.null(), kind) for kind in (sa.Uuid(), sa.Integer(), sa.Date(), Json, sa.String())
    )
    windows = sa.union_all(
        sa.select(
            WorkingHours.resource_id.label("owner_id"),
            WorkingHours.weekday,
            no_date.label("first_on"),
            no_date.label("last_on"),
            WorkingHours.starts_minute,
            WorkingHours.ends_minute,
            WorkingHours.kinds,
            WorkingHours.modality,
        ),
        sa.select(
            HoursOverride.resource_id,
            no_number,
            HoursOverride.on_date,
            HoursOverride.on_date,
            HoursOverride.starts_minute,
            HoursOverride.ends_minute,
            HoursOverride.kinds,
            HoursOverride.modality,
        ).where(HoursOverride.on_date.between(first_on, last_on)),
        sa.select(
            no_one,
            no_number,
            Closure.first_on,
            Closure.last_on,
            no_number,
            no_number,
            no_kinds,
            no_way,
        ).where(Closure.last_on >= first_on, Closure.first_on <= last_on),
    ).subquery()
    its = sa.or_(windows.c.owner_id == Resource.id, windows.c.owner_id.is_(None))
    return (
        sa.select(
            Resource.id,
            Resource.kind,
            Resource.name,
            Resource.roles,
            *windows.c,
        )
        .outerjoin(windows, its)
        .where(Resource.kind != ResourceKind.CLIENT, Resource.ended_at.is_(None))
        .order_by(Resource.name, Resource.id)
    )


ROSTER = _roster()  # building it takes longer than asking it


@dataclass(frozen=True, slots=True)
class Member:
    """A person, a room or the home. ``roles`` are what a person can serve as."""

    id: UUID
    kind: ResourceKind
    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Roster:
    """Whom and what a practice has, by name, and when each works on one axis, as bitmaps.

    A room or home without hours of its own is there all the time; a person without hours never
    is. ``closures`` are first and last local dates.
    """

    axis: Axis
    members: tuple[Member, ...]
    hours: Mapping[UUID, int]
    closures: tuple[tuple[date, date], ...]

    def of_kind(self, kind: ResourceKind) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.kind is kind)

    def with_role(self, role: str) -> tuple[Member, ...]:
        return tuple(member for member in self.members if role in member.roles)


class Lapsed(NamedTuple):
    """A claim whose holder is past its end: the time is free, though nobody has released it."""

    resource_id: UUID
    holder_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Busy:
    """What is taken of some resources, and what of it has lapsed and counts as free."""

    taken: Mapping[UUID, list[Span]]
    lapsed: tuple[Lapsed, ...]


def booking_rules() -> BookingRules:
    """Return how this practice gives its time away.

    Raises:
        NotFound: if it has not been set up.
    """
    rules: BookingRules | None = db.session.scalar(sa.select(BookingRules))
    if rules is None:
        raise NotFound("This practice has no booking rules yet.")
    return rules


def roster(axis: Axis, asked: Asked) -> Roster:
    """Return everybody and everything but the clients, with their hours. One statement.

    ``asked`` is a kind of session and a way of giving it: hours that are not for it do not count.
    """
    return rosters(axis, [asked])[asked]


def rosters(axis: Axis, asked: Iterable[Asked]) -> dict[Asked, Roster]:
    """Return the same for several kinds of session and ways of giving them. One statement."""
    rows = db.session.execute(ROSTER, {"first_on": axis.first_on, "last_on": axis.last_on}).all()

    closures = tuple(
        sorted({(r.first_on, r.last_on) for r in rows if r.first_on and not r.owner_id})
    )
    by_member: dict[UUID, list[sa.Row[Any]]] = {}
    for row in rows:
        by_member.setdefault(row.id, []).append(row)
    members = tuple(
        Member(r.id, r.kind, r.name, frozenset(r.roles)) for r, *_ in by_member.values()
    )
    drawn: dict[Hours, int] = {}  # most people's hours are the same whatever is asked
    return {
        each: Roster(
            axis,
            members,
            {m.id: _hours(axis, m.kind, by_member[m.id], each, drawn) for m in members},
            closures,
        )
        for each in asked
    }


def _hours(
    axis: Axis,
    kind: ResourceKind,
    rows: list[sa.Row[Any]],
    asked: Asked,
    drawn: dict[Hours, int],
) -> int:
    weekly: dict[int, list[Window]] = {}
    overrides: dict[date, list[Window]] = {}
    for row in rows:
        if row.owner_id is None:
            continue
        windows = (
            weekly.setdefault(row.weekday - 1, [])
            if row.weekday
            else overrides.setdefault(row.first_on, [])
        )
        if row.starts_minute is not None and hours.are_for(row.kinds, row.modality, asked):
            windows.append(Window(row.starts_minute, row.ends_minute))
    if kind is not ResourceKind.PERSON and not weekly:
        weekly = {weekday: [hours.WHOLE_DAY] for weekday in range(7)}
    said = tuple(
        tuple((on, tuple(windows)) for on, windows in each.items()) for each in (weekly, overrides)
    )
    if said not in drawn:
        drawn[said] = hours.open_hours(axis, weekly, overrides=overrides)
    return drawn[said]


def busy(
    axis: Axis,
    resource_ids: Iterable[UUID],
    *,
    lapsed: sa.Select[UUID],
    but_not: Collection[UUID] = (),
) -> Busy:
    """Return what is taken of some resources, as far as it touches an axis. One statement.

    Costs the same however much lies before or after: the index on the ends is read from the
    beginning of the axis to its end and the longest claim. Resources come back as their number
    and holders only where they matter, since making thousands of ids is what costs most.

    Args:
        axis: the days in question.
        resource_ids: whose claims.
        lapsed: selects the holders whose time is up although nobody has released it yet.
        but_not: holders whose own claims do not count, because they are to be moved.
    """
    numbered = sorted(resource_ids)
    if not numbered:
        return Busy({}, ())
    number = sa.case({each: n for n, each in enumerate(numbered)}, value=Claim.resource_id)
    lapsed_holder = sa.case((Claim.holder_id.in_(lapsed), Claim.holder_id))
    query = sa.select(number, lapsed_holder, Claim.starts_at, Claim.ends_at).where(
        Claim.resource_id.in_(numbered),
        Claim.ends_at > axis.starts_at,
        Claim.ends_at <= axis.ends_at + LONGEST_CLAIM,
        Claim.starts_at < axis.ends_at,
        Claim.released_at.is_(None),
    )
    if but_not:
        query = query.where(Claim.holder_id.not_in(but_not))

    taken: list[list[Span]] = [[] for _ in numbered]
    gone: list[Lapsed] = []
    for n, holder_id, starts_at, ends_at in db.session.execute(query):
        if holder_id is None:
            taken[n].append((starts_at, ends_at))
        else:
            gone.append(Lapsed(numbered[n], holder_id, starts_at, ends_at))
    return Busy(dict(zip(numbered, taken, strict=True)), tuple(gone))


def closed_days(first_on: date, past_on: date) -> dict[date, str]:
    """Return the closed local days of ``[first_on, past_on)``, each with the reason given."""
    closures = db.session.scalars(
        sa.select(Closure).where(Closure.first_on < past_on, Closure.last_on >= first_on)
    )
    return {
        on: closure.reason
        for closure in closures
        for on in (first_on + timedelta(days=each) for each in range((past_on - first_on).days))
        if closure.first_on <= on <= closure.last_on
    }


# People, rooms, and what is blocked ------------------------------------------------------------


def members() -> list[Resource]:
    """Return the people, the rooms and the home, by name. One statement."""
    return list(
        db.session.scalars(
            sa.select(Resource)
            .where(Resource.kind != ResourceKind.CLIENT, Resource.ended_at.is_(None))
            .order_by(Resource.name, Resource.id)
        )
    )


def holders_of(resource_id: UUID, first_at: datetime, past_at: datetime) -> set[UUID]:
    """Return whatever has some of a resource's time in ``[first_at, past_at)``. One statement."""
    return set(
        db.session.scalars(
            sa.select(Claim.holder_id).where(
                Claim.resource_id == resource_id,
                Claim.ends_at > first_at,
                Claim.ends_at <= past_at + LONGEST_CLAIM,
                Claim.starts_at < past_at,
                Claim.released_at.is_(None),
            )
        )
    )


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block with those whose time it takes."""

    block: Block
    resources: tuple[Resource, ...]


def blocks_between(first_at: datetime, past_at: datetime) -> list[Blocked]:
    """Return what is blocked in ``[first_at, past_at)``, by its beginning. One statement."""
    return _blocked(Block.ends_at > first_at, Block.starts_at < past_at)


def get_block(block_id: UUID) -> Blocked:
    """Return one block that was not removed.

    Raises:
        NotFound: if there is none.
    """
    for found in _blocked(Block.id == block_id):
        return found
    raise NotFound("There is no such block, or it was removed.")


def later_of(block: Block) -> int:
    """Count the blocks of the same series that come after one and still stand."""
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Block)
            .where(
                Block.series_id == block.series_id,
                Block.starts_at > block.starts_at,
                Block.removed_at.is_(None),
            )
        )
        or 0
    )


def _blocked(*wanted: sa.ColumnElement[bool]) -> list[Blocked]:
    rows = db.session.execute(
        sa.select(Block, Resource)
        .join(Claim, sa.and_(Claim.holder_id == Block.id, Claim.released_at.is_(None)))
        .join(Resource, Resource.id == Claim.resource_id)
        .where(*wanted, Block.removed_at.is_(None))
        .order_by(Block.starts_at, Block.id, Resource.kind, Resource.name)
    )
    found: dict[UUID, tuple[Block, list[Resource]]] = {}
    for block, resource in rows:
        found.setdefault(block.id, (block, []))[1].append(resource)
    return [Blocked(block, tuple(resources)) for block, resources in found.values()]


class InTheWay(NamedTuple):
    """A claim that lies over time which somebody wants, and whose time it takes."""

    holder_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime


def in_the_way(wanted: Iterable[Wanted]) -> list[InTheWay]:
    """Return the claims that lie over some wanted time, by their beginning.

    One statement for each time that is wanted of them all.
    """
    found: set[InTheWay] = set()
    spans: dict[tuple[datetime, datetime], list[UUID]] = {}
    for each in wanted:
        spans.setdefault((each.starts_at, each.ends_at), []).append(each.resource_id)
    for (starts_at, ends_at), resource_ids in spans.items():
        rows = db.session.execute(
            sa.select(Claim.holder_id, Resource.name, Claim.starts_at, Claim.ends_at)
            .join(Resource, Resource.id == Claim.resource_id)
            .where(
                Claim.resource_id.in_(resource_ids),
                Claim.ends_at > starts_at,
                Claim.ends_at <= ends_at + LONGEST_CLAIM,
                Claim.starts_at < ends_at,
                Claim.released_at.is_(None),
                Claim.kind != ClaimKind.IMPORTED,
            )
        )
        found |= {InTheWay(*row) for row in rows}
    return sorted(found, key=lambda each: (each.starts_at, each.name, each.holder_id))
