"""What a client bought ahead, as staff see it: paid in person, asked for by mail, sold, ended."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import sales
from practice.billing.accounts import payments_for
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import ending, packages, selling
from practice.billing.service.packages import ChangedMeanwhile
from practice.calendar.rules import zones
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_client
from practice.people.rules import Permission
from practice.sessions.package_forms import ExtendForm, SellForm
from practice.sessions.service import course_money
from practice.sessions.staff_forms import PaymentForm
from practice.sessions.views.sale_shown import all_of, names_for, shown_of
from practice.sessions.views.staff import bp


@bp.get("/sales/<uuid:sale_id>")
@requires(Permission.MONEY_VIEW)
def sale(sale_id: UUID) -> ResponseReturnValue:
    """Show what was sold: what is left of it, the instalments, and what was paid."""
    found = sales.get_sale(sale_id)
    [standing] = sales.standings([found])
    return render_template(
        "sessions/sale.html",
        sale=found,
        client=get_client(found.client_id),
        sold=shown_of(standing, names_for(standing)),
        payments=[each for each in payments_for(sale_id) if each.receipt_id],
    )


@bp.route("/sales/<uuid:sale_id>/payment", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def sale_payment(sale_id: UUID) -> ResponseReturnValue:
    """Write down money for it that was handed over."""
    found, form = sales.get_sale(sale_id), PaymentForm()
    [standing] = sales.standings([found])
    shown = shown_of(standing, names_for(standing))

    def page() -> str:
        return render_template(
            "sessions/sale_payment.html",
            sale=found,
            client=get_client(found.client_id),
            sold=shown,
            form=form,
        )

    if not form.is_submitted():
        form.payment_id.data = str(uuid4())
        form.amount.data = f"{shown.next.minor // 100}.{shown.next.minor % 100:02d}"
        return page()
    if not form.validate():
        return page(), 422
    amount, by = Money(form.amount.minor, found.price.currency), current_staff()
    method, payment_id = PaymentMethod(form.method.data), form.checked_id()
    try:
        in_transaction(
            lambda: course_money.take_payment(sale_id, amount, method, payment_id=payment_id, by=by)
        )
    except selling.NothingToPay as refused:
        form.amount.errors = [refused.message]
        return page(), 409
    flash(f"{amount} is written down, and the receipt is on its way.")
    return redirect(url_for(".sale", sale_id=sale_id), 303)


@bp.route("/sales/<uuid:sale_id>/end", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def sale_end(sale_id: UUID) -> ResponseReturnValue:
    """Show what ending a package early comes to, line by line, and end it."""
    found, form = sales.get_sale(sale_id), PlainForm()
    if found.ended_at is not None:
        flash("This has ended already.", "wait")
        return redirect(url_for(".sale", sale_id=sale_id), 303)
    if found.for_id is not None:
        return redirect(url_for(".course_stop", course_id=found.for_id), 303)
    status = 200
    if request.method == "POST" and form.validate():
        seen, by = request.form.get("comes_to", ""), current_staff()
        said = int(seen) if re.fullmatch(r"-?[0-9]{1,9}", seen) else None
        try:
            in_transaction(lambda: course_money.end_package(sale_id, seen=said, by=by))
            flash("The package has ended.")
            return redirect(url_for(".sale", sale_id=sale_id), 303)
        except Conflict as refused:
            form.form_errors, status = [refused.message], 409
    return (
        render_template(
            "sessions/sale_end.html",
            sale=found,
            client=get_client(found.client_id),
            form=form,
            ending=ending.preview(found),
            sold=shown_of(sales.standings([found])[0], {}),
            money=lambda minor: Money(minor, found.price.currency),
        ),
        status,
    )


@bp.route("/sales/<uuid:sale_id>/extend", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def sale_extend(sale_id: UUID) -> ResponseReturnValue:
    """Let a package be good for longer, for a reason."""
    found, form, status = sales.get_sale(sale_id), ExtendForm(), 200
    if not form.is_submitted():
        form.until_on.data = found.expires_on
    elif form.validate() and form.until_on.data is not None:
        until_on, why, by = form.until_on.data, form.reason.data or "", current_staff()
        try:
            in_transaction(lambda: ending.extend(sale_id, until_on, why, by=by))
            flash(f"It is good until {zones.day_words(until_on)}, {until_on.year}.")
            return redirect(url_for(".sale", sale_id=sale_id), 303)
        except Invalid as wrong:
            form.until_on.errors, status = [wrong.message.removesuffix(".")], 422
        except Conflict as refused:
            form.form_errors, status = [refused.message], 409
    else:
        status = 422
    return (
        render_template(
            "sessions/sale_extend.html",
            sale=found,
            client=get_client(found.client_id),
            form=form,
            sold=shown_of(sales.standings([found])[0], {}),
        ),
        status,
    )


@bp.route("/clients/<uuid:client_id>/packages", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def client_packages(client_id: UUID) -> ResponseReturnValue:
    """List what a client bought ahead, and sell them a package at the price that is shown."""
    client, offered, form = get_client(client_id), sales.packages(), SellForm()
    form.offer(offered)
    status = 200
    if form.is_submitted():
        if form.validate():
            try:
                sold = in_transaction(
                    lambda: packages.sell_to(
                        client,
                        form.package_id,
                        seen=form.version,
                        form_token=form.token.data or "",
                        by=current_staff(),
                        own=form.own,
                    )
                )
                flash(f"{sold.title} is sold. Its invoice is with the others.")
                return redirect(url_for(".sale", sale_id=sold.id), 303)
            except (ChangedMeanwhile, Conflict) as refused:
                form.form_errors, status = [refused.message], 409
                offered = sales.packages()
                form.offer(offered)
        else:
            status = 422
    else:
        form.token.data = uuid4().hex
    return (
        render_template(
            "sessions/client_packages.html",
            client=client,
            bought=all_of(client_id),
            has_packages=bool(offered),
            form=form,
        ),
        status,
    )
