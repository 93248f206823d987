"""Reading what was given back of payments, and how a payment stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.billing import ledger
from practice.billing.give_back_models import GiveBack, GiveBackLine
from practice.billing.models import Invoice, InvoiceLine, LedgerEntry, OpeningBalance, Payment
from practice.billing.rules.fees import SOLD
from practice.billing.rules.giving_back import Settled
from practice.billing.rules.ledger import Account
from practice.core.db import db


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice that a payment settles, and that was not taken back alone."""

    line: InvoiceLine
    number: str


def settled_by(payment: Payment) -> list[Settled]:
    """Return what a payment settles, the newest first. At most four statements."""
    parts = ledger.settles(payment.id, payment.client_id)
    invoices = {
        each.id: each
        for each in db.session.scalars(
            sa.select(Invoice).where(Invoice.id.in_([owed.invoice_id for owed, _ in parts]))
        )
    }
    openings = {
        each.id: each
        for each in db.session.scalars(
            sa.select(OpeningBalance).where(
                OpeningBalance.id.in_([owed.opening_id for owed, _ in parts if owed.opening_id])
            )
        )
    }
    standing, still_open = _stand(list(invoices))
    found = []
    for owed, minor in parts:
        if owed.invoice_id is not None:
            invoice = invoices[owed.invoice_id]
            found.append(
                Settled(
                    invoice.id,
                    invoice.number,
                    minor,
                    still_open.get(invoice.id, 0),
                    standing.get(invoice.id, 0),
                    may_lose_lines=not invoice.source_key.startswith(SOLD),
                )
            )
        elif owed.opening_id is not None:
            number = f"Balance {openings[owed.opening_id].number}"
            found.append(Settled(owed.opening_id, number, minor, 0, 0, may_lose_lines=False))
    return found


def _stand(invoice_ids: Sequence[UUID]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Return what was billed by some invoices and not taken back, and what is open of it."""
    billed = sa.func.sum(sa.case((LedgerEntry.payment_id.is_(None), LedgerEntry.minor), else_=0))
    rows = db.session.execute(
        sa.select(LedgerEntry.invoice_id, billed, sa.func.sum(LedgerEntry.minor))
        .where(LedgerEntry.invoice_id.in_(invoice_ids), LedgerEntry.account == Account.RECEIVABLE)
        .group_by(LedgerEntry.invoice_id)
    ).all()
    return (
        {invoice_id: int(minor) for invoice_id, minor, _ in rows if invoice_id},
        {invoice_id: int(minor) for invoice_id, _, minor in rows if invoice_id},
    )


def lines_to_take_back(settles: Sequence[Settled]) -> list[Line]:
    """Return the lines that can be given back one by one, in the order of their invoices."""
    taken = sa.exists().where(
        GiveBackLine.practice_id == InvoiceLine.practice_id,
        GiveBackLine.line_id == InvoiceLine.id,
    )
    rows = db.session.execute(
        sa.select(InvoiceLine, Invoice.number)
        .join(
            Invoice,
            sa.and_(
                Invoice.practice_id == InvoiceLine.practice_id,
                Invoice.id == InvoiceLine.invoice_id,
            ),
        )
        .where(
            InvoiceLine.invoice_id.in_([each.id for each in settles if each.may_lose_lines]),
            InvoiceLine.amount_minor > 0,
            ~taken,
        )
        .order_by(Invoice.number, InvoiceLine.position)
    )
    return [Line(line, number) for line, number in rows]


def find(give_back_id: UUID) -> GiveBack | None:
    """Return what was given back by a form, if it was."""
    return db.session.scalar(sa.select(GiveBack).where(GiveBack.id == give_back_id))


def of_payment(payment_id: UUID) -> Sequence[GiveBack]:
    """Return what people gave back of a payment, the oldest first."""
    return db.session.scalars(
        sa.select(GiveBack)
        .where(GiveBack.payment_id == payment_id)
        .order_by(GiveBack.made_at, GiveBack.id)
    ).all()


def notes_with(give_back_id: UUID) -> Sequence[Invoice]:
    """Return the credit notes that were issued with it."""
    return db.session.scalars(
        sa.select(Invoice)
        .join(
            GiveBackLine,
            sa.and_(
                GiveBackLine.practice_id == Invoice.practice_id,
                GiveBackLine.note_id == Invoice.id,
            ),
        )
        .where(GiveBackLine.give_back_id == give_back_id)
        .distinct()
        .order_by(Invoice.number)
    ).all()
