"""Invoices: the list, one of them, its PDF, its credit note, and the export."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.service import record
from practice.billing import archive, pdf
from practice.billing.collected import EXPORTS, TYPES
from practice.billing.forms import CreditForm, read_filter, read_page
from practice.billing.models import PaperKind
from practice.billing.rules.invoices import InvoiceState
from practice.billing.service import papers
from practice.billing.views.blueprint import bp
from practice.core.db import in_transaction, transaction
from practice.core.errors import Invalid
from practice.people.access import current_staff, requires
from practice.people.queries import get_practice
from practice.people.rules import Permission


@bp.get("/invoices")
@requires(Permission.MONEY_VIEW)
def invoices() -> ResponseReturnValue:
    """List documents, narrowed by the address bar, with the sums of the whole list."""
    which = read_filter(request.args)
    page = read_page(request.args.get("page", ""))
    sums = archive.totals(which, get_practice().currency)
    return render_template(
        "billing/invoices.html",
        rows=archive.invoices(which, page=page),
        sums=sums,
        which=which,
        states=list(InvoiceState),
        page=page,
        last_page=max(1, -(-sums.count // archive.PAGE)),
        kept={key: value for key, value in request.args.items() if key != "page" and value},
    )


@bp.get("/invoices/<uuid:invoice_id>")
@requires(Permission.MONEY_VIEW)
def invoice(invoice_id: UUID) -> ResponseReturnValue:
    """Show one document as it was issued, and what became of it since."""
    return render_template(
        "billing/invoice.html",
        listed=archive.get_listed(invoice_id),
        payments=archive.settled_by(invoice_id),
        notes=archive.notes_on(invoice_id),
        makes_pdf=pdf.missing() is None,
        **pdf.facts_of(PaperKind.INVOICE, invoice_id),
    )


@bp.get("/invoices/<uuid:invoice_id>.pdf")
@requires(Permission.MONEY_VIEW)
def invoice_pdf(invoice_id: UUID) -> ResponseReturnValue:
    """Answer with the stored PDF, or with the page to print where none can be made."""
    issued = archive.get_invoice(invoice_id)
    body = pdf.paper(PaperKind.INVOICE, invoice_id)
    if body is None:
        return redirect(url_for(".invoice", invoice_id=invoice_id))
    return body, pdf_headers(issued.number)


@bp.route("/invoices/<uuid:invoice_id>/credit", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def credit(invoice_id: UUID) -> ResponseReturnValue:
    """Take an invoice back: say what will happen, ask why, then issue the credit note."""
    form = CreditForm()
    listed = archive.get_listed(invoice_id)
    page = "billing/credit.html"
    if not form.is_submitted():
        return render_template(page, form=form, listed=listed)
    if not form.validate():
        return render_template(page, form=form, listed=listed), 422
    note = in_transaction(
        lambda: papers.credit(
            archive.get_invoice(invoice_id), reason=form.reason.data or "", by=current_staff()
        )
    )
    flash(f"{note.number} takes {listed.number} back.")
    return redirect(url_for(".invoice", invoice_id=note.id))


@bp.get("/invoices/export")
@requires(Permission.INVOICE_EXPORT)
def export() -> ResponseReturnValue:
    """Offer the export of a period, or answer with it: ``?from=&to=&format=csv|zip``."""
    which = read_filter(request.args)
    wanted = request.args.get("format", "")
    if not wanted:
        return render_template(
            "billing/export.html",
            which=which,
            sums=archive.totals(which, get_practice().currency),
            makes_pdf=pdf.missing() is None,
        )
    if wanted not in EXPORTS:
        raise Invalid("Choose CSV or ZIP.")
    with transaction():
        record(
            "invoices:export",
            by=current_staff(),
            subject_id=get_practice().id,
            format=wanted,
            first_on=str(which.first_on or ""),
            last_on=str(which.last_on or ""),
        )
    name = f"invoices-{which.first_on or 'first'}-{which.last_on or 'today'}.{wanted}"
    body, kind = EXPORTS[wanted](which), TYPES[wanted]
    return body, {
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def pdf_headers(name: str) -> dict[str, str]:
    """Return the headers of a PDF that opens in the browser under ``name``."""
    return {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'inline; filename="{name}.pdf"',
    }
