"""Single attempts to take money from a card, successful or not."""

from sandbox.cards import Decline
from sandbox.handlers import Handler
from sandbox.paging import matching, page
from sandbox.resources import balance_transactions, payment_methods
from sandbox.store import Context, Json, new_id


def make(
    context: Context, intent: Json, method: Json, *, decline: Decline | None, authenticated: bool
) -> Json:
    """Charge a payment intent's amount to a card; without a ``decline`` the money moves."""
    card = payment_methods.card_of(context, method)
    holder = payment_methods.holder_of(context, method)
    paid = decline is None
    charge = context.account.add(
        {
            "id": new_id("ch_"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": payment_methods.billing_details(holder),
            "calculated_statement_descriptor": "SANDBOX",
            "captured": paid,
            "created": context.now,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": None,
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": decline.code if decline else None,
            "failure_message": decline.message if decline else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": None,
            "outcome": _outcome(decline),
            "paid": paid,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": payment_methods.details_of_payment(
                card, holder, authenticated=authenticated
            ),
            "radar_options": {},
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "succeeded" if paid else "failed",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    if paid:
        charge["balance_transaction"] = balance_transactions.post(
            context,
            "charge",
            source=charge["id"],
            amount=charge["amount"],
            currency=charge["currency"],
            fee=balance_transactions.card_fee(charge["amount"]),
        )["id"]
        if card.dispute is not None:
            context.account.hidden[charge["id"]] = {"dispute": card.dispute.value}
            context.world.appoint(context.now, "dispute.begin", context.account.id, charge["id"])
    return charge


def refunded_by(charge: Json, amount: int) -> None:
    """Count ``amount`` cents as given back; a negative amount takes that back again."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


def refunds_of(context: Context, charge: Json) -> Json:
    """Return the charge's refunds as the list that Stripe includes on request."""
    found = [refund for refund in context.account.all("refund") if refund["charge"] == charge["id"]]
    return page(found, {}, url=f"/v1/charges/{charge['id']}/refunds")


def retrieve(context: Context, _params: Json, charge: str) -> Json:
    return context.account.get("charge", charge)


def listed(context: Context, params: Json) -> Json:
    found = matching(context.account.all("charge"), params, "customer", "payment_intent")
    return page(found, params, url="/v1/charges")


HANDLERS = {
    "GetCharges": Handler(listed, ("created", "customer", "payment_intent")),
    "GetChargesCharge": Handler(retrieve),
}


def _outcome(decline: Decline | None) -> Json:
    said_yes = decline is None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if said_yes else "declined_by_network",
        "reason": decline.decline_code if decline else None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete." if said_yes else "The bank declined the payment.",
        "type": "authorized" if said_yes else "issuer_declined",
    }
