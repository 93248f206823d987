"""The payers that the application has told us of."""

from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import matching, page
from sandbox.store import Context, Json, new_id

_PLAIN = ("description", "email", "name", "phone")


def create(context: Context, params: Json) -> Json:
    customer = context.account.add(
        {
            "id": new_id("cus_", 14),
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": context.now,
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": None,
            "invoice_prefix": new_id("", 8).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": merged({}, params.get("metadata")),
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
    )
    customer.update(_plain(params))
    emit(context, "customer.created", customer)
    return customer


def update(context: Context, params: Json, customer: str) -> Json:
    kept = context.account.get("customer", customer, param="customer")
    change = _plain(params) | {"metadata": merged(kept["metadata"], params.get("metadata"))}
    previous = {name: kept[name] for name in change if kept[name] != change[name]}
    kept.update(change)
    emit(context, "customer.updated", kept, previous)
    return kept


def retrieve(context: Context, _params: Json, customer: str) -> Json:
    return context.account.get("customer", customer, param="customer")


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("customer"), params, "email")
    return page(found, params, url="/v1/customers")


HANDLERS = {
    "PostCustomers": Handler(create, (*_PLAIN, "metadata")),
    "PostCustomersCustomer": Handler(update, (*_PLAIN, "metadata")),
    "GetCustomersCustomer": Handler(retrieve),
    "GetCustomers": Handler(listed, ("created", "email")),
}


def _plain(params: Json) -> Json:
    """Return the plain fields that were given; an empty one is unset."""
    return {name: params[name] or None for name in _PLAIN if name in params}
