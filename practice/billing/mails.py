"""What the mails about money say. Neutral: an amount, a day, and whose they are."""

from typing import Any

from practice.billing import cards, queries
from practice.billing.rules.cards import Failure
from practice.billing.rules.payments import PaymentMethod
from practice.core.settings import settings
from practice.outbox.models import Message


def receipt(message: Message) -> dict[str, Any]:
    """Money came in. ``page`` is where the client finds what it was for, if that is known."""
    payment = queries.get_payment(message.about_id)
    return {
        "amount": payment.amount,
        "label": payment.label,
        "paid_at": payment.paid_at,
        "page": payment.cancel_url,
    }


def refunded(message: Message) -> dict[str, Any]:
    """Money went back. ``to_card``: a bank takes some days to show it."""
    refund = queries.get_refund(message.about_id)
    payment = queries.get_payment(refund.payment_id)
    return {
        "amount": refund.amount,
        "refunded_at": refund.settled_at,
        "to_card": payment.method is PaymentMethod.CARD_ONLINE,
        "page": payment.cancel_url,
    }


def card_not_charged(message: Message) -> dict[str, Any]:
    """A card on file did not pay. ``needs_holder``: the bank only wants its holder to confirm."""
    payment = queries.get_payment(message.about_id)
    return {
        "amount": payment.amount,
        "label": payment.label,
        "tried_at": payment.created_at,
        "needs_holder": cards.failure_of(payment.id) is Failure.NEEDS_HOLDER,
        "page": payment.cancel_url,
    }


def payment_needs_attention(message: Message) -> dict[str, Any]:
    """Something about money wants a person of the practice; the task says the rest."""
    return {
        "what": message.facts["what"],
        "today": f"{settings().base_url}/today",
    }
