"""The month at a glance, for whoever closes it."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from practice.billing import reports
from practice.billing.rules.ledger import NAMES
from practice.billing.rules.months import Month, between
from practice.billing.rules.plots import columns, shares
from practice.billing.rules.reports import Flow
from practice.billing.views.blueprint import bp
from practice.core.errors import NotFound
from practice.people.access import requires
from practice.people.queries import today_here
from practice.people.rules import Permission


@bp.get("/month")
@requires(Permission.INVOICE_EXPORT)
def this_month() -> ResponseReturnValue:
    """Show the month that was chosen, else this one."""
    chosen = request.args.get("month", "")
    return _page(_read(chosen) if chosen else Month.of(today_here()))


@bp.get("/month/<month>")
@requires(Permission.INVOICE_EXPORT)
def month(month: str) -> ResponseReturnValue:
    """Show what was earned, came in, went back and is owed in a month, beside those before it."""
    return _page(_read(month))


def _page(asked: Month) -> ResponseReturnValue:
    today = today_here()
    report = reports.report_of(asked)
    first = min(reports.first_month() or asked, asked)
    return render_template(
        "billing/month.html",
        report=report,
        names=NAMES,
        Flow=Flow,
        months=between(first, Month.of(today)),
        is_going_on=asked == Month.of(today),
        earlier=asked.moved(-1) if asked > first else None,
        later=asked.moved(1) if asked < Month.of(today) else None,
        plot=columns(
            [each.earned for each in report.books], [each.outstanding for each in report.books]
        ),
        of_kinds=shares([each.minor for each in report.earned]),
        of_ages=shares([each.minor for each in report.ages]),
    )


def _read(text: str) -> Month:
    """Read a month that has begun.

    Raises:
        NotFound: for anything else, in words.
    """
    found = Month.read(text)
    if found is None:
        raise NotFound("There is no such month. Write it as a year and a month, like 2026-11.")
    if found > Month.of(today_here()):
        raise NotFound(f"{found.in_words} has not begun yet, so there is nothing to report.")
    return found
