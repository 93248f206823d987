"""What is asked of Stripe about cards on file: saving, reading, charging and forgetting them.

As in ``gateway``: what leaves is built here from stored rows alone, and every call raises
``Unavailable`` if Stripe cannot be asked and ``Refused`` if it says no.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import stripe
from stripe._v1_services import V1Services
from stripe.params import PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from practice.billing.card_models import CardSetup
from practice.billing.gateway import PAGE, gateway, seen_card, sent_along
from practice.billing.models import Payment
from practice.billing.rules.cards import SeenSetup
from practice.billing.rules.payments import CheckoutStatus, SeenCard, SeenCheckout
from practice.core.money import Money


def create_setup(setup: CardSetup, customer: str) -> str:
    """Make the page on which a card is saved; return the Checkout Session's id.

    The answer may be an old one, given again: retrieve before believing anything else.

    Raises:
        Refused: nothing was made now, and nothing was made under this key before.
    """
    params = setup_params(setup, customer)
    key = f"card-setup:{setup.id}"
    return (
        gateway(setup.account)
        .ask(lambda v1: v1.checkout.sessions.create(params, {"idempotency_key": key}))
        .id
    )


def get_setup(checkout_id: str, account: str) -> SeenSetup:
    """Read a page for saving a card as it is now."""
    session = gateway(account).ask(
        lambda v1: v1.checkout.sessions.retrieve(
            checkout_id, {"expand": ["setup_intent.payment_method"]}
        )
    )
    intent = session.setup_intent
    card = intent.payment_method if isinstance(intent, stripe.SetupIntent) else None
    return SeenSetup(
        id=session.id,
        status=CheckoutStatus(session.status or "open"),
        is_live=session.livemode,
        setup_id=sent_along(session, "pay"),
        url=session.url,
        card=seen_card(card) if isinstance(card, stripe.PaymentMethod) else None,
    )


def get_card(method_id: str, account: str) -> SeenCard | None:
    """Read a card as it is now; ``None`` for another way to pay."""
    return seen_card(gateway(account).ask(lambda v1: v1.payment_methods.retrieve(method_id)))


def detach(method_id: str, account: str) -> None:
    """Take a card off its holder's file for good.

    Raises:
        Refused: it is off already.
    """
    gateway(account).ask(lambda v1: v1.payment_methods.detach(method_id))


def charge(payment: Payment, *, customer: str, method_id: str, key: str) -> str:
    """Charge a card on file without its holder; return the PaymentIntent's id, paid or not.

    Asking again under the same key charges once. The answer may be an old one: read the intent
    before believing anything.

    Raises:
        Refused: the card cannot be charged at all; nothing was made under this key.
    """
    params, account = charge_params(payment, customer, method_id), payment.account

    def create(v1: V1Services) -> str:
        try:
            return v1.payment_intents.create(params, {"idempotency_key": key}).id
        except stripe.CardError as error:
            intent = error.error.payment_intent if error.error else None
            if intent is None:  # not of this try: the key was never at the bank
                raise
            return intent.id

    return gateway(account).ask(create)


def find_charge(payment_id: UUID, customer: str, account: str) -> str | None:
    """Look through a payer's intents for the one of a payment; return its id.

    For a payment so old that Stripe has forgotten its key.
    """
    intents = gateway(account).ask(
        lambda v1: list(
            v1.payment_intents.list({"customer": customer, "limit": PAGE}).auto_paging_iter()
        )
    )
    wanted = str(payment_id)
    return next((one.id for one in intents if sent_along(one, "pay") == wanted), None)


def get_charge(intent_id: str, account: str) -> SeenCheckout:
    """Read the charge of a card on file as it is now, in the words of a checkout."""
    intent = gateway(account).ask(
        lambda v1: v1.payment_intents.retrieve(
            intent_id, {"expand": ["latest_charge.balance_transaction"]}
        )
    )
    is_paid = intent.status == "succeeded"
    asks_holder = intent.status == "requires_action"  # which nobody is there to do
    charge = intent.latest_charge if isinstance(intent.latest_charge, stripe.Charge) else None
    error = intent.last_payment_error
    seen = SeenCheckout(
        id=intent.id,
        status=CheckoutStatus.COMPLETE,
        is_paid=is_paid,
        amount=Money(intent.amount, intent.currency.upper()),
        is_live=intent.livemode,
        payment_id=sent_along(intent, "pay"),
        intent_id=intent.id,
        intent_status="requires_payment_method" if asks_holder else intent.status,
        error_code="authentication_required" if asks_holder else error.code if error else None,
    )
    if charge is None or not is_paid:
        return seen
    moved = charge.balance_transaction
    return replace(
        seen,
        charge_id=charge.id,
        refunded_minor=charge.amount_refunded,
        fee_minor=moved.fee if isinstance(moved, stripe.BalanceTransaction) else None,
        paid_at=datetime.fromtimestamp(charge.created, UTC),
    )


# What leaves -------------------------------------------------------------------------------------


def setup_params(setup: CardSetup, customer: str) -> SessionCreateParams:
    """Build what Stripe learns of a card that is to be saved, from its row alone."""
    metadata = {"pay": str(setup.id), "client": str(setup.client_id), "kind": "card"}
    return {
        "mode": "setup",
        "ui_mode": "hosted_page",
        "payment_method_types": ["card"],
        "customer": customer,
        "metadata": metadata,
        "setup_intent_data": {"metadata": metadata},
        "expires_at": int(setup.checkout_ends_at.timestamp()),
        "success_url": setup.success_url,
        "cancel_url": setup.cancel_url,
    }


def charge_params(payment: Payment, customer: str, method_id: str) -> PaymentIntentCreateParams:
    """Build what Stripe learns of a charge of a card on file, from its rows alone."""
    return {
        "amount": payment.amount.minor,
        "currency": payment.amount.currency.lower(),
        "customer": customer,
        "payment_method": method_id,
        "payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "metadata": {
            "pay": str(payment.id),
            "client": str(payment.client_id),
            "kind": "payment",
        },
    }
