"""What insurers ask of a clinician: licence and NPI. Call what writes inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core.db import db
from practice.people.identifiers import UNKNOWN, Provider
from practice.people.models import ProviderDetails
from practice.people.queries import get_member
from practice.people.seen import check, mark_of


def provider_of(user_id: UUID) -> Provider:
    """Return what is known of a member of staff."""
    return providers([user_id]).get(user_id, UNKNOWN)


def providers(user_ids: Collection[UUID]) -> Mapping[UUID, Provider]:
    """Return what is known of some members of staff; the others are left out. One statement."""
    rows = db.session.scalars(
        sa.select(ProviderDetails).where(ProviderDetails.user_id.in_(user_ids))
    )
    return {row.user_id: _read(row) for row in rows}


def mark_of_provider(provider: Provider) -> str:
    """Return the mark of what a form shows."""
    return mark_of(asdict(provider))


def describe(user_id: UUID, provider: Provider, *, seen: str = "", by: Actor) -> None:
    """Write down what insurers ask of a member of staff.

    Raises:
        NotFound: if there is no such member.
        ChangedMeanwhile: if it is no longer what the form had ``seen``.
    """
    get_member(user_id)
    row = db.session.scalar(
        sa.select(ProviderDetails).where(ProviderDetails.user_id == user_id).with_for_update()
    )
    was = _read(row) if row else UNKNOWN
    check(seen, mark_of_provider(was))
    if was == provider:
        return
    if row is None:
        db.session.add(ProviderDetails(user_id=user_id, **asdict(provider)))
    else:
        for name, value in asdict(provider).items():
            setattr(row, name, value)
    db.session.flush()
    changed = [n for n, value in asdict(provider).items() if asdict(was)[n] != value]
    record("user:describe", by=by, subject_id=user_id, changed=changed)


def _read(row: ProviderDetails) -> Provider:
    return Provider(row.credentials, row.npi, row.licence_no, row.licence_state)
