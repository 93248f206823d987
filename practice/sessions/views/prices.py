"""What one client pays: their own prices, and the price of one session, each with a reason."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing.rules.prices import PriceWay
from practice.billing.sale_models import ClientPrice
from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_client, get_practice, today_here
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.price_forms import CoursePriceForm, OwnPriceForm, SessionPriceForm
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.queries.courses import get_course
from practice.sessions.queries.services import every_service
from practice.sessions.service import course_price, pricing
from practice.sessions.views.staff import bp


@bp.route("/clients/<uuid:client_id>/prices", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def client_prices(client_id: UUID) -> ResponseReturnValue:
    """Show a client's own prices, and agree on another."""
    client, form, by = get_client(client_id), OwnPriceForm(), current_staff()
    form.offer([each for each in queries.services() if each.price])
    status = 200
    if not form.is_submitted():
        form.from_on.data = today_here()
    elif form.validate():
        asked, from_on = form.asked, form.from_on.data or today_here()
        in_transaction(
            lambda: pricing.agree(
                client,
                service_id=form.service_id,
                way=asked.way,
                value=asked.value,
                from_on=from_on,
                until_on=form.until_on.data,
                reason=form.reason.data or "",
                by=by,
            )
        )
        flash("The price is kept. It holds for what is booked from now on.")
        return redirect(url_for(".client_prices", client_id=client_id), 303)
    else:
        status = 422
    labels = {each.id: each.label for each in every_service()}
    return (
        render_template(
            "sessions/client_prices.html",
            client=client,
            form=form,
            agreed=[
                (each, labels[each.for_id] if each.for_id else "Every session", _value(each))
                for each in pricing.prices_of(client_id)
            ],
            button_form=PlainForm(formdata=None),
        ),
        status,
    )


@bp.post("/clients/prices/<uuid:price_id>/end")
@requires(Permission.MONEY_TAKE)
def client_price_end(price_id: UUID) -> ResponseReturnValue:
    """End a client's own price."""
    ended = in_transaction(lambda: pricing.end(price_id, by=current_staff()))
    flash("That price has ended. Sessions that are booked keep theirs.")
    return redirect(url_for(".client_prices", client_id=ended.client_id), 303)


@bp.route("/sessions/<uuid:appointment_id>/price", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def session_price(appointment_id: UUID) -> ResponseReturnValue:
    """Change what one session costs, or make it complimentary, with a reason."""
    session, form = get_appointment(appointment_id), SessionPriceForm()
    status = 200
    if not form.is_submitted():
        minor = session.price.minor
        form.price.data = f"{minor // 100}.{minor % 100:02d}"
    elif form.validate():
        price, by = Money(form.price.minor, session.price.currency), current_staff()
        try:
            in_transaction(lambda: pricing.change(session, price, form.reason.data or "", by=by))
            flash("The price is changed." if price else "This session is complimentary.")
            return redirect(url_for(".appointment", appointment_id=appointment_id), 303)
        except Conflict as refused:
            form.form_errors, status = [refused.message], 409
    else:
        status = 422
    return render_template("sessions/session_price.html", session=session, form=form), status


@bp.route("/courses/<uuid:course_id>/price", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def course_own_price(course_id: UUID) -> ResponseReturnValue:
    """Agree on another price for a course that is not sold yet, with a reason."""
    found = get_course(course_id)
    form, status = CoursePriceForm(data={"version": found.version}), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            agreed, seen, by = form.agreed, form.version.data or 0, current_staff()
            try:
                made = in_transaction(
                    lambda: course_price.agree(course_id, agreed, seen=seen, by=by)
                )
                flash(f"This course costs {made.client.first_name} {made.price}.")
                return redirect(url_for(".course", course_id=course_id), 303)
            except Conflict as refused:
                found = get_course(course_id)
                form.form_errors, form.version.data, status = [refused.message], found.version, 409
    return render_template("sessions/courses/price.html", course=found, form=form), status


def _value(price: ClientPrice) -> str:
    if price.way is PriceWay.PERCENT:
        return f"{price.value}% of the list price"
    return str(Money(price.value, get_practice().currency))
