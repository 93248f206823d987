"""Statements: what a client was billed and has paid in a period."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.billing.accounts import payments_of
from practice.billing.document_models import DocumentKind
from practice.billing.models import Invoice, InvoiceKind, OpeningBalance, Payment, Refund
from practice.billing.rules import statements
from practice.billing.rules.payments import PaymentState, RefundState
from practice.billing.rules.statements import Movement
from practice.billing.service.documents import Finished
from practice.billing.service.parties import parties
from practice.core.db import db
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import get_practice


def prepare(client: Client, first_on: date, last_on: date) -> Finished:
    """Return the statement of a client for a period, both days included, ready to be issued.

    Raises:
        Invalid: for a period that makes no sense.
    """
    wrong = statements.what_is_wrong(first_on, last_on)
    if wrong:
        raise Invalid(wrong)
    practice = get_practice()
    facts = statements.facts(
        _movements(client, practice.time_zone), first_on, last_on, currency=practice.currency
    )
    return Finished(
        kind=DocumentKind.STATEMENT,
        client_id=client.id,
        facts={**parties(practice, client), **facts},
        items=(),
        total=Money(facts["closing_minor"], practice.currency),
        first_on=first_on,
        last_on=last_on,
    )


def _movements(client: Client, zone: str) -> list[Movement]:
    """Return all that ever changed what a client owes, in order. Four statements."""
    here = ZoneInfo(zone)
    found = [
        Movement(row.dated_on, "Earlier balance", row.number, row.amount_minor - row.paid_minor)
        for row in db.session.scalars(
            sa.select(OpeningBalance).where(OpeningBalance.client_id == client.id)
        )
    ]
    for invoice in db.session.scalars(
        sa.select(Invoice).where(Invoice.client_id == client.id).order_by(Invoice.issued_at)
    ):
        words = "Invoice" if invoice.kind is InvoiceKind.INVOICE else "Credit note"
        found.append(Movement(invoice.issued_on, words, invoice.number, invoice.total_minor))
    for paid in payments_of(client.id)[::-1]:
        if paid.payment.state is PaymentState.PAID and paid.payment.paid_at is not None:
            on = paid.payment.paid_at.astimezone(here).date()
            number = paid.receipt_number or ""
            found.append(Movement(on, "Payment, thank you", number, -paid.payment.amount.minor))
    for refund in db.session.scalars(
        sa.select(Refund)
        .join(
            Payment,
            sa.and_(Payment.practice_id == Refund.practice_id, Payment.id == Refund.payment_id),
        )
        .where(Payment.client_id == client.id, Refund.state == RefundState.SUCCEEDED)
        .order_by(Refund.created_at)
    ):
        on = (refund.settled_at or refund.created_at).astimezone(here).date()
        found.append(Movement(on, "Given back to you", "", refund.amount_minor))
    return found
