"""A client's card on file: what they agree to, the processor's page, and taking the card off."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField
from wtforms.validators import DataRequired

from practice.billing import cards, linked
from practice.billing.gateway import CardsOff
from practice.billing.rules.cards import USES, SetupState, terms_of
from practice.billing.service import card_keeping, card_on_file
from practice.calendar.queries import booking_rules
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, NotFound, Unavailable
from practice.core.settings import settings
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.people.queries import get_practice
from practice.sessions.forms import PublicForm
from practice.sessions.staff_forms import read_uuid

SILENT = "The page to save a card does not answer just now. Nothing was saved. Try again."


class AgreeForm(PublicForm):
    """That a client agrees to later charges. ``setup_id`` makes a second click harmless."""

    agree = BooleanField("I agree", [DataRequired("Tick the box if you agree")])
    setup_id = HiddenField()


@bp.route("/me/card", methods=["GET", "POST"])
@for_clients
def card() -> ResponseReturnValue:
    """Show what a saved card may be charged for; then send the client to save one."""
    if not linked.takes_cards():
        flash("Cards are not taken online here. You pay at your visit.", "wait")
        return redirect(url_for(".money"), 303)
    client = this_client()
    form = AgreeForm() if request.method == "POST" else AgreeForm(formdata=None)
    if request.method == "GET" or not form.validate():
        form.setup_id.data = str(uuid4())
        return render_template(
            "me/card.html",
            form=form,
            card=cards.on_file(client.id),
            terms=terms_of(get_practice().business_name, USES).splitlines(),
        ), 200 if request.method == "GET" else form.status
    setup_id, by = read_uuid(form.setup_id.data or ""), current_client()
    base, here = settings().base_url, url_for(".money")
    try:
        in_transaction(
            lambda: card_on_file.ask_to_save(
                client,
                setup_id=setup_id,
                uses=USES,
                address=request.remote_addr or "",
                ends_at=clock.now() + timedelta(minutes=booking_rules().checkout_minutes),
                success_url=f"{base}{url_for('.card_waiting', setup_id=setup_id)}",
                cancel_url=f"{base}{here}",
                by=by,
            )
        )
        return redirect(card_on_file.start(setup_id), 303)
    except Unavailable:
        flash(SILENT, "wait")
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(here, 303)


@bp.get("/me/cards/<uuid:setup_id>/waiting")
@for_clients
def card_waiting(setup_id: UUID) -> ResponseReturnValue:
    """Look whether the card was saved, and say so."""
    if cards.get_setup(setup_id).client_id != this_client().id:
        raise NotFound("There is no such page.")
    try:
        setup = card_on_file.sync_setup(setup_id)
    except (Unavailable, CardsOff):
        flash("We have not heard yet whether your card was saved. Look again in a minute.", "wait")
        return redirect(url_for(".money"), 303)
    if setup.state is SetupState.SAVED:
        flash("Your card is on file.")
    else:
        flash("No card was saved.", "wait")
    return redirect(url_for(".money"), 303)


@bp.route("/me/card/remove", methods=["GET", "POST"])
@for_clients
def remove_card() -> ResponseReturnValue:
    """Say what it means to take the card off; on POST, do it."""
    client, by = this_client(), current_client()
    found = cards.on_file(client.id)
    if found is None:
        flash("There is no card on file.")
        return redirect(url_for(".money"), 303)
    form = PublicForm() if request.method == "POST" else PublicForm(formdata=None)
    if request.method == "GET" or not form.validate():
        page = render_template("me/remove_card.html", form=form, card=found)
        return page, 200 if request.method == "GET" else form.status
    in_transaction(lambda: card_keeping.remove(client.id, found.id, by=by))
    flash(f"{found.words} is off file. We cannot charge it any more.")
    return redirect(url_for(".money"), 303)
