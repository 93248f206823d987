"""What a client bought ahead, paid by card: the next instalment, or all that is open of it."""

from __future__ import annotations

from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.models import Payment
from practice.billing.sales import get_sale
from practice.billing.service import selling
from practice.core.errors import NotFound
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.sessions.views.mine_paying import Way, pay, wait


@bp.post("/me/sales/<uuid:sale_id>/pay")
@for_clients
def pay_sale(sale_id: UUID) -> ResponseReturnValue:
    """Ask for the next instalment, or for all of it, and lead to the processor's page."""
    client, by, whole = this_client(), current_client(), "whole" in request.form

    def ask(way: Way) -> Payment:
        return selling.start_checkout(
            client,
            sale_id,
            whole=whole,
            ends_at=way.ends_at,
            success_url=way.success_url,
            cancel_url=way.cancel_url,
            by=by,
        )

    return pay(ask, back=url_for(".sale_waiting", sale_id=sale_id))


@bp.get("/me/sales/<uuid:sale_id>/waiting")
@for_clients
def sale_waiting(sale_id: UUID) -> ResponseReturnValue:
    """Look whether the money has come."""
    if get_sale(sale_id).client_id != this_client().id:
        raise NotFound("There is nothing at this address.")
    return wait(sale_id, again=url_for(".sale_waiting", sale_id=sale_id))
