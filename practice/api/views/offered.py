"""The practice, its services and its free times: the same with a token and without."""

from __future__ import annotations

from practice.api import schemas
from practice.api.operations import operation
from practice.api.rules.scopes import Scope
from practice.api.views import told
from practice.api.views.blueprint import bp, openly
from practice.calendar.rules import zones
from practice.core import clock
from practice.people.queries import get_practice
from practice.sessions import queries

OFFER = "What is offered"


@bp.get("/practice")
@operation(schemas.Practice, scope=Scope.PRACTICE_READ, about=OFFER)
def practice() -> schemas.Practice:
    """Read who the practice is."""
    return told.practice(get_practice())


@bp.get("/services")
@operation(schemas.Services, scope=Scope.SERVICES_READ, about=OFFER)
def services() -> schemas.Services:
    """List what can be booked now, in the practice's own order."""
    return told.services()


@bp.get("/services/<service>/times")
@operation(schemas.Times, scope=Scope.TIMES_READ, about=OFFER)
def times(service: str, query: schemas.TimesAsked) -> schemas.Times:
    """List the free times of a service on at most 60 days."""
    return _times(service, query)


@openly.get("/")
@operation(schemas.Practice, about=OFFER)
def practice_openly() -> schemas.Practice:
    """Read who the practice is."""
    return told.practice(get_practice())


@openly.get("/services")
@operation(schemas.Services, about=OFFER)
def services_openly() -> schemas.Services:
    """List what can be booked now, in the practice's own order."""
    return told.services()


@openly.get("/services/<service>/times")
@operation(schemas.Times, about=OFFER)
def times_openly(service: str, query: schemas.TimesAsked) -> schemas.Times:
    """List the free times of a service on at most 60 days."""
    return _times(service, query)


def _times(slug: str, asked: schemas.TimesAsked) -> schemas.Times:
    owner, service = get_practice(), queries.get_service(slug)
    zone = zones.zone(asked.tz).key if asked.tz else owner.time_zone
    modality = told.way_of(service, asked.modality)
    first_on = asked.from_on or zones.local_date(clock.now(), zone)
    free = queries.free_times(service, modality, first_on, asked.days, zone=zone)
    return schemas.Times(
        service=service.slug,
        modality=modality,
        time_zone=zone,
        minutes=service.minutes,
        starts_at=[each.starts_at for each in free],
    )
