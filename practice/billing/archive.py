"""Finding issued papers again: lists, totals, and the rows that a bookkeeper exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing.models import (
    Invoice,
    InvoiceKind,
    InvoiceLine,
    Journal,
    LedgerEntry,
    Payment,
    Receipt,
    Refund,
)
from practice.billing.rules.invoices import InvoiceState, pour, state_of
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import RefundState
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.money import Money
from practice.people.models import Client

PAGE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of invoices is narrowed to. Days are the practice's own, both included."""

    first_on: date | None = None
    last_on: date | None = None
    state: InvoiceState | None = None
    search: str = ""
    client_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One document in a list, with what became of it."""

    id: UUID
    number: str
    kind: InvoiceKind
    issued_on: date
    client_id: UUID
    client_name: str
    total: Money
    paid: Money
    open: Money
    state: InvoiceState


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a whole list, whatever page is shown."""

    count: int
    total: Money
    paid: Money
    open: Money


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


def _receivable(what: Any, *conditions: sa.ColumnElement[bool]) -> Any:
    """Sum what the books say of an invoice's being owed."""
    return (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(what), 0), sa.BigInteger))
        .where(
            LedgerEntry.practice_id == Invoice.practice_id,
            LedgerEntry.invoice_id == Invoice.id,
            LedgerEntry.account == Account.RECEIVABLE,
            *conditions,
        )
        .correlate(Invoice)
        .scalar_subquery()
    )


_PAID = _receivable(-LedgerEntry.minor, LedgerEntry.payment_id.is_not(None))
_CREDITED = _receivable(-LedgerEntry.minor, LedgerEntry.payment_id.is_(None), LedgerEntry.minor < 0)
_IS_NOTE = Invoice.kind == InvoiceKind.CREDIT_NOTE
OPEN_MINOR = _receivable(LedgerEntry.minor)
_OWED = Invoice.total_minor - _CREDITED
_IN_STATE: dict[InvoiceState, sa.ColumnElement[bool]] = {
    InvoiceState.CREDIT_NOTE: _IS_NOTE,
    InvoiceState.CREDITED: sa.and_(~_IS_NOTE, _CREDITED > 0, _OWED <= 0),
    InvoiceState.PAID: sa.and_(~_IS_NOTE, _PAID >= _OWED, sa.or_(_CREDITED == 0, _OWED > 0)),
    InvoiceState.PART_PAID: sa.and_(~_IS_NOTE, _PAID > 0, _PAID < _OWED),
    InvoiceState.OPEN: sa.and_(~_IS_NOTE, _PAID <= 0, _OWED > 0),
}
_OF_PAYMENT = sa.and_(
    Payment.practice_id == LedgerEntry.practice_id, Payment.id == LedgerEntry.payment_id
)
_CLIENT = sa.and_(Client.practice_id == Invoice.practice_id, Client.id == Invoice.client_id)


def invoices(which: Filter, *, page: int = 1) -> list[Listed]:
    """Return one page of documents, newest number first."""
    rows = db.session.execute(
        sa.select(
            Invoice,
            Client.first_name,
            Client.last_name,
            _PAID.label("paid"),
            _CREDITED.label("credited"),
            OPEN_MINOR.label("open"),
        )
        .join(Client, _CLIENT)
        .where(*_matches(which))
        .order_by(Invoice.issued_at.desc(), Invoice.number.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return [_listed(row) for row in rows]


def totals(which: Filter, currency: str) -> Totals:
    """Return the sums over every document that ``which`` lets through."""
    row = db.session.execute(
        sa.select(
            sa.func.count(Invoice.id),
            sa.func.coalesce(sa.func.sum(Invoice.total_minor), 0),
            sa.func.coalesce(sa.func.sum(_PAID), 0),
            sa.func.coalesce(sa.func.sum(OPEN_MINOR), 0),
        )
        .join(Client, _CLIENT)
        .where(*_matches(which))
    ).one()
    count, total, paid, still_open = map(int, row)
    return Totals(count, Money(total, currency), Money(paid, currency), Money(still_open, currency))


def numbers(which: Filter) -> list[tuple[UUID, str]]:
    """Return id and number of every document that ``which`` lets through, oldest first."""
    rows = db.session.execute(
        sa.select(Invoice.id, Invoice.number)
        .join(Client, _CLIENT)
        .where(*_matches(which))
        .order_by(Invoice.issued_at, Invoice.number)
    )
    return [(row.id, row.number) for row in rows]


def get_invoice(invoice_id: UUID) -> Invoice:
    """Return one document.

    Raises:
        NotFound: if there is none.
    """
    invoice = db.session.scalar(sa.select(Invoice).where(Invoice.id == invoice_id))
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return invoice


def get_listed(invoice_id: UUID) -> Listed:
    """Return one document with what became of it.

    Raises:
        NotFound: if there is none.
    """
    row = db.session.execute(
        sa.select(
            Invoice,
            Client.first_name,
            Client.last_name,
            _PAID.label("paid"),
            _CREDITED.label("credited"),
            OPEN_MINOR.label("open"),
        )
        .join(Client, _CLIENT)
        .where(Invoice.id == invoice_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such invoice.")
    return _listed(row)


def notes_on(invoice_id: UUID) -> list[Invoice]:
    """Return the credit notes that correct an invoice."""
    return list(
        db.session.scalars(
            sa.select(Invoice).where(Invoice.corrects_id == invoice_id).order_by(Invoice.number)
        )
    )


def settled_by(invoice_id: UUID) -> list[tuple[Payment, Money]]:
    """Return the payments that settle an invoice and with how much each, oldest first."""
    rows = db.session.execute(
        sa.select(Payment, -sa.func.sum(LedgerEntry.minor).label("minor"))
        .join(LedgerEntry, _OF_PAYMENT)
        .where(LedgerEntry.invoice_id == invoice_id, LedgerEntry.account == Account.RECEIVABLE)
        .group_by(Payment.practice_id, Payment.id)
        .order_by(Payment.paid_at)
    )
    return [
        (payment, Money(int(minor), payment.amount.currency)) for payment, minor in rows if minor
    ]


def find_receipt(payment_id: UUID) -> Receipt | None:
    """Return the receipt of a payment, if the money came in."""
    return db.session.scalar(sa.select(Receipt).where(Receipt.payment_id == payment_id))


def get_receipt(receipt_id: UUID) -> Receipt:
    """Return one receipt.

    Raises:
        NotFound: if there is none.
    """
    receipt = db.session.scalar(sa.select(Receipt).where(Receipt.id == receipt_id))
    if receipt is None:
        raise NotFound("There is no such receipt.")
    return receipt


def invoices_for(for_id: UUID) -> list[Invoice]:
    """Return the documents issued for one thing, oldest first."""
    return list(
        db.session.scalars(
            sa.select(Invoice).where(Invoice.for_id == for_id).order_by(Invoice.issued_at)
        )
    )


def export_rows(which: Filter) -> Iterator[ExportRow]:
    """Yield a row a line, oldest document first, whose sums tie out with the list's.

    What settles a document fills its lines in order. A payment's fee, and what of it was given
    back, stand once: on the first line of the first document that it settles.
    """
    found = db.session.execute(
        sa.select(Invoice, Client.first_name, Client.last_name, _PAID.label("paid"))
        .join(Client, _CLIENT)
        .where(*_matches(which))
        .order_by(Invoice.issued_at, Invoice.number)
        .execution_options(yield_per=_CHUNK)
    )
    for documents in found.partitions():
        yield from _rows_of(documents)


def _rows_of(documents: Sequence[sa.Row[Any]]) -> Iterator[ExportRow]:
    ids = [row.Invoice.id for row in documents]
    lines = _lines_by_invoice(ids)
    payments = _payments_by_invoice(ids)
    for row in documents:
        invoice = row.Invoice
        own = lines[invoice.id]
        extra = payments.get(invoice.id, _NO_PAYMENT)
        poured = pour(int(row.paid), [line.amount_minor for line in own])
        for line, paid_minor in zip(own, poured, strict=True):
            yield ExportRow(
                invoice=invoice.number,
                issued_on=invoice.issued_on,
                client=f"{row.first_name} {row.last_name}",
                service_on=line.service_on,
                service=line.service,
                quantity=line.quantity,
                amount_minor=line.amount_minor,
                paid_minor=paid_minor,
                payment_id=extra.ids,
                charge_id=extra.charges,
                fee_minor=extra.fee_minor,
                refunded_minor=extra.refunded_minor,
                currency=invoice.currency,
            )
            extra = replace(extra, fee_minor=0, refunded_minor=0)


@dataclass(frozen=True, slots=True)
class _Paid:
    ids: str = ""
    charges: str = ""
    fee_minor: int = 0
    refunded_minor: int = 0


_NO_PAYMENT = _Paid()
_CHUNK = 500


def _lines_by_invoice(ids: list[UUID]) -> dict[UUID, list[InvoiceLine]]:
    lines: dict[UUID, list[InvoiceLine]] = {one: [] for one in ids}
    for start in range(0, len(ids), _CHUNK):
        for line in db.session.scalars(
            sa.select(InvoiceLine)
            .where(InvoiceLine.invoice_id.in_(ids[start : start + _CHUNK]))
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
            .join(Payment, _OF_PAYMENT)
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


def _matches(which: Filter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if which.first_on is not None:
        conditions.append(Invoice.issued_on >= which.first_on)
    if which.last_on is not None:
        conditions.append(Invoice.issued_on <= which.last_on)
    if which.client_id is not None:
        conditions.append(Invoice.client_id == which.client_id)
    if which.state is not None:
        conditions.append(_IN_STATE[which.state])
    if which.search:
        name = Client.first_name + " " + Client.last_name
        conditions.append(
            name.icontains(which.search, autoescape=True)
            | Invoice.number.icontains(which.search, autoescape=True)
        )
    return conditions


def _listed(row: sa.Row[Any]) -> Listed:
    invoice: Invoice = row.Invoice
    paid, credited = int(row.paid), int(row.credited)
    is_note = invoice.kind is InvoiceKind.CREDIT_NOTE
    return Listed(
        id=invoice.id,
        number=invoice.number,
        kind=invoice.kind,
        issued_on=invoice.issued_on,
        client_id=invoice.client_id,
        client_name=f"{row.first_name} {row.last_name}",
        total=invoice.total,
        paid=Money(paid, invoice.currency),
        open=Money(int(row.open), invoice.currency),
        state=InvoiceState.CREDIT_NOTE
        if is_note
        else state_of(total_minor=invoice.total_minor, credited_minor=credited, paid_minor=paid),
    )
