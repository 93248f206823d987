"""When can this session start? The same look shows times and checks the one that is booked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from practice.calendar.rules import timeline, zones
from practice.core.errors import Invalid
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.looking import (
    NOTHING_FULL,
    Look,
    Sought,
    full_for_dosings,
    length_of,
    looks,
    quiet_hours,
)
from practice.sessions.rules import windows
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality
from practice.sessions.rules.windows import Session

__all__ = ["Look", "Start", "free_times", "full_for_dosings", "look", "look_at", "quiet_hours"]

MOST_DAYS = 60


class Start(NamedTuple):
    """A time on offer. For one client also what the windows of their course say about it."""

    starts_at: datetime
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


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
    freed: Collection[UUID] = (),
) -> Look:
    """Look for starts on some local days of the practice, both included.

    Two statements, and one more for dosings, whatever the size of the book: see ``looks``.

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
        freed: other sessions that would move out of the way.

    Raises:
        Invalid: for a modality that the service is not given in, or impossible dates.
    """
    moved_id = moving.id if moving else None
    full = (
        full_for_dosings(service.rules, zone, first_on, last_on, but_not=moved_id)
        if service.kind in GIVES_MEDICINE
        else NOTHING_FULL
    )
    (found,) = looks(
        [Sought(service, modality, host_id, moving=moving)],
        first_on,
        last_on,
        zone=zone,
        client_id=client_id,
        as_staff=as_staff,
        but_not=[*freed, moved_id] if moved_id else freed,
        full=full,
    )
    return found


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
    said_of: Callable[[datetime], Start] | None = None,
    freed: Collection[UUID] = (),
) -> list[Start]:
    """List the times on offer on some days, in order.

    ``first_on`` and ``days`` count local days of ``zone``, a visitor's perhaps; of the
    practice if it is not given. With a ``client``, each start says what the windows of their
    course have to say; those with refusals are listed too, so that a page can tell why.
    ``said_of`` says it in place of the usual windows: that of a session of a planned course, whose
    others, ``freed``, can move along.

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
        freed=freed,
    )
    starts = [
        start
        for start in timeline.instants(seen.offer.axis, seen.offer.starts)
        if there.starts_at <= start < there.ends_at
    ]
    if said_of is not None:
        return [said_of(start) for start in starts]
    if client is None:
        return [Start(start) for start in starts]
    others = sessions_of(client.id)
    return [_judged(service, start, others, home, moving) for start in starts]


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
        start + length_of(service, moving),
    )
    found = windows.findings(session, others, zone, moved_from=moving.placed if moving else None)
    return Start(
        start,
        warnings=tuple(each.words for each in found if not each.is_hard),
        refusals=tuple(each.words for each in found if each.is_hard),
    )
