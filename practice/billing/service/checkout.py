"""Online payment: asked for, paid on the processor's page, and moved by one function, ``sync``.

Return page, webhook, job and ``flask reconcile`` all call ``sync``. It reads the truth from the
processor first, holding no lock, and then moves our rows, only ever forward; so it does not
matter who comes first, how often, or in which order the news arrives.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import cards, linked, ports, queries
from practice.billing.gateway import CardsOff, NoAccess, Refused, gateway
from practice.billing.models import Payment, ProcessorCustomer
from practice.billing.rules.cards import Use
from practice.billing.rules.payments import (
    GIVEN_BACK,
    LIVE,
    Label,
    PaymentMethod,
    PaymentState,
    SeenCheckout,
    SeenRefund,
    advance,
    differences,
    told,
)
from practice.billing.service import attention, card_keeping, charging, papers, refunds
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db, in_transaction, insert_unless_there
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.outbox.jobs import NotYet
from practice.people import doors
from practice.people import queries as people
from practice.people.models import Client
from practice.people.rules import DoorKind

log = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(seconds=60)
"""How long after its end a checkout that nobody told us of is settled: when its hold ends."""

LOOKED_AGAIN_AFTER = timedelta(minutes=15)
"""How long a payment may be on its way before it is looked at again."""


class CheckoutEnded(Conflict):
    """It can no longer be paid; nothing was charged."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a client agrees to who lets a card stay on file: see ``card_keeping.agree``."""

    uses: Collection[Use]
    address: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What the processor knows of a payment. No ``checkout``: it was never made."""

    checkout: SeenCheckout | None
    refunds: list[SeenRefund]


# Asking and starting -----------------------------------------------------------------------------


def ask(
    client: Client,
    *,
    for_id: UUID,
    amount: Money,
    label: Label,
    ends_at: datetime,
    success_url: str,
    cancel_url: str,
    by: Actor,
    keeps: Agreement | None = None,
    settles_many: bool = False,
) -> Payment:
    """Ask a client for money by card, until ``ends_at``. Call inside ``transaction()``.

    ``start`` then leads to the page to pay on. Whoever asks again for the same thing and amount,
    in a second tab or by a double click, gets the payment that is already waiting; for that the
    caller keeps what is paid for still (locks its row). ``ends_at`` is at least 30 minutes and
    at most a day from now; fractions of a second are cut off. After paying, the client goes to
    ``success_url``; to turn back, to ``cancel_url``, the page of what is paid for. With ``keeps``
    the card that pays stays on file, for the charges that were agreed to. ``settles_many``: it is
    for a bundle.

    Raises:
        CardsOff: if no processor is set up.
    """
    if not linked.takes_cards():
        raise CardsOff("Cards are not taken online here. You can pay at your visit.")
    account = linked.in_use()
    waiting = queries.find_live(for_id)
    if (
        waiting is not None
        and _is_the_same(waiting, amount, label)
        and waiting.keeps_card is (keeps is not None)
        and waiting.account == account
    ):
        return waiting
    payment = Payment(
        client_id=client.id,
        for_id=for_id,
        amount=amount,
        label=label,
        method=PaymentMethod.CARD_ONLINE,
        state=PaymentState.CREATING,
        account=account,
        checkout_ends_at=ends_at.replace(microsecond=0),
        success_url=success_url,
        cancel_url=cancel_url,
        keeps_card=keeps is not None,
        settles_many=settles_many,
        created_at=clock.now(),
    )
    db.session.add(payment)
    db.session.flush()
    if keeps is not None:
        card_keeping.agree(
            client.id, uses=keeps.uses, address=keeps.address, by=by, payment_id=payment.id
        )
    doors.cut(DoorKind.PAYMENT, str(payment.id), payment.id)
    audit.record("payment:ask", by=by, subject_id=payment.id, amount_minor=amount.minor)
    outbox.enqueue(
        "settle-payment",
        key=f"settle:{payment.id}",
        subject_id=payment.id,
        at=ends_at + SETTLED_AFTER,
    )
    return payment


def _is_the_same(waiting: Payment, amount: Money, label: Label) -> bool:
    return (
        waiting.amount == amount
        and waiting.label == label
        and waiting.checkout_ends_at is not None
        and waiting.checkout_ends_at > clock.now()
    )


def start(payment_id: UUID) -> str:
    """Return where to send the client now: the processor's page, or back if it is paid already.

    Call outside transactions. Makes the checkout if there is none yet; again if the answer to
    an earlier try was lost.

    Raises:
        Unavailable: if the processor cannot be asked. The payment waits; try again.
        CheckoutEnded: if it can no longer be paid.
    """
    payment = queries.get_payment(payment_id)
    if payment.state is PaymentState.CREATING or _is_past(payment):
        payment = sync(payment_id)
    if payment.state is PaymentState.OPEN and payment.checkout_url:
        return payment.checkout_url
    if payment.state in (PaymentState.PAID, PaymentState.PROCESSING) and payment.success_url:
        return payment.success_url
    raise CheckoutEnded("This can no longer be paid for here. Nothing was charged.")


def _is_past(payment: Payment) -> bool:
    return (
        payment.state in LIVE
        and payment.checkout_ends_at is not None
        and payment.checkout_ends_at <= clock.now()
    )


def expire(payment_id: UUID) -> Payment:
    """Make a checkout unpayable, and return its payment as it is then: perhaps paid after all.

    Call outside transactions; only when the client gives up, or its end has come.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    payment = queries.get_payment(payment_id)
    if payment.state is PaymentState.CREATING:
        payment = sync(payment_id)
    if payment.state is not PaymentState.OPEN or payment.checkout_id is None:
        return payment
    with suppress(Refused):  # It was paid, or ended, a moment ago: sync will say which.
        gateway(payment.account).expire_checkout(payment.checkout_id)
    return sync(payment_id)


def settle(payment_id: UUID) -> None:
    """Bring a payment whose time has come to its end, as a job, whoever failed to tell us of it.

    Raises:
        NotYet: while the money is on its way.
        Unavailable: if the processor cannot be asked.
    """
    try:
        payment = expire(payment_id)
    except NoAccess:
        in_transaction(lambda: give_up(payment_id))
        return
    if payment.state is PaymentState.PROCESSING:
        raise NotYet(clock.now() + LOOKED_AGAIN_AFTER)


def give_up(payment_id: UUID) -> None:
    """End a payment whose account does not let us in any more. Call inside ``transaction()``.

    What it was for is let go, and a person looks up what became of the money: only its owner can.
    """
    payment = queries.lock_payment(payment_id)
    if payment.state not in LIVE:
        return
    attention.call_for(
        "payment-out-of-sight",
        payment,
        key=f"payment-out-of-sight:{payment.id}",
        what=f"A card payment of {payment.amount} was open when your Stripe account was "
        "disconnected. See in Stripe whether it was paid; what it was for was let go here.",
    )
    _end(payment, PaymentState.FAILED, None)


# The one function that moves a payment -----------------------------------------------------------


def sync(payment_id: UUID, *, event_id: UUID | None = None) -> Payment:
    """Read a payment's truth from the processor, then move our rows to it. Return it as it is.

    Call outside transactions, as often as you like. ``event_id`` names the kept event that made
    us look: it counts as handled in the same transaction.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    truth = _look(queries.get_payment(payment_id))
    return in_transaction(lambda: _settle(payment_id, truth, event_id))


def _look(payment: Payment) -> Truth:
    payment_id, checkout_id, keeps_card = payment.id, payment.checkout_id, payment.keeps_card
    account = payment.account
    if payment.is_off_session:
        charged = charging.look(payment)
        if charged is None:
            return Truth(None, [])
        seen = charged
    else:
        if checkout_id is None and payment.state is PaymentState.CREATING:
            checkout_id = _create(payment)
        if checkout_id is None:
            return Truth(None, [])
        seen = gateway(account).get_checkout(checkout_id, with_card=keeps_card)
    has_refunds = seen.refunded_minor > 0 or bool(queries.refunds_of(payment_id))
    if seen.intent_id is None or not has_refunds:
        return Truth(seen, [])
    return Truth(seen, gateway(account).list_refunds(seen.intent_id))


def _create(payment: Payment) -> str | None:
    """Make the checkout, or find the one that was made; return its id.

    The same key with the same parameters makes one checkout, however often it is asked for. A
    refusal proves that the key is unknown; only a day later it may have been forgotten, so the
    payer's checkouts are looked through before ``None`` says that there never was one.
    """
    payment_id, client_id, account = payment.id, payment.client_id, payment.account
    try:
        customer = customer_of(client_id, account)
        return gateway(account).create_checkout(payment, customer, keeps_card=payment.keeps_card)
    except Refused as refused:
        log.warning("checkout refused %s %s %s", payment_id, refused.code, refused.param)
    payer = queries.find_customer(client_id, account)
    return gateway(account).find_checkout(payment_id, payer) if payer else None


def customer_of(client_id: UUID, account: str) -> str:
    """Return the processor's id for a client; make them known there first if they are not."""
    known = queries.find_customer(client_id, account)
    if known is None:
        known = gateway(account).create_customer(people.get_client(client_id))
        made = ProcessorCustomer(client_id=client_id, account=account, processor_id=known)
        in_transaction(lambda: insert_unless_there(made))
    return known


def _settle(payment_id: UUID, truth: Truth, event_id: UUID | None) -> Payment:
    payment = queries.lock_payment(payment_id)
    seen = truth.checkout
    if seen is None:
        if payment.state is PaymentState.CREATING:
            _end(payment, PaymentState.FAILED, None)
    elif wrong := differences(
        seen,
        payment_id=str(payment.id),
        amount=payment.amount,
        is_live=gateway(payment.account).is_live,
    ):
        attention.call_for(
            "payment-differs",
            payment,
            key=f"payment-differs:{payment.id}",
            what=f"A card payment is not what was asked for: {', and '.join(wrong)}.",
        )
    else:
        _move(payment, seen)
        refunds.take_stock(payment, truth.refunds)
    if event_id is not None:
        queries.get_event(event_id).handled_at = clock.now()
    return payment


def _move(payment: Payment, seen: SeenCheckout) -> None:
    if payment.is_off_session:
        payment.intent_id = seen.intent_id
    elif payment.checkout_id is None:
        payment.checkout_id = seen.id
        doors.cut(DoorKind.PROCESSOR, seen.id, payment.id)
    payment.checkout_url = seen.url
    payment.fee_minor = seen.fee_minor
    if payment.state is PaymentState.PAID:
        books.keep_fee(payment)
    state = advance(payment.state, told(seen))
    if state is payment.state:
        return
    if state is PaymentState.PAID:
        _pay(payment, seen)
    elif state in (PaymentState.EXPIRED, PaymentState.FAILED):
        _end(payment, state, seen)
    else:
        payment.state = state


def _pay(payment: Payment, seen: SeenCheckout) -> None:
    payment.state = PaymentState.PAID
    payment.paid_at = seen.paid_at or clock.now()
    payment.intent_id, payment.charge_id = seen.intent_id, seen.charge_id
    for processor_id in (seen.intent_id, seen.charge_id):
        if processor_id is not None:
            doors.cut(DoorKind.PROCESSOR, processor_id, payment.id)
    db.session.flush()
    if payment.keeps_card and seen.card is not None:
        consent = cards.consent_with(payment.id)
        if consent is not None:
            card_keeping.keep(payment.client_id, seen.card, consent.id, account=payment.account)
    payment.outcome = ports.paid(payment)
    audit.record(
        "payment:pay",
        by=PROGRAM,
        subject_id=payment.id,
        outcome=payment.outcome.value,
        amount_minor=payment.amount.minor,
    )
    if payment.outcome in GIVEN_BACK:
        refunds.decide(payment, payment.amount, reason=payment.outcome.value, by=PROGRAM)
    tell_of_payment(payment)
    if payment.settles_many:  # only now do the books say what it paid for
        ports.sale_paid(payment.client_id)


def tell_of_payment(payment: Payment) -> None:
    """Give out the receipt of money that came in, and mail it unless all of it goes back.

    Call inside ``transaction()``, last: the practice's receipt numbers wait for it.
    """
    if payment.outcome not in GIVEN_BACK:
        outbox.post(
            "receipt",
            key=f"receipt:{payment.id}",
            to=people.get_client(payment.client_id).email,
            about_id=payment.id,
            client_id=payment.client_id,
        )
    papers.issue_receipt(payment)


def _end(payment: Payment, state: PaymentState, seen: SeenCheckout | None) -> None:
    payment.state = state
    db.session.flush()
    audit.record(f"payment:{state}", by=PROGRAM, subject_id=payment.id)
    if payment.is_off_session:
        charging.note_failure(payment, seen)
    ports.checkout_ended(payment)
