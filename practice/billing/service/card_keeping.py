"""Keeping a card on file, and taking it off. A client has one: a new one takes its place."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import card_gateway, cards, queries
from practice.billing.card_models import Card, CardConsent
from practice.billing.gateway import NoAccess, Refused
from practice.billing.rules.cards import TERMS_VERSION, Use, digest_of, terms_of
from practice.billing.rules.payments import SeenCard
from practice.core import clock
from practice.core.db import db, in_transaction, take_turns
from practice.core.errors import Conflict
from practice.outbox import service as outbox
from practice.people import doors
from practice.people.queries import get_practice
from practice.people.rules import DoorKind

DETACH_JOB = "detach-card"


def agree(
    client_id: UUID,
    *,
    uses: Collection[Use],
    address: str,
    by: Actor,
    payment_id: UUID | None = None,
) -> CardConsent:
    """Write down what a client agreed to, as they read it. Call inside ``transaction()``.

    ``address`` is the IP address it came from. What was agreed to is never changed: who agrees
    anew, with another card, has another consent.
    """
    text = terms_of(get_practice().business_name, uses)
    consent = CardConsent(
        client_id=client_id,
        payment_id=payment_id,
        uses=[use.value for use in Use if use in uses],
        version=TERMS_VERSION,
        text=text,
        text_sha256=digest_of(text),
        agreed_at=clock.now(),
        address=address,
    )
    db.session.add(consent)
    db.session.flush()
    audit.record("card:agree", by=by, subject_id=client_id, uses=consent.uses)
    return consent


def keep(client_id: UUID, seen: SeenCard, consent_id: UUID, *, account: str) -> None:
    """Put a card of an account on file in the place of any other. Call inside ``transaction()``.

    One that was taken off stays off, here or at the processor, however late the news of its
    saving comes.
    """
    take_turns(f"card:{client_id}")
    if seen.customer is None or cards.find_by_method(seen.id) is not None:
        return
    for other in cards.cards_not_removed(client_id):
        _take_off(other, by=PROGRAM)
    card = Card(
        client_id=client_id,
        consent_id=consent_id,
        account=account,
        customer_id=seen.customer,
        method_id=seen.id,
        brand=seen.brand,
        last4=seen.last4,
        exp_month=seen.exp_month,
        exp_year=seen.exp_year,
        saved_at=clock.now(),
        is_on_file=True,
    )
    db.session.add(card)
    db.session.flush()
    doors.cut(DoorKind.PROCESSOR, seen.id, card.id)
    audit.record("card:save", by=PROGRAM, subject_id=client_id, card=str(card.id))


def remove(client_id: UUID, card_id: UUID, *, by: Actor) -> None:
    """Take a client's card off. Call inside ``transaction()``; a job has Stripe forget it.

    Nobody charges it from now on. Taking it off twice does it once.

    Raises:
        Conflict: if it is no card of this client.
    """
    take_turns(f"card:{client_id}")
    card = cards.get_card(card_id)
    if card.client_id != client_id:
        raise Conflict("This card is not on file.")
    if card.removed_at is None:
        _take_off(card, by=by)


def _take_off(card: Card, *, by: Actor) -> None:
    card.is_on_file, card.removed_at = None, clock.now()
    db.session.flush()
    audit.record("card:remove", by=by, subject_id=card.client_id, card=str(card.id))
    outbox.enqueue(DETACH_JOB, key=f"{DETACH_JOB}:{card.id}", subject_id=card.id)


def detach(card_id: UUID) -> None:
    """Have the processor forget a card that was taken off, as a job. Outside transactions.

    Raises:
        Unavailable: if it cannot be asked. Try again later.
    """
    card = cards.get_card(card_id)
    if card.removed_at is None or card.detached_at is not None:
        return
    method_id, account = card.method_id, card.account
    try:
        card_gateway.detach(method_id, account)
    except NoAccess:
        pass  # whoever owns the account has shut us out: nobody here can charge it
    except Refused:
        if (
            seen := card_gateway.get_card(method_id, account)
        ) is not None and seen.customer is not None:
            raise  # it is still there, so somebody has to look why
    in_transaction(lambda: _forgotten(card_id))


def _forgotten(card_id: UUID) -> None:
    card = cards.get_card(card_id)
    if card.detached_at is None:
        card.detached_at = clock.now()
        audit.record("card:forget", by=PROGRAM, subject_id=card.client_id, card=str(card_id))


def sync_card(card_id: UUID, *, event_id: UUID | None = None) -> None:
    """Read a card's truth from the processor: its dates, and whether it is still on file there.

    Call outside transactions. One that was taken off at the processor is taken off here.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    card = cards.get_card(card_id)
    seen = card_gateway.get_card(card.method_id, card.account)

    def settle() -> None:
        card = cards.get_card(card_id)
        if seen is not None:
            card.brand, card.last4 = seen.brand, seen.last4
            card.exp_month, card.exp_year = seen.exp_month, seen.exp_year
        if (seen is None or seen.customer is None) and card.detached_at is None:
            if card.removed_at is None:
                card.is_on_file, card.removed_at = None, clock.now()
                audit.record(
                    "card:remove", by=PROGRAM, subject_id=card.client_id, card=str(card_id)
                )
            card.detached_at = clock.now()
        if event_id is not None:
            queries.get_event(event_id).handled_at = clock.now()

    in_transaction(settle)
