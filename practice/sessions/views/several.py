"""Staff write down money that was handed over for several things of a client at once."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import bundles as billed
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import bundles
from practice.clients.queries import merges_into
from practice.core.db import in_transaction
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.queries import get_client, get_practice
from practice.people.rules import Permission
from practice.sessions.several_forms import SeveralForm
from practice.sessions.staff_forms import read_uuid
from practice.sessions.views.staff import bp


@bp.route("/clients/<uuid:client_id>/payment", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def client_payment(client_id: UUID) -> ResponseReturnValue:
    """List all that is open of a client, and write down one payment for what was chosen."""
    client, form, by = get_client(client_id), SeveralForm(), current_staff()
    everybody = [client_id, *(each.gone_id for each in merges_into(client_id))]
    things = billed.payable(everybody)
    form.offer(things)
    status = 200
    if not form.is_submitted():
        form.items.data = [each.key for each in things]
        form.payment_id.data = str(uuid4())
    elif form.validate():
        currency = get_practice().currency
        amount = Money(form.amount.minor, currency) if form.amount.data else None
        method, payment_id = PaymentMethod(form.method.data), read_uuid(form.payment_id.data or "")
        try:
            paid = in_transaction(
                lambda: bundles.record(
                    client,
                    form.items.data or [],
                    amount,
                    method,
                    of=everybody,
                    payment_id=payment_id,
                    by=by,
                )
            )
            flash(f"{paid.amount} is written down, and the receipt is on its way.")
            return redirect(url_for("billing.payment", payment_id=paid.id), 303)
        except bundles.NotSo as refused:
            form[refused.field].errors, status = [refused.message], 409
    else:
        status = form.status
    page = render_template("sessions/client_payment.html", client=client, form=form, things=things)
    return page, status
