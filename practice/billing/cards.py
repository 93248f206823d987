"""Reading cards on file and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from practice.billing import linked
from practice.billing.card_models import Card, CardCharge, CardConsent, CardSetup
from practice.billing.rules.cards import SETUP_LIVE, Failure, OnFile, Use
from practice.core.db import db
from practice.core.errors import NotFound


def on_file(client_id: UUID) -> OnFile | None:
    """Return the card that a client has on file in the account in use, and what they agreed to."""
    row = db.session.execute(
        sa.select(Card, CardConsent.uses)
        .join(
            CardConsent,
            sa.and_(CardConsent.practice_id == Card.practice_id, CardConsent.id == Card.consent_id),
        )
        .where(
            Card.client_id == client_id,
            Card.is_on_file.is_(True),
            Card.account == linked.in_use(),
        )
    ).one_or_none()
    if row is None:
        return None
    card, uses = row
    return OnFile(
        id=card.id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        saved_at=card.saved_at,
        uses=frozenset(Use(use) for use in uses),
    )


def get_card(card_id: UUID) -> Card:
    """Return a card, removed or not, or raise ``NotFound``."""
    card = find_card(card_id)
    if card is None:
        raise NotFound("There is no such card.")
    return card


def find_card(card_id: UUID) -> Card | None:
    """Return a card, removed or not, if there is one."""
    return db.session.scalar(sa.select(Card).where(Card.id == card_id))


def cards_not_removed(client_id: UUID) -> Sequence[Card]:
    """Return a client's cards that were not taken off, locked."""
    return db.session.scalars(
        sa.select(Card)
        .where(Card.client_id == client_id, Card.is_on_file.is_(True))
        .order_by(Card.id)
        .with_for_update()
    ).all()


def find_by_method(method_id: str) -> Card | None:
    """Return the card that the processor calls so, removed or not."""
    return db.session.scalar(sa.select(Card).where(Card.method_id == method_id))


def consent_with(payment_id: UUID) -> CardConsent | None:
    """Return what was agreed to with a payment that keeps its card."""
    return db.session.scalar(sa.select(CardConsent).where(CardConsent.payment_id == payment_id))


def get_setup(setup_id: UUID) -> CardSetup:
    """Return a page for saving a card, or raise ``NotFound``."""
    setup = find_setup(setup_id)
    if setup is None:
        raise NotFound("There is no such page.")
    return setup


def find_setup(setup_id: UUID) -> CardSetup | None:
    """Return a page for saving a card, if there is one."""
    return db.session.scalar(sa.select(CardSetup).where(CardSetup.id == setup_id))


def lock_setup(setup_id: UUID) -> CardSetup:
    """Return a page for saving a card as it is now, kept still until the transaction ends."""
    return db.session.scalars(
        sa.select(CardSetup).where(CardSetup.id == setup_id).with_for_update()
    ).one()


def live_setups() -> Sequence[UUID]:
    """Return the ids of the pages on which a card may still be saved, oldest first."""
    return db.session.scalars(
        sa.select(CardSetup.id)
        .where(CardSetup.state.in_(SETUP_LIVE))
        .order_by(CardSetup.created_at, CardSetup.id)
    ).all()


def charge_of(payment_id: UUID) -> CardCharge | None:
    """Return which card a payment is taken from, if nobody was sent to a page for it."""
    return db.session.scalar(sa.select(CardCharge).where(CardCharge.id == payment_id))


def charge_by_key(attempt_key: str) -> CardCharge | None:
    """Return the charge that was tried under a key."""
    return db.session.scalar(sa.select(CardCharge).where(CardCharge.attempt_key == attempt_key))


def failure_of(payment_id: UUID) -> Failure | None:
    """Return why a charge of a card on file brought no money, if it was one and did not."""
    charge = charge_of(payment_id)
    return charge.failure if charge else None
