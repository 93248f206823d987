"""What a client takes along from a booking: a file for the calendar, receipts."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import archive, pdf
from practice.billing.models import PaperKind, Receipt
from practice.billing.views.invoices import pdf_headers
from practice.calendar.models import DetailLevel
from practice.calendar.rules import ics, zones
from practice.calendar.service.entries import event_of
from practice.core.errors import NotFound
from practice.people.access import public
from practice.sessions.rules.for_clients import Step
from practice.sessions.service.calendars import as_it_stands
from practice.sessions.views.public import bp
from practice.sessions.views.showing import page, show
from practice.sessions.views.shown import Shown


@bp.get("/bookings/<token>/appointment.ics")
@public
def calendar_file(token: str) -> ResponseReturnValue:
    """Answer with the appointment as a calendar file; a newer one replaces it by its UID."""
    shown = show(token)
    if shown.step is not Step.BOOKED:
        raise NotFound("There is nothing to put into a calendar yet.")
    a = shown.appointment
    facts = event_of(as_it_stands(a), DetailLevel.PLAIN, is_own=True)
    on = zones.local_date(a.starts_at, a.time_zone)
    body = ics.file_text(ics.event_text(facts, a.time_zone), zone=a.time_zone, on=on)
    return body, {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": 'attachment; filename="appointment.ics"',
    }


@bp.get("/bookings/<token>/receipt")
@public
def receipt(token: str) -> ResponseReturnValue:
    """Show a receipt of this booking: the one of ``?number=``, or the newest."""
    shown = show(token)
    return page("receipt", shown, receipt=_receipt_of(shown), makes_pdf=pdf.missing() is None)


@bp.get("/bookings/<token>/receipt.pdf")
@public
def receipt_pdf(token: str) -> ResponseReturnValue:
    """Answer with the stored PDF of a receipt, or with its page where none can be made."""
    shown = show(token)
    found = _receipt_of(shown)
    body = pdf.paper(PaperKind.RECEIPT, found.id)
    if body is None:
        return redirect(url_for(".receipt", token=token, number=found.number), 303)
    return body, pdf_headers(found.number)


def _receipt_of(shown: Shown) -> Receipt:
    wanted = request.args.get("number")
    for each in shown.payments:
        if each.receipt_id is not None and wanted in (None, each.receipt_number):
            return archive.get_receipt(each.receipt_id)
    raise NotFound("There is no such receipt.")
