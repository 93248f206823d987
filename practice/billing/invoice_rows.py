"""The rows of invoices as a bookkeeper gets them: one a line, with what was paid of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing import archive
from practice.billing.models import (
    Invoice,
    InvoiceLine,
    Journal,
    LedgerEntry,
    Payment,
    Refund,
)
from practice.billing.rules.invoices import pour
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import RefundState
from practice.core.db import db
from practice.people.models import Client


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line of one document. Amounts are cents; the sums over all rows are the list's."""

    invoice: str
    issued_on: date
    client: str
    service_on: date
    service: str
    quantity: int
    amount_minor: int
    paid_minor: int
    payment_id: str
    charge_id: str
    fee_minor: int
    refunded_minor: int
    currency: str


def export_rows(which: archive.Filter) -> Iterator[ExportRow]:
    """Yield a row a line, oldest document first, whose sums tie out with the list's.

    What settles a document fills its lines in order. A payment's fee, and what of it was given
    back, stand once: on the first line of the first document that it settles.
    """
    found = db.session.execute(
        sa.select(
            Invoice.id,
            Invoice.number,
            Invoice.issued_on,
            Invoice.currency,
            Client.first_name,
            Client.last_name,
            archive.PAID.label("paid"),
        )
        .join(Client, archive.OF_CLIENT)
        .where(*archive.matches(which))
        .order_by(Invoice.issued_at, Invoice.number)
        .execution_options(yield_per=_CHUNK)
    )
    for documents in found.partitions():
        yield from _rows_of(documents)


def _rows_of(documents: Sequence[sa.Row[Any]]) -> Iterator[ExportRow]:
    ids = [row.id for row in documents]
    lines = _lines_by_invoice(ids)
    payments = _payments_by_invoice(ids)
    for row in documents:
        own = lines[row.id]
        extra = payments.get(row.id, _NO_PAYMENT)
        client = f"{row.first_name} {row.last_name}"
        poured = pour(int(row.paid), [line.amount_minor for line in own])
        for line, paid_minor in zip(own, poured, strict=True):
            yield ExportRow(
                invoice=row.number,
                issued_on=row.issued_on,
                client=client,
                service_on=line.service_on,
                service=line.service,
                quantity=line.quantity,
                amount_minor=line.amount_minor,
                paid_minor=paid_minor,
                payment_id=extra.ids,
                charge_id=extra.charges,
                fee_minor=extra.fee_minor,
                refunded_minor=extra.refunded_minor,
                currency=row.currency,
            )
            extra = replace(extra, fee_minor=0, refunded_minor=0) if extra.stands_once else extra


@dataclass(frozen=True, slots=True)
class _Paid:
    ids: str = ""
    charges: str = ""
    fee_minor: int = 0
    refunded_minor: int = 0

    @property
    def stands_once(self) -> bool:
        return bool(self.fee_minor or self.refunded_minor)


_NO_PAYMENT = _Paid()
_CHUNK = 500


def _lines_by_invoice(ids: list[UUID]) -> dict[UUID, list[Any]]:
    lines: dict[UUID, list[Any]] = {one: [] for one in ids}
    for line in db.session.execute(
        sa.select(
            InvoiceLine.invoice_id,
            InvoiceLine.service_on,
            InvoiceLine.service,
            InvoiceLine.quantity,
            InvoiceLine.amount_minor,
        )
        .where(InvoiceLine.invoice_id.in_(ids))
        .order_by(InvoiceLine.position)
    ):
        lines[line.invoice_id].append(line)
    return lines


def _payments_by_invoice(ids: list[UUID]) -> dict[UUID, _Paid]:
    given_back = (
        sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_minor), 0))
        .where(
            Refund.practice_id == Payment.practice_id,
            Refund.payment_id == Payment.id,
            Refund.state == RefundState.SUCCEEDED,
        )
        .correlate(Payment)
        .scalar_subquery()
    )
    earlier, its_journal = sa.orm.aliased(LedgerEntry), sa.orm.aliased(Journal)
    first = (
        sa.select(sa.func.min(its_journal.posted_at))
        .join(
            earlier,
            sa.and_(
                earlier.practice_id == its_journal.practice_id,
                earlier.journal_id == its_journal.id,
            ),
        )
        .where(
            earlier.practice_id == Payment.practice_id,
            earlier.payment_id == Payment.id,
            earlier.account == Account.RECEIVABLE,
            earlier.invoice_id.is_not(None),
        )
        .correlate(Payment)
        .scalar_subquery()
    )
    found: dict[UUID, _Paid] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = db.session.execute(
            sa.select(
                LedgerEntry.invoice_id,
                Payment.id,
                Payment.charge_id,
                Payment.fee_minor,
                given_back.label("given_back"),
                (sa.func.min(Journal.posted_at) == first).label("is_first"),
            )
            .join(Payment, archive.OF_PAYMENT)
            .join(
                Journal,
                sa.and_(
                    Journal.practice_id == LedgerEntry.practice_id,
                    Journal.id == LedgerEntry.journal_id,
                ),
            )
            .where(
                LedgerEntry.invoice_id.in_(ids[start : start + _CHUNK]),
                LedgerEntry.account == Account.RECEIVABLE,
            )
            .group_by(LedgerEntry.invoice_id, Payment.practice_id, Payment.id)
            .order_by(Payment.paid_at, Payment.id)
        )
        for row in rows:
            before = found.get(row.invoice_id, _NO_PAYMENT)
            found[row.invoice_id] = _Paid(
                ids=f"{before.ids} {row.id}".strip(),
                charges=f"{before.charges} {row.charge_id or ''}".strip(),
                fee_minor=before.fee_minor + (row.fee_minor or 0) * row.is_first,
                refunded_minor=before.refunded_minor + int(row.given_back) * row.is_first,
            )
    return found
