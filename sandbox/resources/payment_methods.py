"""Cards on file. They are made by paying, or stand behind Stripe's aliases (``pm_card_visa``)."""

import hashlib
from dataclasses import asdict, dataclass

from sandbox.cards import BY_ALIAS, TestCard, card_for
from sandbox.errors import refused
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.paging import matching, page
from sandbox.store import Context, Json, new_id

NO_ADDRESS: Json = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


@dataclass(frozen=True)
class Holder:
    """What a payer types besides the number."""

    exp_month: int
    exp_year: int
    name: str | None = None
    email: str | None = None


def keep(context: Context, card: TestCard, holder: Holder) -> Json:
    """Make a payment method from a card that was typed in. It belongs to no customer yet."""
    return context.account.add(
        {
            "id": new_id("pm_"),
            "object": "payment_method",
            "allow_redisplay": "limited",
            "billing_details": billing_details(holder),
            "card": {
                "brand": card.brand,
                "checks": _checks(card),
                "country": "US",
                "display_brand": card.brand,
                "exp_month": holder.exp_month,
                "exp_year": holder.exp_year,
                "fingerprint": _fingerprint(card),
                "funding": "credit",
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": context.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
        },
        number=card.number,
        holder=asdict(holder),
    )


def resolve(context: Context, wanted: str) -> Json:
    """Return the payment method with that id or alias; an alias makes a new one."""
    card = BY_ALIAS.get(wanted)
    if card is not None:
        return keep(context, card, Holder(exp_month=12, exp_year=2040))
    return context.account.get("payment_method", wanted, param="payment_method")


def card_of(context: Context, method: Json) -> TestCard:
    return card_for(context.account.hidden[method["id"]]["number"])


def holder_of(context: Context, method: Json) -> Holder:
    return Holder(**context.account.hidden[method["id"]]["holder"])


def attach(context: Context, method: Json, customer: str) -> None:
    """Put a card on a customer's file."""
    if method["customer"] not in (None, customer):
        raise refused("The payment method is already attached to another customer.")
    if method["customer"] is None:
        method["customer"] = customer
        context.account.hidden[method["id"]]["was_attached"] = True
        emit(context, "payment_method.attached", method)


def chargeable(context: Context, wanted: str, customer: str | None) -> Json:
    """Return the payment method with that id or alias, if that customer may be charged with it.

    Raises:
        ApiError: 400 for one that is on another's file, or that was taken off a file for good.
    """
    method = resolve(context, wanted)
    if method["customer"] is not None and method["customer"] != customer:
        raise refused(
            "The customer does not have a payment method with the ID "
            f"{method['id']}. The payment method must be attached to the customer.",
            code="resource_missing",
            param="payment_method",
        )
    if method["customer"] is None and context.account.hidden[method["id"]].get("was_attached"):
        raise refused(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was "
            "detached from a Customer. It may not be used again.",
            param="payment_method",
        )
    return method


def billing_details(holder: Holder) -> Json:
    return {
        "address": dict(NO_ADDRESS),
        "email": holder.email,
        "name": holder.name,
        "phone": None,
        "tax_id": None,
    }


def details_of_payment(card: TestCard, holder: Holder, *, authenticated: bool) -> Json:
    """Return a charge's ``payment_method_details``."""
    secured = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
    return {
        "card": {
            "amount_authorized": None,
            "authorization_code": None,
            "brand": card.brand,
            "checks": _checks(card),
            "country": "US",
            "exp_month": holder.exp_month,
            "exp_year": holder.exp_year,
            "extended_authorization": {"status": "disabled"},
            "fingerprint": _fingerprint(card),
            "funding": "credit",
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": card.last4,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card.brand,
            "network_token": {"used": False},
            "network_transaction_id": None,
            "regulated_status": "unregulated",
            "three_d_secure": secured if authenticated else None,
            "wallet": None,
        },
        "type": "card",
    }


def retrieve(context: Context, _params: Json, payment_method: str) -> Json:
    return context.account.get("payment_method", payment_method)


def list_of_customer(context: Context, params: Json, customer: str) -> Json:
    context.account.get("customer", customer, param="customer")
    kept = [
        method for method in context.account.all("payment_method") if method["customer"] == customer
    ]
    return page(kept, params, url=f"/v1/customers/{customer}/payment_methods")


def retrieve_of_customer(
    context: Context, _params: Json, customer: str, payment_method: str
) -> Json:
    method = context.account.get("payment_method", payment_method)
    if method["customer"] != customer:
        raise refused(f"The payment method {payment_method} is not attached to {customer}.")
    return method


def detach(context: Context, _params: Json, payment_method: str) -> Json:
    method = context.account.get("payment_method", payment_method)
    customer = method["customer"]
    if customer is None:
        raise refused("The payment method you provided is not attached to a customer.")
    method["customer"] = None
    emit(context, "payment_method.detached", method, {"customer": customer})
    return method


def attach_to_customer(context: Context, params: Json, payment_method: str) -> Json:
    customer = context.account.get("customer", params["customer"], param="customer")
    method = chargeable(context, payment_method, customer["id"])
    attach(context, method, customer["id"])
    return method


def listed(context: Context, params: Json) -> Json:
    if params.get("customer"):
        context.account.get("customer", params["customer"], param="customer")
    found = matching(context.account.all("payment_method"), params, "customer", "type")
    kept = [method for method in found if method["customer"] is not None]
    return page(kept, params, url="/v1/payment_methods")


HANDLERS = {
    "GetPaymentMethodsPaymentMethod": Handler(retrieve),
    "GetCustomersCustomerPaymentMethods": Handler(list_of_customer, ("type",)),
    "GetCustomersCustomerPaymentMethodsPaymentMethod": Handler(retrieve_of_customer),
    "GetPaymentMethods": Handler(listed, ("customer", "type")),
    "PostPaymentMethodsPaymentMethodAttach": Handler(attach_to_customer, ("customer",)),
    "PostPaymentMethodsPaymentMethodDetach": Handler(detach),
}


def _checks(card: TestCard) -> Json:
    wrong = card.decline is not None and card.decline.code == "incorrect_cvc"
    return {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": "fail" if wrong else "pass",
    }


def _fingerprint(card: TestCard) -> str:
    return hashlib.sha256(card.number.encode()).hexdigest()[:16]
