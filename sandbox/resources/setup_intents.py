"""Putting a card on file without taking money: attempts, 3-D Secure, success."""

from copy import deepcopy

from sandbox.cards import Authentication, Decline
from sandbox.errors import declined, refused
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import matching, page
from sandbox.resources import payment_methods
from sandbox.resources.payment_intents import ask_holder, check_methods
from sandbox.store import Context, Json, new_id

NOT_PROVEN = Decline(
    "setup_intent_authentication_failure",
    "setup_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment "
    "method and try again.",
)


def open_intent(
    context: Context,
    *,
    customer: str | None,
    metadata: Json,
    usage: str = "off_session",
    session: str | None = None,
    return_url: str | None = None,
) -> Json:
    """Make an intent that waits for a card; ``session`` is the Checkout Session it belongs to."""
    wanted = new_id("seti_")
    intent = context.account.add(
        {
            "id": wanted,
            "object": "setup_intent",
            "application": None,
            "automatic_payment_methods": None,
            "cancellation_reason": None,
            "client_secret": f"{wanted}_secret_{new_id('', 25)}",
            "created": context.now,
            "customer": customer,
            "customer_account": None,
            "description": None,
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": metadata,
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": usage,
        },
        session=session,
        return_url=return_url,
    )
    emit(context, "setup_intent.created", intent)
    return intent


def attempt(context: Context, intent: Json, method: Json) -> Decline | None:
    """Try to put a card on file.

    Afterwards the intent is ``succeeded``, or ``requires_action`` where the holder must prove who
    they are, or ``requires_payment_method`` with the decline that is returned.
    """
    card = payment_methods.card_of(context, method)
    intent["payment_method"] = method["id"]
    if card.authentication is Authentication.NEVER:
        return _settle(context, intent, method, None if card.saves else card.decline)
    ask_holder(context, intent)
    return None


def authenticate(context: Context, intent: Json, *, passed: bool) -> None:
    """End the 3-D Secure check of an intent that ``requires_action``."""
    intent["next_action"] = None
    method = context.account.get("payment_method", intent["payment_method"])
    _settle(context, intent, method, None if passed else NOT_PROVEN)


def cancel_intent(context: Context, intent: Json, reason: str | None) -> None:
    """Give up an intent that has not succeeded."""
    intent.update(status="canceled", cancellation_reason=reason, next_action=None)
    emit(context, "setup_intent.canceled", intent)


def create(context: Context, params: Json) -> Json:
    check_methods(params.get("payment_method_types"))
    if params.get("customer"):
        context.account.get("customer", params["customer"], param="customer")
    intent = open_intent(
        context,
        customer=params.get("customer"),
        metadata=merged({}, params.get("metadata")),
        usage=params.get("usage", "off_session"),
        return_url=params.get("return_url"),
    )
    if params.get("payment_method"):
        intent["payment_method"] = payment_methods.resolve(context, params["payment_method"])["id"]
        intent["status"] = "requires_confirmation"
    return _confirm(context, intent) if params.get("confirm") else intent


def confirm(context: Context, params: Json, intent: str) -> Json:
    found = _changeable(context, intent, "confirm")
    if params.get("payment_method"):
        method = payment_methods.resolve(context, params["payment_method"])
        found["payment_method"] = method["id"]
    if params.get("return_url"):
        context.account.hidden[intent]["return_url"] = params["return_url"]
    return _confirm(context, found)


def cancel(context: Context, params: Json, intent: str) -> Json:
    found = _changeable(context, intent, "cancel")
    cancel_intent(context, found, params.get("cancellation_reason"))
    return found


def retrieve(context: Context, _params: Json, intent: str) -> Json:
    return context.account.get("setup_intent", intent, param="intent")


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("setup_intent"), params, "customer", "payment_method")
    return page(found, params, url="/v1/setup_intents")


HANDLERS = {
    "PostSetupIntents": Handler(
        create,
        (
            "confirm",
            "customer",
            "metadata",
            "payment_method",
            "payment_method_types",
            "return_url",
            "usage",
        ),
    ),
    "PostSetupIntentsIntentConfirm": Handler(confirm, ("payment_method", "return_url")),
    "PostSetupIntentsIntentCancel": Handler(cancel, ("cancellation_reason",)),
    "GetSetupIntentsIntent": Handler(retrieve),
    "GetSetupIntents": Handler(listed, ("created", "customer", "payment_method")),
}


def _settle(
    context: Context, intent: Json, method: Json, decline: Decline | None
) -> Decline | None:
    if decline is not None:
        intent.update(
            status="requires_payment_method",
            payment_method=None,
            last_setup_error={
                "type": "invalid_request_error" if decline is NOT_PROVEN else "card_error",
                "code": decline.code,
                "message": decline.message,
                "payment_method": deepcopy(method),
                **({} if decline is NOT_PROVEN else {"decline_code": decline.decline_code}),
            },
        )
        emit(context, "setup_intent.setup_failed", intent)
        return decline
    intent.update(status="succeeded", last_setup_error=None, next_action=None)
    if intent["customer"]:
        payment_methods.attach(context, method, intent["customer"])
    emit(context, "setup_intent.succeeded", intent)
    return None


def _confirm(context: Context, intent: Json) -> Json:
    if intent["payment_method"] is None:
        raise refused(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            code="setup_intent_unexpected_state",
        )
    method = context.account.get("payment_method", intent["payment_method"])
    decline = attempt(context, intent, method)
    if decline is not None:
        raise declined(
            decline.message,
            code=decline.code,
            decline_code=decline.decline_code,
            payment_method=method,
            setup_intent=intent,
        )
    return intent


def _changeable(context: Context, wanted: str, verb: str) -> Json:
    """Return an intent that may be confirmed or given up, or refuse as Stripe does."""
    found = context.account.get("setup_intent", wanted, param="intent")
    if context.account.hidden[wanted]["session"]:
        raise refused(
            f"You cannot {verb} a SetupIntent created by Checkout; expire the Checkout Session "
            "instead.",
            code="setup_intent_unexpected_state",
        )
    if found["status"] in ("succeeded", "canceled"):
        raise refused(
            f"You cannot {verb} this SetupIntent because it has a status of {found['status']}.",
            code="setup_intent_unexpected_state",
        )
    return found
