"""A client's money: what is to pay, receipts and invoices, each with its PDF."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.audit.service import record
from practice.billing import archive, cards, ledger, linked, pdf
from practice.billing.accounts import openings_of, payments_of
from practice.billing.bundles import payable
from practice.billing.fees import due_of
from practice.billing.models import PaperKind
from practice.billing.rules.payments import PaymentState
from practice.billing.views.invoices import pdf_headers
from practice.core.db import transaction
from practice.core.errors import NotFound
from practice.core.money import Money
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.people.queries import get_practice
from practice.sessions.forms import PublicForm
from practice.sessions.links import token_of
from practice.sessions.queries.appointments import of_client
from practice.sessions.views.mine import booked_of, lines_of
from practice.sessions.views.mine_papers import papers_of
from practice.sessions.views.sale_shown import all_of


@bp.get("/me/money")
@for_clients
def money() -> ResponseReturnValue:
    """Show what is to pay, with a button for each session, and every paper there is."""
    client = this_client()
    to_pay = [each for each in lines_of(booked_of(client)) if each.owed]
    brought = [each for each in openings_of([client.id]) if each.open.minor > 0]
    owed_fees = due_of(client.id)
    tokens = {each.id: token_of(each) for each in of_client(client.id)} if owed_fees else {}
    payments = payments_of(client.id)
    nothing = Money(0, get_practice().currency)
    ahead = all_of(client.id)
    sold = [each for each in ahead if each.open]
    due_now = payable([client.id])
    return render_template(
        "me/money.html",
        to_pay=to_pay,
        brought=brought,
        on_its_way={
            each.payment.for_id
            for each in payments
            if each.payment.state is PaymentState.PROCESSING
        },
        fees=[(each, tokens[each.fee.for_id]) for each in owed_fees if each.fee.for_id in tokens],
        sold=sold,
        packages=[each for each in ahead if each.is_live and each.course_id is None],
        total=sum((each.owed for each in to_pay), nothing)
        + sum((each.open for each in sold), nothing)
        + sum((each.open for each in brought), nothing)
        + sum((each.open for each in owed_fees), nothing),
        due=sum((each.owed for each in to_pay if not each.is_coming), nothing),
        coming=sum((each.owed for each in to_pay if each.is_coming), nothing),
        takes_cards=linked.takes_cards(),
        at_once=Money(sum(each.due.minor for each in due_now), nothing.currency)
        if len(due_now) > 1
        else None,
        card=cards.on_file(client.id),
        payments=[each for each in payments if each.receipt_id],
        invoices=archive.invoices(archive.Filter(client_id=client.id)),
        credit=Money(ledger.free_credit(client.id), nothing.currency),
        documents=papers_of(client),
        button_form=PublicForm(formdata=None),
    )


@bp.get("/me/invoices/<uuid:invoice_id>")
@for_clients
def invoice(invoice_id: UUID) -> ResponseReturnValue:
    """Show one of the client's invoices as it was issued."""
    _check_invoice(invoice_id)
    return render_template(
        "me/paper.html",
        listed=archive.get_listed(invoice_id),
        pdf_url=url_for(".invoice_pdf", invoice_id=invoice_id) if pdf.missing() is None else None,
        **pdf.facts_of(PaperKind.INVOICE, invoice_id),
    )


@bp.get("/me/invoices/<uuid:invoice_id>.pdf")
@for_clients
def invoice_pdf(invoice_id: UUID) -> ResponseReturnValue:
    """Answer with an invoice's stored PDF, or with the page to print where none can be made."""
    number = _check_invoice(invoice_id)
    body = pdf.paper(PaperKind.INVOICE, invoice_id)
    if body is None:
        return redirect(url_for(".invoice", invoice_id=invoice_id), 303)
    _note_download("invoice:download", invoice_id)
    return body, pdf_headers(number)


@bp.get("/me/receipts/<uuid:receipt_id>")
@for_clients
def receipt(receipt_id: UUID) -> ResponseReturnValue:
    """Show one of the client's receipts as it was issued."""
    _check_receipt(receipt_id)
    return render_template(
        "me/paper.html",
        listed=None,
        pdf_url=url_for(".receipt_pdf", receipt_id=receipt_id) if pdf.missing() is None else None,
        **pdf.facts_of(PaperKind.RECEIPT, receipt_id),
    )


@bp.get("/me/receipts/<uuid:receipt_id>.pdf")
@for_clients
def receipt_pdf(receipt_id: UUID) -> ResponseReturnValue:
    """Answer with a receipt's stored PDF, or with the page to print where none can be made."""
    number = _check_receipt(receipt_id)
    body = pdf.paper(PaperKind.RECEIPT, receipt_id)
    if body is None:
        return redirect(url_for(".receipt", receipt_id=receipt_id), 303)
    _note_download("receipt:download", receipt_id)
    return body, pdf_headers(number)


def _check_invoice(invoice_id: UUID) -> str:
    """Return the number of an invoice that is the client's own."""
    found = archive.get_invoice(invoice_id)
    if found.client_id != this_client().id:
        raise NotFound("There is no such invoice.")
    return found.number


def _check_receipt(receipt_id: UUID) -> str:
    """Return the number of a receipt that is the client's own."""
    for paid in payments_of(this_client().id):
        if paid.receipt_id == receipt_id:
            return str(paid.receipt_number)
    raise NotFound("There is no such receipt.")


def _note_download(verb: str, paper_id: UUID) -> None:
    with transaction():
        record(verb, by=current_client(), subject_id=paper_id)
