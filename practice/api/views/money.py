"""Invoices and payments, to read."""

from __future__ import annotations

from uuid import UUID

from practice.api import paging, queries, schemas
from practice.api.operations import operation
from practice.api.rules.scopes import Scope
from practice.api.views import told
from practice.api.views.blueprint import bp
from practice.billing import archive
from practice.billing.queries import get_payment
from practice.billing.service import papers

INVOICES, PAYMENTS = "Invoices", "Payments"


@bp.get("/invoices")
@operation(schemas.Invoices, scope=Scope.INVOICES_READ, about=INVOICES)
def invoices(query: schemas.OfClientAsked) -> schemas.Invoices:
    """List invoices and credit notes in the order of issue."""
    after = paging.read(query.cursor, INVOICES)
    page = queries.invoices(after, query.limit, client_id=query.client_id)
    return schemas.Invoices(
        items=[told.invoice(each) for each in page.rows],
        next_cursor=paging.written(page.next, INVOICES) if page.next else None,
    )


@bp.get("/invoices/<uuid:invoice_id>")
@operation(schemas.InvoiceInFull, scope=Scope.INVOICES_READ, about=INVOICES)
def invoice(invoice_id: UUID) -> schemas.InvoiceInFull:
    """Read one document with its lines, and what is still open of it."""
    row, listed = archive.get_invoice(invoice_id), archive.get_listed(invoice_id)
    return schemas.InvoiceInFull(
        **told.invoice(row).model_dump(),
        state=listed.state,
        paid=told.amount(listed.paid),
        open=told.amount(listed.open),
        lines=[schemas.Line.model_validate(each) for each in papers.lines_of(row)],
    )


@bp.get("/payments")
@operation(schemas.Payments, scope=Scope.PAYMENTS_READ, about=PAYMENTS)
def payments(query: schemas.PaymentsAsked) -> schemas.Payments:
    """List payments in the order in which they were asked for, whatever became of them."""
    page = queries.payments(
        paging.read(query.cursor, PAYMENTS),
        query.limit,
        client_id=query.client_id,
        booking_id=query.booking_id,
        state=query.state,
    )
    return schemas.Payments(
        items=[told.payment(each) for each in page.rows],
        next_cursor=paging.written(page.next, PAYMENTS) if page.next else None,
    )


@bp.get("/payments/<uuid:payment_id>")
@operation(schemas.Payment, scope=Scope.PAYMENTS_READ, about=PAYMENTS)
def payment(payment_id: UUID) -> schemas.Payment:
    """Read one payment."""
    return told.payment(get_payment(payment_id))
