"""Reading time: who there is, when they work, and what is taken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from json import loads
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import (
    BookingRules,
    Claim,
    Closure,
    ExternalCalendar,
    HoursOverride,
    Resource,
    ResourceKind,
    WhenStale,
    WorkingHours,
)
from practice.calendar.rules import hours, timeline
from practice.calendar.rules.hours import Window
from practice.calendar.rules.imported import VERY_STALE
from practice.calendar.rules.timeline import Axis
from practice.core import clock
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.often import Often, epoch_ceil, epoch_floor

Asked = tuple[str, str]
"""A kind of session and a way of giving it, as hours name them: ``("prep", "in_person")``."""

NO_RULES = "This practice has no booking rules yet."
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_CLAIM = timedelta(days=31)
"""No claim is longer, so that what is taken in some days is found by a bounded search."""


class _Rostered(NamedTuple):
    """A row of the roster, as plain as the database gives it.

    A member has a kind, and nothing after ``roles``. A window of hours has none: it is weekly (it
    has a weekday), replaces the weekly ones (it has dates), or closes the whole practice (it is
    nobody's).
    """

    owner_id: Any
    kind: Any
    name: Any
    roles: Any
    weekday: Any
    first_on: Any
    last_on: Any
    starts_minute: Any
    ends_minute: Any
    kinds: Any
    modality: Any


def _rostered(**given: Any) -> list[sa.ColumnElement[Any]]:
    """Return the columns of a row of the roster: nothing where nothing is given."""
    nothing: dict[str, sa.types.TypeEngine[Any]] = {
        "weekday": sa.Integer(),
        "first_on": sa.Date(),
        "last_on": sa.Date(),
        "starts_minute": sa.Integer(),
        "ends_minute": sa.Integer(),
    }
    return [
        sa.cast(given.get(name, sa.null()), sa.Text()).label(name)
        if name not in nothing
        else given.get(name, sa.cast(sa.null(), nothing[name])).label(name)
        for name in _Rostered._fields
    ]


def _roster() -> Often:
    """Ask for people, rooms and the home, and for every window of their hours, row after row."""
    first_on, last_on = (sa.bindparam(name, type_=sa.Date()) for name in ("first_on", "last_on"))
    return Often(
        sa.union_all(
            sa.select(
                *_rostered(
                    owner_id=Resource.id,
                    kind=Resource.kind,
                    name=Resource.name,
                    roles=Resource.roles,
                )
            ).where(Resource.kind != ResourceKind.CLIENT, Resource.ended_at.is_(None), ~_unseen()),
            sa.select(
                *_rostered(
                    owner_id=WorkingHours.resource_id,
                    weekday=WorkingHours.weekday,
                    starts_minute=WorkingHours.starts_minute,
                    ends_minute=WorkingHours.ends_minute,
                    kinds=WorkingHours.kinds,
                    modality=WorkingHours.modality,
                )
            ),
            sa.select(
                *_rostered(
                    owner_id=HoursOverride.resource_id,
                    first_on=HoursOverride.on_date,
                    last_on=HoursOverride.on_date,
                    starts_minute=HoursOverride.starts_minute,
                    ends_minute=HoursOverride.ends_minute,
                    kinds=HoursOverride.kinds,
                    modality=HoursOverride.modality,
                )
            ).where(HoursOverride.on_date.between(first_on, last_on)),
            sa.select(*_rostered(first_on=Closure.first_on, last_on=Closure.last_on)).where(
                Closure.last_on >= first_on, Closure.first_on <= last_on
            ),
        )
    )


def _unseen() -> sa.ColumnElement[bool]:
    """Whether somebody's other calendar was last read too long ago to be booked online by it."""
    return (
        sa.select(sa.literal(1))
        .select_from(ExternalCalendar)
        .where(
            ExternalCalendar.practice_id == Resource.practice_id,
            ExternalCalendar.resource_id == Resource.id,
            ExternalCalendar.when_stale == WhenStale.HIDE,
            ExternalCalendar.address_sealed.is_not(None),
            ExternalCalendar.confirmed_at.is_not(None),
            ExternalCalendar.stopped_at.is_(None),
            ExternalCalendar.read_at < sa.bindparam("unseen_since"),
        )
        .correlate(Resource)
        .exists()
    )


ROSTER = _roster()


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
    """What is taken of some resources, as bitmaps, and what has lapsed and counts as free."""

    taken: Mapping[UUID, int]
    lapsed: tuple[Lapsed, ...]


def booking_rules() -> BookingRules:
    """Return how this practice gives its time away.

    Raises:
        NotFound: if it has not been set up.
    """
    rules: BookingRules | None = db.session.scalar(sa.select(BookingRules))
    if rules is None:
        raise NotFound(NO_RULES)
    return rules


def roster(axis: Axis, asked: Asked) -> Roster:
    """Return everybody and everything but the clients, with their hours. One statement.

    ``asked`` is a kind of session and a way of giving it: hours that are not for it do not count.
    """
    return rosters(axis, [asked])[asked]


def rosters(axis: Axis, asked: Iterable[Asked], *, is_online: bool = False) -> dict[Asked, Roster]:
    """Return the same for several kinds of session and ways of giving them. One statement.

    For whoever books online, people and rooms are left out who chose not to be booked while their
    other calendar cannot be read.
    """
    rows = ROSTER.rows(
        first_on=axis.first_on,
        last_on=axis.last_on,
        unseen_since=clock.now() - VERY_STALE if is_online else LONG_AGO,
    ).all()
    told = tuple(map(tuple, rows))
    return {each: _drawn(axis, each, told) for each in asked}


@lru_cache(maxsize=128)
def _drawn(axis: Axis, asked: Asked, told: tuple[tuple[Any, ...], ...]) -> Roster:
    """Make a roster of its rows. Kept, since hours change seldom; if they do, the rows differ."""
    members: dict[str, Member] = {}
    windows: dict[str | None, list[_Rostered]] = {}
    for row in map(_Rostered._make, told):
        if row.kind:
            roles = frozenset(loads(row.roles))
            members[row.owner_id] = Member(
                UUID(row.owner_id), ResourceKind(row.kind), row.name, roles
            )
        else:
            windows.setdefault(row.owner_id, []).append(row)
    return Roster(
        axis,
        tuple(sorted(members.values(), key=lambda member: (member.name, member.id))),
        {m.id: _hours(axis, m.kind, windows.get(key, []), asked) for key, m in members.items()},
        tuple(sorted((each.first_on, each.last_on) for each in windows.get(None, []))),
    )


def _hours(axis: Axis, kind: ResourceKind, rows: list[_Rostered], asked: Asked) -> int:
    weekly: dict[int, list[Window]] = {}
    overrides: dict[date, list[Window]] = {}
    for row in rows:
        windows = (
            weekly.setdefault(row.weekday - 1, [])
            if row.weekday
            else overrides.setdefault(row.first_on, [])
        )
        if row.starts_minute is not None and hours.are_for(loads(row.kinds), row.modality, asked):
            windows.append(Window(row.starts_minute, row.ends_minute))
    if kind is not ResourceKind.PERSON and not weekly:
        weekly = {weekday: [hours.WHOLE_DAY] for weekday in range(7)}
    return hours.open_hours(axis, weekly, overrides=overrides)


def busy(
    axis: Axis,
    resource_ids: Iterable[UUID],
    *,
    lapsed: sa.Select[UUID],
    but_not: Collection[UUID] = (),
) -> Busy:
    """Return what is taken of some resources, as far as it touches an axis. One statement.

    Costs the same however much lies before or after: the index on the ends is read from the
    beginning of the axis to its end and the longest claim.

    Args:
        axis: the days in question.
        resource_ids: whose claims.
        lapsed: selects the holders whose time is up although nobody has released it yet. One
            select for all calls, since a statement is made of it.
        but_not: holders whose own claims do not count, because they are to be moved.
    """
    named = sorted(resource_ids)
    if not named:
        return Busy({}, ())
    rows = _taken(lapsed, has_exception=bool(but_not)).rows(
        resource_ids=named,
        first_at=axis.starts_at,
        past_at=axis.ends_at,
        last_at=axis.ends_at + LONGEST_CLAIM,
        but_not=list(but_not),
    )
    taken = dict.fromkeys(named, 0)
    gone: list[Lapsed] = []
    for row in rows:
        seconds = list(map(int, row.spans.split()))
        pairs = zip(seconds[::2], seconds[1::2], strict=True)
        if row.lapsed_holder is None:
            taken[row.resource_id] = timeline.busy_seconds(axis, pairs)
        else:
            gone += [
                Lapsed(row.resource_id, row.lapsed_holder, _instant(first), _instant(past))
                for first, past in pairs
            ]
    return Busy(taken, tuple(gone))


@lru_cache(maxsize=8)
def _taken(lapsed: sa.Select[UUID], *, has_exception: bool) -> Often:
    """Ask for what is taken, all spans of a resource in one text, holders past their end apart.

    Rows are what costs most: a busy person has hundreds of spans.
    """
    span = (
        sa.cast(epoch_floor(Claim.starts_at), sa.Text())
        + " "
        + sa.cast(epoch_ceil(Claim.ends_at), sa.Text())
    )
    holder = sa.case((Claim.holder_id.in_(lapsed), Claim.holder_id)).label("lapsed_holder")
    query = sa.select(
        Claim.resource_id, holder, sa.func.aggregate_strings(span, " ").label("spans")
    ).where(
        Claim.resource_id.in_(sa.bindparam("resource_ids", expanding=True)),
        Claim.ends_at > sa.bindparam("first_at"),
        Claim.ends_at <= sa.bindparam("last_at"),
        Claim.starts_at < sa.bindparam("past_at"),
        Claim.released_at.is_(None),
    )
    if has_exception:
        query = query.where(Claim.holder_id.not_in(sa.bindparam("but_not", expanding=True)))
    return Often(query.group_by(Claim.resource_id, holder.name))


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# People, rooms, and what is blocked ------------------------------------------------------------


_MEMBERS = Often(
    sa.select(Resource)
    .where(Resource.kind != ResourceKind.CLIENT, Resource.ended_at.is_(None))
    .order_by(Resource.name, Resource.id)
)


def members() -> list[Resource]:
    """Return the people, the rooms and the home, by name. One statement."""
    return list(_MEMBERS.objects())


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
