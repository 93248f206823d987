"""A practice links its own account at Stripe: there, back, and once more when the page was old."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from practice.billing import linked
from practice.billing.linked_models import ProcessorAccount
from practice.billing.rules.linked import Standing
from practice.billing.service import linking
from practice.billing.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.errors import NotFound
from practice.core.settings import settings
from practice.people.access import current_staff, requires
from practice.people.rules import Permission

BACK = {
    Standing.OPEN: "Your Stripe account is linked, and clients can pay by card.",
    Standing.CHECKED: "Stripe has all your answers and is checking them. We tell you of it here.",
    Standing.RESTRICTED: "Stripe does not let this account take cards yet. Answer what it asks.",
    Standing.UNFINISHED: "Stripe still asks you for something. Go on when you have it at hand.",
    Standing.GONE: "This account is not linked any more. You can link one anew.",
}


@bp.post("/account/link")
@requires(Permission.PRACTICE_MANAGE)
def link_account() -> ResponseReturnValue:
    """Begin to link an account, or go on, and lead to Stripe's own pages."""
    account = in_transaction(lambda: linking.begin(by=current_staff()))
    return _to_stripe(account.id)


@bp.get("/account/again")
@requires(Permission.PRACTICE_MANAGE)
def link_again() -> ResponseReturnValue:
    """Lead to Stripe anew: the address that was used, or was too old, leads here."""
    return _to_stripe(_current().id)


@bp.get("/account/back")
@requires(Permission.PRACTICE_MANAGE)
def link_back() -> ResponseReturnValue:
    """Read the account: that its owner comes back does not say that all is answered."""
    flash(BACK[linking.sync(_current().id).standing])
    return redirect(url_for("sessions.payment_settings"))


def _current() -> ProcessorAccount:
    account = linked.current()
    if account is None:
        raise NotFound("No account is being linked. Begin in Settings, Payments.")
    return account


def _to_stripe(account_id: UUID) -> ResponseReturnValue:
    base = settings().base_url
    address = linking.address(
        account_id,
        return_url=base + url_for(".link_back"),
        refresh_url=base + url_for(".link_again"),
    )
    return redirect(address, 303)
