"""Cancelling a booking by its link: what it does is shown first, and can be undone after."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.people.access import public
from practice.sessions.forms import CancelForm
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking as service
from practice.sessions.views.public import bp
from practice.sessions.views.shown import by_client, page, show


@bp.route("/bookings/<token>/cancel", methods=["GET", "POST"])
@public
def cancel(token: str) -> ResponseReturnValue:
    """Show what cancelling does and what goes back, then do it."""
    shown = show(token)
    if shown.is_ahead and shown.fee_now:
        return redirect(url_for(".ask", token=token), 303)
    if not shown.can_cancel:
        if shown.state is not AppointmentState.CANCELLED:
            flash("This cannot be cancelled here. Call us.", "wait")
        return redirect(url_for(".booking", token=token), 303)
    if request.method == "GET":
        form = CancelForm(formdata=None, data={"sequence": shown.appointment.sequence})
        return page("cancel", shown, form=form)
    form = CancelForm()
    if not form.validate():
        return page("cancel", shown, form=form), form.status
    try:
        in_transaction(
            lambda: service.cancel(
                shown.appointment,
                by=by_client(shown.appointment),
                sequence=form.sequence.data,
                can_be_undone=True,
            )
        )
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(url_for(".booking", token=token), 303)
