"""Stopping a session with medicine on its day, for a clinical reason."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.audit.queries import was_done
from practice.billing.queries import payments_for
from practice.billing.rules.payments import PaymentState
from practice.clients.models import Paper
from practice.clients.queries import every_paper_of
from practice.clients.rules.papers import PaperKind
from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.people.access import current_staff, requires
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import WORDS, AppointmentState, may_be_held
from practice.sessions.service import day
from practice.sessions.staff_forms import HoldForm
from practice.sessions.views.staff import bp


@bp.route("/sessions/<uuid:appointment_id>/hold", methods=["GET", "POST"])
@requires(Permission.CHECKS_RECORD)
def hold(appointment_id: UUID) -> ResponseReturnValue:
    """Say what holding a session means; on POST, do it, with a written reason."""
    session = queries.get_appointment(appointment_id)
    form = HoldForm()
    if not form.validate_on_submit():
        paid = [each for each in payments_for(session.id) if each.state is PaymentState.PAID]
        return render_template(
            "sessions/hold.html",
            session=session,
            form=form,
            state_words=WORDS[session.state],
            can_hold=may_be_held(session.state, session.kind),
            was_paid=bool(paid),
        ), 422 if form.is_submitted() else 200
    by, reason = current_staff(), form.reason.data or ""
    try:
        in_transaction(lambda: day.hold(queries.get_appointment(appointment_id), reason, by=by))
    except Conflict:
        if not was_done("appointment:held_clinical", appointment_id, by=by):
            raise
    flash("The session is held, and nothing is charged. It is on the prescriber’s list.", "wait")
    return redirect(url_for(".appointment", appointment_id=appointment_id))


def held_why(session: Appointment) -> Paper | None:
    """Return the record that says why a session was held; ``None`` for any other session."""
    if session.state is not AppointmentState.HELD_CLINICAL or session.client_id is None:
        return None
    found = [
        each
        for each in every_paper_of(session.client_id)
        if each.appointment_id == session.id
        and each.kind is PaperKind.DAY_OF_CHECKS
        and not each.is_good
        and each.withdrawn_at is None
    ]
    return max(found, key=lambda each: each.recorded_at, default=None)
