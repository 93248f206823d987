"""What moved on the account's balance, and what Stripe kept of it."""

from sandbox.handlers import Handler
from sandbox.paging import matching, page
from sandbox.store import Context, Json, new_id

FEE_PER_MILLE = 29
FEE_FIXED_CENTS = 30
AVAILABLE_AFTER_SECONDS = 2 * 24 * 3600


def card_fee(amount: int) -> int:
    """Return Stripe's fee on a charge of ``amount`` cents: 2.9 % + 30 cents, half a cent up."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED_CENTS


def post(
    context: Context,
    kind: str,
    *,
    source: str | None,
    amount: int,
    currency: str,
    fee: int = 0,
    category: str | None = None,
) -> Json:
    """Move ``amount`` cents (negative: out) onto the balance, less ``fee``.

    ``category`` is Stripe's finer name for the ``kind``, where it has one.
    """
    available_on = context.now + AVAILABLE_AFTER_SECONDS
    moved = context.account.add(
        {
            "id": new_id("txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available_on,
            "balance_type": "payments",
            "created": context.now,
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": _fee_details(fee, currency),
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source,
            "status": "pending",
            "type": kind,
        }
    )
    context.world.appoint(available_on, "funds.available", context.account.id, moved["id"])
    return moved


def become_available(context: Context, wanted: str) -> None:
    """The money can be paid out from now on."""
    context.account.get("balance_transaction", wanted)["status"] = "available"


def retrieve(context: Context, _params: Json, wanted: str) -> Json:
    return context.account.get("balance_transaction", wanted)


def listed(context: Context, params: Json) -> Json:
    found = matching(
        context.account.all("balance_transaction"), params, "currency", "source", "type"
    )
    if "payout" in params:
        context.account.get("payout", params["payout"], param="payout")
        hidden = context.account.hidden
        found = [
            moved
            for moved in found
            if hidden.get(moved["id"], {}).get("payout") == params["payout"]
        ]
    return page(found, params, url="/v1/balance_transactions")


HANDLERS = {
    "GetBalanceTransactions": Handler(listed, ("created", "currency", "payout", "source", "type")),
    "GetBalanceTransactionsId": Handler(retrieve),
}


def _fee_details(fee: int, currency: str) -> list[Json]:
    if not fee:
        return []
    return [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
