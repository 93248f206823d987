"""Staff call a session off, or mark it missed: costs are shown, then it is done; and waivers."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.queries import was_done
from practice.billing import accounts, fees
from practice.billing.rules.fees import FeeFor, FeeState
from practice.billing.rules.payments import PaymentState
from practice.billing.service import fees as service
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, NotFound
from practice.people.access import current_staff, requires
from practice.people.rules import Permission, safe_path
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import MOVES, WORDS, AppointmentState
from practice.sessions.service import booking, day, late
from practice.sessions.staff_forms import WaiveForm
from practice.sessions.views.course_moving import instead_of_cancelling
from practice.sessions.views.late_shown import (
    MissedForm,
    StaffLateForm,
    collected_by,
    offer_reasons,
    wish_of,
)
from practice.sessions.views.staff import bp


@bp.route("/sessions/<uuid:appointment_id>/cancel", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_BOOK)
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Say for each reason what cancelling costs and gives back; on POST, do it."""
    session = queries.get_appointment(appointment_id)
    choices = late.choices(session, FeeFor.CANCELLED)
    form = StaffLateForm(data={"sequence": session.sequence})
    is_good = form.validate_on_submit()
    wish = wish_of(form, choices) if is_good else None
    by, sequence = current_staff(), form.sequence.data
    if wish is None and was_done("appointment:cancel", appointment_id, by=by):
        return _to_the_session(appointment_id)
    if wish is None:
        offer_reasons(form, choices)
        payments = accounts.payments_for(session.id)
        return render_template(
            "sessions/cancel.html",
            session=session,
            form=form,
            choices=choices,
            card=collected_by(session.client_id) if len(choices) > 1 else "",
            state_words=WORDS[session.state],
            can_cancel=AppointmentState.CANCELLED in MOVES[session.state],
            payments=[each for each in payments if each.payment.state is PaymentState.PAID],
            course=instead_of_cancelling(session),
        ), 422 if form.is_submitted() else 200
    try:
        in_transaction(
            lambda: booking.cancel(
                queries.get_appointment(appointment_id),
                by=by,
                sequence=sequence,
                can_be_undone=True,
                wish=wish,
            )
        )
    except Conflict:
        if not was_done("appointment:cancel", appointment_id, by=by):
            raise
    flash("The session is cancelled. The client is told by email in 3 minutes.")
    return _to_the_session(appointment_id)


def _to_the_session(appointment_id: UUID) -> ResponseReturnValue:
    return redirect(url_for(".appointment", appointment_id=appointment_id))


# Missed ----------------------------------------------------------------------------------------


def costs_something_now(session: Appointment) -> bool:
    """Say whether money moves when a session is marked missed now, so that a page says so first."""
    if session.starts_at > clock.now() or AppointmentState.NO_SHOW not in MOVES[session.state]:
        return False
    choices = late.choices(session, FeeFor.MISSED)
    return any(each.split.fee or each.split.paid for each in choices)


@bp.route("/sessions/<uuid:appointment_id>/missed", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_RUN)
def missed(appointment_id: UUID) -> ResponseReturnValue:
    """Say what it costs that a client did not come; on POST, write it down."""
    session, by = queries.get_appointment(appointment_id), current_staff()
    choices = late.choices(session, FeeFor.MISSED)
    form = MissedForm(data={"next": request.args.get("next", "")})
    is_good = form.validate_on_submit()
    wish = wish_of(form, choices) if is_good else None
    if wish is None:
        if was_done("appointment:no_show", appointment_id, by=by):
            return _to_the_session(appointment_id)
        offer_reasons(form, choices)
        return render_template(
            "sessions/missed.html",
            session=session,
            form=form,
            choices=choices,
            card=collected_by(session.client_id) if len(choices) > 1 else "",
            state_words=WORDS[session.state],
            can_miss=AppointmentState.NO_SHOW in MOVES[session.state],
        ), 422 if form.is_submitted() else 200
    try:
        in_transaction(lambda: day.miss(queries.get_appointment(appointment_id), by=by, wish=wish))
    except Conflict:
        if not was_done("appointment:no_show", appointment_id, by=by):
            raise
    name = session.client.name if session.client else "The client"
    flash(f"{name} did not come. Nothing is charged for 3 minutes: until then you can undo it.")
    page = url_for(".appointment", appointment_id=appointment_id)
    return redirect(safe_path(form.next.data) or page)


# A fee is waived -------------------------------------------------------------------------------


@bp.route("/fees/<uuid:fee_id>/waive", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def waive(fee_id: UUID) -> ResponseReturnValue:
    """Say what waiving a fee does; on POST, do it, with a written reason."""
    fee = fees.get_fee(fee_id)
    if fee.state is FeeState.WITHDRAWN:
        raise NotFound("There is no such fee.")
    session, form, by = queries.get_appointment(fee.for_id), WaiveForm(), current_staff()
    left = fees.open_of(fee)
    if fee.state is FeeState.WAIVED:
        flash("This fee is waived.")
        return redirect(url_for(".appointment", appointment_id=session.id, _anchor="money"))
    if not form.validate_on_submit():
        return render_template(
            "sessions/waive.html",
            session=session,
            fee=fee,
            form=form,
            taken=fee.amount - left if fee.invoice_id else None,
        ), 422 if form.is_submitted() else 200
    why = form.reason.data or ""
    in_transaction(lambda: service.waive(fee_id, why, by=by))
    flash(f"The fee of {fee.amount} is waived.")
    return redirect(url_for(".appointment", appointment_id=session.id, _anchor="money"))
