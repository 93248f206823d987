"""Finding issued papers again: lists and totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing.models import (
    Invoice,
    InvoiceKind,
    LedgerEntry,
    Payment,
    Receipt,
)
from practice.billing.rules.invoices import InvoiceState, state_of
from practice.billing.rules.ledger import Account
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


PAID = _receivable(-LedgerEntry.minor, LedgerEntry.payment_id.is_not(None))
_CREDITED = _receivable(-LedgerEntry.minor, LedgerEntry.payment_id.is_(None), LedgerEntry.minor < 0)
_IS_NOTE = Invoice.kind == InvoiceKind.CREDIT_NOTE
OPEN_MINOR = _receivable(LedgerEntry.minor)
_OWED = Invoice.total_minor - _CREDITED
_IN_STATE: dict[InvoiceState, sa.ColumnElement[bool]] = {
    InvoiceState.CREDIT_NOTE: _IS_NOTE,
    InvoiceState.CREDITED: sa.and_(~_IS_NOTE, _CREDITED > 0, _OWED <= 0),
    InvoiceState.PAID: sa.and_(~_IS_NOTE, PAID >= _OWED, sa.or_(_CREDITED == 0, _OWED > 0)),
    InvoiceState.PART_PAID: sa.and_(~_IS_NOTE, PAID > 0, PAID < _OWED),
    InvoiceState.OPEN: sa.and_(~_IS_NOTE, PAID <= 0, _OWED > 0),
}
OF_PAYMENT = sa.and_(
    Payment.practice_id == LedgerEntry.practice_id, Payment.id == LedgerEntry.payment_id
)
OF_CLIENT = sa.and_(Client.practice_id == Invoice.practice_id, Client.id == Invoice.client_id)


def invoices(which: Filter, *, page: int = 1) -> list[Listed]:
    """Return one page of documents, newest number first."""
    rows = db.session.execute(
        sa.select(
            Invoice,
            Client.first_name,
            Client.last_name,
            PAID.label("paid"),
            _CREDITED.label("credited"),
            OPEN_MINOR.label("open"),
        )
        .join(Client, OF_CLIENT)
        .where(*matches(which))
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
            sa.func.coalesce(sa.func.sum(PAID), 0),
            sa.func.coalesce(sa.func.sum(OPEN_MINOR), 0),
        )
        .join(Client, OF_CLIENT)
        .where(*matches(which))
    ).one()
    count, total, paid, still_open = map(int, row)
    return Totals(count, Money(total, currency), Money(paid, currency), Money(still_open, currency))


def numbers(which: Filter) -> list[tuple[UUID, str]]:
    """Return id and number of every document that ``which`` lets through, oldest first."""
    rows = db.session.execute(
        sa.select(Invoice.id, Invoice.number)
        .join(Client, OF_CLIENT)
        .where(*matches(which))
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
            PAID.label("paid"),
            _CREDITED.label("credited"),
            OPEN_MINOR.label("open"),
        )
        .join(Client, OF_CLIENT)
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
        .join(LedgerEntry, OF_PAYMENT)
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


def matches(which: Filter) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a filter puts on documents and their clients."""
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
