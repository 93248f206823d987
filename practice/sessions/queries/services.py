"""What the practice offers."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from practice.core.db import db
from practice.core.errors import NotFound
from practice.sessions.models import Service


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
    is_it = Service.id == named if isinstance(named, UUID) else Service.slug == named
    service: Service | None = db.session.scalar(
        sa.select(Service)
        .where(is_it, Service.ended_at.is_(None))
        .options(joinedload(Service.rules, innerjoin=True))
    )
    if service is None:
        raise NotFound("This practice does not offer that.")
    return service
