"""Looking at several starts of one session together, before any of them is booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from practice.calendar.rules import zones
from practice.core import clock
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.times import Start, free_times
from practice.sessions.rules import choosing, windows
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.rules.windows import Session

NEAR_DAYS = 3
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """One start that is wanted: free, with what the course says of it, or the nearest instead."""

    wanted_at: datetime
    start: Start | None
    nearest: tuple[datetime, ...]


def planned(
    client: Client, service: Service, modality: Modality, wanted: Sequence[datetime]
) -> list[Planned]:
    """Say of each wanted start whether it can be had, each with those before it in the book."""
    zone = get_practice().time_zone
    others = sessions_of(client.id)
    found = []
    for wanted_at in sorted(set(wanted)):
        on = zones.local_date(wanted_at, zone)
        free = {
            each.starts_at: each
            for each in free_times(service, modality, on, 1, client=client, as_staff=True)
        }
        session = Session(
            uuid4(), service.kind, wanted_at, wanted_at + timedelta(minutes=service.minutes)
        )
        start = None
        if wanted_at in free and not any(_overlap(session, each) for each in others):
            said = windows.findings(session, others, zone)
            start = Start(
                wanted_at,
                warnings=tuple(each.words for each in said if not each.is_hard),
                refusals=tuple(each.words for each in said if each.is_hard),
            )
            others = [*others, session]
        near = () if start else nearest(client, service, modality, wanted_at)
        found.append(Planned(wanted_at, start, near))
    return found


def nearest(
    client: Client, service: Service, modality: Modality, wanted_at: datetime
) -> tuple[datetime, ...]:
    """Return the three free times nearest to one that cannot be had, within the course's limits."""
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    on = max(zones.local_date(wanted_at, zone), today)
    first_on = max(on - timedelta(days=NEAR_DAYS), today)
    found = free_times(
        service,
        modality,
        first_on,
        (on - first_on).days + 1 + NEAR_DAYS,
        client=client,
        as_staff=True,
    )
    return tuple(
        choosing.nearest(
            (each.starts_at for each in found if not each.refusals), wanted_at, NEAREST
        )
    )


def _overlap(one: Session, other: Session) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at
