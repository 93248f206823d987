"""One session: where it stands, what is missing, what it costs, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.queries import was_done
from practice.audit.rules import ActorKind
from practice.billing import accounts, archive, linked
from practice.billing.rules.payments import PaymentMethod, PaymentState
from practice.calendar.rules import zones
from practice.clients.queries import history
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox.queries import messages_about
from practice.outbox.rules import UNDO_FOR
from practice.people.access import current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission, safe_path
from practice.sessions import queries
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment, SessionChange
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.course_keeping import Part, part_in
from practice.sessions.queries.course_standing import standing_of
from practice.sessions.queries.facts import overrides_of
from practice.sessions.queries.hosts import host_of
from practice.sessions.queries.notes import newest_note
from practice.sessions.rules import windows
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.for_staff import (
    BUTTONS,
    CAN_CHANGE,
    DONE,
    IS_OWED,
    LEADS_TO,
    WAYS,
    Deed,
)
from practice.sessions.rules.gates import NAMES as ASKED
from practice.sessions.rules.gates import kept_until
from practice.sessions.rules.lifecycle import LIVE, MOVES, WORDS, AppointmentState, may_be_held
from practice.sessions.rules.windows import Finding
from practice.sessions.service import collecting, day, undoing
from practice.sessions.service.estimates import PassesEstimate
from practice.sessions.staff_forms import PaymentForm
from practice.sessions.views.called_off import costs_something_now
from practice.sessions.views.gates import checklist
from practice.sessions.views.holding import held_why
from practice.sessions.views.late_shown import fees_shown
from practice.sessions.views.staff import bp
from practice.sessions.views.today import lines_of

DO: dict[Deed, Callable[..., Appointment]] = {
    Deed.ARRIVE: day.arrive,
    Deed.START: day.start,
    Deed.COMPLETE: day.complete,
    Deed.MISS: day.miss,
}


DONE_WORDS = {
    undoing.BOOK: "Booked",
    undoing.MOVE: "Moved",
    undoing.CANCEL: "Cancelled",
    undoing.MISS: "Marked as missed",
}


@bp.get("/sessions/<uuid:appointment_id>")
@requires(Permission.CALENDAR_VIEW)
def appointment(appointment_id: UUID) -> ResponseReturnValue:
    """Show one session."""
    session = queries.get_appointment(appointment_id)
    (line,) = lines_of([session])
    payments = accounts.payments_for(session.id)
    change, part = undoing.change_of(session, ActorKind.STAFF), part_in(session)
    subjects = [session.id, *(paid.payment.id for paid in payments)]
    return render_template(
        "sessions/appointment.html",
        session=session,
        line=line,
        state_words=WORDS[session.state],
        zone_words=zones.zone_words(get_practice().time_zone),
        way=WAYS[session.modality],
        host=host_of(session),
        length=length_words((session.ends_at - session.starts_at) // timedelta(minutes=1)),
        checklist=checklist(session, line.standing) if may(Permission.CARE_VIEW) else [],
        asks=bool(line.standing.results),
        kept_until=_kept_until(session),
        ended=[each for each in overrides_of([session.id]) if each[1] is not None],
        asked=ASKED,
        findings=_findings(session, part),
        part=part,
        payments=payments,
        kept=_kept(payments, session.price.currency),
        fees=fees_shown(session) if may(Permission.MONEY_VIEW) else [],
        invoices=archive.invoices_for(session.id) if may(Permission.MONEY_VIEW) else [],
        mailed=messages_about(session.id, collecting.PAY_LINK),
        takes_cards=linked.takes_cards(),
        client_link=booking_link(session),
        buttons=BUTTONS,
        note=newest_note(session.id) if may(Permission.APPOINTMENT_RUN) else None,
        can_hold=may_be_held(session.state, session.kind),
        held=held_why(session) if may(Permission.CARE_VIEW) else None,
        can_be_priced=session.sale_id is None
        and session.state in IS_OWED - {AppointmentState.COMPLETED},
        can_move=session.state in CAN_CHANGE and session.hold_ends_at is None,
        can_cancel=AppointmentState.CANCELLED in MOVES[session.state],
        history=history(subjects),
        undo_until=change.made_at + UNDO_FOR if change else None,
        done_words=DONE_WORDS[change.deed] if change else "",
        undo_to=_undo_to(change),
        form=PlainForm(),
    )


def _undo_to(change: SessionChange | None) -> str:
    """Name the view that takes a change back, for whoever may do so; nothing, if nobody here."""
    if change is not None and change.deed == undoing.MISS:
        return "take_missed_back" if may(Permission.APPOINTMENT_RUN) else ""
    return "take_back" if change is not None and may(Permission.APPOINTMENT_BOOK) else ""


def _kept_until(session: Appointment) -> datetime | None:
    """Return until when the time of a session that waits is kept without a word."""
    waits = session.state is AppointmentState.TENTATIVE and session.hold_ends_at is None
    return kept_until(session.starts_at) if waits else None


def _findings(session: Appointment, part: Part | None) -> list[Finding]:
    """Return what the course says of a session's place among the client's others."""
    if session.client_id is None or session.state not in LIVE:
        return []
    if part is not None:
        found = standing_of(part.course)
        return [
            Finding(each.words, is_hard=not each.is_legal)
            for each in (*found.broken, *found.warnings)
            if part.key in {each.earlier, each.later}
        ]
    zone = get_practice().time_zone
    return windows.findings(session.placed, sessions_of(session.client_id), zone)


def _kept(payments: list[accounts.Paid], currency: str) -> Money:
    came_in = (each for each in payments if each.payment.state is PaymentState.PAID)
    return sum((each.payment.amount - each.given_back for each in came_in), Money(0, currency))


# The day ---------------------------------------------------------------------------------------


@bp.post("/sessions/<uuid:appointment_id>/<deed>")
@requires(Permission.APPOINTMENT_RUN)
def run(appointment_id: UUID, deed: str) -> ResponseReturnValue:
    """Mark that a client arrived, that a session began, was delivered, or was missed.

    A second click is harmless; somebody else's is told. What a missed session costs is shown
    first.
    """
    if deed not in set(Deed):
        abort(404)
    chosen, by = Deed(deed), current_staff()

    is_confirmed = chosen is Deed.COMPLETE and "above_estimate" in request.form
    more = {"above_estimate": True} if is_confirmed else {}

    def work() -> Appointment:
        return DO[chosen](queries.get_appointment(appointment_id), by=by, **more)

    if chosen is Deed.MISS and costs_something_now(queries.get_appointment(appointment_id)):
        at = url_for(".missed", appointment_id=appointment_id, next=request.form.get("next"))
        return redirect(at, 303)
    try:
        in_transaction(work)
    except PassesEstimate as far_above:
        return render_template(
            "sessions/passes_estimate.html",
            session=queries.get_appointment(appointment_id),
            words=far_above.message,
            form=PlainForm(formdata=None),
            next=safe_path(request.form.get("next")) or "",
        ), 409
    except Conflict:
        if not was_done(f"appointment:{LEADS_TO[chosen]}", appointment_id, by=by):
            raise
    client = queries.get_appointment(appointment_id).client
    flash(f"{client.name if client else 'The client'} {DONE[chosen]}.")
    page = url_for(".appointment", appointment_id=appointment_id)
    return redirect(safe_path(request.form.get("next")) or page)


# Undoing ---------------------------------------------------------------------------------------


@bp.post("/sessions/<uuid:appointment_id>/take-back")
@requires(Permission.APPOINTMENT_BOOK)
def take_back(appointment_id: UUID) -> ResponseReturnValue:
    """Undo a booking, a move or a cancellation of a moment ago, before anybody is told of it."""
    return _undo(appointment_id)


@bp.post("/sessions/<uuid:appointment_id>/missed/take-back")
@requires(Permission.APPOINTMENT_RUN)
def take_missed_back(appointment_id: UUID) -> ResponseReturnValue:
    """Undo that a session was marked missed a moment ago, for whoever may mark it."""
    return _undo(appointment_id, undoing.MISS)


def _undo(appointment_id: UUID, deed: str | None = None) -> ResponseReturnValue:
    by = current_staff()
    in_transaction(lambda: undoing.undo(queries.get_appointment(appointment_id), by=by, deed=deed))
    flash("Undone. Everything is as it was, and nobody was told.")
    return redirect(url_for(".appointment", appointment_id=appointment_id), 303)


# Money -----------------------------------------------------------------------------------------


@bp.post("/sessions/<uuid:appointment_id>/pay-link")
@requires(Permission.MONEY_TAKE)
def pay_link(appointment_id: UUID) -> ResponseReturnValue:
    """Mail the client the link to pay; sending the same form twice mails it once."""
    seen = request.form.get("sent_before", "")
    sent_before = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 6 else 0
    by = current_staff()
    in_transaction(
        lambda: collecting.send_pay_link(
            queries.get_appointment(appointment_id), sent_before=sent_before, by=by
        )
    )
    flash("The link to pay is on its way.")
    return redirect(url_for(".appointment", appointment_id=appointment_id, _anchor="money"))


@bp.route("/sessions/<uuid:appointment_id>/payment", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def payment(appointment_id: UUID) -> ResponseReturnValue:
    """Write down money that was handed over at the visit."""
    session = queries.get_appointment(appointment_id)
    left = collecting.owed_now(session)
    form, page = PaymentForm(), "sessions/payment.html"
    if not form.is_submitted():
        form.amount.data = f"{left.minor // 100}.{left.minor % 100:02d}"
        form.payment_id.data = str(uuid4())
        return render_template(page, session=session, form=form, left=left)
    if not form.validate():
        return render_template(page, session=session, form=form, left=left), 422
    amount = Money(form.amount.minor, session.price.currency)
    method, payment_id, by = PaymentMethod(form.method.data), form.checked_id(), current_staff()
    try:
        in_transaction(
            lambda: collecting.take_payment(
                queries.get_appointment(appointment_id),
                amount,
                method,
                payment_id=payment_id,
                by=by,
            )
        )
    except collecting.NothingOwed as too_much:
        form.amount.errors = [too_much.message]
        return render_template(page, session=session, form=form, left=left), 409
    except Invalid as refused:
        form.method.errors = [refused.message]
        return render_template(page, session=session, form=form, left=left), 422
    flash(f"{amount} is written down, and the receipt is on its way.")
    return redirect(url_for(".appointment", appointment_id=appointment_id, _anchor="money"))
