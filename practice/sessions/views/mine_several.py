"""A client pays several things at once: chooses which, and pays them with one payment."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import bundles as billed
from practice.billing import linked
from practice.billing.models import Payment
from practice.billing.service import bundles
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.sessions.several_forms import ChooseForm
from practice.sessions.views.mine_paying import Way, pay, wait


@bp.route("/me/money/several", methods=["GET", "POST"])
@for_clients
def pay_several() -> ResponseReturnValue:
    """List all that can be paid now, everything chosen; lead to the processor's page."""
    client, by, form = this_client(), current_client(), ChooseForm()
    things = billed.payable([client.id])
    form.offer(things)
    status = 200
    if not linked.takes_cards():
        flash("Cards are not taken online here. You pay at your visit.", "wait")
        return redirect(url_for(".money"), 303)
    if not form.is_submitted():
        form.items.data = [each.key for each in things]
    elif form.validate():
        chosen = form.items.data or []

        def ask(way: Way) -> Payment:
            return bundles.start_checkout(
                client,
                chosen,
                ends_at=way.ends_at,
                success_url=way.success_url,
                cancel_url=way.cancel_url,
                by=by,
            )

        return pay(ask, back=url_for(".several_waiting"))
    else:
        status = form.status
    return render_template("me/several.html", form=form, things=things), status


@bp.get("/me/money/several/waiting")
@for_clients
def several_waiting() -> ResponseReturnValue:
    """Look whether the money has come."""
    live = billed.live_of(this_client().id)
    for_id = live[0].for_id if live else this_client().id
    return wait(for_id, again=url_for(".several_waiting"))
