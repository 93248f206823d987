"""The files of invoices: a row for each line of each document, in the order of issue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.billing import archive, invoice_rows
from practice.billing.export_asked import CHUNK, Asked, Row, Write
from practice.billing.exports import amount, safe
from practice.billing.models import Invoice, InvoiceKind, InvoiceLine
from practice.billing.rules.fees import earned_by
from practice.billing.rules.ledger import Account
from practice.core.db import db

NUMBER = 10
"""Where the number of an invoice stands in a row for Xero."""


@dataclass(frozen=True, slots=True)
class Billed:
    """One line of a document, with what every line of it shares. Amounts are cents."""

    earned: Account
    number: str
    client_id: UUID
    issued_on: date
    due_on: date
    total_minor: int
    currency: str
    service_on: date
    service: str
    quantity: int
    unit_minor: int
    amount_minor: int


def _lines(asked: Asked, *, with_notes: bool = True) -> Iterator[Billed]:
    kinds = list(InvoiceKind) if with_notes else [InvoiceKind.INVOICE]
    rows = db.session.execute(
        sa.select(
            sa.func.coalesce(CORRECTED.source_key, Invoice.source_key),
            Invoice.number,
            Invoice.client_id,
            Invoice.issued_on,
            Invoice.due_on,
            Invoice.total_minor,
            Invoice.currency,
            InvoiceLine.service_on,
            InvoiceLine.service,
            InvoiceLine.quantity,
            InvoiceLine.unit_minor,
            InvoiceLine.amount_minor,
        )
        .join(
            InvoiceLine,
            sa.and_(
                InvoiceLine.practice_id == Invoice.practice_id,
                InvoiceLine.invoice_id == Invoice.id,
            ),
        )
        .join(
            CORRECTED,
            sa.and_(
                CORRECTED.practice_id == Invoice.practice_id,
                CORRECTED.id == Invoice.corrects_id,
            ),
            isouter=True,
        )
        .where(Invoice.issued_on.between(asked.first_on, asked.last_on), Invoice.kind.in_(kinds))
        .order_by(Invoice.issued_at, Invoice.number, InvoiceLine.position)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        source_key, *of_both = row
        yield Billed(earned_by(source_key), *of_both)


CORRECTED = sa.orm.aliased(Invoice)
"""What a credit note takes back: it earned what the note gives up."""


def count(asked: Asked) -> int:
    """Return how many documents were issued in the period."""
    return (
        db.session.scalar(
            sa.select(sa.func.count(Invoice.id)).where(
                Invoice.issued_on.between(asked.first_on, asked.last_on)
            )
        )
        or 0
    )


def invoices(asked: Asked, on: Write) -> Iterator[Row]:
    which = archive.Filter(first_on=asked.first_on, last_on=asked.last_on)
    for row in invoice_rows.export_rows(which):
        yield (
            [
                row.invoice,
                on(row.issued_on),
                safe(row.client),
                on(row.service_on),
                safe(asked.ways.service(row.service)),
                str(row.quantity),
                amount(row.amount_minor),
                amount(row.paid_minor),
                row.payment_id,
                safe(row.charge_id),
                amount(row.fee_minor),
                amount(row.refunded_minor),
                row.currency,
            ],
            (row.amount_minor,),
        )


def quickbooks_invoices(asked: Asked, on: Write) -> Iterator[Row]:
    item = safe(asked.ways.neutral_words)
    for row in _lines(asked, with_notes=False):
        yield (
            [
                row.number,
                asked.names.get(row.client_id, ""),
                on(row.issued_on),
                on(row.due_on),
                "",
                "",
                item,
                safe(asked.ways.service(row.service)),
                str(row.quantity),
                amount(row.unit_minor),
                amount(row.amount_minor),
                on(row.service_on),
            ],
            (row.amount_minor,),
        )


def xero(asked: Asked, on: Write) -> Iterator[Row]:
    codes = {each: safe(asked.ways.xero_code(each)) for each in Account}
    tax = safe(asked.ways.xero_tax)
    for row in _lines(asked):
        yield (
            [
                asked.names.get(row.client_id, ""),
                *[""] * 9,  # where they live is not the accountant's to know
                row.number,
                "",
                on(row.issued_on),
                on(row.due_on),
                amount(row.total_minor),
                "",
                safe(asked.ways.service(row.service)),
                str(row.quantity),
                amount(row.unit_minor),
                "",
                codes[row.earned],
                tax,
                *[""] * 5,
                row.currency,
                "",
            ],
            (row.amount_minor,),
        )
