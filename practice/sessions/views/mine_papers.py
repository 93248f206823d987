"""A client's statements, superbills and estimates: each on the page and as PDF."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import documents, pdf
from practice.billing.document_models import Document
from practice.billing.forms import read_period
from practice.billing.service.documents import issue, preview
from practice.billing.service.statements import prepare
from practice.billing.views.documents import NAMES, answer_pdf
from practice.clients.queries import merges_into
from practice.core.db import in_transaction
from practice.core.errors import NotFound
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.people.forms import PlainForm
from practice.people.models import Client


@bp.get("/me/papers/<uuid:document_id>")
@for_clients
def document(document_id: UUID) -> ResponseReturnValue:
    """Show one of the client's own papers as it was issued."""
    issued = _own(document_id)
    return render_template(
        "me/document.html",
        document=issued,
        name=NAMES[issued.kind],
        pdf_url=url_for(".document_pdf", document_id=issued.id) if pdf.missing() is None else None,
        **pdf.sheet_of(issued.kind, documents.facts_of(issued)),
    )


@bp.get("/me/papers/<uuid:document_id>.pdf")
@for_clients
def document_pdf(document_id: UUID) -> ResponseReturnValue:
    """Answer with the stored PDF, or with the page to print where none can be made."""
    otherwise = url_for(".document", document_id=document_id)
    return answer_pdf(_own(document_id), otherwise, by=current_client())


@bp.route("/me/statement", methods=["GET", "POST"])
@for_clients
def statement() -> ResponseReturnValue:
    """Show a statement for a period; on POST, issue it, to be kept and downloaded."""
    client, form = this_client(), PlainForm()
    period, wrong = read_period(request.values)
    prepared = None if wrong else prepare(client, *period)
    if prepared is not None and form.validate_on_submit():
        issued = in_transaction(lambda: issue(prepare(client, *period), by=current_client()))
        return redirect(url_for(".document", document_id=issued.id), 303)
    return render_template(
        "me/statement.html",
        form=form,
        period=period,
        wrong=wrong,
        statement=preview(prepared) if prepared else None,
    ), 422 if wrong else 200


def papers_of(client: Client) -> list[documents.Listed]:
    """Return these papers of a client, and of whoever turned out to be them, newest first."""
    return documents.documents_of(_everybody(client))


def _everybody(client: Client) -> list[UUID]:
    return [client.id, *(each.gone_id for each in merges_into(client.id))]


def _own(document_id: UUID) -> Document:
    """Return a paper that is the client's own.

    Raises:
        NotFound: if it is not.
    """
    found = documents.get_document(document_id)
    if found.client_id not in _everybody(this_client()):
        raise NotFound("There is no such paper.")
    return found
