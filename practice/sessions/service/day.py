"""The day itself: who came, what began, what was delivered. Called inside ``transaction()``."""

from __future__ import annotations

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.invoices import Line
from practice.billing.service.papers import issue_invoice
from practice.calendar.rules import zones
from practice.calendar.service import claims
from practice.clients.rules.papers import LONGEST_DETAIL, PaperFacts, PaperKind
from practice.clients.service import record_for_session
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.outbox import service as outbox
from practice.people.queries import get_member, get_practice
from practice.people.rules import Permission, may
from practice.sessions.models import Appointment
from practice.sessions.rules.gates import Stage
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    AppointmentState,
    check_move,
    may_be_held,
)
from practice.sessions.service import (
    calendars,
    course_steps,
    covering,
    estimates,
    giving_back,
    late,
    readiness,
    undoing,
)
from practice.sessions.service.taking import become, let_code_go, lock

S = AppointmentState
HELD_TASK = "session-held"


class TooEarly(Conflict):
    """Its day, or its hour, has not come."""


def arrive(appointment: Appointment, *, by: Actor) -> Appointment:
    """Mark that the client is here.

    Raises:
        TooEarly: before the local day of the session.
        GatesClosed: while something is missing that it asks for by now.
        Conflict: unless it is confirmed.
    """
    appointment = _on_its_day(appointment)
    readiness.require(appointment, Stage.ARRIVAL)
    appointment.arrived_at = clock.now()
    return _became(appointment, S.ARRIVED, by)


def start(appointment: Appointment, *, by: Actor) -> Appointment:
    """Begin the session.

    Raises:
        GatesClosed: while something is missing, whatever was true when it was confirmed.
        Conflict: unless the client has arrived.
    """
    appointment = _on_its_day(appointment)
    readiness.require(appointment, Stage.ADMINISTER)
    appointment.begun_at = clock.now()
    return _became(appointment, S.IN_SESSION, by)


def complete(appointment: Appointment, *, by: Actor, above_estimate: bool = False) -> Appointment:
    """Mark that the session was delivered, and issue the invoice for it.

    What was paid ahead settles the invoice. What was held may make the client's other sessions
    ready. Sessions that others bill, and free ones, have no invoice. ``above_estimate``: somebody
    confirmed that the invoice may be far above what was estimated.

    Raises:
        GatesClosed: while a dosing lacks what it takes to let the client go, or a session that
            was never begun lacks what it takes to begin.
        PassesEstimate: if the invoice would be, and nobody confirmed it.
        Conflict: unless the client has arrived.
    """
    appointment = _on_its_day(appointment)
    is_billed = bool(appointment.price) and appointment.service.billed_by_practice
    if is_billed and not above_estimate:
        estimates.check_bill(appointment)
    if appointment.kind in GIVES_MEDICINE:
        readiness.require(appointment, Stage.DISCHARGE)
    elif appointment.state is S.ARRIVED:
        readiness.require(appointment, Stage.ADMINISTER)
    appointment.completed_at = clock.now()
    appointment = _became(appointment, S.COMPLETED, by)
    if course_steps.was_held(appointment, by=by):
        appointment = lock(appointment.id)
    client = appointment.client
    if client is None:
        return appointment
    readiness.reconsider(client.id, by)
    covering.deliver(appointment, by=by)
    if appointment.to_pay and is_billed:
        zone = get_practice().time_zone
        issue_invoice(
            client,
            for_id=appointment.id,
            source_key=f"session:{appointment.id}",
            lines=[
                Line(
                    service_on=zones.local_date(appointment.starts_at, zone),
                    service=appointment.label,
                    quantity=1,
                    unit=appointment.to_pay,
                )
            ],
            by=by,
        )
    return appointment


def miss(
    appointment: Appointment,
    *,
    by: Actor,
    wish: late.Wish | None = None,
) -> Appointment:
    """Mark that the client did not come, or could not be let in. The rest of the time is free.

    It costs what the terms of its booking say, unless ``wish`` has a reason for which nobody is
    charged, or says why not. What is paid beyond that goes back. For three minutes it can be
    undone: until then nobody is told, and no money moves.

    Raises:
        TooEarly: before the session was to begin.
        Conflict: unless it is confirmed.
    """
    appointment = _on_its_day(appointment)
    if clock.now() < appointment.starts_at:
        raise TooEarly("This session has not begun yet.")
    wish = wish or late.Wish(Why.CLIENT)
    fee = late.fee_of(appointment, FeeFor.MISSED, wish)
    was = appointment.state
    appointment = _became(appointment, S.NO_SHOW, by)
    calendars.change(appointment)  # what it costs, and its undoing, are this change's alone
    db.session.flush()
    claims.release(appointment.id)
    costs = late.charge(appointment, FeeFor.MISSED, fee, wish, by=by)
    if costs is None or not costs.takes_unit:
        covering.let_go(appointment, by=by)
    undoing.remember(
        appointment,
        undoing.MISS,
        by=by,
        was_at=appointment.starts_at,
        was_state=was,
        was_reason=appointment.override_reason,
    )
    if costs:
        late.tell_of_missing(appointment)
    else:
        giving_back.have_it_given_back(appointment)
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
    return lock(appointment.id) if course_steps.was_lost(appointment, by=by) else appointment


def hold(appointment: Appointment, reason: str, *, by: Actor) -> Appointment:
    """Stop a session with medicine for a clinical reason, before it begins or while it goes on.

    Nothing is charged for it: what was paid goes back. The rest of the time is free again. The
    reason goes on the chart, sealed, as checks of the day that were not passed, and a prescriber
    finds it on the list.

    Raises:
        Invalid: without a reason, or with one that is longer than its place.
        NotAllowed: by somebody who does not record checks.
        Conflict: unless the client has arrived for a dosing, or it has begun.
    """
    why = reason.strip()
    if not 0 < len(why) <= LONGEST_DETAIL:
        raise Invalid(f"Write down why, in at most {LONGEST_DETAIL} characters.")
    if by.id is None or not may(get_member(by.id).role_set, Permission.CHECKS_RECORD):
        raise NotAllowed("Only a clinician holds a session for a clinical reason.")
    payments = giving_back.lock_payments(appointment)
    appointment = _on_its_day(appointment)
    client_id = appointment.client_id
    if client_id is None or not may_be_held(appointment.state, appointment.kind):
        check_move(appointment.state, S.HELD_CLINICAL)
        raise Conflict("Only a session with medicine is held for a clinical reason.")
    appointment = _became(appointment, S.HELD_CLINICAL, by)
    calendars.change(appointment)
    db.session.flush()
    covering.let_go(appointment, by=by)
    taken = calendars.serving(appointment.id)
    let_code_go(appointment)
    claims.release(appointment.id)
    calendars.bury(appointment, taken, gone_at=appointment.changed_at)
    for payment in payments:
        giving_back.give_back(payment, by)
    zone = get_practice().time_zone
    session_on = zones.local_date(appointment.starts_at, zone)
    record_for_session(
        client_id,
        PaperKind.DAY_OF_CHECKS,
        session_id=appointment.id,
        session_on=session_on,
        dated_on=session_on,
        today=zones.local_date(clock.now(), zone),
        facts=PaperFacts(is_good=False, detail=why),
        by=by,
    )
    outbox.assign(
        HELD_TASK,
        key=f"{HELD_TASK}:{appointment.id}",
        what="For the prescriber: a session was held for a clinical reason. "
        "Look at it, and decide how to go on.",
        due_at=clock.now(),
        client_id=client_id,
        about_id=appointment.id,
    )
    return lock(appointment.id) if course_steps.was_lost(appointment, by=by) else appointment


def _on_its_day(appointment: Appointment) -> Appointment:
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    appointment = lock(appointment.id)
    zone = get_practice().time_zone
    on = zones.local_date(appointment.starts_at, zone)
    if zones.local_date(clock.now(), zone) < on:
        raise TooEarly(f"This session is on {zones.day_words(on)}.")
    return appointment


def _became(appointment: Appointment, state: AppointmentState, by: Actor) -> Appointment:
    become(appointment, state)
    db.session.flush()
    audit.record(f"appointment:{state}", by=by, subject_id=appointment.id)
    return appointment
