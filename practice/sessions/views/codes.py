"""The billing codes of a service: the practice's own data."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people.access import current_staff, requires
from practice.people.rules import Permission
from practice.people.seen import ChangedMeanwhile
from practice.sessions.codes_forms import CodesForm
from practice.sessions.queries.billable import codes_of
from practice.sessions.queries.services import any_service
from practice.sessions.rules.codes import Codes
from practice.sessions.service import codes
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.staff import bp


@bp.route("/settings/services/<uuid:service_id>/codes", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def service_codes(service_id: UUID) -> ResponseReturnValue:
    """Say in which codes a service stands on superbills and estimates."""
    service, form = any_service(service_id), CodesForm()
    now = codes_of([service_id]).get(service_id, Codes())

    def page() -> str:
        return render_template(
            "sessions/settings/codes.html",
            form=form,
            service=service,
            crumb=[
                *settings_crumb(),
                ("Services", url_for(".services_list")),
                (service.label, url_for(".service", service_id=service_id)),
            ],
        )

    if not form.is_submitted():
        form.show(now)
        form.seen.data = codes.mark(now)
        return page()
    if not form.validate():
        return page(), 422
    try:
        in_transaction(
            lambda: codes.keep(service_id, form.codes(), seen=form.mark, by=current_staff())
        )
    except ChangedMeanwhile as refused:
        form.changed(refused, codes.mark(codes_of([service_id]).get(service_id, Codes())))
        return page(), 409
    flash(f"The codes of {service.label} are saved.")
    return redirect(url_for(".service", service_id=service_id), 303)
