"""What a client owed before the practice kept its books here, paid by card like a session."""

from __future__ import annotations

from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue

from practice.billing.accounts import openings_of
from practice.billing.models import Payment
from practice.billing.service import openings
from practice.core.errors import NotFound
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.sessions.views.mine_paying import Way, pay, wait


@bp.post("/me/balances/<uuid:opening_id>/pay")
@for_clients
def pay_balance(opening_id: UUID) -> ResponseReturnValue:
    """Ask for what is open of a balance, and send the client to the processor's page."""
    client, by = this_client(), current_client()

    def ask(way: Way) -> Payment:
        return openings.start_checkout(
            client,
            opening_id,
            ends_at=way.ends_at,
            success_url=way.success_url,
            cancel_url=way.cancel_url,
            by=by,
        )

    return pay(ask, back=url_for(".balance_waiting", opening_id=opening_id))


@bp.get("/me/balances/<uuid:opening_id>/waiting")
@for_clients
def balance_waiting(opening_id: UUID) -> ResponseReturnValue:
    """Look whether the money has come."""
    if all(each.id != opening_id for each in openings_of([this_client().id])):
        raise NotFound("There is no such balance.")
    return wait(opening_id, again=url_for(".balance_waiting", opening_id=opening_id))
