"""Money on its way from the balance to the owner's bank."""

from sandbox.errors import refused
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.paging import matching, page
from sandbox.resources import balance_transactions
from sandbox.store import Context, Json, new_id

ARRIVES_AFTER_SECONDS = 24 * 3600


def send(context: Context, *, with_pending: bool = False) -> Json:
    """Pay out the available balance, ``with_pending`` all of it. It arrives a day later.

    Raises:
        ApiError: 400 ``balance_insufficient`` if there is nothing to pay out.
    """
    account = context.account
    taken = [
        moved
        for moved in account.all("balance_transaction")
        if (with_pending or moved["status"] == "available")
        and account.hidden.get(moved["id"], {}).get("payout") is None
    ]
    amount = sum(moved["net"] for moved in taken)
    if amount <= 0:
        raise refused("You have insufficient funds.", code="balance_insufficient")
    arrives = context.now + ARRIVES_AFTER_SECONDS
    payout = account.add(
        {
            "id": new_id("po_"),
            "object": "payout",
            "amount": amount,
            "application_fee": None,
            "application_fee_amount": None,
            "arrival_date": arrives,
            "automatic": True,
            "balance_transaction": None,
            "created": context.now,
            "currency": taken[0]["currency"],
            "description": "STRIPE PAYOUT",
            "destination": None,
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": {},
            "method": "standard",
            "original_payout": None,
            "payout_method": None,
            "reconciliation_status": "completed",
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": None,
            "status": "in_transit",
            "trace_id": None,
            "type": "bank_account",
        }
    )
    left = balance_transactions.post(
        context, "payout", source=payout["id"], amount=-amount, currency=payout["currency"]
    )
    payout["balance_transaction"] = left["id"]
    for moved in (*taken, left):
        moved["status"] = "available"
        account.hidden.setdefault(moved["id"], {})["payout"] = payout["id"]
    emit(context, "payout.created", payout)
    context.world.appoint(arrives, "payout.arrive", account.id, payout["id"])
    return payout


def arrive(context: Context, wanted: str) -> Json:
    """Let a payout reach the bank, unless it failed before."""
    payout = context.account.get("payout", wanted)
    if payout["status"] == "in_transit":
        payout["status"] = "paid"
        emit(context, "payout.paid", payout, {"status": "in_transit"})
    return payout


def fail(context: Context, payout: Json) -> Json:
    """Let the bank send a payout back: its money is on the balance again.

    Raises:
        ApiError: 400 if it failed before.
    """
    if payout["status"] == "failed":
        raise refused("This payout has failed already.")
    before = {"status": payout["status"]}
    back = balance_transactions.post(
        context,
        "payout_failure",
        source=payout["id"],
        amount=payout["amount"],
        currency=payout["currency"],
    )
    back["status"] = "available"
    payout.update(
        status="failed",
        failure_balance_transaction=back["id"],
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
    )
    emit(context, "payout.failed", payout, before)
    return payout


def retrieve(context: Context, _params: Json, payout: str) -> Json:
    return context.account.get("payout", payout)


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("payout"), params, "status")
    return page(found, params, url="/v1/payouts")


HANDLERS = {
    "GetPayouts": Handler(listed, ("created", "status")),
    "GetPayoutsPayout": Handler(retrieve),
}
