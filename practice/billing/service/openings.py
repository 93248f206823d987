"""Balances that clients bring along from another program. Call inside ``transaction()``.

They take no number of ours and no receipt: our own series stay without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing import ledger
from practice.billing.models import OpeningBalance, Payment
from practice.billing.rules.ledger import Owed
from practice.billing.rules.payments import Label, PaymentOutcome
from practice.billing.service import checkout, refunds
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, NotFound
from practice.core.money import Money
from practice.people.models import Client
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
        books.bring(row, by=by)
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
        books.reverse(f"opening:{each}", new_key=f"opening-taken-back:{each}", by=by)
        record("opening_balance:take_back", by=by, subject_id=each)


def known_numbers(numbers: Sequence[str]) -> set[str]:
    """Return those of some numbers that a balance on file has already."""
    return set(
        db.session.scalars(
            sa.select(OpeningBalance.number).where(OpeningBalance.number.in_(numbers))
        )
    )


def start_checkout(
    client: Client,
    opening_id: UUID,
    *,
    ends_at: datetime,
    success_url: str,
    cancel_url: str,
    by: Actor,
) -> Payment:
    """Ask for what is still open of a client's balance by card. Call inside ``transaction()``.

    As for a session, ``billing.service.checkout.start`` comes next, and the same payment comes
    back while it can be paid.

    Raises:
        NotFound: if it is not a balance of this client.
        Conflict: if nothing is open of it.
        CardsOff: if no processor is set up.
    """
    opening = _lock(opening_id)
    if opening.client_id != client.id:
        raise NotFound("There is no such balance.")
    open_minor = _open_minor(opening)
    if open_minor <= 0:
        raise Conflict("This balance is paid already.")
    return checkout.ask(
        client,
        for_id=opening.id,
        amount=Money(open_minor, opening.currency),
        label=Label.BALANCE,
        ends_at=ends_at,
        success_url=success_url,
        cancel_url=cancel_url,
        by=by,
    )


def is_for_opening(payment: Payment) -> bool:
    """Say whether a payment is for a balance that was brought along, and for no session."""
    return payment.label == Label.BALANCE


def paid(payment: Payment) -> PaymentOutcome:
    """Say what a payment for a balance did, in the transaction that makes it paid.

    The balance is what its payments leave of it, so there is nothing to move. What comes in beyond
    what is open by then goes back.
    """
    open_minor = _open_minor(_lock(payment.for_id))
    if open_minor <= 0:
        return PaymentOutcome.DUPLICATE
    refunds.give_back_over(payment, open_minor)
    return PaymentOutcome.CONFIRMED


def _lock(opening_id: UUID) -> OpeningBalance:
    opening = db.session.scalar(
        sa.select(OpeningBalance).where(OpeningBalance.id == opening_id).with_for_update()
    )
    if opening is None:
        raise NotFound("There is no such balance.")
    return opening


def _open_minor(opening: OpeningBalance) -> int:
    return ledger.open_minor_of(Owed(opening.client_id, opening_id=opening.id))
