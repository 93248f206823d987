"""Cancelling a booking by its link: what it does is shown first, and can be undone after."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import fees as reading
from practice.billing import queries as billing
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.payments import PaymentState
from practice.billing.service import checkout, fees
from practice.calendar.queries import booking_rules
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, NotFound, Unavailable
from practice.people.access import public
from practice.sessions.forms import PublicForm
from practice.sessions.links import booking_link
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking as service
from practice.sessions.service import late
from practice.sessions.views.booking import SILENT, at_its_step
from practice.sessions.views.late_shown import ClientLateForm, collected_by, offer_reasons, wish_of
from practice.sessions.views.public import bp
from practice.sessions.views.showing import by_client, page, show
from practice.sessions.views.shown import Shown
from practice.sessions.views.to_checkout import send


@bp.route("/bookings/<token>/cancel", methods=["GET", "POST"])
@public
def cancel(token: str) -> ResponseReturnValue:
    """Show what cancelling does, costs and gives back, then do it."""
    shown = show(token)
    if not shown.is_ahead:
        if shown.state is not AppointmentState.CANCELLED:
            flash("This cannot be cancelled here. Call us.", "wait")
        return redirect(url_for(".booking", token=token), 303)
    if request.method == "GET":
        data = {"sequence": shown.appointment.sequence}
        return _page(shown, ClientLateForm(formdata=None, data=data)), 200
    form = ClientLateForm()
    is_good = form.validate()
    wish = wish_of(form, _choices(shown))
    if not is_good or wish is None:
        return _page(shown, form), form.status
    try:
        in_transaction(
            lambda: service.cancel(
                shown.appointment,
                by=by_client(shown.appointment),
                sequence=form.sequence.data,
                can_be_undone=True,
                wish=wish,
            )
        )
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(url_for(".booking", token=token), 303)


def _choices(shown: Shown) -> list[late.Choice]:
    """Return what a client can say: why they cancel asks nothing where it costs nothing."""
    whys = late.BY_CLIENT if shown.fee_now else late.BY_CLIENT[:1]
    return late.choices(shown.appointment, FeeFor.CANCELLED, whys)


def _page(shown: Shown, form: ClientLateForm) -> str:
    choices = _choices(shown)
    offer_reasons(form, choices)
    card = collected_by(shown.appointment.client_id) if choices[0].split.owed else ""
    return page("cancel", shown, form=form, choices=choices, card=card)


# A fee is paid ---------------------------------------------------------------------------------


@bp.post("/bookings/<token>/fees/<uuid:fee_id>/pay")
@public
def pay_fee(token: str, fee_id: UUID) -> ResponseReturnValue:
    """Ask for what is open of a fee, and send the client to the processor's page."""
    shown, form = show(token), PublicForm()
    if not form.validate():
        return at_its_step(shown, problem=form), form.status
    _check(shown, fee_id)
    here = url_for(".booking", token=token)
    link = booking_link(shown.appointment)
    ends_at = clock.now() + timedelta(minutes=booking_rules().checkout_minutes)
    return send(
        lambda: fees.start_checkout(
            fee_id,
            ends_at=ends_at,
            success_url=f"{link}fees/{fee_id}/waiting",
            cancel_url=link,
            by=by_client(shown.appointment),
        ),
        here=here,
        silent=SILENT,
    )


@bp.get("/bookings/<token>/fees/<uuid:fee_id>/waiting")
@public
def fee_waiting(token: str, fee_id: UUID) -> ResponseReturnValue:
    """Look whether the money for a fee has come, then show the booking."""
    shown = show(token)
    _check(shown, fee_id)
    payment = billing.find_live(reading.get_fee(fee_id).settles_id)
    here = redirect(url_for(".booking", token=token), 303)
    if payment is None:
        return here
    try:
        payment = checkout.sync(payment.id)
    except Unavailable:
        flash("We are checking your payment. Look again in a minute.", "wait")
        return here
    if payment.state is not PaymentState.PAID:
        flash("We have not seen your payment yet. Nothing was charged.", "wait")
    return here


def _check(shown: Shown, fee_id: UUID) -> None:
    if reading.get_fee(fee_id).for_id != shown.appointment.id:
        raise NotFound("There is no such fee.")
