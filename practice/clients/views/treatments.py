"""Treatments that a client tried before: the list, one of them, taking one off."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.clients import queries, service
from practice.clients.forms import TreatmentForm
from practice.clients.models import TreatmentTried
from practice.clients.views.blueprint import bp
from practice.core.db import in_transaction
from practice.people import queries as people
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.rules import Permission


@bp.route("/<uuid:client_id>/treatments/new", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def new_treatment(client_id: UUID) -> ResponseReturnValue:
    """Write down a treatment that was tried before."""
    return _write(client_id, None)


@bp.route("/<uuid:client_id>/treatments/<uuid:treatment_id>", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def treatment(client_id: UUID, treatment_id: UUID) -> ResponseReturnValue:
    """Change what is written of a treatment."""
    return _write(client_id, queries.get_treatment(client_id, treatment_id))


@bp.route("/<uuid:client_id>/treatments/<uuid:treatment_id>/remove", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def forget_treatment(client_id: UUID, treatment_id: UUID) -> ResponseReturnValue:
    """Ask once more, then take a treatment off the list."""
    client = people.get_client(client_id)
    tried = queries.get_treatment(client_id, treatment_id)
    form = PlainForm()
    if not form.validate_on_submit():
        return render_template(
            "clients/forget_treatment.html", form=form, client=client, tried=tried
        )
    in_transaction(
        lambda: service.forget_treatment(
            queries.get_treatment(client_id, treatment_id), by=current_staff()
        )
    )
    flash("The treatment is taken off the list.")
    return redirect(url_for(".client", client_id=client_id, _anchor="care"))


def _write(client_id: UUID, tried: TreatmentTried | None) -> ResponseReturnValue:
    client = people.get_client(client_id)
    form = TreatmentForm(obj=tried)
    page = "clients/treatment.html"
    if not form.is_submitted():
        return render_template(page, form=form, client=client, tried=tried)
    if not form.validate():
        return render_template(page, form=form, client=client, tried=tried), 422

    def save() -> None:
        again = queries.get_treatment(client_id, tried.id) if tried else None
        service.write_treatment(client, form.tried(), by=current_staff(), treatment=again)

    in_transaction(save)
    flash("The treatment is written down.")
    return redirect(url_for(".client", client_id=client_id, _anchor="care"))
