"""The diagnoses of a client, which stand on superbills, and their number at an insurer."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.clients import queries, service
from practice.clients.forms import DiagnosisForm, MemberForm
from practice.clients.rules.diagnoses import WORDS
from practice.clients.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.people import queries as people
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.models import Client
from practice.people.rules import Permission

DEEDS = {"primary": service.make_primary, "end": service.end_diagnosis}


@bp.route("/<uuid:client_id>/diagnoses", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def diagnoses(client_id: UUID) -> ResponseReturnValue:
    """Show the diagnoses that stand; on POST, record one."""
    client, form = people.get_client(client_id), DiagnosisForm()
    today = people.today_here()
    if not form.is_submitted():
        form.dated_on.data = today
        return _page(client, form)
    if not form.validate():
        return _page(client, form), 422
    try:
        in_transaction(
            lambda: service.record_diagnosis(
                people.get_client(client_id),
                form.code.data or "",
                dated_on=form.dated_on.data or today,
                is_primary=bool(form.is_primary.data),
                today=today,
                by=current_staff(),
            )
        )
    except Invalid as wrong:
        form.dated_on.errors = [wrong.message]
        return _page(client, form), 422
    except Conflict as refused:
        form.code.errors = [refused.message]
        return _page(client, form), 409
    flash("The diagnosis is recorded.")
    return redirect(url_for(".diagnoses", client_id=client_id), 303)


@bp.post("/<uuid:client_id>/diagnoses/<uuid:diagnosis_id>")
@requires(Permission.CARE_EDIT)
def diagnosis(client_id: UUID, diagnosis_id: UUID) -> ResponseReturnValue:
    """Make one the primary diagnosis, or end it: the button that was pressed says which."""
    client = people.get_client(client_id)
    queries.get_diagnosis(client_id, diagnosis_id)
    deed = DEEDS.get(request.form.get("deed", ""))
    if deed is None:
        raise Invalid("Choose what to do with the diagnosis.")
    in_transaction(lambda: deed(client, diagnosis_id, by=current_staff()))
    flash("The diagnoses are saved.")
    return redirect(url_for(".diagnoses", client_id=client_id), 303)


@bp.route("/<uuid:client_id>/insurance", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def insurance(client_id: UUID) -> ResponseReturnValue:
    """Write down a client's number at their insurer, for superbills alone."""
    client, care = people.get_client(client_id), queries.find_care(client_id)
    form, page = MemberForm(data={"member_id": care and care.member_id}), "clients/insurance.html"
    if not form.is_submitted():
        return render_template(page, form=form, client=client)
    if not form.validate():
        return render_template(page, form=form, client=client), 422
    in_transaction(
        lambda: service.write_member_id(client, form.member_id.data or "", by=current_staff())
    )
    flash("The member ID is saved.")
    return redirect(url_for(".diagnoses", client_id=client_id), 303)


def _page(client: Client, form: DiagnosisForm) -> str:
    care = queries.find_care(client.id)
    return render_template(
        "clients/diagnoses.html",
        client=client,
        form=form,
        standing=queries.diagnoses_of(client.id),
        member_id=care.member_id if care else None,
        words=WORDS,
        button_form=PlainForm(formdata=None),
    )
