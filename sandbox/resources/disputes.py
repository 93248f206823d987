"""Payments that a cardholder's bank takes back: asked about, answered, won or lost."""

from sandbox.cards import DisputeCourse
from sandbox.errors import invalid, refused
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.paging import matching, page
from sandbox.resources import balance_transactions
from sandbox.store import Context, Json, new_id

FEE_CENTS = 1500
ANSWER_WITHIN_SECONDS = 9 * 24 * 3600
OPEN = ("needs_response", "under_review")
ASKED = ("warning_needs_response", "warning_under_review")

_TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def begin(context: Context, charge: Json, *, reason: str, inquiry: bool = False) -> Json:
    """Open a dispute over all that is left of a charge; an inquiry takes no money yet.

    Raises:
        ApiError: 400 if it is disputed already, or nothing of it is left.
    """
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"] or not charge["paid"] or not left:
        raise refused(f"Charge {charge['id']} cannot be disputed.")
    dispute = context.account.add(
        {
            "id": new_id("du_"),
            "object": "dispute",
            "amount": left,
            "balance_transactions": [],
            "charge": charge["id"],
            "created": context.now,
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {**dict.fromkeys(_TEXTS), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": context.now + ANSWER_WITHIN_SECONDS,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": inquiry,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        }
    )
    charge["disputed"] = not inquiry
    emit(context, "charge.dispute.created", dispute)
    if not inquiry:
        _move(context, dispute, -left, category="dispute", fee=FEE_CENTS)
        emit(context, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def begin_by_card(context: Context, wanted: str) -> None:
    """Open the dispute that a test card is known for, a moment after it has paid."""
    charge = context.account.get("charge", wanted)
    course = DisputeCourse(context.account.hidden[wanted]["dispute"])
    if charge["amount_refunded"] < charge["amount"] and not charge["disputed"]:
        inquiry = course is DisputeCourse.INQUIRY
        begin(context, charge, reason="general" if inquiry else course.value, inquiry=inquiry)


def submit(context: Context, dispute: Json, evidence: Json) -> Json:
    """Answer the bank, once, as the dashboard does. ``evidence`` is text by Stripe's names.

    Raises:
        ApiError: 400 for a name that Stripe does not have, or once nothing is asked any more.
    """
    for name in evidence:
        if name not in _TEXTS:
            raise invalid(f"Received unknown parameter: {name}", param=f"evidence[{name}]")
    if not dispute["status"].endswith("needs_response"):
        raise refused("This dispute is not open to evidence any more.")
    before = {"status": dispute["status"]}
    dispute["evidence"].update(evidence)
    dispute["evidence_details"].update(has_evidence=True, submission_count=1)
    dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    emit(context, "charge.dispute.updated", dispute, before)
    return dispute


def close(context: Context, dispute: Json, *, won: bool) -> Json:
    """Let the bank decide. What was won comes back; the fee does not."""
    before = {"status": dispute["status"]}
    if dispute["status"] in ASKED:
        dispute["status"] = "warning_closed"
    elif dispute["status"] not in OPEN:
        raise refused("This dispute is decided already.")
    elif won:
        dispute["status"] = "won"
        charge = context.account.get("charge", dispute["charge"])
        charge["disputed"] = False
        dispute["is_charge_refundable"] = True
        _move(context, dispute, dispute["amount"], category="dispute_reversal")
        emit(context, "charge.dispute.funds_reinstated", dispute)
    else:
        dispute["status"] = "lost"
    emit(context, "charge.dispute.closed", dispute, before)
    return dispute


def retrieve(context: Context, _params: Json, dispute: str) -> Json:
    return context.account.get("dispute", dispute)


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("dispute"), params, "charge", "payment_intent")
    return page(found, params, url="/v1/disputes")


HANDLERS = {
    "GetDisputes": Handler(listed, ("charge", "created", "payment_intent")),
    "GetDisputesDispute": Handler(retrieve),
}


def _move(context: Context, dispute: Json, amount: int, *, category: str, fee: int = 0) -> None:
    moved = balance_transactions.post(
        context,
        "adjustment",
        source=dispute["id"],
        amount=amount,
        currency=dispute["currency"],
        fee=fee,
        category=category,
    )
    dispute["balance_transactions"].append(moved)
