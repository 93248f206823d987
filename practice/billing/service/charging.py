"""Charging a card on file at the processor, and what a charge that failed leads to.

The intent is a row that was committed before: asked again after a lost answer or a crash, the
same charge is asked for under the same key, and found if it was made.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from practice.billing import card_gateway, cards
from practice.billing.gateway import Refused
from practice.billing.models import Payment
from practice.billing.rules.cards import Failure, failure_of
from practice.billing.rules.payments import SeenCheckout
from practice.billing.service import attention
from practice.core import clock
from practice.core.db import db
from practice.outbox import service as outbox
from practice.people import queries as people

log = logging.getLogger(__name__)

KEYS_LIVE = timedelta(hours=23)
"""Stripe forgets a key after a day or more. An older try is looked for, and not made again."""

MAIL = "card-not-charged"


def look(payment: Payment) -> SeenCheckout | None:
    """Read what became of a charge, and ask for it if nobody did; ``None``: it was never made.

    Call outside transactions. A card that was taken off meanwhile is asked for nothing.

    Raises:
        Unavailable: if the processor cannot be asked. The charge waits.
    """
    payment_id, intent_id, account = payment.id, payment.intent_id, payment.account
    if intent_id is None:
        intent_id = _ask(payment)
    if intent_id is None:
        log.warning("charge %s was never made", payment_id)
        return None
    return card_gateway.get_charge(intent_id, account)


def _ask(payment: Payment) -> str | None:
    payment_id, account, is_old = payment.id, payment.account, _is_old(payment)
    charge = cards.charge_of(payment_id)
    if charge is None:
        return None
    card = cards.get_card(charge.card_id)
    key, method_id, customer = charge.attempt_key, card.method_id, card.customer_id
    if is_old or card.removed_at is not None:
        return card_gateway.find_charge(payment_id, customer, account)
    try:
        return card_gateway.charge(payment, customer=customer, method_id=method_id, key=key)
    except Refused as refused:
        log.warning("charge refused %s %s %s", payment_id, refused.code, refused.param)
    return card_gateway.find_charge(payment_id, customer, account)


def _is_old(payment: Payment) -> bool:
    return clock.now() - payment.created_at > KEYS_LIVE


def note_failure(payment: Payment, seen: SeenCheckout | None) -> None:
    """Write down why a charge brought no money, and tell whom it concerns.

    Call in the transaction that ends the payment. The client is sent to a page where they can
    pay; a person of the practice looks at it as well, unless the bank only wants to ask.
    """
    charge = cards.charge_of(payment.id)
    if charge is None:
        return
    if seen is not None:
        charge.failure, charge.code = failure_of(seen.error_code), seen.error_code
    else:
        charge.failure = Failure.NEVER_ASKED if _is_old(payment) else Failure.REFUSED
    db.session.flush()
    outbox.post(
        MAIL,
        key=f"{MAIL}:{payment.id}",
        to=people.get_client(payment.client_id).email,
        about_id=payment.id,
        client_id=payment.client_id,
    )
    if charge.failure is not Failure.NEEDS_HOLDER:
        attention.call_for(
            MAIL,
            payment,
            key=f"{MAIL}:task:{payment.id}",
            what=f"A card on file did not pay {payment.amount}: {WHY[charge.failure]}. "
            "It is still owed, and nothing more is tried by itself.",
        )


WHY = {
    Failure.DECLINED: "its bank said no",
    Failure.REFUSED: "the card is not there any more",
    Failure.NEVER_ASKED: "the payment processor could not be reached for a day",
}
