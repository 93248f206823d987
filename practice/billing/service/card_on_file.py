"""A client's card on file: saved on the processor's page, and charged later as was agreed.

``sync_setup`` moves a page for saving a card as ``checkout.sync`` moves a payment: it reads the
truth from the processor, whoever calls it and however often. A charge is a payment like any
other, with a ``card_charges`` row that names the card: ``checkout.sync`` moves it too.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import card_gateway, cards, linked, queries
from practice.billing.card_models import CardCharge, CardSetup
from practice.billing.gateway import CardsOff, NoAccess, Refused, gateway
from practice.billing.models import Payment
from practice.billing.rules.cards import (
    SETUP_LIVE,
    SeenSetup,
    SetupState,
    Use,
    advance,
    told,
)
from practice.billing.rules.payments import LIVE, Label, PaymentMethod, PaymentState
from practice.billing.service import card_keeping, checkout
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.outbox.jobs import NotYet
from practice.people import doors
from practice.people.models import Client
from practice.people.rules import DoorKind

log = logging.getLogger(__name__)

SETTLE_JOB = "settle-card-setup"
CHARGE_JOB = "charge-card"


class NoCard(Conflict):
    """There is no card on file whose holder agreed to be charged for this."""


# Charging ----------------------------------------------------------------------------------------


def charge(
    client_id: UUID,
    *,
    for_id: UUID,
    amount: Money,
    label: Label,
    use: Use,
    key: str,
    page: str,
    by: Actor = PROGRAM,
) -> Payment:
    """Decide that a client's card on file is charged. Call inside ``transaction()``.

    A job asks the processor after the commit. What comes of it is told upward as for every
    payment: ``ports.paid`` in the transaction that makes it paid, ``ports.checkout_ended`` in the
    one that makes it failed; then ``cards.failure_of(payment.id)`` says why, the client has a mail
    that leads to ``page`` (where what is owed can be paid), and staff have a task unless the bank
    only wants its holder to confirm. Nothing is ever tried again by itself.

    ``key`` names this very attempt, such as ``fee:{fee}:{attempt}``: asked again, it returns the
    same payment. Another attempt has another key.

    Raises:
        NoCard: if there is no card, or its holder did not agree to ``use``.
        Invalid: for no amount.
    """
    if (known := cards.charge_by_key(key)) is not None:
        return queries.get_payment(known.id)
    if amount.minor <= 0:
        raise Invalid("Enter an amount of more than zero.")
    card = chargeable(client_id, use)
    if card is None:
        raise NoCard("There is no card on file that may be charged for this.")
    payment = Payment(
        client_id=client_id,
        for_id=for_id,
        amount=amount,
        label=label,
        method=PaymentMethod.CARD_ONLINE,
        state=PaymentState.CREATING,
        account=cards.get_card(card).account,
        cancel_url=page,
        created_at=clock.now(),
    )
    db.session.add(payment)
    db.session.flush()
    db.session.add(CardCharge(id=payment.id, card_id=card, attempt_key=key))
    db.session.flush()
    doors.cut(DoorKind.PAYMENT, str(payment.id), payment.id)
    audit.record("payment:charge", by=by, subject_id=payment.id, amount_minor=amount.minor)
    outbox.enqueue(CHARGE_JOB, key=f"{CHARGE_JOB}:{payment.id}", subject_id=payment.id)
    return payment


def chargeable(client_id: UUID, use: Use) -> UUID | None:
    """Return the id of the client's card that may be charged for ``use``, if there is one."""
    if not linked.takes_cards():
        return None
    card = cards.on_file(client_id)
    return card.id if card is not None and use in card.uses else None


def carry_out(payment_id: UUID) -> None:
    """Charge a card as was decided, as a job. Doing it again charges once.

    Raises:
        NotYet: while the money is on its way.
        Unavailable: if the processor cannot be asked. It is tried again.
    """
    try:
        payment = checkout.sync(payment_id)
    except NoAccess:
        in_transaction(lambda: checkout.give_up(payment_id))
        return
    if payment.state in LIVE:
        raise NotYet(clock.now() + checkout.LOOKED_AGAIN_AFTER)


# Saving without paying ---------------------------------------------------------------------------


def ask_to_save(
    client: Client,
    *,
    setup_id: UUID,
    uses: Collection[Use],
    address: str,
    ends_at: datetime,
    success_url: str,
    cancel_url: str,
    by: Actor,
) -> CardSetup:
    """Write down what a client agreed to, and that they save a card. Inside ``transaction()``.

    ``start`` then leads to the page. ``setup_id`` is made with the form: sending it again is one
    consent and one page. ``address`` is the IP address that the consent came from;
    ``ends_at`` is as for ``checkout.ask``.

    Raises:
        CardsOff: if no processor is set up.
    """
    if not linked.takes_cards():
        raise CardsOff("Cards are not taken online here.")
    if (known := cards.find_setup(setup_id)) is not None and known.client_id == client.id:
        return known
    consent = card_keeping.agree(client.id, uses=uses, address=address, by=by)
    setup = CardSetup(
        id=setup_id,
        client_id=client.id,
        consent_id=consent.id,
        state=SetupState.CREATING,
        account=linked.in_use(),
        checkout_ends_at=ends_at.replace(microsecond=0),
        success_url=success_url,
        cancel_url=cancel_url,
        created_at=clock.now(),
    )
    db.session.add(setup)
    db.session.flush()
    doors.cut(DoorKind.PAYMENT, str(setup.id), setup.id)
    outbox.enqueue(
        SETTLE_JOB,
        key=f"{SETTLE_JOB}:{setup.id}",
        subject_id=setup.id,
        at=ends_at + checkout.SETTLED_AFTER,
    )
    return setup


def start(setup_id: UUID) -> str:
    """Return the page on which a card is saved, or where to go if it is saved already.

    Call outside transactions.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing is lost; try again.
        CheckoutEnded: if the page has ended.
    """
    setup = cards.get_setup(setup_id)
    if setup.state is SetupState.CREATING:
        setup = sync_setup(setup_id)
    if setup.state is SetupState.OPEN and setup.checkout_url:
        return setup.checkout_url
    if setup.state is SetupState.SAVED:
        return setup.success_url
    raise checkout.CheckoutEnded("This page has ended. Nothing was saved.")


def settle_setup(setup_id: UUID) -> None:
    """Bring a page whose time has come to its end, as a job, whoever failed to tell us of it."""
    try:
        setup = sync_setup(setup_id)
    except NoAccess:  # what happened there is out of sight
        in_transaction(lambda: _settle(setup_id, None, None))
        return
    if setup.state is SetupState.OPEN and setup.checkout_id is not None:
        with suppress(Refused):  # a card was saved, or it ended, a moment ago
            gateway(setup.account).expire_checkout(setup.checkout_id)
        sync_setup(setup_id)


def sync_setup(setup_id: UUID, *, event_id: UUID | None = None) -> CardSetup:
    """Read from the processor whether a card was saved, then move our rows. Return the page's row.

    Call outside transactions, as often as you like.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    seen = _look(cards.get_setup(setup_id))
    return in_transaction(lambda: _settle(setup_id, seen, event_id))


def _look(setup: CardSetup) -> SeenSetup | None:
    setup_id, checkout_id, client_id = setup.id, setup.checkout_id, setup.client_id
    account = setup.account
    if checkout_id is None and setup.state is SetupState.CREATING:
        try:
            checkout_id = card_gateway.create_setup(setup, checkout.customer_of(client_id, account))
        except Refused as refused:
            log.warning("card setup refused %s %s %s", setup_id, refused.code, refused.param)
            payer = queries.find_customer(client_id, account)
            checkout_id = gateway(account).find_checkout(setup_id, payer) if payer else None
    return card_gateway.get_setup(checkout_id, account) if checkout_id else None


def _settle(setup_id: UUID, seen: SeenSetup | None, event_id: UUID | None) -> CardSetup:
    setup = cards.lock_setup(setup_id)
    if seen is None:
        if setup.state in SETUP_LIVE:
            setup.state = SetupState.FAILED
    elif seen.setup_id == str(setup.id) and seen.is_live == gateway(setup.account).is_live:
        if setup.checkout_id is None:
            setup.checkout_id = seen.id
            doors.cut(DoorKind.PROCESSOR, seen.id, setup.id)
        setup.checkout_url = seen.url
        state = advance(setup.state, told(seen))
        if state is SetupState.SAVED and state is not setup.state and seen.card is not None:
            card_keeping.keep(setup.client_id, seen.card, setup.consent_id, account=setup.account)
        setup.state = state
    if event_id is not None:
        queries.get_event(event_id).handled_at = clock.now()
    db.session.flush()
    return setup
