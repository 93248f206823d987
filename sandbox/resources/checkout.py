"""Checkout Sessions: hosted pages on which a payer pays by card, or does not, in time."""

from urllib.parse import urlsplit

from sandbox.cards import Decline, TestCard
from sandbox.errors import invalid, refused, unmodelled
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import matching, page
from sandbox.resources import accounts, payment_intents, payment_methods, setup_intents
from sandbox.resources.payment_methods import Holder
from sandbox.store import Context, Json, new_id

SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 3600
MOST_LINE_ITEMS = 100
MODES = ("payment", "setup")


def create(context: Context, params: Json) -> Json:
    """Open a session. It has no payment intent until its payer first tries to pay.

    One in ``setup`` mode takes no money: its intent puts a card on file, and is there at once.
    """
    if (mode := params.get("mode")) not in MODES:
        raise (
            unmodelled(f"mode={mode}")
            if mode
            else invalid("Missing required param: mode.", param="mode", code="parameter_missing")
        )
    is_setup = mode == "setup"
    if not is_setup:
        accounts.may_charge(context)
    for name in ("line_items", "payment_intent_data") if is_setup else ("setup_intent_data",):
        if name in params:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if (ui_mode := params.get("ui_mode", "hosted_page")) != "hosted_page":
        raise unmodelled(f"ui_mode={ui_mode}")
    payment_intents.check_methods(params.get("payment_method_types"))
    for name in ("success_url", "cancel_url"):
        _check_url(params, name, required=name == "success_url")
    intent_data = params.get("payment_intent_data", {})
    wanted = new_id("cs_test_", 58)
    items = [] if is_setup else _line_items(context, params.get("line_items", []))
    total = None if is_setup else sum(item["amount_total"] for item in items)
    if total is not None:
        payment_intents.check_amount(total, param="line_items")
    session = context.account.add(
        {
            "id": wanted,
            "object": "checkout.session",
            "adaptive_pricing": {"enabled": False},
            "after_expiration": None,
            "allow_promotion_codes": None,
            "amount_subtotal": total,
            "amount_total": total,
            "automatic_tax": {
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "billing_address_collection": None,
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "client_secret": None,
            "collected_information": None,
            "consent": None,
            "consent_collection": None,
            "created": context.now,
            "currency": items[0]["currency"] if items else params.get("currency"),
            "currency_conversion": None,
            "custom_fields": [],
            "custom_text": {
                "after_submit": None,
                "shipping_address": None,
                "submit": None,
                "terms_of_service_acceptance": None,
            },
            **_payer(context, params),
            "customer_account": None,
            "discounts": [],
            "expires_at": _expiry(context, params.get("expires_at")),
            "invoice": None,
            "invoice_creation": None,
            "livemode": False,
            "locale": params.get("locale"),
            "metadata": merged({}, params.get("metadata")),
            "mode": mode,
            "origin_context": None,
            "payment_intent": None,
            "payment_link": None,
            "payment_method_collection": "always" if is_setup else "if_required",
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "payment_status": "no_payment_required" if is_setup else "unpaid",
            "permissions": None,
            "phone_number_collection": {"enabled": False},
            "recovered_from": None,
            "saved_payment_method_options": None,
            "setup_intent": None,
            "shipping_address_collection": None,
            "shipping_cost": None,
            "shipping_options": [],
            "status": "open",
            "submit_type": params.get("submit_type"),
            "subscription": None,
            "success_url": params["success_url"],
            "total_details": None
            if is_setup
            else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{context.world.base_url}/checkout/pay/{wanted}",
            "wallet_options": None,
        },
        line_items=items,
        intent_metadata=merged(
            {}, intent_data.get("metadata"), param="payment_intent_data[metadata]"
        ),
        setup_future_usage=intent_data.get("setup_future_usage"),
    )
    if is_setup:
        setup_data = params.get("setup_intent_data", {})
        session["setup_intent"] = setup_intents.open_intent(
            context,
            customer=session["customer"],
            metadata=merged({}, setup_data.get("metadata"), param="setup_intent_data[metadata]"),
            session=wanted,
            return_url=session["url"],
        )["id"]
    context.world.appoint(session["expires_at"], "session.expire", context.account.id, wanted)
    return session


def pay(context: Context, session: Json, card: TestCard, holder: Holder) -> Decline | None:
    """Try to pay an open session with a card; return why the bank said no, if it did.

    Afterwards the session is complete, or its intent ``requires_action``, or it is still open.
    """
    hidden = context.account.hidden[session["id"]]
    intent = intent_of(context, session)
    if intent is None:
        intent = payment_intents.open_intent(
            context,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=session["customer"],
            metadata=dict(hidden["intent_metadata"]),
            setup_future_usage=hidden["setup_future_usage"],
            session=session["id"],
            return_url=session["url"],
        )
        session["payment_intent"] = intent["id"]
    hidden["holder"] = {"email": holder.email, "name": holder.name}
    method = payment_methods.keep(context, card, holder)
    if session["mode"] == "setup":
        decline = setup_intents.attempt(context, intent, method)
    else:
        decline = payment_intents.attempt(context, intent, method)
    complete_if_paid(context, session)
    return decline


def complete_if_paid(context: Context, session: Json) -> None:
    """Close a session whose intent has succeeded."""
    intent = intent_of(context, session)
    if session["status"] != "open" or intent is None or intent["status"] != "succeeded":
        return
    holder = context.account.hidden[session["id"]]["holder"]
    session.update(
        status="complete",
        payment_status="paid" if session["mode"] == "payment" else session["payment_status"],
        url=None,
        customer_details=_details(holder["email"], holder["name"]),
    )
    emit(context, "checkout.session.completed", session)


def intent_of(context: Context, session: Json) -> Json | None:
    """Return the intent by which a session takes money, or puts a card on file."""
    if session["mode"] == "setup":
        return context.account.find("setup_intent", session["setup_intent"])
    return context.account.find("payment_intent", session["payment_intent"])


def end(context: Context, session: Json) -> None:
    """Let an open session expire; in any other state do nothing."""
    if session["status"] != "open":
        return
    session.update(status="expired", url=None)
    intent = intent_of(context, session)
    if intent is not None and session["mode"] == "setup":
        setup_intents.cancel_intent(context, intent, None)
    elif intent is not None:
        payment_intents.cancel_intent(context, intent, "automatic")
    emit(context, "checkout.session.expired", session)


def return_url(session: Json) -> str:
    """Return where the payer goes after paying, the session's id filled in."""
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def items_of(context: Context, session: Json, params: Json | None = None) -> Json:
    """Return the session's line items as a list object."""
    items = context.account.hidden[session["id"]]["line_items"]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return page(list(reversed(items)), params or {}, url=url)


def expire(context: Context, _params: Json, session: str) -> Json:
    found = context.account.get("checkout.session", session, param="session")
    if found["status"] != "open":
        raise refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {found['status']}."
        )
    end(context, found)
    return found


def line_items(context: Context, params: Json, session: str) -> Json:
    found = context.account.get("checkout.session", session, param="session")
    return items_of(context, found, params)


def retrieve(context: Context, _params: Json, session: str) -> Json:
    return context.account.get("checkout.session", session, param="session")


def listed(context: Context, params: Json) -> Json:
    sessions = context.account.all("checkout.session")
    found = matching(sessions, params, "customer", "payment_intent", "status")
    return page(found, params, url="/v1/checkout/sessions")


HANDLERS = {
    "PostCheckoutSessions": Handler(
        create,
        (
            "cancel_url",
            "client_reference_id",
            "currency",
            "customer",
            "customer_email",
            "expires_at",
            "line_items.price_data.currency",
            "line_items.price_data.product_data.name",
            "line_items.price_data.unit_amount",
            "line_items.quantity",
            "locale",
            "metadata",
            "mode",
            "payment_intent_data.metadata",
            "payment_intent_data.setup_future_usage",
            "payment_method_types",
            "setup_intent_data.metadata",
            "submit_type",
            "success_url",
            "ui_mode",
        ),
    ),
    "PostCheckoutSessionsSessionExpire": Handler(expire),
    "GetCheckoutSessionsSession": Handler(retrieve),
    "GetCheckoutSessionsSessionLineItems": Handler(line_items),
    "GetCheckoutSessions": Handler(listed, ("created", "customer", "payment_intent", "status")),
}


def _expiry(context: Context, wanted: int | None) -> int:
    if wanted is None:
        return context.now + LONGEST_SECONDS
    if wanted < context.now + SHORTEST_SECONDS:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    if wanted > context.now + LONGEST_SECONDS:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return wanted


def _payer(context: Context, params: Json) -> Json:
    """Return the fields that say who is going to pay."""
    wanted, email = params.get("customer"), params.get("customer_email")
    if wanted and email:
        raise invalid(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer",
        )
    known_email = email
    if wanted:
        known_email = context.account.get("customer", wanted, param="customer")["email"]
    return {
        "customer": wanted,
        "customer_creation": None if wanted else "if_required",
        "customer_details": _details(known_email, None) if wanted or email else None,
        "customer_email": email,
    }


def _details(email: str | None, name: str | None) -> Json:
    return {
        "address": dict(payment_methods.NO_ADDRESS) if name else None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [] if name else None,
    }


def _line_items(context: Context, asked: list[Json]) -> list[Json]:
    if not asked:
        raise invalid(
            "You must provide at least one line item in `payment` mode.",
            param="line_items",
            code="parameter_missing",
        )
    if len(asked) > MOST_LINE_ITEMS:
        raise invalid(f"At most {MOST_LINE_ITEMS} line items are allowed.", param="line_items")
    items = [_line_item(context, item, place) for place, item in enumerate(asked)]
    if len({item["currency"] for item in items}) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    return items


def _line_item(context: Context, asked: Json, place: int) -> Json:
    for name in ("price_data", "quantity"):
        if name not in asked:
            path = f"line_items[{place}][{name}]"
            raise invalid(f"Missing required param: {path}.", param=path, code="parameter_missing")
    price, quantity = asked["price_data"], asked["quantity"]
    if quantity < 1:
        raise invalid("Quantity must be at least 1.", param=f"line_items[{place}][quantity]")
    amount = price.get("unit_amount")
    if amount is None or amount < 0 or "product_data" not in price:
        raise invalid(
            "price_data needs a unit_amount of zero or more and product_data.",
            param=f"line_items[{place}][price_data]",
        )
    currency = price["currency"].lower()
    total = amount * quantity
    return {
        "id": new_id("li_"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "created": context.now,
        "currency": currency,
        "description": price["product_data"]["name"],
        "price": {
            "id": new_id("price_"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": context.now,
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": new_id("prod_", 14),
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        },
        "quantity": quantity,
    }


def _check_url(params: Json, name: str, *, required: bool) -> None:
    url = params.get(name)
    if url is None:
        if required:
            raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Not a valid URL", param=name, code="url_invalid")
