"""What a client bought ahead, paid by card: the next instalment, or all that is open of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import queries
from practice.billing.rules.payments import PaymentState
from practice.billing.sales import get_sale
from practice.billing.service import checkout, selling
from practice.calendar.queries import booking_rules
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, NotFound, Unavailable
from practice.core.settings import settings
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.sessions.forms import PublicForm
from practice.sessions.views.mine_balances import ON_ITS_WAY, SILENT


@bp.post("/me/sales/<uuid:sale_id>/pay")
@for_clients
def pay_sale(sale_id: UUID) -> ResponseReturnValue:
    """Ask for the next instalment, or for all of it, and lead to the processor's page."""
    form, client, by, here = PublicForm(), this_client(), current_client(), url_for(".money")
    if not form.validate():
        flash(next(error for errors in form.errors.values() for error in errors), "wait")
        return redirect(here, 303)
    ends_at = clock.now() + timedelta(minutes=booking_rules().checkout_minutes)
    base, back = settings().base_url, url_for(".sale_waiting", sale_id=sale_id)
    whole = "whole" in request.form
    try:
        payment = in_transaction(
            lambda: selling.start_checkout(
                client,
                sale_id,
                whole=whole,
                ends_at=ends_at,
                success_url=f"{base}{back}",
                cancel_url=f"{base}{here}",
                by=by,
            )
        )
        if payment.state is PaymentState.OPEN:  # perhaps it was paid in another window
            payment = checkout.sync(payment.id)
        if payment.state is PaymentState.PAID:
            return redirect(here, 303)
        return redirect(checkout.start(payment.id), 303)
    except Unavailable:
        flash(SILENT, "wait")
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(here, 303)


@bp.get("/me/sales/<uuid:sale_id>/waiting")
@for_clients
def sale_waiting(sale_id: UUID) -> ResponseReturnValue:
    """Look whether the money has come. Says that it failed only after the processor did."""
    if get_sale(sale_id).client_id != this_client().id:
        raise NotFound("There is nothing at this address.")
    again = url_for(".sale_waiting", sale_id=sale_id)
    payment = queries.find_live(sale_id)
    if payment is not None:
        try:
            payment = checkout.sync(payment.id)
        except Unavailable:
            return render_template("me/waiting.html", again=again)
        if payment.state in ON_ITS_WAY:
            return render_template("me/waiting.html", again=again)
        if payment.state is PaymentState.OPEN:
            flash("We have not seen your payment yet. Nothing was charged.", "wait")
    return redirect(url_for(".money"), 303)
