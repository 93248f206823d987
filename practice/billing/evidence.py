"""The evidence on a disputed payment as one PDF: what a bank may see, and nothing clinical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.billing import books, cards, ports, queries, typeset
from practice.billing.book_models import Dispute
from practice.billing.card_models import Card, CardConsent
from practice.billing.models import Payment, Receipt, Refund
from practice.billing.rules.evidence import ABOUT, Agreed, Sent, Visit, clean
from practice.core import clock
from practice.core.db import db
from practice.outbox.models import Message
from practice.outbox.rules import MessageState
from practice.people.models import Client
from practice.people.queries import get_practice


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it, in the order in which it is shown."""

    dispute: Dispute
    payment: Payment
    client: Client
    visit: Visit | None
    agreed: list[Agreed]
    sent: list[Sent]
    refunds: Sequence[Refund]
    receipt_number: str | None


def gather(dispute_id: UUID) -> Evidence:
    """Put the evidence on a dispute together.

    Raises:
        NotFound: if there is no such dispute.
    """
    found = books.get_disputed(dispute_id)
    payment = found.payment
    return Evidence(
        dispute=found.dispute,
        payment=payment,
        client=found.client,
        visit=ports.visit_paid_for(payment.for_id),
        agreed=_agreed(payment),
        sent=_sent(payment),
        refunds=queries.refunds_of(payment.id),
        receipt_number=db.session.scalar(
            sa.select(Receipt.number).where(Receipt.payment_id == payment.id)
        ),
    )


def as_pdf(evidence: Evidence) -> bytes | None:
    """Return the evidence as one PDF; ``None`` where this machine lacks Pango."""
    if typeset.missing():
        return None
    return typeset.made_of(
        "evidence", evidence=evidence, practice=get_practice(), made_at=clock.now()
    )


def _agreed(payment: Payment) -> list[Agreed]:
    consents = [cards.consent_with(payment.id)]
    if (charge := cards.charge_of(payment.id)) is not None:
        consents.append(
            db.session.scalar(
                sa.select(CardConsent)
                .join(
                    Card,
                    sa.and_(
                        Card.practice_id == CardConsent.practice_id,
                        Card.consent_id == CardConsent.id,
                    ),
                )
                .where(Card.id == charge.card_id)
            )
        )
    return [
        Agreed(
            one.agreed_at,
            one.version,
            clean(one.text, [get_practice().business_name]),
            one.text_sha256,
            one.address,
        )
        for one in consents
        if one is not None
    ]


def _sent(payment: Payment) -> list[Sent]:
    """Return what was mailed to the client about the payment or what it was for, oldest first."""
    rows = db.session.execute(
        sa.select(Message.sent_at, Message.name)
        .where(
            Message.client_id == payment.client_id,
            Message.about_id.in_([payment.id, payment.for_id]),
            Message.state == MessageState.SENT,
            Message.name.in_(ABOUT),
        )
        .order_by(Message.sent_at, Message.id)
    )
    return [Sent(at, ABOUT[name]) for at, name in rows if at is not None]
