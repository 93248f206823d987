"""Codes for a lower price: the practice's list of them, and one used for a session by staff."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing.promo_models import PromoCode
from practice.billing.rules.prices import PriceWay
from practice.billing.service import promos
from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice, today_here
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.promo_forms import CodeForm, PromoForm
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.queries.services import every_service
from practice.sessions.service import pricing
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.staff import bp


@bp.get("/settings/promotions")
@requires(Permission.PRACTICE_MANAGE)
def promo_list() -> ResponseReturnValue:
    """List every code, how often it was used, and for what it is."""
    labels = {str(each.id): each.label for each in every_service()}
    return render_template(
        "sessions/settings/promotions.html",
        rows=[
            (each, _off(each), ", ".join(labels[one] for one in each.service_ids))
            for each in promos.codes()
        ],
        today=today_here(),
        crumb=settings_crumb(),
        button_form=PlainForm(formdata=None),
    )


@bp.route("/settings/promotions/new", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def promo_new() -> ResponseReturnValue:
    """Offer a new code."""
    form, by, status = PromoForm(), current_staff(), 200
    form.offer([each for each in queries.services() if each.price])
    if not form.is_submitted():
        form.from_on.data = today_here()
    elif form.validate():
        asked, from_on = form.taken_off, form.from_on.data or today_here()
        try:
            made = in_transaction(
                lambda: promos.make(
                    form.code.data or "",
                    way=asked.way,
                    value=asked.value,
                    from_on=from_on,
                    until_on=form.until_on.data,
                    most_uses=form.most_uses.number,
                    once_per_client=bool(form.once_per_client.data),
                    service_ids=form.service_ids,
                    by=by,
                )
            )
            flash(f"{made.code} can be used now.")
            return redirect(url_for(".promo_list"), 303)
        except promos.Taken as taken:
            form.code.errors, status = [taken.message], 409
    else:
        status = 422
    trail = [*settings_crumb(), ("Codes", url_for(".promo_list"))]
    return render_template("sessions/settings/promotion.html", form=form, crumb=trail), status


@bp.post("/settings/promotions/<uuid:code_id>/end")
@requires(Permission.PRACTICE_MANAGE)
def promo_end(code_id: UUID) -> ResponseReturnValue:
    """End a code."""
    in_transaction(lambda: promos.end(code_id, by=current_staff()))
    flash("The code has ended. What was booked with it keeps its price.")
    return redirect(url_for(".promo_list"), 303)


@bp.route("/sessions/<uuid:appointment_id>/code", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def session_code(appointment_id: UUID) -> ResponseReturnValue:
    """Use a client's code for a session that is booked."""
    session, form, by, status = get_appointment(appointment_id), CodeForm(), current_staff(), 200
    if form.is_submitted() and not form.validate():
        status = form.status
    elif form.is_submitted():
        text = form.code.data or ""
        try:
            done = in_transaction(
                lambda: pricing.use_code(get_appointment(appointment_id), text, by=by)
            )
            flash(f"The session costs {done.price} with the code.")
            return redirect(url_for(".appointment", appointment_id=appointment_id), 303)
        except Conflict as refused:
            form.code.errors, status = [refused.message], 409
    return render_template("sessions/session_code.html", session=session, form=form), status


def _off(code: PromoCode) -> str:
    if code.way is PriceWay.PERCENT:
        return f"{code.value}% off"
    return f"{Money(code.value, get_practice().currency)} off"
