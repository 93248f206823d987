"""When can this session start? The same look shows times and checks the one that is booked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar import queries as calendar
from practice.calendar.models import BookingRules, ResourceKind
from practice.calendar.queries import Lapsed, Roster
from practice.calendar.rules import free, hours, timeline, zones
from practice.calendar.rules.free import Ask, Need, Offer, ResourceTime, Wanted
from practice.calendar.rules.hours import Window
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Invalid
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.rules import caps, windows
from practice.sessions.rules.caps import Full
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    TAKES_PART_IN_CAPS,
    AppointmentState,
    Modality,
)
from practice.sessions.rules.needs import needs_of
from practice.sessions.rules.windows import Session

MOST_DAYS = 60
MINUTE = timedelta(minutes=1)
NOTHING_FULL = Full(frozenset(), frozenset())


class Start(NamedTuple):
    """A time on offer. For one client also what the windows of their course say about it."""

    starts_at: datetime
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


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


def look(
    service: Service,
    modality: Modality,
    first_on: date,
    last_on: date,
    *,
    zone: str,
    client_id: UUID | None = None,
    as_staff: bool = False,
    moving: Appointment | None = None,
    host_id: UUID | None = None,
) -> Look:
    """Look for starts on some local days of the practice, both included.

    Two statements, and one more for dosings, whatever the size of the book. Neither lies about
    what it saw, but the world may move on: who takes a time relies on the claims, not on this.

    Args:
        service: from ``get_service``, which brings the booking rules along.
        modality: in person or by video.
        first_on: first local date.
        last_on: last local date.
        zone: of the practice.
        client_id: whose other sessions are in the way, for a client who has any.
        as_staff: staff need no notice and see beyond the horizon.
        moving: an appointment that is to be moved. Its own time does not stand in its way,
            whoever holds it goes on holding it, and it stays as long as was agreed.
        host_id: the person who has to hold the session; anybody suitable if not given.

    Raises:
        Invalid: for a modality that the service is not given in, or impossible dates.
    """
    if moving is None and modality not in service.modality_set:
        raise Invalid("That session is not given in this way.")
    rules, now = service.rules, clock.now()
    moved_id, host_id = (moving.id, moving.host_id) if moving else (None, host_id)
    axis = free.axis_around(zone, first_on, last_on)
    roster = calendar.roster(axis, (service.kind.value, modality.value))
    people = {
        role: [m.id for m in roster.with_role(role) if host_id in (None, m.id) or n]
        for n, role in enumerate(service.needs_roles)
    }
    needs = needs_of(
        service.shape,
        modality,
        people=people,
        rooms=[room.id for room in roster.of_kind(ResourceKind.ROOM)],
        homes=[home.id for home in roster.of_kind(ResourceKind.HOME)],
        gap_minutes=rules.gap_between_clients_minutes,
        client=client_id,
    )
    named = {each for need in needs for each in need.any_of}
    seen = calendar.busy(axis, named, lapsed=_LAPSED_HOLDS, but_not=moved_id)
    full = (
        full_for_dosings(rules, zone, first_on, last_on, but_not=moved_id)
        if service.kind in GIVES_MEDICINE
        else NOTHING_FULL
    )
    times = {
        each: ResourceTime(hours=roster.hours.get(each, axis.full), taken=seen.taken[each])
        for each in named
    }
    return Look(
        service=service,
        modality=modality,
        client_id=client_id,
        as_staff=as_staff,
        zone=zone,
        roster=roster,
        offer=free.find(
            axis,
            _ask(service, roster, needs, full, as_staff=as_staff, moving=moving),
            times,
            now=now,
        ),
        lapsed=seen.lapsed,
    )


def look_at(
    service: Service,
    modality: Modality,
    starts_at: datetime,
    *,
    client_id: UUID | None = None,
    as_staff: bool = False,
    moving: Appointment | None = None,
    host_id: UUID | None = None,
) -> Look:
    """Look for one start, by the very rules by which ``free_times`` shows many."""
    zone = get_practice().time_zone
    on = zones.local_date(starts_at, zone)
    return look(
        service,
        modality,
        on,
        on,
        zone=zone,
        client_id=client_id,
        as_staff=as_staff,
        moving=moving,
        host_id=host_id,
    )


def free_times(
    service: Service,
    modality: Modality,
    first_on: date,
    days: int,
    *,
    client: Client | None = None,
    zone: str | None = None,
    as_staff: bool = False,
    moving: Appointment | None = None,
) -> list[Start]:
    """List the times on offer on some days, in order.

    ``first_on`` and ``days`` count local days of ``zone``, a visitor's perhaps; of the
    practice if it is not given. With a ``client``, each start says what the windows of their
    course have to say; those with refusals are listed too, so that a page can tell why.

    Raises:
        Invalid: for more than 60 days, none, dates in another century or an unknown zone.
    """
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Between 1 and {MOST_DAYS} days can be looked at together.")
    home = get_practice().time_zone
    there = timeline.axis_of(zone or home, first_on, first_on + timedelta(days=days - 1))
    seen = look(
        service,
        modality,
        zones.local_date(there.starts_at, home),
        zones.local_date(there.ends_at - timeline.CELL, home),
        zone=home,
        client_id=client.id if client else None,
        as_staff=as_staff,
        moving=moving,
    )
    starts = [
        start
        for start in timeline.instants(seen.offer.axis, seen.offer.starts)
        if there.starts_at <= start < there.ends_at
    ]
    if client is None:
        return [Start(start) for start in starts]
    others = sessions_of(client.id)
    return [_judged(service, start, others, home, moving) for start in starts]


def full_for_dosings(
    rules: BookingRules, zone: str, first_on: date, last_on: date, *, but_not: UUID | None
) -> Full:
    """Say which days and weeks around some local dates take no more dosings. One statement.

    Whole weeks are counted. Holds past their end do not count, nor does ``but_not``.
    """
    past_on = caps.monday_of(last_on) + timedelta(days=7)
    query = sa.select(Appointment.starts_at).where(
        Appointment.kind.in_(GIVES_MEDICINE),
        Appointment.state.in_(TAKES_PART_IN_CAPS),
        Appointment.starts_at >= zones.day_start(zone, caps.monday_of(first_on)),
        Appointment.starts_at < zones.day_start(zone, past_on),
        sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= clock.now()),
    )
    if but_not is not None:
        query = query.where(Appointment.id != but_not)
    return caps.full(
        db.session.scalars(query),
        zone,
        max_per_day=rules.max_dosings_per_day,
        max_per_week=rules.max_dosings_per_week,
    )


def _as_of() -> datetime:
    return clock.now()


_LAPSED_HOLDS = sa.select(Appointment.id).where(
    Appointment.state == AppointmentState.TENTATIVE,
    Appointment.hold_ends_at < sa.bindparam("as_of", callable_=_as_of),
)
"""Made once, because a statement is made of it; the clock is read when that runs."""


def _ask(
    service: Service,
    roster: Roster,
    needs: tuple[Need, ...],
    full: Full,
    *,
    as_staff: bool,
    moving: Appointment | None,
) -> Ask:
    rules = service.rules
    opens = Window(rules.opens_minute, rules.closes_minute)
    return Ask(
        minutes=_length(service, moving) // MINUTE,
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
        horizon_days=None if as_staff else rules.horizon_days,
        quiet=quiet_hours(rules),
        full_days=full.days,
        full_weeks=full.weeks,
    )


def quiet_hours(rules: BookingRules) -> tuple[Window, ...]:
    """Return the practice's quiet hours, for bookings and for messages, as windows of each date."""
    return hours.windows_over_midnight(_wall(rules.quiet_from_minute), _wall(rules.quiet_to_minute))


def _length(service: Service, moving: Appointment | None) -> timedelta:
    """Return how long a session lasts: one that is moved keeps the length that was agreed."""
    return moving.ends_at - moving.starts_at if moving else timedelta(minutes=service.minutes)


def _wall(minute: int) -> time:
    """Turn minutes after midnight, 1440 included, into a time on the wall."""
    return time(minute // 60 % 24, minute % 60)


def _judged(
    service: Service,
    start: datetime,
    others: list[Session],
    zone: str,
    moving: Appointment | None,
) -> Start:
    session = Session(
        moving.id if moving else service.id,
        service.kind,
        start,
        start + _length(service, moving),
    )
    found = windows.findings(session, others, zone, moved_from=moving.placed if moving else None)
    return Start(
        start,
        warnings=tuple(each.words for each in found if not each.is_hard),
        refusals=tuple(each.words for each in found if each.is_hard),
    )
