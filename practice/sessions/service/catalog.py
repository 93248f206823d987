"""Changing what the practice offers. Sessions that are booked keep what was agreed.

Everything is called inside ``transaction()``. What a service was before a change is kept as a
version, with the moment of the change and who made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.outbox import service as outbox
from practice.sessions.models import Service, ServiceVersion
from practice.sessions.queries.services import any_service, offered_by
from practice.sessions.rules.offered import Offered, slug_for, terms_of
from practice.sessions.rules.policies import Policy, as_terms, shipped_policy


class ChangedMeanwhile(Conflict):
    """Somebody else changed the service since the form was opened."""


def add(offered: Offered, *, by: Actor) -> Service:
    """Offer something new, under the terms of cancelling that are shipped for its kind."""
    taken = set(db.session.scalars(sa.select(Service.slug)))
    service = Service(
        slug=slug_for(offered.label, taken),
        cancellation=as_terms(shipped_policy(offered.kind)),
        **_columns(offered),
    )
    db.session.add(service)
    db.session.flush()
    audit.record("service:add", by=by, subject_id=service.id)
    return service


SHOWN_IN_CALENDARS = ("code", "buffer_before_minutes", "buffer_after_minutes")


def change(service_id: UUID, offered: Offered, *, seen: int, by: Actor) -> Service:
    """Change a service. ``seen`` is the version that the form showed.

    Nothing is written where nothing differs. Kind and route stay what they are.

    Raises:
        NotFound: if there is no such service.
        ChangedMeanwhile: if somebody else was quicker.
    """
    service = _lock(service_id, seen)
    new = {**_columns(offered), "kind": service.kind, "route": service.route}
    if terms_of(offered, service.cancellation) == terms_of(
        offered_by(service), service.cancellation
    ):
        return service
    _keep_version(service, by)
    if any(getattr(service, name) != new[name] for name in SHOWN_IN_CALENDARS):
        outbox.look_at_calendars()
    for name, value in new.items():
        setattr(service, name, value)
    db.session.flush()
    audit.record("service:change", by=by, subject_id=service.id, version=service.version)
    return service


def set_policy(service_ids: Iterable[UUID], policy: Policy, *, by: Actor) -> list[Service]:
    """Put some services under new terms of cancelling; return those that change.

    Raises:
        NotFound: if one of them does not exist.
    """
    terms, changed = as_terms(policy), []
    for service_id in sorted(service_ids):
        service = _lock(service_id)
        if service.cancellation == terms:
            continue
        _keep_version(service, by)
        service.cancellation = terms
        audit.record("service:set_policy", by=by, subject_id=service.id, version=service.version)
        changed.append(service)
    db.session.flush()
    return changed


def retire(service_id: UUID, *, by: Actor) -> Service:
    """Offer a service no longer. Sessions that are booked stay. Twice is as good as once."""
    service = _lock(service_id)
    if service.ended_at is None:
        service.ended_at = clock.now()
        db.session.flush()
        audit.record("service:retire", by=by, subject_id=service.id)
    return service


def bring_back(service_id: UUID, *, by: Actor) -> Service:
    """Offer a retired service again."""
    service = _lock(service_id)
    if service.ended_at is not None:
        service.ended_at = None
        db.session.flush()
        audit.record("service:bring_back", by=by, subject_id=service.id)
    return service


def _columns(offered: Offered) -> dict[str, Any]:
    values: dict[str, Any] = {each.name: getattr(offered, each.name) for each in fields(Offered)}
    return values | {
        "modalities": [way.value for way in offered.modalities],
        "needs_roles": list(offered.needs_roles),
    }


def _lock(service_id: UUID, seen: int | None = None) -> Service:
    db.session.execute(sa.select(Service.id).where(Service.id == service_id).with_for_update())
    service = any_service(service_id)
    if seen is not None and service.version != seen:
        raise ChangedMeanwhile("Somebody else has just changed this. Look at it again.")
    return service


def _keep_version(service: Service, by: Actor) -> None:
    db.session.add(
        ServiceVersion(
            service_id=service.id,
            number=service.version,
            until_at=clock.now(),
            changed_by=by.id,
            terms=terms_of(offered_by(service), service.cancellation),
        )
    )
    service.version += 1
