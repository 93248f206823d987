"""What a client owed before the practice kept its books here, paid by card like a session."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import queries
from practice.billing.accounts import openings_of
from practice.billing.rules.payments import PaymentState
from practice.billing.service import checkout, openings
from practice.calendar.queries import booking_rules
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, NotFound, Unavailable
from practice.core.settings import settings
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.sessions.forms import PublicForm

SILENT = (
    "The payment page does not answer just now. Nothing is charged twice. Try again in a minute."
)
ON_ITS_WAY = (PaymentState.CREATING, PaymentState.PROCESSING)


@bp.post("/me/balances/<uuid:opening_id>/pay")
@for_clients
def pay_balance(opening_id: UUID) -> ResponseReturnValue:
    """Ask for what is open of a balance, and send the client to the processor's page."""
    form, client, by, here = PublicForm(), this_client(), current_client(), url_for(".money")
    if not form.validate():
        flash(next(error for errors in form.errors.values() for error in errors), "wait")
        return redirect(here, 303)
    ends_at = clock.now() + timedelta(minutes=booking_rules().checkout_minutes)
    base, back = settings().base_url, url_for(".balance_waiting", opening_id=opening_id)
    try:
        payment = in_transaction(
            lambda: openings.start_checkout(
                client,
                opening_id,
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


@bp.get("/me/balances/<uuid:opening_id>/waiting")
@for_clients
def balance_waiting(opening_id: UUID) -> ResponseReturnValue:
    """Look whether the money has come. Says that it failed only after the processor did."""
    if all(each.id != opening_id for each in openings_of([this_client().id])):
        raise NotFound("There is no such balance.")
    again = url_for(".balance_waiting", opening_id=opening_id)
    payment = queries.find_live(opening_id)
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
