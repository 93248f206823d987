"""Balances that clients bring along from another program. Call inside ``transaction()``.

They take no number of ours and no receipt: our own series stay without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing.models import OpeningBalance, Payment
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.people.queries import get_practice


@dataclass(frozen=True, slots=True)
class Opening:
    """An invoice of the former program, in cents of the practice's currency."""

    client_id: UUID
    number: str
    dated_on: date
    amount_minor: int
    paid_minor: int


def bring(openings: Sequence[Opening], *, by: Actor) -> list[UUID]:
    """Write balances down, and return the id of each, in their order."""
    currency, now = get_practice().currency, clock.now()
    rows = [
        OpeningBalance(
            client_id=each.client_id,
            number=each.number,
            dated_on=each.dated_on,
            amount_minor=each.amount_minor,
            paid_minor=each.paid_minor,
            currency=currency,
            recorded_at=now,
        )
        for each in openings
    ]
    db.session.add_all(rows)
    db.session.flush()
    for row in rows:
        record("opening_balance:bring", by=by, subject_id=row.id, client=str(row.client_id))
    return [row.id for row in rows]


def take_back(ids: Sequence[UUID], *, by: Actor) -> None:
    """Take balances back.

    Raises:
        Conflict: if a client has paid something towards one of them here.
    """
    paid = db.session.scalar(sa.select(sa.func.count(Payment.id)).where(Payment.for_id.in_(ids)))
    if paid:
        raise Conflict("Something was paid towards these balances here. They stay.")
    db.session.execute(
        sa.delete(OpeningBalance)
        .where(OpeningBalance.id.in_(ids))
        .execution_options(synchronize_session=False)
    )
    for each in ids:
        record("opening_balance:take_back", by=by, subject_id=each)


def known_numbers(numbers: Sequence[str]) -> set[str]:
    """Return those of some numbers that a balance on file has already."""
    return set(
        db.session.scalars(
            sa.select(OpeningBalance.number).where(OpeningBalance.number.in_(numbers))
        )
    )
