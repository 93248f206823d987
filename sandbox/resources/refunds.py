"""Money given back, at once or in time, now and then in vain."""

from sandbox.cards import RefundCourse
from sandbox.errors import invalid, refused
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import matching, page
from sandbox.resources import balance_transactions, charges, payment_methods
from sandbox.store import Context, Json, new_id

SETTLES_AFTER_SECONDS = 60


def create(context: Context, params: Json) -> Json:
    charge = _charge_of(context, params)
    return give_back(
        context,
        charge,
        amount=params.get("amount"),
        reason=params.get("reason"),
        metadata=merged({}, params.get("metadata")),
    )


def give_back(
    context: Context,
    charge: Json,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: Json | None = None,
) -> Json:
    """Refund ``amount`` cents of a charge, or all that is left of it.

    Raises:
        ApiError: 400 ``charge_already_refunded``, or more was asked for than is left.
    """
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"]:
        raise refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if not left:
        raise refused(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    asked = left if amount is None else amount
    if asked <= 0:
        raise invalid(f"Invalid positive integer: {asked}", param="amount")
    if asked > left:
        raise refused(
            f"Refund amount ({asked} cents) is greater than unrefunded amount on charge "
            f"({left} cents)",
            param="amount",
        )

    method = context.account.get("payment_method", charge["payment_method"])
    course = payment_methods.card_of(context, method).refund
    pending = course is RefundCourse.PENDING_FIRST
    refund = context.account.add(
        {
            "id": new_id("re_"),
            "object": "refund",
            "amount": asked,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": context.now,
            "currency": charge["currency"],
            "customer_account": None,
            "destination_details": {"card": {"type": "refund"}, "type": "card"},
            "metadata": metadata or {},
            "payment_intent": charge["payment_intent"],
            "payment_method": None,
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if pending else "succeeded",
            "transfer_reversal": None,
        }
    )
    refund["balance_transaction"] = balance_transactions.post(
        context, "refund", source=refund["id"], amount=-asked, currency=refund["currency"]
    )["id"]
    charges.refunded_by(charge, asked)
    emit(context, "refund.created", refund)
    emit(context, "charge.refunded", charge, {"amount_refunded": charge["amount_refunded"] - asked})
    if course is not RefundCourse.AT_ONCE:
        settle_at = context.now + SETTLES_AFTER_SECONDS
        context.world.appoint(settle_at, "refund.settle", context.account.id, refund["id"])
    return refund


def settle(context: Context, wanted: str) -> Json:
    """Bring a refund to its end: a pending one succeeds, one to a failing card fails.

    Settling it again changes nothing.
    """
    refund = context.account.get("refund", wanted)
    charge = context.account.get("charge", refund["charge"])
    method = context.account.get("payment_method", charge["payment_method"])
    course = payment_methods.card_of(context, method).refund
    before = {"status": refund["status"]}
    if course is RefundCourse.PENDING_FIRST and refund["status"] == "pending":
        refund["status"] = "succeeded"
        emit(context, "refund.updated", refund, before)
    elif course is RefundCourse.FAILS_LATER and refund["status"] == "succeeded":
        moved = balance_transactions.post(
            context,
            "refund_failure",
            source=refund["id"],
            amount=refund["amount"],
            currency=refund["currency"],
        )
        refund.update(
            status="failed",
            failure_reason="unknown",
            failure_balance_transaction=moved["id"],
        )
        charges.refunded_by(charge, -refund["amount"])
        emit(context, "refund.updated", refund, before)
        emit(context, "refund.failed", refund)
    return refund


def update(context: Context, params: Json, refund: str) -> Json:
    kept = context.account.get("refund", refund, param="refund")
    before = {"metadata": kept["metadata"]}
    kept["metadata"] = merged(kept["metadata"] or {}, params.get("metadata"))
    emit(context, "refund.updated", kept, before)
    return kept


def retrieve(context: Context, _params: Json, refund: str) -> Json:
    return context.account.get("refund", refund, param="refund")


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("refund"), params, "charge", "payment_intent")
    return page(found, params, url="/v1/refunds")


HANDLERS = {
    "PostRefunds": Handler(create, ("amount", "charge", "metadata", "payment_intent", "reason")),
    "PostRefundsRefund": Handler(update, ("metadata",)),
    "GetRefundsRefund": Handler(retrieve),
    "GetRefunds": Handler(listed, ("charge", "created", "payment_intent")),
}


def _charge_of(context: Context, params: Json) -> Json:
    """Return the successful charge that a refund is asked for."""
    wanted, intent = params.get("charge"), params.get("payment_intent")
    if not wanted and not intent:
        raise invalid(
            "One of the following params should be provided for this request: "
            "payment_intent or charge."
        )
    if intent:
        paid = context.account.get("payment_intent", intent, param="payment_intent")
        if paid["status"] != "succeeded":
            raise refused(
                f"This PaymentIntent ({intent}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        if wanted and wanted != paid["latest_charge"]:
            raise invalid(f"The charge {wanted} does not belong to {intent}.", param="charge")
        wanted = paid["latest_charge"]
    charge = context.account.get("charge", wanted or "", param="charge")
    if not charge["paid"]:
        raise refused(
            f"Charge {wanted} has not been paid; there is nothing to refund.", param="charge"
        )
    return charge
