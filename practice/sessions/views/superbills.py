"""Superbills of a client: a period, what each clinician's would say, and issuing one."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField

from practice.billing.forms import read_period
from practice.billing.service.documents import preview
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.people.access import current_staff, requires
from practice.people.forms import BaseForm
from practice.people.queries import get_client
from practice.people.rules import Permission
from practice.sessions.service import superbills
from practice.sessions.staff_forms import read_uuid
from practice.sessions.views.staff import bp


class IssueForm(BaseForm):
    """Which clinician's superbill is issued, as the preview showed it."""

    provider = HiddenField()
    seen = HiddenField()


@bp.route("/clients/<uuid:client_id>/superbill", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def superbill(client_id: UUID) -> ResponseReturnValue:
    """Show what superbills of a period would say; on POST, issue one of them."""
    client, by, form = get_client(client_id), current_staff(), IssueForm()
    period, wrong = read_period(request.values)
    if form.is_submitted() and form.validate():
        if wrong:
            raise Invalid(wrong)
        provider_id, seen = read_uuid(form.provider.data or ""), form.seen.data or ""
        try:
            issued = in_transaction(
                lambda: superbills.issue_one(
                    get_client(client_id), *period, provider_id=provider_id, seen=seen, by=by
                )
            )
        except superbills.ChangedMeanwhile as changed:
            wrong = changed.message
        else:
            flash(f"{issued.number} is issued. The client finds it under Money.")
            return redirect(url_for("billing.document", document_id=issued.id), 303)
    prepared = (
        [] if wrong and not form.is_submitted() else superbills.prepare(client, *period, by=by)
    )
    return render_template(
        "sessions/superbill.html",
        client=client,
        form=form,
        period=period,
        wrong=wrong,
        bills=[(each, preview(each.finished) if each.finished else None) for each in prepared],
    ), 409 if form.is_submitted() else 422 if wrong else 200
