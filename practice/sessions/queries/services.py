"""What the practice offers, and what it offered before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.often import Often
from practice.people.models import User
from practice.sessions.models import Service, ServiceVersion
from practice.sessions.rules.offered import WAYS, Difference, Offered, differences, terms_of


def services() -> list[Service]:
    """Return what is offered now, in the practice's own order, each with the booking rules."""
    return list(
        db.session.scalars(
            sa.select(Service)
            .where(Service.ended_at.is_(None))
            .options(joinedload(Service.rules, innerjoin=True))
            .order_by(Service.position, Service.slug)
        )
    )


def get_service(named: str | UUID) -> Service:
    """Return a service that is offered now, by its slug or id, with the booking rules.

    Raises:
        NotFound: if there is none.
    """
    which = _BY_ID if isinstance(named, UUID) else _BY_SLUG
    service: Service | None = which.objects(named=named).one_or_none()
    if service is None:
        raise NotFound("This practice does not offer that.")
    return service


_OFFERED = (
    sa.select(Service)
    .where(Service.ended_at.is_(None))
    .options(joinedload(Service.rules, innerjoin=True))
)
_BY_ID, _BY_SLUG = (
    Often(_OFFERED.where(key == sa.bindparam("named"))) for key in (Service.id, Service.slug)
)


def every_service() -> list[Service]:
    """Return all services, retired ones last, in the practice's own order."""
    return list(
        db.session.scalars(
            sa.select(Service).order_by(
                Service.ended_at.is_not(None), Service.position, Service.slug
            )
        )
    )


def any_service(service_id: UUID) -> Service:
    """Return a service, also one that is offered no longer.

    Raises:
        NotFound: if there is none.
    """
    service: Service | None = db.session.scalar(sa.select(Service).where(Service.id == service_id))
    if service is None:
        raise NotFound("This practice has no such service.")
    return service


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a service: what it was, what it became, when, and by whom."""

    service: Service
    version: int
    at: datetime
    by: str
    differences: tuple[Difference, ...]


def changes_of(services: Iterable[Service]) -> list[Change]:
    """Return how some services came to be what they are, newest change first. One statement."""
    by_id = {service.id: service for service in services}
    rows = db.session.execute(
        sa.select(ServiceVersion, User.name)
        .outerjoin(
            User,
            sa.and_(
                User.practice_id == ServiceVersion.practice_id, User.id == ServiceVersion.changed_by
            ),
        )
        .where(ServiceVersion.service_id.in_(by_id))
        .order_by(ServiceVersion.service_id, ServiceVersion.number.desc())
    ).all()
    after = {each.id: terms_of(offered_by(each), each.cancellation) for each in by_id.values()}
    found = []
    for version, name in rows:
        told = differences(version.terms, after[version.service_id])
        after[version.service_id] = version.terms
        service = by_id[version.service_id]
        found.append(
            Change(
                service, version.number + 1, version.until_at, name or "the program", tuple(told)
            )
        )
    return sorted(found, key=lambda change: change.at, reverse=True)


def offered_by(service: Service) -> Offered:
    """Return what a service is now, as its form gives it."""
    values: dict[str, Any] = {each.name: getattr(service, each.name) for each in fields(Offered)}
    ways = tuple(way for way in WAYS if way in service.modality_set)
    return Offered(**values | {"modalities": ways, "needs_roles": tuple(service.needs_roles)})
