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
from practice.billing import bundles, ledger
from practice.billing.models import (
    Invoice,
    InvoiceKind,
    InvoiceLine,
    PaperKind,
    Payment,
    Receipt,
)
from practice.billing.rules.fees import earned_by
from practice.billing.rules.invoices import (
    SERIES_OF_CREDIT_NOTES,
    SERIES_OF_INVOICES,
    SERIES_OF_RECEIPTS,
    Line,
)
from practice.billing.rules.ledger import Credit, Owed
from practice.billing.service import ledger as books
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
    usable = _usable(client.id, for_id)
    ahead = sum(minor for _, minor in usable)
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
    books.bill(invoice, earned=earned_by(source_key), by=by)
    books.settle(_owed(invoice), [each for each, _ in usable], f"settle:{invoice.id}")
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
    if _is_corrected(invoice):
        raise Conflict(f"A part of {invoice.number} was credited already. Give back line by line.")
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
    owed = _owed(invoice)
    books.unsettle(owed, f"credit:{note.id}")
    books.bill(note, owed=owed, earned=earned_by(invoice.source_key), by=by)
    return note


def credit_part(
    invoice_id: UUID, amount: Money, *, words: str, source_key: str, reason: str, by: Actor
) -> Invoice:
    """Take a part of an invoice back with a credit note, once for each ``source_key``.

    What had settled that part is free again.
    """
    if (issued := find_by_source(source_key)) is not None:
        return issued
    invoice = db.session.scalars(sa.select(Invoice).where(Invoice.id == invoice_id)).one()
    note = _issue(
        InvoiceKind.CREDIT_NOTE,
        get_client(invoice.client_id),
        for_id=invoice.for_id,
        source_key=source_key,
        lines=[Line(_today(get_practice()), words, 1, -amount)],
        by=by,
        corrects=invoice,
        frozen={"corrects": invoice.number, "reason": reason},
    )
    owed = _owed(invoice)
    books.unsettle(owed, f"credit:{note.id}")
    books.bill(note, owed=owed, earned=earned_by(invoice.source_key), by=by)
    _settle(invoice)
    return note


def take_back(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    *,
    payment: Payment,
    let_go_minor: int,
    source_key: str,
    reason: str,
    by: Actor,
) -> Invoice:
    """Take some lines of an invoice back with a credit note, once for each ``source_key``.

    ``let_go_minor`` cents of ``payment`` that had settled them are credit again.
    """
    if (issued := find_by_source(source_key)) is not None:
        return issued
    note = _issue(
        InvoiceKind.CREDIT_NOTE,
        get_client(invoice.client_id),
        for_id=invoice.for_id,
        source_key=source_key,
        lines=[
            Line(each.service_on, each.service, each.quantity, Money(-each.unit_minor, currency))
            for currency in [invoice.total.currency]
            for each in lines
        ],
        by=by,
        corrects=invoice,
        frozen={"corrects": invoice.number, "reason": reason},
    )
    owed = _owed(invoice)
    books.let_go(payment, owed, let_go_minor, key=f"credit:{note.id}")
    books.bill(note, owed=owed, earned=earned_by(invoice.source_key), by=by)
    return note


def issue_receipt(payment: Payment) -> Receipt:
    """Write down money that came in, issue its receipt, and let it settle what waits for it.

    Call in the transaction in which ``payment`` became paid. Issued once a payment.
    """
    receipt = db.session.scalar(sa.select(Receipt).where(Receipt.payment_id == payment.id))
    if receipt is not None:
        return receipt
    practice, client = get_practice(), get_client(payment.client_id)
    today = _today(practice)
    books.take_in(payment)
    parts = _settle_bundle(payment) if payment.settles_many else None
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
            **({"parts": parts} if parts else {}),
        },
    )
    db.session.add(receipt)
    db.session.flush()
    record("receipt:issue", by=PROGRAM, subject_id=receipt.id, number=receipt.number)
    enqueue(MAKE_PDF[PaperKind.RECEIPT], key=f"pdf:{receipt.id}", subject_id=receipt.id)
    if not payment.settles_many:
        settle_waiting(payment)
    return receipt


def _settle_bundle(payment: Payment) -> list[dict[str, Any]]:
    """Let a payment settle the things that it is for, in their order; say what it settled."""
    credit_, parts = Credit(payment.client_id, payment.id, None), []
    for item, owed in bundles.items_of(payment.for_id):
        key = f"settle:{item.invoice_id or item.opening_id}"
        minor = books.settle(owed, [credit_], key, at_most=item.amount_minor)
        if minor:
            number, what, on = bundles.in_words(owed)
            parts.append({"number": number, "what": what, "on": on.isoformat(), "minor": minor})
    return parts


def settle_waiting(payment: Payment) -> None:
    """Let a payment settle what waits for it: the invoices of the same thing, or a balance."""
    if payment.settles_many:
        _settle_bundle(payment)
        return
    waiting = db.session.scalars(
        sa.select(Invoice).where(
            Invoice.for_id == payment.for_id, Invoice.kind == InvoiceKind.INVOICE
        )
    ).all()
    for invoice in waiting:
        _settle(invoice)
    if not waiting:
        owed = Owed(payment.client_id, opening_id=payment.for_id)
        credits_ = [credit for credit, _ in ledger.credits_for(payment.for_id)]
        books.settle(owed, credits_, f"settle:{payment.for_id}")


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
    """Apply what was paid for the same thing, then what is free, the oldest first."""
    if invoice.for_id is not None and find_by_source(f"credit:{invoice.id}") is None:
        credits_ = [credit for credit, _ in _usable(invoice.client_id, invoice.for_id)]
        books.settle(_owed(invoice), credits_, f"settle:{invoice.id}")


def _usable(client_id: UUID, for_id: UUID) -> list[tuple[Credit, int]]:
    """Return the credit that may settle what something costs, without what is to go back."""
    found = ledger.usable_credits(client_id, for_id)
    usable = [(each, minor - books.promised_minor(each.payment_id)) for each, minor in found]
    return [(each, minor) for each, minor in usable if minor > 0]


def _is_corrected(invoice: Invoice) -> bool:
    notes = sa.select(sa.exists().where(Invoice.corrects_id == invoice.id))
    return bool(db.session.scalar(notes))


def _owed(invoice: Invoice) -> Owed:
    return Owed(invoice.client_id, invoice_id=invoice.id)


def _today(practice: Practice) -> date:
    return clock.now().astimezone(ZoneInfo(practice.time_zone)).date()
