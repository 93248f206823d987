"""Reading what a client can pay at once, and what a payment for several things is for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.billing import sales
from practice.billing.accounts import openings_of
from practice.billing.archive import OPEN_MINOR
from practice.billing.give_back_models import BundleItem
from practice.billing.models import Invoice, InvoiceKind, InvoiceLine, OpeningBalance, Payment
from practice.billing.rules.fees import SOLD, is_fee
from practice.billing.rules.ledger import Owed
from practice.billing.rules.payments import LIVE
from practice.billing.sale_models import Sale
from practice.core.db import db
from practice.core.money import Money
from practice.people.queries import today_here


@dataclass(frozen=True, slots=True)
class Payable:
    """Something of which ``due`` can be paid now. ``number`` is the invoice's or the balance's.

    A missed-visit fee is no expense of health: ``is_fee``.
    """

    owed: Owed
    number: str
    what: str
    on: date
    due: Money
    is_fee: bool = False

    @property
    def key(self) -> str:
        """Its name in a form. With the amount: what changes meanwhile is seen."""
        return f"{self.owed.invoice_id or self.owed.opening_id}:{self.due.minor}"


def payable(client_ids: Collection[UUID]) -> list[Payable]:
    """Return what some clients can pay now, the oldest first: invoices, and balances of before.

    Of what is sold ahead it is what is due by today. A fixed number of statements.
    """
    rows = db.session.execute(
        sa.select(Invoice, InvoiceLine.service, InvoiceLine.service_on, OPEN_MINOR)
        .join(
            InvoiceLine,
            sa.and_(
                InvoiceLine.practice_id == Invoice.practice_id,
                InvoiceLine.invoice_id == Invoice.id,
                InvoiceLine.position == 1,
            ),
        )
        .where(
            Invoice.client_id.in_(client_ids),
            Invoice.kind == InvoiceKind.INVOICE,
            OPEN_MINOR > 0,
        )
        .order_by(Invoice.issued_at, Invoice.number)
    ).all()
    sold = _due_of_sales([row.Invoice for row in rows])
    found = []
    for invoice, service, on, open_minor in rows:
        due = min(int(open_minor), sold.get(invoice.id, int(open_minor)))
        owed = Owed(invoice.client_id, invoice_id=invoice.id)
        money = Money(due, invoice.currency)
        if due > 0:
            found.append(
                Payable(owed, invoice.number, service, on, money, is_fee(invoice.source_key))
            )
    brought = [
        Payable(
            Owed(each.client_id, opening_id=each.id),
            each.number,
            "Earlier balance",
            each.dated_on,
            each.open,
        )
        for each in reversed(openings_of(client_ids))
        if each.open.minor > 0
    ]
    return brought + found


def _due_of_sales(invoices: Sequence[Invoice]) -> dict[UUID, int]:
    ids = [each.id for each in invoices if each.source_key.startswith(SOLD)]
    if not ids:
        return {}
    found = db.session.scalars(sa.select(Sale).where(Sale.invoice_id.in_(ids))).all()
    today = today_here()
    return {
        each.sale.invoice_id: each.due(today).minor
        for each in sales.standings(found)
        if each.sale.invoice_id
    }


def items_of(bundle_id: UUID) -> list[tuple[BundleItem, Owed]]:
    """Return what a payment for several things is for, in the order in which it settles them."""
    rows = db.session.execute(
        sa.select(BundleItem, sa.func.coalesce(Invoice.client_id, OpeningBalance.client_id))
        .join(
            Invoice,
            sa.and_(
                Invoice.practice_id == BundleItem.practice_id, Invoice.id == BundleItem.invoice_id
            ),
            isouter=True,
        )
        .join(
            OpeningBalance,
            sa.and_(
                OpeningBalance.practice_id == BundleItem.practice_id,
                OpeningBalance.id == BundleItem.opening_id,
            ),
            isouter=True,
        )
        .where(BundleItem.bundle_id == bundle_id)
        .order_by(BundleItem.position)
    )
    return [
        (item, Owed(client_id, invoice_id=item.invoice_id, opening_id=item.opening_id))
        for item, client_id in rows
    ]


def in_words(owed: Owed) -> tuple[str, str, date]:
    """Return the number, the words and the day of something that a receipt is for."""
    if owed.invoice_id is None:
        opening = db.session.scalars(
            sa.select(OpeningBalance).where(OpeningBalance.id == owed.opening_id)
        ).one()
        return opening.number, "Earlier balance", opening.dated_on
    number, service, on = db.session.execute(
        sa.select(Invoice.number, InvoiceLine.service, InvoiceLine.service_on)
        .join(
            InvoiceLine,
            sa.and_(
                InvoiceLine.practice_id == Invoice.practice_id,
                InvoiceLine.invoice_id == Invoice.id,
            ),
        )
        .where(Invoice.id == owed.invoice_id)
        .order_by(InvoiceLine.position)
        .limit(1)
    ).one()
    return number, service, on


def live_of(client_id: UUID) -> list[Payment]:
    """Return the payments for several things from which money may come, the newest first."""
    return list(
        db.session.scalars(
            sa.select(Payment)
            .where(
                Payment.client_id == client_id,
                Payment.settles_many.is_(True),
                Payment.state.in_(LIVE),
            )
            .order_by(Payment.created_at.desc(), Payment.id)
        )
    )
