"""Payouts: the list, and what is in one of them."""

from __future__ import annotations

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from practice.billing import books
from practice.billing.forms import read_page
from practice.billing.views.blueprint import bp
from practice.people.access import requires
from practice.people.rules import Permission


@bp.get("/payouts")
@requires(Permission.MONEY_VIEW)
def payouts() -> ResponseReturnValue:
    """List what Stripe has sent to the bank, newest first."""
    page = read_page(request.args.get("page", ""))
    rows = books.payouts(page=page)
    return render_template(
        "billing/payouts.html",
        rows=rows[: books.PAGE],
        page=page,
        has_more=len(rows) > books.PAGE,
    )


@bp.get("/payouts/<uuid:payout_id>")
@requires(Permission.MONEY_VIEW)
def payout(payout_id: UUID) -> ResponseReturnValue:
    """Show a payout with every line that is in it."""
    return render_template(
        "billing/payout.html",
        found=books.get_paid_out(payout_id),
        lines=books.lines_of(payout_id),
    )
