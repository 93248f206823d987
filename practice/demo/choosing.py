"""Choosing a time as people do: near the day and hour that suit, and as the course recommends."""

from datetime import date, datetime, timedelta

from practice.calendar.rules import zones
from practice.core import clock
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions import queries
from practice.sessions.models import Appointment, Service
from practice.sessions.queries import Start
from practice.sessions.rules.lifecycle import Modality

NEAR_DAYS = 5
FAR_DAYS = 20


def choose(
    service: Service,
    modality: Modality,
    *,
    on: date,
    hour: int,
    client: Client | None = None,
    moving: Appointment | None = None,
) -> datetime:
    """Return the free time nearest to a local day and hour, tomorrow at the earliest.

    With a ``client`` staff choose: within the limits of the course, and within what it recommends
    if that can be had. An appointment that is ``moving`` moves to a later time.

    Raises:
        LookupError: if nothing is free for weeks; nobody's demo is that full.
    """
    zone = get_practice().time_zone
    first_on = max(on, zones.local_date(clock.now(), zone) + 2 * zones.DAY) - zones.DAY

    def how_far(start: Start) -> tuple[bool, timedelta, int, datetime]:
        local = start.starts_at.astimezone(zones.zone(zone))
        minutes = abs(local.hour * 60 + local.minute - hour * 60)
        return bool(start.warnings), abs(local.date() - on), minutes, start.starts_at

    for days in (NEAR_DAYS, FAR_DAYS):
        starts = queries.free_times(
            service,
            modality,
            first_on,
            days,
            client=client,
            as_staff=client is not None,
            moving=moving,
        )
        possible = [
            start
            for start in starts
            if not start.refusals and (moving is None or start.starts_at > moving.starts_at)
        ]
        if possible:
            return min(possible, key=how_far).starts_at
    raise LookupError(f"there is no time for {service.slug} around {on}")
