"""Disputes: the list, one of them, and its evidence as one PDF."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.service import record
from practice.billing import books, evidence, pdf
from practice.billing.forms import read_page
from practice.billing.rules.books import WANTS_ANSWER
from practice.billing.views.blueprint import bp
from practice.billing.views.invoices import pdf_headers
from practice.core.db import transaction
from practice.people.access import current_staff, requires
from practice.people.rules import Permission


@bp.get("/disputes")
@requires(Permission.MONEY_VIEW)
def disputes() -> ResponseReturnValue:
    """List what banks have taken back or asked about, newest first."""
    page = read_page(request.args.get("page", ""))
    rows = books.disputes(page=page)
    return render_template(
        "billing/disputes.html",
        rows=rows[: books.PAGE],
        page=page,
        has_more=len(rows) > books.PAGE,
        wants_answer=WANTS_ANSWER,
    )


@bp.get("/disputes/<uuid:dispute_id>")
@requires(Permission.MONEY_VIEW)
def dispute(dispute_id: UUID) -> ResponseReturnValue:
    """Show a dispute: what it is about, until when, and what to do."""
    return render_template(
        "billing/dispute.html",
        found=evidence.gather(dispute_id),
        wants_answer=WANTS_ANSWER,
        makes_pdf=pdf.missing() is None,
    )


@bp.get("/disputes/<uuid:dispute_id>/evidence")
@requires(Permission.MONEY_TAKE)
def dispute_evidence(dispute_id: UUID) -> ResponseReturnValue:
    """Answer with the evidence as one PDF, or with the page where none can be made."""
    found = evidence.gather(dispute_id)
    body = evidence.as_pdf(found)
    if body is None:
        return redirect(url_for(".dispute", dispute_id=dispute_id))
    with transaction():
        record("dispute:evidence", by=current_staff(), subject_id=dispute_id)
    return body, pdf_headers("evidence")
