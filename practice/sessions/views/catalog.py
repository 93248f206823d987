"""What the practice offers: the list of services, and one form for each with its preview."""

from __future__ import annotations

from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.catalog_forms import ServiceForm
from practice.sessions.models import Service
from practice.sessions.queries.course_templates import missed_without
from practice.sessions.queries.services import any_service, changes_of, every_service
from practice.sessions.rules.for_clients import KIND_WORDS
from practice.sessions.rules.offered import Offered, due_words
from practice.sessions.service import catalog
from practice.sessions.service.catalog import ChangedMeanwhile
from practice.sessions.views.public import Card, card_for, card_of
from practice.sessions.views.staff import bp

SETTINGS = "people.settings"


def settings_crumb() -> list[tuple[str, str]]:
    """Return the way back to the settings, where there is a page of them."""
    has_page = SETTINGS in current_app.view_functions
    return [("Settings", url_for(SETTINGS))] if has_page else []


@bp.get("/settings/services")
@requires(Permission.PRACTICE_MANAGE)
def services_list() -> ResponseReturnValue:
    """List all services, those that are no longer offered last."""
    services = every_service()
    return render_template(
        "sessions/settings/services.html",
        cards=[card_of(each) for each in services if each.ended_at is None],
        retired=[card_of(each) for each in services if each.ended_at is not None],
        crumb=settings_crumb(),
    )


@bp.route("/settings/services/new", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def service_new() -> ResponseReturnValue:
    """Offer something new."""
    form = ServiceForm()
    if not form.is_submitted():
        form.position.data = str(len(queries.services()) + 1)
        form.buffer_before.data, form.buffer_after.data = "5", "15"
        form.notice_hours.data, form.needs_room.data = "24", True
        form.billed_by_practice.data = True
        return _page(form, None, None)
    if not form.validate():
        return _page(form, None, None), 422
    offered = form.offered(get_practice().currency)
    if "look" in request.form:
        return _page(form, None, offered)
    added = in_transaction(lambda: catalog.add(offered, by=current_staff()))
    flash(f"{added.label} is offered now. Look at its terms of cancelling too.")
    return redirect(url_for(".services_list"), 303)


@bp.route("/settings/services/<uuid:service_id>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def service(service_id: UUID) -> ResponseReturnValue:
    """Show one service as a form beside the card that clients see; change it."""
    shown = any_service(service_id)
    form = ServiceForm()
    if not form.is_submitted():
        form.show(shown)
        return _page(form, shown, queries.offered_by(shown))
    form.settle(shown)
    if not form.validate():
        return _page(form, shown, queries.offered_by(shown)), 422
    offered = form.offered(shown.price.currency)
    if "look" in request.form:
        return _page(form, shown, offered)
    try:
        changed = in_transaction(
            lambda: catalog.change(
                service_id, offered, seen=form.version.data or 0, by=current_staff()
            )
        )
    except ChangedMeanwhile as refused:
        form.form_errors = [refused.message]
        form.version.data = any_service(service_id).version
        return _page(form, any_service(service_id), offered), 409
    flash(f"{changed.label} is saved. Sessions that are booked keep what was agreed.")
    return redirect(url_for(".services_list"), 303)


@bp.post("/settings/services/<uuid:service_id>/retire")
@requires(Permission.PRACTICE_MANAGE)
def service_retire(service_id: UUID) -> ResponseReturnValue:
    """Offer a service no longer."""
    ended = in_transaction(lambda: catalog.retire(service_id, by=current_staff()))
    flash(f"{ended.label} is no longer offered. Sessions that are booked stay.")
    return redirect(url_for(".services_list"), 303)


@bp.post("/settings/services/<uuid:service_id>/bring-back")
@requires(Permission.PRACTICE_MANAGE)
def service_bring_back(service_id: UUID) -> ResponseReturnValue:
    """Offer a retired service again."""
    back = in_transaction(lambda: catalog.bring_back(service_id, by=current_staff()))
    flash(f"{back.label} is offered again.")
    return redirect(url_for(".services_list"), 303)


def _page(form: ServiceForm, shown: Service | None, offered: Offered | None) -> str:
    return render_template(
        "sessions/settings/service.html",
        form=form,
        service=shown,
        kind_words=KIND_WORDS,
        card=_card(offered),
        missed=missed_without([shown]) if shown and shown.ended_at is None else [],
        due_words=due_words(offered) if offered else "",
        changes=[(each, told) for each in changes_of([shown]) for told in each.differences]
        if shown
        else [],
        button_form=PlainForm(formdata=None),
        crumb=[*settings_crumb(), ("Services", url_for(".services_list"))],
    )


def _card(offered: Offered | None) -> Card | None:
    return card_for(offered) if offered else None
