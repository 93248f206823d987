"""Keeping the billing codes of services. Called inside ``transaction()``."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core.db import db
from practice.people.seen import check, mark_of
from practice.sessions.models import Service, ServiceCodes
from practice.sessions.queries.services import any_service
from practice.sessions.rules.codes import Codes, as_kept


def mark(codes: Codes) -> str:
    """Return the mark of what a form shows."""
    return mark_of(as_kept(codes))


def keep(service_id: UUID, codes: Codes, *, seen: str = "", by: Actor) -> None:
    """Keep the codes of a service. What was issued keeps those that it was issued with.

    Raises:
        NotFound: if there is no such service.
        ChangedMeanwhile: if they are no longer what the form had ``seen``.
    """
    db.session.execute(sa.select(Service.id).where(Service.id == service_id).with_for_update())
    service = any_service(service_id)
    row = db.session.scalar(sa.select(ServiceCodes).where(ServiceCodes.service_id == service.id))
    was = row.codes if row else Codes()
    check(seen, mark(was))
    if row is not None and was == codes:
        return
    if row is None:
        db.session.add(ServiceCodes(service_id=service.id, kept=as_kept(codes)))
    else:
        row.kept = as_kept(codes)
    db.session.flush()
    audit.record("service:codes", by=by, subject_id=service.id)
