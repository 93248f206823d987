"""Asking for a good faith estimate: staff for a client, with a preview, and clients themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.rules import Actor
from practice.billing.document_models import Document
from practice.billing.service.documents import preview
from practice.calendar.rules import zones
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.people.access import current_staff, requires
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp as me
from practice.people.models import Client
from practice.people.queries import get_client
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.estimate_forms import BOOKED, EstimateForm
from practice.sessions.service import estimates
from practice.sessions.staff_forms import read_uuid
from practice.sessions.views.staff import bp


@bp.route("/clients/<uuid:client_id>/estimate", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def estimate(client_id: UUID) -> ResponseReturnValue:
    """Show what an estimate would say; issue it, and mail the client that it is there."""
    client, form = get_client(client_id), EstimateForm()
    form.offer(queries.services())
    shown: dict[str, Any] = {"client": client, "form": form, "sheets": [], "lacks": []}
    page, is_look = "sessions/estimate.html", "look" in request.form
    if not form.is_submitted():
        form.service.data = BOOKED
    elif not form.validate():
        return render_template(page, **shown), 422
    try:
        if form.is_submitted() and not is_look:
            by = current_staff()
            written = in_transaction(lambda: _write(get_client(client_id), form, by))
            flash("The estimate is issued, and the client is told by email that it is there.")
            return redirect(url_for("billing.document", document_id=written[0].id), 303)
        shown["sheets"] = _previews(client, form)
    except estimates.Lacking as lacking:
        shown["lacks"] = [words for _, words in lacking.found]
        return render_template(page, **shown), 409 if form.is_submitted() and not is_look else 200
    except Invalid as wrong:
        form.service.errors = [wrong.message]
        return render_template(page, **shown), 422
    return render_template(page, **shown)


@me.route("/me/estimate", methods=["GET", "POST"])
@for_clients
def ask_estimate() -> ResponseReturnValue:
    """Let a client ask for an estimate: it is there at once, unless something is missing for it."""
    client, form = this_client(), EstimateForm()
    form.offer(queries.services())
    page = "me/ask_estimate.html"
    if not form.is_submitted():
        form.service.data = BOOKED
        return render_template(page, form=form)
    if not form.validate():
        return render_template(page, form=form), 422
    try:
        written = in_transaction(lambda: _write(client, form, current_client()))
    except estimates.Lacking as lacking:
        missing = lacking
        due = in_transaction(lambda: estimates.ask(client, missing))
        flash(f"We put your estimate together and mail you by {zones.day_words(due)}.")
        return redirect(url_for("me.money"), 303)
    except Invalid as wrong:
        form.service.errors = [wrong.message]
        return render_template(page, form=form), 422
    return redirect(url_for("me.document", document_id=written[0].id), 303)


def _write(client: Client, form: EstimateForm, by: Actor) -> list[Document]:
    if form.service.data == BOOKED:
        return estimates.write_for_booked(client, by=by)
    service = queries.get_service(read_uuid(form.service.data or ""))
    return [estimates.write_for_service(client, service, form.count.number or 1, by=by)]


def _previews(client: Client, form: EstimateForm) -> list[dict[str, Any]]:
    if form.service.data == BOOKED:
        return [preview(each) for each in estimates.finished_for_booked(client)]
    service = queries.get_service(read_uuid(form.service.data or ""))
    return [preview(estimates.finished_for_service(client, service, form.count.number or 1))]
