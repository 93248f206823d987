"""Issuing papers: invoices, credit notes and receipts. What is issued is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor
from practice.audit.service import record
from practice.billing.models import (
    Allocation,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    PaperKind,
    Payment,
    Receipt,
    Refund,
)
from practice.billing.rules.invoices import (
    SERIES_OF_CREDIT_NOTES,
    SERIES_OF_INVOICES,
    SERIES_OF_RECEIPTS,
    Line,
)
from practice.billing.rules.payments import PaymentState, RefundState
from practice.billing.service.numbers import next_number
from practice.billing.service.parties import parties
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox.service import enqueue
from practice.people.models import Client, Practice
from practice.people.queries import get_client, get_practice

MAKE_PDF = {PaperKind.INVOICE: "make-invoice-pdf", PaperKind.RECEIPT: "make-receipt-pdf"}


def issue_invoice(
    client: Client, *, for_id: UUID, source_key: str, lines: Sequence[Line], by: Actor
) -> Invoice:
    """Issue the invoice for something that was delivered, and apply what was paid for it ahead.

    Issued once for each ``source_key``: asked again, it returns the same invoice. Call inside
    ``transaction()``, as its last step: the numbers of the practice wait for it.

    Raises:
        ValueError: without lines, or with lines in several currencies.
    """
    if (issued := find_by_source(source_key)) is not None:
        return issued
    ahead = sum(_free_minor(payment) for payment in _payments_for(for_id))
    total = sum(line.amount.minor for line in lines)
    invoice = _issue(
        InvoiceKind.INVOICE,
        client,
        for_id=for_id,
        source_key=source_key,
        lines=lines,
        by=by,
        frozen={"paid_ahead_minor": min(ahead, total)},
    )
    _settle(invoice)
    return invoice


def credit(invoice: Invoice, *, reason: str, by: Actor) -> Invoice:
    """Take a whole invoice back with a credit note of its own number.

    What had settled it is free again, and can be refunded or settle another.

    Raises:
        Conflict: if it is a credit note itself, or was credited already.
    """
    if invoice.kind is not InvoiceKind.INVOICE:
        raise Conflict("A credit note cannot be credited.")
    source_key = f"credit:{invoice.id}"
    if find_by_source(source_key) is not None:
        raise Conflict(f"{invoice.number} was credited already.")
    taken_back = [
        Line(line.service_on, line.service, line.quantity, Money(-line.unit_minor, currency))
        for currency in [invoice.total.currency]
        for line in lines_of(invoice)
    ]
    note = _issue(
        InvoiceKind.CREDIT_NOTE,
        get_client(invoice.client_id),
        for_id=invoice.for_id,
        source_key=source_key,
        lines=taken_back,
        by=by,
        corrects=invoice,
        frozen={"corrects": invoice.number, "reason": reason},
    )
    for payment_id, minor in _settled_by(Allocation.invoice_id == invoice.id):
        _allocate(payment_id, invoice.id, -minor, f"credit:{note.id}:{payment_id}")
    return note


def issue_receipt(payment: Payment) -> Receipt:
    """Issue the receipt for money that came in, and apply it to an invoice that waits for it.

    Call in the transaction in which ``payment`` became paid. Issued once a payment.
    """
    receipt = db.session.scalar(sa.select(Receipt).where(Receipt.payment_id == payment.id))
    if receipt is not None:
        return receipt
    practice, client = get_practice(), get_client(payment.client_id)
    today = _today(practice)
    receipt = Receipt(
        number=next_number(SERIES_OF_RECEIPTS, today.year),
        payment_id=payment.id,
        issued_at=clock.now(),
        facts={
            **parties(practice, client),
            "label": payment.label,
            "method": payment.method.value,
            "amount_minor": payment.amount.minor,
            "currency": payment.amount.currency,
            "paid_on": (payment.paid_at or clock.now())
            .astimezone(ZoneInfo(practice.time_zone))
            .date()
            .isoformat(),
        },
    )
    db.session.add(receipt)
    db.session.flush()
    record("receipt:issue", by=PROGRAM, subject_id=receipt.id, number=receipt.number)
    enqueue(MAKE_PDF[PaperKind.RECEIPT], key=f"pdf:{receipt.id}", subject_id=receipt.id)
    waiting = db.session.scalars(
        sa.select(Invoice).where(
            Invoice.for_id == payment.for_id, Invoice.kind == InvoiceKind.INVOICE
        )
    )
    for invoice in waiting:
        _settle(invoice)
    return receipt


def take_back(refund: Refund) -> None:
    """Undo what the refunded part of a payment had settled, newest invoice first.

    Call in the transaction in which ``refund`` succeeded; once is enough, twice is harmless.
    """
    payment = db.session.scalar(sa.select(Payment).where(Payment.id == refund.payment_id))
    if payment is None:
        return
    over = -_free_minor(payment)
    for invoice_id, minor in _settled_by(Allocation.payment_id == payment.id, by_invoice=True):
        if over <= 0:
            break
        part = min(over, minor)
        _allocate(payment.id, invoice_id, -part, f"refund:{refund.id}:{invoice_id}")
        over -= part


def find_by_source(source_key: str) -> Invoice | None:
    """Return the document that was issued for ``source_key``, if one was."""
    return db.session.scalar(sa.select(Invoice).where(Invoice.source_key == source_key))


def lines_of(invoice: Invoice) -> list[InvoiceLine]:
    """Return the lines of a document in their order."""
    return list(
        db.session.scalars(
            sa.select(InvoiceLine)
            .where(InvoiceLine.invoice_id == invoice.id)
            .order_by(InvoiceLine.position)
        )
    )


def _issue(
    kind: InvoiceKind,
    client: Client,
    *,
    for_id: UUID | None,
    source_key: str,
    lines: Sequence[Line],
    by: Actor,
    frozen: dict[str, Any],
    corrects: Invoice | None = None,
) -> Invoice:
    currencies = {line.unit.currency for line in lines}
    if len(currencies) != 1:
        raise ValueError("an invoice has lines, all in one currency")
    practice = get_practice()
    today = _today(practice)
    series = SERIES_OF_INVOICES if kind is InvoiceKind.INVOICE else SERIES_OF_CREDIT_NOTES
    invoice = Invoice(
        number=next_number(series, today.year),
        kind=kind,
        source_key=source_key,
        client_id=client.id,
        for_id=for_id,
        corrects_id=corrects.id if corrects else None,
        issued_on=today,
        issued_at=clock.now(),
        due_on=today,
        parties={**parties(practice, client), **frozen},
        total=Money(sum(line.amount.minor for line in lines), currencies.pop()),
    )
    db.session.add(invoice)
    db.session.flush()  # the lines' foreign key wants it first
    db.session.add_all(
        InvoiceLine(
            invoice_id=invoice.id,
            position=position,
            service_on=line.service_on,
            service=line.service,
            quantity=line.quantity,
            unit_minor=line.unit.minor,
            amount_minor=line.amount.minor,
        )
        for position, line in enumerate(lines, start=1)
    )
    db.session.flush()
    record(f"{kind.value}:issue", by=by, subject_id=invoice.id, number=invoice.number)
    enqueue(MAKE_PDF[PaperKind.INVOICE], key=f"pdf:{invoice.id}", subject_id=invoice.id)
    return invoice


def _settle(invoice: Invoice) -> None:
    """Apply what is free of the payments for the same thing, oldest first."""
    if invoice.for_id is None or find_by_source(f"credit:{invoice.id}") is not None:
        return
    owed = invoice.total.minor - sum(
        minor for _, minor in _settled_by(Allocation.invoice_id == invoice.id)
    )
    for payment in _payments_for(invoice.for_id):
        part = min(owed, _free_minor(payment))
        if part > 0:
            _allocate(payment.id, invoice.id, part, f"settle:{invoice.id}:{payment.id}:{owed}")
            owed -= part


def _payments_for(for_id: UUID) -> list[Payment]:
    return list(
        db.session.scalars(
            sa.select(Payment)
            .where(Payment.for_id == for_id, Payment.state == PaymentState.PAID)
            .order_by(Payment.paid_at, Payment.id)
        )
    )


def _free_minor(payment: Payment) -> int:
    """Return the cents of a payment that are neither given back nor settle anything.

    Negative when more was given back than was free.
    """
    given_back = db.session.scalar(
        sa.select(sa.func.sum(Refund.amount_minor)).where(
            Refund.payment_id == payment.id, Refund.state != RefundState.FAILED
        )
    )
    settled = sum(minor for _, minor in _settled_by(Allocation.payment_id == payment.id))
    return payment.amount.minor - int(given_back or 0) - settled


def _settled_by(
    which: sa.ColumnElement[bool], *, by_invoice: bool = False
) -> list[tuple[UUID, int]]:
    key = Allocation.invoice_id if by_invoice else Allocation.payment_id
    rows = db.session.execute(
        sa.select(key, sa.func.sum(Allocation.amount_minor))
        .where(which)
        .group_by(key)
        .order_by(sa.func.max(Allocation.made_at).desc(), key)
    )
    return [(one, int(minor)) for one, minor in rows if minor]


def _allocate(payment_id: UUID, invoice_id: UUID, minor: int, source_key: str) -> None:
    db.session.add(
        Allocation(
            payment_id=payment_id,
            invoice_id=invoice_id,
            amount_minor=minor,
            source_key=source_key,
            made_at=clock.now(),
        )
    )
    db.session.flush()


def _today(practice: Practice) -> date:
    return clock.now().astimezone(ZoneInfo(practice.time_zone)).date()
