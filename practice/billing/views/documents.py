"""Statements, superbills and estimates: one of them with its PDF, and a client's statement."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing import documents, pdf
from practice.billing.document_models import Document, DocumentKind
from practice.billing.forms import read_period
from practice.billing.service.documents import issue, preview
from practice.billing.service.statements import prepare
from practice.billing.views.blueprint import bp
from practice.billing.views.invoices import pdf_headers
from practice.core.db import in_transaction, transaction
from practice.core.errors import NotAllowed
from practice.people.access import current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_client
from practice.people.rules import Permission

DOWNLOADED = {
    DocumentKind.STATEMENT: "statement:download",
    DocumentKind.SUPERBILL: "superbill:download",
    DocumentKind.ESTIMATE: "estimate:download",
}
NAMES = {
    DocumentKind.STATEMENT: "Statement",
    DocumentKind.SUPERBILL: "Superbill",
    DocumentKind.ESTIMATE: "Good faith estimate",
}


@bp.get("/papers/<uuid:document_id>")
@requires(Permission.WORK)
def document(document_id: UUID) -> ResponseReturnValue:
    """Show a statement, superbill or estimate as it was issued."""
    issued = _mine(document_id)
    facts = documents.facts_of(issued)
    if issued.kind is DocumentKind.SUPERBILL:
        with transaction():
            record("superbill:view", by=current_staff(), subject_id=document_id)
    return render_template(
        "billing/document.html",
        document=issued,
        name=NAMES[issued.kind],
        client=get_client(issued.client_id),
        makes_pdf=pdf.missing() is None,
        **pdf.sheet_of(issued.kind, facts),
    )


@bp.get("/papers/<uuid:document_id>.pdf")
@requires(Permission.WORK)
def document_pdf(document_id: UUID) -> ResponseReturnValue:
    """Answer with the stored PDF, or with the page to print where none can be made."""
    return answer_pdf(
        _mine(document_id), url_for(".document", document_id=document_id), by=current_staff()
    )


@bp.route("/statements/<uuid:client_id>", methods=["GET", "POST"])
@requires(Permission.MONEY_VIEW)
def statement(client_id: UUID) -> ResponseReturnValue:
    """Show a client's statement for a period; on POST, issue it."""
    client, form = get_client(client_id), PlainForm()
    period, wrong = read_period(request.values)
    prepared = None if wrong else prepare(client, *period)
    if prepared is not None and form.validate_on_submit():
        issued = in_transaction(lambda: issue(prepare(client, *period), by=current_staff()))
        return redirect(url_for(".document", document_id=issued.id), 303)
    return render_template(
        "billing/new_statement.html",
        client=client,
        form=form,
        period=period,
        wrong=wrong,
        statement=preview(prepared) if prepared else None,
    ), 422 if wrong else 200


def answer_pdf(issued: Document, otherwise: str, *, by: Actor) -> ResponseReturnValue:
    """Answer with the PDF of a document and write the download down, or lead elsewhere."""
    document_id, kind, number = issued.id, issued.kind, issued.number
    body = pdf.document(document_id)
    if body is None:
        return redirect(otherwise, 303)
    with transaction():
        record(DOWNLOADED[kind], by=by, subject_id=document_id)
    return body, pdf_headers(number)


def _mine(document_id: UUID) -> Document:
    """Return a document, if whoever is at the screen may see what it says.

    Raises:
        NotFound: if there is none.
        NotAllowed: if it names a diagnosis and they see none, or it is money and not theirs.
    """
    issued = documents.get_document(document_id)
    names_diagnoses = issued.kind is DocumentKind.SUPERBILL or documents.facts_of(issued).get(
        "names_diagnoses", False
    )
    asked = Permission.CARE_VIEW if names_diagnoses else Permission.MONEY_VIEW
    if not may(asked):
        raise NotAllowed("Your role does not include this. The owner of the practice can add it.")
    return issued
