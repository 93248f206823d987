"""What hours come to: the times that clients see, and the booked sessions that lie outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.calendar import opening as calendar_opening
from practice.calendar import queries as calendar
from practice.calendar.models import BookingRules, Claim
from practice.calendar.queries import Roster
from practice.calendar.rules import hours, timeline, zones
from practice.calendar.rules.hours import Window
from practice.calendar.rules.timeline import Axis
from practice.core import clock
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import between
from practice.sessions.queries.times import free_times, quiet_hours
from practice.sessions.rules.lifecycle import AppointmentState, Modality

S = AppointmentState
WEEK_DAYS = 7
FARTHEST = timedelta(days=700)


# What clients see -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DaySeen:
    """The times of one service on one day, in words."""

    day: str
    times: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """What clients see of one service in a week."""

    label: str
    count: int
    days: tuple[DaySeen, ...]


def next_monday(zone: str) -> date:
    """Return the first day of next week."""
    today = zones.local_date(clock.now(), zone)
    return today + timedelta(days=WEEK_DAYS - today.weekday())


def seen_in_week(services: Iterable[Service], first_on: date) -> list[ServiceSeen]:
    """Return the times that clients see in seven days, by the function that shows them."""
    zone = get_practice().time_zone
    return [_seen(service, first_on, zone) for service in services]


def _seen(service: Service, first_on: date, zone: str) -> ServiceSeen:
    starts = sorted(
        {
            start.starts_at
            for way in service.modality_set
            for start in free_times(service, way, first_on, WEEK_DAYS)
        }
    )
    by_day: dict[date, list[str]] = {}
    for start in starts:
        on = zones.local_date(start, zone)
        words = zones.instant_words(start, zone).removeprefix(f"{zones.day_words(on)}, ")
        by_day.setdefault(on, []).append(words)
    days = tuple(DaySeen(zones.day_words(on), tuple(words)) for on, words in by_day.items())
    return ServiceSeen(service.label, len(starts), days)


# What lies outside ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outside:
    """A booked session that the hours leave outside, and why, in words."""

    appointment_id: UUID
    who: str
    label: str
    when: str
    why: tuple[str, ...]

    @property
    def why_words(self) -> str:
        words = ", ".join(self.why)
        return words[:1].upper() + words[1:]


def outside() -> dict[UUID, Outside]:
    """Return the booked sessions that lie outside hours, closed days or quiet hours, by their id.

    Five statements, however many there are.
    """
    practice = get_practice()
    now = clock.now()
    coming = [
        each
        for each in between(now, now + FARTHEST, states={S.TENTATIVE, S.CONFIRMED})
        if each.hold_ends_at is None
    ]
    if not coming:
        return {}
    zone = practice.time_zone
    axis = timeline.axis_of(
        zone, zones.local_date(now, zone), zones.local_date(coming[-1].ends_at, zone)
    )
    serving = _serving([each.id for each in coming])
    rosters = calendar.rosters(axis, {(each.kind.value, each.modality.value) for each in coming})
    rules, closed, _ = calendar_opening.days(axis.first_on, axis.last_on + zones.DAY)
    open_to_clients, loud = _open(axis, rules)
    found = {}
    for each in coming:
        roster = rosters[each.kind.value, each.modality.value]
        why = _why(
            each,
            roster,
            serving.get(each.id, ()),
            open_to_clients=open_to_clients,
            loud=loud,
            closed=closed,
        )
        if why:
            found[each.id] = Outside(
                each.id,
                each.client.name if each.client else "Somebody",
                each.label,
                zones.instant_words(each.starts_at, zone),
                why,
            )
    return found


def _serving(appointment_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return who and what serves some sessions."""
    found: dict[UUID, list[UUID]] = {}
    rows = db.session.execute(
        sa.select(Claim.holder_id, Claim.resource_id)
        .where(Claim.holder_id.in_(appointment_ids), Claim.released_at.is_(None))
        .order_by(Claim.holder_id, Claim.resource_id)
    )
    for holder_id, resource_id in rows:
        found.setdefault(holder_id, []).append(resource_id)
    return found


def _open(axis: Axis, rules: BookingRules) -> tuple[int, int]:
    """Return when clients may come, whatever is closed, and when it is not quiet."""
    opens = Window(rules.opens_minute, rules.closes_minute)
    weekly = {weekday - 1: [opens] for weekday in rules.weekdays}
    return (
        hours.open_hours(axis, weekly),
        hours.daily(axis, hours.all_but(quiet_hours(rules))),
    )


def _why(
    session: Appointment,
    roster: Roster,
    serving: Iterable[UUID],
    *,
    open_to_clients: int,
    loud: int,
    closed: dict[date, str],
) -> tuple[str, ...]:
    axis = roster.axis
    on = zones.local_date(session.starts_at, axis.zone)
    if on in closed:
        return (f"closed: {closed[on]}",)
    lasts = timeline.busy(axis, [(session.starts_at, session.ends_at)])
    names = {member.id: member.name for member in roster.members}
    why = [
        f"outside the hours of {names[each]}"
        for each in serving
        if each in roster.hours and lasts & ~roster.hours[each]
    ]
    if lasts & ~open_to_clients:
        why.append("outside the hours for clients")
    if lasts & ~loud:
        why.append("in quiet hours")
    return tuple(why)


def suitable(services: Iterable[Service], roles: Iterable[str], *, is_room: bool) -> list[Service]:
    """Return the services that somebody with these roles serves in, or that take the room."""
    if is_room:
        in_person = Modality.IN_PERSON
        return [each for each in services if each.needs_room and in_person in each.modality_set]
    served = set(roles)
    return [each for each in services if served & set(each.needs_roles)]
