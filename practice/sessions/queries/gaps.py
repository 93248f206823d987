"""What still has room: the first time for each service, and the gaps of a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from practice.calendar.rules import free, timeline, zones
from practice.core import clock
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.course_steps import Judge, judge, step_in
from practice.sessions.queries.courses import courses_to_book
from practice.sessions.queries.looking import (
    NOTHING_FULL,
    Look,
    Sought,
    full_for_dosings,
    looks,
)
from practice.sessions.queries.times import look
from practice.sessions.rules import windows
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality, SessionKind
from practice.sessions.rules.windows import Session

FIRST_DAYS = 21


@dataclass(frozen=True, slots=True)
class Gap:
    """Starts in a row at which a service could begin, the first and the last of them."""

    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Room:
    """A service with the gaps that it fits into; ``closed`` says why there are none on a day."""

    service: Service
    gaps: tuple[Gap, ...]
    closed: str = ""


def room_on(on: date, services: Iterable[Service]) -> list[Room]:
    """Say when a medicine session and a talk could still begin on a local day, by staff.

    One look for both. Of each the first of the practice's own list that is given in person.
    """
    given = [each for each in services if Modality.IN_PERSON in each.modality_set]
    medicine = next((each for each in given if each.kind in GIVES_MEDICINE), None)
    talk = next((each for each in given if each.kind is SessionKind.INTEGRATION), None)
    zone = get_practice().time_zone
    wanted = [each for each in (medicine, talk) if each is not None]
    if not wanted:
        return []
    full = (
        full_for_dosings(medicine.rules, zone, on, on, but_not=None) if medicine else NOTHING_FULL
    )
    found = looks(
        [Sought(each, _first_way(each)) for each in wanted],
        on,
        on,
        zone=zone,
        client_id=None,
        as_staff=True,
        full=full,
    )
    return [
        Room(each, gaps := _gaps(seen, on), "" if gaps else _closed(seen, on))
        for each, seen in zip(wanted, found, strict=True)
    ]


def first_starts(services: Sequence[Service], client: Client) -> dict[str, datetime]:
    """Return the first time for each service, by its slug, that the course recommends.

    Where it recommends none of the next three weeks, the first within its limits. Looked at in
    the way that each service is given in first.
    """
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    others, courses = sessions_of(client.id), courses_to_book(client.id)
    found = {}
    for service in services:
        last_on = today + timedelta(days=FIRST_DAYS)
        seen = _look(service, today, last_on, zone, client)
        step = step_in(courses, service)
        start = _best(
            service,
            free.starts(seen.offer, today, last_on),
            others,
            zone,
            judge(client, step) if step else None,
        )
        if start is not None:
            found[service.slug] = start
    return found


def why_not_then(service: Service, starts_at: datetime, client: Client) -> tuple[str, ...]:
    """Say what speaks against a start of a service for a client; nothing if it can be had."""
    zone = get_practice().time_zone
    on = zones.local_date(starts_at, zone)
    offer = _look(service, on, on, zone, client).offer
    return tuple(refusal.words for refusal in free.why_not(offer, starts_at))


def _look(
    service: Service, first_on: date, last_on: date, zone: str, client: Client | None = None
) -> Look:
    return look(
        service,
        _first_way(service),
        first_on,
        last_on,
        zone=zone,
        client_id=client.id if client else None,
        as_staff=True,
    )


def _first_way(service: Service) -> Modality:
    return Modality(service.modalities[0])


def _gaps(seen: Look, on: date) -> tuple[Gap, ...]:
    step = max(timeline.CELL, timedelta(minutes=seen.offer.ask.step_minutes))
    gaps: list[Gap] = []
    for start in free.starts(seen.offer, on, on):
        if gaps and start - gaps[-1].last_at == step:
            gaps[-1] = Gap(gaps[-1].first_at, start)
        else:
            gaps.append(Gap(start, start))
    return tuple(gaps)


def _closed(seen: Look, on: date) -> str:
    """Say that a day is closed: by itself, or as all of its weekday are."""
    if any(first_on <= on <= last_on for first_on, last_on in seen.roster.closures):
        return "The practice is closed on this day."
    if on.isoweekday() not in seen.service.rules.weekdays:
        return f"The practice is closed on {on:%A}s."
    return ""


def _best(
    service: Service,
    starts: Sequence[datetime],
    others: Sequence[Session],
    zone: str,
    course: Judge | None,
) -> datetime | None:
    """Return the first start against which nothing speaks, else the first within the limits."""
    length, allowed = timedelta(minutes=service.minutes), None
    for start in starts:
        session = Session(service.id, service.kind, start, start + length)
        said = course.findings(start) if course else windows.findings(session, others, zone)
        if not said:
            return start
        if allowed is None and not any(each.is_hard for each in said):
            allowed = start
    return allowed
