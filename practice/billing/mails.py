"""What the mails about money say. Neutral: an amount, a day, and whose they are."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from practice.billing import cards, queries, sales
from practice.billing.rules.cards import Failure, Use
from practice.billing.rules.payments import PaymentMethod
from practice.billing.rules.selling import ExpiryRule
from practice.billing.service import card_on_file, instalments
from practice.core.money import Money
from practice.core.settings import settings
from practice.outbox.mail import Stale
from practice.outbox.models import Message
from practice.people.queries import get_practice, today_here


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


def package_ends(message: Message) -> dict[str, Any]:
    """What was bought ahead ends soon, unless it was used or extended meanwhile."""
    sale = sales.get_sale(message.about_id)
    [standing] = sales.standings([sale])
    on, is_left = sale.expires_on, any(each.free for each in standing.left)
    if on is None or on.isoformat() != message.facts["on"] or sale.ended_at or not is_left:
        raise Stale
    return {
        "ends_at": datetime.combine(on, time(12), ZoneInfo(get_practice().time_zone)),
        "keeps": sale.expiry_rule is ExpiryRule.CREDIT,
        "page": instalments.pay_page(),
    }


def instalment(message: Message) -> dict[str, Any]:
    """A part of what was bought in parts falls due soon, or is due, unless it is paid."""
    sale = sales.get_sale(message.about_id)
    [standing] = sales.standings([sale])
    [due] = [each for each in standing.dues if each.position == message.facts["position"]]
    if not due.open_minor or due.on is None or due.on.isoformat() != message.facts["on"]:
        raise Stale
    noon = datetime.combine(due.on, time(12), ZoneInfo(get_practice().time_zone))
    return {
        "amount": Money(due.open_minor, sale.price.currency),
        "due_at": noon,
        "is_due": due.on <= today_here(),
        "by_card": card_on_file.chargeable(sale.client_id, Use.INSTALMENT) is not None,
        "page": instalments.pay_page(),
    }
