"""One payment from its amount to the money: attempts, 3-D Secure, success."""

from copy import deepcopy

from sandbox.cards import ASKS_HOLDER, Authentication, Decline, TestCard
from sandbox.errors import declined, invalid, refused, unmodelled
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import matching, page
from sandbox.resources import accounts, charges, payment_methods
from sandbox.store import Context, Json, new_id

LEAST_CENTS = 50
MOST_CENTS = 99_999_999


def check_amount(amount: int, *, param: str = "amount") -> None:
    """Raise ``ApiError`` 400 for what Stripe does not charge, in cents."""
    if amount < LEAST_CENTS:
        raise invalid(
            f"The amount must be at least {LEAST_CENTS} cents.",
            param=param,
            code="amount_too_small",
        )
    if amount > MOST_CENTS:
        raise invalid(
            f"The amount must be at most {MOST_CENTS} cents.", param=param, code="amount_too_large"
        )


def check_methods(types: list[str] | None) -> None:
    """Raise ``ApiError`` 501 for any way to pay but by card."""
    for place, kind in enumerate(types or ["card"]):
        if kind != "card":
            raise unmodelled(f"payment_method_types[{place}]={kind}")


def open_intent(
    context: Context,
    *,
    amount: int,
    currency: str,
    customer: str | None,
    metadata: Json,
    setup_future_usage: str | None,
    session: str | None = None,
    return_url: str | None = None,
) -> Json:
    """Make an intent that waits for a card; ``session`` is the Checkout Session it belongs to."""
    wanted = new_id("pi_")
    intent = context.account.add(
        {
            "id": wanted,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": f"{wanted}_secret_{new_id('', 25)}",
            "confirmation_method": "automatic",
            "created": context.now,
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": None,
            "excluded_payment_method_types": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata,
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": setup_future_usage,
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        },
        session=session,
        return_url=return_url,
    )
    emit(context, "payment_intent.created", intent)
    return intent


def attempt(
    context: Context, intent: Json, method: Json, *, off_session: bool = False
) -> Decline | None:
    """Try to take the amount from a card.

    Afterwards the intent is ``succeeded``, or ``requires_action`` where the holder must
    prove who they are, or ``requires_payment_method`` with the decline that is returned.
    """
    card = payment_methods.card_of(context, method)
    intent["payment_method"] = method["id"]
    if not _asks_holder(card, method):
        return _collect(context, intent, method, decline=card.decline, authenticated=False)
    if off_session:
        return _collect(context, intent, method, decline=ASKS_HOLDER, authenticated=False)
    ask_holder(context, intent)
    return None


def ask_holder(context: Context, intent: Json) -> None:
    """Have an intent of either kind wait until its holder has proven who they are."""
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "url": f"{context.world.base_url}/checkout/authenticate/{intent['id']}",
            "return_url": context.account.hidden[intent["id"]]["return_url"],
        },
    }
    emit(context, f"{intent['object']}.requires_action", intent)


def authenticate(context: Context, intent: Json, *, passed: bool) -> None:
    """End the 3-D Secure check of an intent that ``requires_action``."""
    intent["next_action"] = None
    method = context.account.get("payment_method", intent["payment_method"])
    if passed:
        card = payment_methods.card_of(context, method)
        _collect(context, intent, method, decline=card.decline, authenticated=True)
        return
    _give_back(
        intent,
        {
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "We are unable to authenticate your payment method. Please choose a "
            "different payment method and try again.",
            "payment_method": deepcopy(method),
        },
    )
    emit(context, "payment_intent.payment_failed", intent)


def cancel_intent(context: Context, intent: Json, reason: str | None) -> None:
    """Give up an intent that has not succeeded."""
    intent.update(
        status="canceled", canceled_at=context.now, cancellation_reason=reason, next_action=None
    )
    emit(context, "payment_intent.canceled", intent)


def create(context: Context, params: Json) -> Json:
    accounts.may_charge(context)
    check_amount(params["amount"])
    check_methods(params.get("payment_method_types"))
    if params.get("customer"):
        context.account.get("customer", params["customer"], param="customer")
    if params.get("off_session") and not params.get("confirm"):
        raise invalid("off_session may only be set when confirm is true.", param="off_session")
    method = params.get("payment_method")
    if method:
        method = payment_methods.chargeable(context, method, params.get("customer"))
    intent = open_intent(
        context,
        amount=params["amount"],
        currency=params["currency"].lower(),
        customer=params.get("customer"),
        metadata=merged({}, params.get("metadata")),
        setup_future_usage=params.get("setup_future_usage"),
        return_url=params.get("return_url"),
    )
    if method:
        intent["payment_method"] = method["id"]
        intent["status"] = "requires_confirmation"
    return _confirm(context, intent, params) if params.get("confirm") else intent


def confirm(context: Context, params: Json, intent: str) -> Json:
    found = context.account.get("payment_intent", intent, param="intent")
    _refuse_if_of_session(context, found, "confirmed")
    if found["status"] in ("succeeded", "canceled"):
        raise _unexpected_state(found, "confirm")
    if params.get("payment_method"):
        method = payment_methods.resolve(context, params["payment_method"])
        found["payment_method"] = method["id"]
    if params.get("return_url"):
        context.account.hidden[intent]["return_url"] = params["return_url"]
    return _confirm(context, found, params)


def cancel(context: Context, params: Json, intent: str) -> Json:
    found = context.account.get("payment_intent", intent, param="intent")
    _refuse_if_of_session(context, found, "canceled")
    if found["status"] in ("succeeded", "canceled"):
        raise _unexpected_state(found, "cancel")
    cancel_intent(context, found, params.get("cancellation_reason"))
    return found


def retrieve(context: Context, _params: Json, intent: str) -> Json:
    return context.account.get("payment_intent", intent, param="intent")


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("payment_intent"), params, "customer")
    return page(found, params, url="/v1/payment_intents")


HANDLERS = {
    "PostPaymentIntents": Handler(
        create,
        (
            "amount",
            "confirm",
            "currency",
            "customer",
            "metadata",
            "off_session",
            "payment_method",
            "payment_method_types",
            "return_url",
            "setup_future_usage",
        ),
    ),
    "PostPaymentIntentsIntentConfirm": Handler(
        confirm, ("off_session", "payment_method", "return_url")
    ),
    "PostPaymentIntentsIntentCancel": Handler(cancel, ("cancellation_reason",)),
    "GetPaymentIntentsIntent": Handler(retrieve),
    "GetPaymentIntents": Handler(listed, ("created", "customer")),
}


def _asks_holder(card: TestCard, method: Json) -> bool:
    saved = method["customer"] is not None
    return card.authentication is Authentication.ALWAYS or (
        card.authentication is Authentication.UNLESS_SAVED and not saved
    )


def _collect(
    context: Context, intent: Json, method: Json, *, decline: Decline | None, authenticated: bool
) -> Decline | None:
    charge = charges.make(context, intent, method, decline=decline, authenticated=authenticated)
    intent["latest_charge"] = charge["id"]
    if decline is not None:
        _give_back(
            intent,
            {
                "type": "card_error",
                "code": decline.code,
                "decline_code": decline.decline_code,
                "message": decline.message,
                "charge": charge["id"],
                "payment_method": deepcopy(method),
            },
        )
        emit(context, "charge.failed", charge)
        emit(context, "payment_intent.payment_failed", intent)
        return decline
    if intent["setup_future_usage"] and intent["customer"]:
        payment_methods.attach(context, method, intent["customer"])
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        last_payment_error=None,
        next_action=None,
    )
    emit(context, "charge.succeeded", charge)
    emit(context, "payment_intent.succeeded", intent)
    return None


def _give_back(intent: Json, error: Json) -> None:
    """Let the intent wait for another card, and say what was wrong with this one."""
    intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)


def _confirm(context: Context, intent: Json, params: Json) -> Json:
    if intent["payment_method"] is None:
        raise refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    method = context.account.get("payment_method", intent["payment_method"])
    off_session = bool(params.get("off_session"))
    decline = attempt(context, intent, method, off_session=off_session)
    if decline is not None:
        raise declined(
            decline.message,
            code=decline.code,
            decline_code=decline.decline_code,
            charge=intent["latest_charge"],
            payment_intent=intent,
            payment_method=method,
        )
    return intent


def _refuse_if_of_session(context: Context, intent: Json, verb: str) -> None:
    if context.account.hidden[intent["id"]]["session"]:
        raise refused(
            f"PaymentIntents created by Checkout cannot be {verb}; expire the Checkout "
            "Session instead.",
            code="payment_intent_unexpected_state",
        )


def _unexpected_state(intent: Json, verb: str) -> Exception:
    return refused(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
    )
