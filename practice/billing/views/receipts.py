"""Receipts: one of them, and its PDF."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import archive, pdf
from practice.billing.models import PaperKind
from practice.billing.views.blueprint import bp
from practice.billing.views.invoices import pdf_headers
from practice.people.access import requires
from practice.people.rules import Permission


@bp.get("/receipts/<uuid:receipt_id>")
@requires(Permission.MONEY_VIEW)
def receipt(receipt_id: UUID) -> ResponseReturnValue:
    """Show a receipt as it was issued."""
    return render_template(
        "billing/receipt.html",
        makes_pdf=pdf.missing() is None,
        **pdf.facts_of(PaperKind.RECEIPT, receipt_id),
    )


@bp.get("/receipts/<uuid:receipt_id>.pdf")
@requires(Permission.MONEY_VIEW)
def receipt_pdf(receipt_id: UUID) -> ResponseReturnValue:
    """Answer with the stored PDF, or with the page to print where none can be made."""
    issued = archive.get_receipt(receipt_id)
    body = pdf.paper(PaperKind.RECEIPT, receipt_id)
    if body is None:
        return redirect(url_for(".receipt", receipt_id=receipt_id))
    return body, pdf_headers(issued.number)
