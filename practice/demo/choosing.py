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

LOOKED_AT_DAYS = 8


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

    Looks from the day before to a week after. With a ``client`` staff choose: within the
    limits of the course, and within what it recommends if that can be had.

    Raises:
        ValueError: if nothing at all is free; nobody's demo is that full.
    """
    zone = get_practice().time_zone
    tomorrow = zones.local_date(clock.now(), zone) + zones.DAY
    starts = queries.free_times(
        service,
        modality,
        max(on - zones.DAY, tomorrow),
        LOOKED_AT_DAYS,
        client=client,
        as_staff=client is not None,
        moving=moving,
    )

    def how_far(start: Start) -> tuple[bool, timedelta, int, datetime]:
        local = start.starts_at.astimezone(zones.zone(zone))
        minutes = abs(local.hour * 60 + local.minute - hour * 60)
        return bool(start.warnings), abs(local.date() - on), minutes, start.starts_at

    possible = [start for start in starts if not start.refusals]
    if moving is not None:
        possible = [start for start in possible if start.starts_at > moving.starts_at]
    return min(possible, key=how_far).starts_at
