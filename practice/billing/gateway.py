"""Everything that is asked of Stripe. Sends ids, amounts and five fixed labels, nothing clinical.

What leaves is built here and nowhere else, from stored rows alone, under a key made from a row's
id: asking again after a lost answer asks for the same thing. No description, no statement suffix
and no other metadata is ever sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import stripe
from flask import current_app
from stripe._v1_services import V1Services
from stripe.params import CustomerCreateParams, RefundCreateParams
from stripe.params.checkout import (
    SessionCreateParams,
    SessionCreateParamsPaymentIntentData,
)

from practice.billing import linked
from practice.billing.models import Payment, Refund
from practice.billing.rules import news
from practice.billing.rules.payments import (
    CheckoutStatus,
    Label,
    RefundState,
    SeenCard,
    SeenCheckout,
    SeenRefund,
)
from practice.core import tokens
from practice.core.db import db, read_again
from practice.core.errors import Conflict, Unavailable
from practice.core.money import Money
from practice.core.settings import settings
from practice.people.models import Client

T = TypeVar("T")

log = logging.getLogger(__name__)

API_VERSION = "2026-08-26.dahlia"
TIMEOUT_SECONDS = 10
RETRIES = 2
PAGE = 100
REFUND = "refund:"  # and our refund's id: the kind that tells it from one made elsewhere

stripe.enable_telemetry = False  # It would write a file into the home of whoever runs us.


class CardsOff(Conflict):
    """This installation has no processor: it is paid at the visit."""


class Refused(Conflict):
    """The processor understood, and said no. ``code`` and ``param`` are its words for why."""

    def __init__(self, code: str | None, param: str | None) -> None:
        super().__init__("The payment processor refused.")
        self.code = code
        self.param = param


class NoAccess(Unavailable):
    """The account does not let us in, or no longer. What is there can only be seen by its owner."""


class KeyReused(Unavailable):
    """The key was used before with other parameters, so nothing was done."""


class StripeGateway:
    """The processor, over HTTP.

    Every call raises ``Unavailable`` if Stripe cannot be asked, ``Refused`` if it says no, and
    ``RuntimeError`` inside a ``transaction()``: a lock must never wait for another house. A read
    that is open is ended first, so rows read before a call are read again after it.
    """

    def __init__(self, client: stripe.StripeClient, *, is_live: bool) -> None:
        self._stripe = client.v1
        self.is_live = is_live

    def ask(self, call: Callable[[V1Services], T]) -> T:
        """Ask Stripe for what has no method here."""
        return _ask(lambda: call(self._stripe))

    def create_customer(self, client: Client) -> str:
        """Make the client known as a payer; return the processor's id for them."""
        params = customer_params(client)
        key = f"customer:{client.id}"
        try:
            return _ask(lambda: self._stripe.customers.create(params, {"idempotency_key": key})).id
        except KeyReused:  # Their name or address was put right since a try that got lost.
            again = f"{key}:{tokens.digest(f'{client.name} {client.email}')[:16]}"
            return _ask(
                lambda: self._stripe.customers.create(params, {"idempotency_key": again})
            ).id

    def create_checkout(self, payment: Payment, customer: str, *, keeps_card: bool = False) -> str:
        """Start collecting ``payment``; return the Checkout Session's id.

        With ``keeps_card`` the card that pays stays on file, for which its holder has agreed.

        The answer may be an old one, given again: retrieve before believing anything else.

        Raises:
            Refused: nothing was made now, and nothing was made under this key before.
        """
        params = checkout_params(payment, customer, keeps_card=keeps_card)
        key = f"checkout:{payment.id}"
        return _ask(
            lambda: self._stripe.checkout.sessions.create(params, {"idempotency_key": key})
        ).id

    def find_checkout(self, payment_id: UUID, customer: str) -> str | None:
        """Look through a payer's checkouts for the one of a payment; return its id.

        For a payment so old that Stripe has forgotten its key.
        """
        sessions = _ask(
            lambda: list(
                self._stripe.checkout.sessions.list(
                    {"customer": customer, "limit": PAGE}
                ).auto_paging_iter()
            )
        )
        wanted = str(payment_id)
        return next((one.id for one in sessions if sent_along(one, "pay") == wanted), None)

    def get_checkout(self, checkout_id: str, *, with_card: bool = False) -> SeenCheckout:
        """Read a checkout as it is now, and the card that paid if that is asked."""
        expand = ["payment_intent.latest_charge.balance_transaction"]
        if with_card:
            expand.append("payment_intent.payment_method")
        return seen_checkout(
            _ask(lambda: self._stripe.checkout.sessions.retrieve(checkout_id, {"expand": expand}))
        )

    def expire_checkout(self, checkout_id: str) -> None:
        """Make an open checkout unpayable.

        Raises:
            Refused: it is not open any more; perhaps it was paid in the last second.
        """
        _ask(lambda: self._stripe.checkout.sessions.expire(checkout_id))

    def create_refund(self, refund: Refund, payment: Payment) -> SeenRefund:
        """Give money back. Asking again gives it back once.

        Raises:
            Refused: more than is left, already given back, or the charge is disputed.
        """
        params = refund_params(refund, payment)
        key = f"refund:{refund.id}"
        return seen_refund(
            _ask(lambda: self._stripe.refunds.create(params, {"idempotency_key": key}))
        )

    def list_refunds(self, intent_id: str) -> list[SeenRefund]:
        """Return every refund of a payment intent, oldest first, whoever made it."""
        found = _ask(
            lambda: list(
                self._stripe.refunds.list(
                    {"payment_intent": intent_id, "limit": PAGE}
                ).auto_paging_iter()
            )
        )
        return [seen_refund(refund) for refund in reversed(found)]

    def list_events(self, since: datetime) -> list[news.Event]:
        """Return the events that concern us, made at or after ``since``, oldest first.

        Stripe keeps them for 30 days. It takes 20 kinds at a time.
        """
        found = [
            event
            for kinds in (news.KINDS[i : i + 20] for i in range(0, len(news.KINDS), 20))
            for event in self._events(since, list(kinds))
        ]
        found.sort(key=lambda event: event.created)
        read = (news.read(event.to_dict()) for event in found)
        return [event for event in read if event is not None]

    def _events(self, since: datetime, kinds: list[str]) -> list[stripe.Event]:
        """Return events of some kinds, oldest first."""
        created = {"gte": int(since.timestamp())}
        found = _ask(
            lambda: list(
                self._stripe.events.list(
                    {"created": {"gte": created["gte"]}, "types": kinds, "limit": PAGE}
                ).auto_paging_iter()
            )
        )
        return found[::-1]


def gateway(account: str | None = None) -> StripeGateway:
    """Return the way to the processor, in the name of one of its accounts.

    ``account`` is the one that a row names; left out, it is the one that the current practice
    uses now. The empty one is the installation's own, which is not named in what is asked.

    Raises:
        CardsOff: if no key is set.
    """
    config = settings()
    if config.stripe_secret_key is None:
        raise CardsOff("Cards are not taken online here. You can pay at your visit.")
    name = linked.in_use() if account is None else account
    made: dict[str, StripeGateway] = current_app.extensions.setdefault("sanctuary.stripe", {})
    if name not in made:
        made[name] = StripeGateway(
            stripe.StripeClient(
                config.stripe_secret_key,
                stripe_account=name or None,
                stripe_version=API_VERSION,
                base_addresses={"api": config.stripe_api_base} if config.stripe_api_base else {},
                http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
                max_network_retries=RETRIES,
            ),
            is_live="_live_" in config.stripe_secret_key,
        )
    return made[name]


# What leaves -------------------------------------------------------------------------------------


def customer_params(client: Client) -> CustomerCreateParams:
    """Build what Stripe learns of a payer: how to address the receipt of their bank."""
    return {
        "name": client.name,
        "email": client.email,
        "metadata": {"client": str(client.id), "kind": "client"},
    }


def checkout_params(
    payment: Payment, customer: str, *, keeps_card: bool = False
) -> SessionCreateParams:
    """Build what Stripe learns of a payment, from its row alone.

    Raises:
        ValueError: for a label that is not one of the five, or a payment that has no checkout.
    """
    if payment.checkout_ends_at is None or not payment.success_url or not payment.cancel_url:
        raise ValueError("this payment was not asked for online")
    metadata = {"pay": str(payment.id), "client": str(payment.client_id), "kind": "payment"}
    intent: SessionCreateParamsPaymentIntentData = {"metadata": metadata}
    if keeps_card:
        intent["setup_future_usage"] = "off_session"
    return {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "payment_method_types": ["card"],  # cards alone: anything slower outlives the hold
        "customer": customer,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": payment.amount.currency.lower(),
                    "unit_amount": payment.amount.minor,
                    "product_data": {"name": Label(payment.label).value},
                },
            }
        ],
        "metadata": metadata,
        "payment_intent_data": intent,
        "expires_at": int(payment.checkout_ends_at.timestamp()),
        "success_url": payment.success_url,
        "cancel_url": payment.cancel_url,
    }


def refund_params(refund: Refund, payment: Payment) -> RefundCreateParams:
    """Build what Stripe learns of a refund, from the rows alone."""
    if payment.intent_id is None:
        raise ValueError("this payment was not taken online")
    return {
        "payment_intent": payment.intent_id,
        "amount": refund.amount.minor,
        "metadata": {
            "pay": str(payment.id),
            "client": str(payment.client_id),
            "kind": f"{REFUND}{refund.id}",
        },
    }


# What comes back ---------------------------------------------------------------------------------


def seen_checkout(session: stripe.checkout.Session) -> SeenCheckout:
    """Read a Checkout Session whose intent, charge and balance transaction are expanded."""
    intent = (
        session.payment_intent if isinstance(session.payment_intent, stripe.PaymentIntent) else None
    )
    charge = (
        intent.latest_charge if intent and isinstance(intent.latest_charge, stripe.Charge) else None
    )
    moved = charge.balance_transaction if charge else None
    card = intent.payment_method if intent else None
    return SeenCheckout(
        id=session.id,
        status=CheckoutStatus(session.status or "open"),
        is_paid=session.payment_status == "paid",
        amount=Money(session.amount_total or 0, (session.currency or "xxx").upper()),
        is_live=session.livemode,
        payment_id=sent_along(session, "pay"),
        url=session.url,
        intent_id=intent.id if intent else None,
        intent_status=intent.status if intent else None,
        charge_id=charge.id if charge else None,
        refunded_minor=charge.amount_refunded if charge else 0,
        fee_minor=moved.fee if isinstance(moved, stripe.BalanceTransaction) else None,
        paid_at=datetime.fromtimestamp(charge.created, UTC) if charge else None,
        card=seen_card(card) if isinstance(card, stripe.PaymentMethod) else None,
    )


def seen_card(method: stripe.PaymentMethod) -> SeenCard | None:
    """Read a card on file; ``None`` for another way to pay."""
    card = method.card
    if card is None:
        return None
    return SeenCard(
        id=method.id,
        customer=_id_of(method.customer),
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )


REFUND_STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def seen_refund(refund: stripe.Refund) -> SeenRefund:
    """Read a refund."""
    return SeenRefund(
        id=refund.id,
        state=REFUND_STATES[refund.status or "pending"],
        amount=Money(refund.amount, refund.currency.upper()),
        made_at=datetime.fromtimestamp(refund.created, UTC),
        refund_id=_refund_id(sent_along(refund, "kind") or ""),
    )


def _id_of(thing: str | stripe.Customer | None) -> str | None:
    return thing.id if isinstance(thing, stripe.Customer) else thing


def _refund_id(kind: str) -> UUID | None:
    return UUID(kind.removeprefix(REFUND)) if kind.startswith(REFUND) else None


def sent_along(
    thing: stripe.Charge | stripe.checkout.Session | stripe.PaymentIntent | stripe.Refund, key: str
) -> str | None:
    """Return what we sent along with something under ``key``, as it came back."""
    return thing.metadata.to_dict().get(key) if thing.metadata else None


# Asking ------------------------------------------------------------------------------------------


def _ask(call: Callable[[], T]) -> T:
    if db.session().info.get("open"):
        raise RuntimeError("Stripe is not asked inside a transaction: a lock would wait for it")
    read_again()
    try:
        return call()
    except stripe.InvalidRequestError as error:
        raise Refused(error.code, error.param) from error
    except stripe.IdempotencyError as error:
        raise KeyReused("The payment processor is busy with this already.") from error
    except stripe.StripeError as error:
        if error.error is not None and error.error.code == "account_invalid":
            raise NoAccess("The payment processor does not let us into this account.") from error
        log.warning("stripe %s %s %s", type(error).__name__, error.http_status, error.request_id)
        raise Unavailable(
            "We could not reach the payment processor. Try again in a minute."
        ) from error
