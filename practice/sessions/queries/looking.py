"""Looking at the calendar: who is there, what is taken, and what starts that leaves.

One reading serves any number of kinds of session, so that a whole course costs no more
statements than one session does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.calendar import queries as calendar
from practice.calendar.models import BookingRules, ResourceKind
from practice.calendar.queries import Busy, Lapsed, Roster
from practice.calendar.rules import free, hours, zones
from practice.calendar.rules.free import Ask, Need, Offer, ResourceTime, Wanted
from practice.calendar.rules.hours import Window
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Invalid
from practice.sessions.models import Appointment, Service
from practice.sessions.rules import caps
from practice.sessions.rules.caps import Full
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    TAKES_PART_IN_CAPS,
    AppointmentState,
    Modality,
)
from practice.sessions.rules.needs import needs_of

MINUTE = timedelta(minutes=1)
NOTHING_FULL = Full(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Sought:
    """A session that a time is looked for.

    ``service`` brings the booking rules along. ``host_id`` is the person who has to hold it, or
    with ``if_able`` only where they can; anybody suitable if not given. One that is being
    ``moving`` stays with its host, and as long as was agreed.
    """

    service: Service
    modality: Modality
    host_id: UUID | None = None
    if_able: bool = False
    moving: Appointment | None = None

    @property
    def length(self) -> timedelta:
        """How long the client is there."""
        return length_of(self.service, self.moving)

    def host_among(self, roster: Roster) -> UUID | None:
        """Return who has to hold it, as far as they can."""
        if self.moving is not None:
            return self.moving.host_id
        if self.host_id is None or not self.if_able:
            return self.host_id
        able = {member.id for member in roster.with_role(self.service.needs_roles[0])}
        return self.host_id if self.host_id in able else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at the calendar saw: the starts of one service on some local days.

    ``lapsed`` are the claims of holds past their end. They count as free; whoever takes the
    time releases them.
    """

    service: Service
    modality: Modality
    client_id: UUID | None
    as_staff: bool
    zone: str
    roster: Roster
    offer: Offer
    lapsed: tuple[Lapsed, ...]

    def in_the_way(self, wanted: Iterable[Wanted]) -> tuple[UUID, ...]:
        """Return the holders past their end whose claims these would overlap."""
        return tuple(
            sorted(
                {
                    each.holder_id
                    for each in self.lapsed
                    for one in wanted
                    if each.resource_id == one.resource_id
                    and each.starts_at < one.ends_at
                    and one.starts_at < each.ends_at
                }
            )
        )

    def with_offer(self, offer: Offer) -> Look:
        """Return the same look with what further rules leave of its starts."""
        return replace(self, offer=offer)

    @property
    def whenever_free(self) -> int:
        """The starts that hours alone would allow, if nothing at all were taken. A bitmap."""
        there = {
            each: ResourceTime(hours=time.hours, taken=0)
            for each, time in self.offer.resources.items()
        }
        return free.find(self.offer.axis, self.offer.ask, there, now=clock.now()).starts


def looks(
    sought: Sequence[Sought],
    first_on: date,
    last_on: date,
    *,
    zone: str,
    client_id: UUID | None,
    as_staff: bool,
    but_not: Collection[UUID] = (),
    full: Full = NOTHING_FULL,
    has_horizon: bool = True,
) -> list[Look]:
    """Look for starts of several sessions on some local days of the practice, both included.

    Two statements, however many they are and whatever the size of the book. Neither lies about
    what it saw, but the world may move on: who takes a time relies on the claims, not on this.

    Args:
        sought: the sessions, each looked for by itself.
        first_on: first local date.
        last_on: last local date.
        zone: of the practice.
        client_id: whose other sessions are in the way, for a client who has any.
        as_staff: staff need no notice and see beyond the horizon.
        but_not: holders whose own claims are not in the way, because they are to be moved.
        full: days and weeks that take no more dosings.
        has_horizon: without it nobody's eyes end at the horizon.

    Raises:
        Invalid: for a modality that a service is not given in, or impossible dates.
    """
    for each in sought:
        if each.moving is None and each.modality not in each.service.modality_set:
            raise Invalid("That session is not given in this way.")
    axis = free.axis_around(zone, first_on, last_on)
    rosters = calendar.rosters(axis, {_asked(each) for each in sought}, is_online=not as_staff)
    needs = [_needs(each, rosters[_asked(each)], client_id) for each in sought]
    named = {one for each in needs for need in each for one in need.any_of}
    seen = calendar.busy(axis, named, lapsed=_LAPSED_HOLDS, but_not=but_not)
    return [
        _look(
            each,
            rosters[_asked(each)],
            need,
            seen,
            client_id=client_id,
            as_staff=as_staff,
            full=full if each.service.kind in GIVES_MEDICINE else NOTHING_FULL,
            has_horizon=has_horizon and not as_staff,
        )
        for each, need in zip(sought, needs, strict=True)
    ]


def full_for_dosings(
    rules: BookingRules, zone: str, first_on: date, last_on: date, *, but_not: UUID | None
) -> Full:
    """Say which days and weeks around some local dates take no more dosings. One statement.

    Whole weeks are counted. Holds past their end do not count, nor does ``but_not``.
    """
    return caps.full(
        dosings_between(zone, first_on, last_on, but_not=[but_not] if but_not else ()),
        zone,
        max_per_day=rules.max_dosings_per_day,
        max_per_week=rules.max_dosings_per_week,
    )


def dosings_between(
    zone: str, first_on: date, last_on: date, *, but_not: Collection[UUID] = ()
) -> list[datetime]:
    """Return when dosings start in the whole weeks around some local dates. One statement.

    Holds past their end do not count, nor do ``but_not``.
    """
    past_on = caps.monday_of(last_on) + timedelta(days=7)
    query = sa.select(Appointment.starts_at).where(
        Appointment.kind.in_(GIVES_MEDICINE),
        Appointment.state.in_(TAKES_PART_IN_CAPS),
        Appointment.starts_at >= zones.day_start(zone, caps.monday_of(first_on)),
        Appointment.starts_at < zones.day_start(zone, past_on),
        sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= clock.now()),
    )
    if but_not:
        query = query.where(Appointment.id.not_in(but_not))
    return list(db.session.scalars(query))


def length_of(service: Service, moving: Appointment | None) -> timedelta:
    """Return how long a session lasts: one that is moved keeps the length that was agreed."""
    return moving.ends_at - moving.starts_at if moving else service.minutes * MINUTE


def quiet_hours(rules: BookingRules) -> tuple[Window, ...]:
    """Return the practice's quiet hours, for bookings and for messages, as windows of each date."""
    return hours.windows_over_midnight(_wall(rules.quiet_from_minute), _wall(rules.quiet_to_minute))


def _asked(sought: Sought) -> calendar.Asked:
    return sought.service.kind.value, sought.modality.value


def _needs(sought: Sought, roster: Roster, client_id: UUID | None) -> tuple[Need, ...]:
    service, host_id = sought.service, sought.host_among(roster)
    return needs_of(
        service.shape,
        sought.modality,
        people={
            role: [m.id for m in roster.with_role(role) if host_id in (None, m.id) or n]
            for n, role in enumerate(service.needs_roles)
        },
        rooms=[room.id for room in roster.of_kind(ResourceKind.ROOM)],
        homes=[home.id for home in roster.of_kind(ResourceKind.HOME)],
        gap_minutes=service.rules.gap_between_clients_minutes,
        client=client_id,
    )


def _look(
    sought: Sought,
    roster: Roster,
    needs: tuple[Need, ...],
    seen: Busy,
    *,
    client_id: UUID | None,
    as_staff: bool,
    full: Full,
    has_horizon: bool,
) -> Look:
    axis = roster.axis
    times = {
        each: ResourceTime(hours=roster.hours.get(each, axis.full), taken=seen.taken[each])
        for need in needs
        for each in need.any_of
    }
    ask = _ask(sought, roster, needs, full, as_staff=as_staff, has_horizon=has_horizon)
    return Look(
        service=sought.service,
        modality=sought.modality,
        client_id=client_id,
        as_staff=as_staff,
        zone=axis.zone,
        roster=roster,
        offer=free.find(axis, ask, times, now=clock.now()),
        lapsed=seen.lapsed,
    )


def _as_of() -> datetime:
    return clock.now()


_LAPSED_HOLDS = sa.select(Appointment.id).where(
    Appointment.state == AppointmentState.TENTATIVE,
    Appointment.hold_ends_at < sa.bindparam("as_of", callable_=_as_of),
)
"""Made once, because a statement is made of it; the clock is read when that runs."""


def _ask(
    sought: Sought,
    roster: Roster,
    needs: tuple[Need, ...],
    full: Full,
    *,
    as_staff: bool,
    has_horizon: bool,
) -> Ask:
    service, rules = sought.service, sought.service.rules
    opens = Window(rules.opens_minute, rules.closes_minute)
    return Ask(
        minutes=sought.length // MINUTE,
        needs=needs,
        client_hours=hours.open_hours(
            roster.axis,
            {weekday - 1: [opens] for weekday in rules.weekdays},
            closures=roster.closures,
        ),
        step_minutes=rules.start_step_minutes,
        start_between=(
            (_wall(rules.dosing_first_start_minute), _wall(rules.dosing_last_start_minute))
            if service.kind in GIVES_MEDICINE
            else None
        ),
        notice_hours=0 if as_staff else service.notice_hours,
        horizon_days=rules.horizon_days if has_horizon else None,
        quiet=quiet_hours(rules),
        full_days=full.days,
        full_weeks=full.weeks,
    )


def _wall(minute: int) -> time:
    """Turn minutes after midnight, 1440 included, into a time on the wall."""
    return time(minute // 60 % 24, minute % 60)
