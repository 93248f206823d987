"""Moving and cancelling sessions. Look, claim, write, record, tell.

Called inside ``transaction()``; nothing here talks to the network.
"""

from __future__ import annotations

from datetime import datetime

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.payments import PaymentState
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.outbox import service as outbox
from practice.sessions.models import Appointment
from practice.sessions.queries.course_keeping import alone, part_of
from practice.sessions.queries.times import look_at
from practice.sessions.rules import windows
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.news import News
from practice.sessions.rules.requests import request_key
from practice.sessions.service import (
    calendars,
    course_steps,
    covering,
    giving_back,
    late,
    limits,
    passing,
    readiness,
    taking,
    telling,
    undoing,
)
from practice.sessions.service.holds import release_hold
from practice.sessions.service.readiness import take_turns_on_client
from practice.sessions.service.taking import lock, place_in

S = AppointmentState


class ChangedMeanwhile(Conflict):
    """Somebody else changed the session since it was shown."""


def move(
    appointment: Appointment,
    *,
    starts_at: datetime,
    by: Actor,
    override_reason: str | None = None,
    sequence: int | None = None,
    as_staff: bool = True,
    wish: late.Wish | None = None,
) -> Appointment:
    """Move a session to another time, with the same person. It keeps its id, uid and payment.

    The old time is given back and the new one taken in one step. ``sequence`` is what the page
    showed of the appointment; whoever changed it since is not overwritten. It can be undone for
    some minutes. Unlike staff, clients need notice and see no farther than the horizon. ``wish``
    says why it moves: then it may cost what cancelling would cost.

    Raises:
        ChangedMeanwhile: if somebody else changed it since.
        Conflict: if it is a hold, has begun, or is over.
        WindowBroken, NotAllowed: outside the limits of a window, its own or that of a session
            behind it, without a reason, or with one of somebody who may not override.
        GatesClosed: if something that it asks for beforehand would come after it.
        CapReached, SlotTaken, NotOffered: as for booking.
        CostsOtherwise: if it costs something else than the page said.
    """
    reason = limits.cleaned(override_reason)
    seen = appointment.sequence if sequence is None else sequence
    appointment = _lock_for_change(appointment, seen)
    if appointment.state not in {S.TENTATIVE, S.CONFIRMED} or appointment.hold_ends_at is not None:
        raise Conflict("Only a session that is still to come can be moved.")
    if appointment.starts_at == starts_at:
        return appointment
    client, placed = appointment.client, appointment.placed
    part = part_of(appointment)
    if part is not None:  # alone: what belongs to it moves along by ``service.ripples``
        broken = alone(part, starts_at, as_staff=as_staff)
        appointment = lock(appointment.id)
    else:
        broken = (
            limits.broken_by(windows.at(placed, starts_at), client, moved_from=placed)
            if client
            else []
        )
    limits.check_windows(broken, reason, by)
    taking.take_turns_on_week(appointment.kind, starts_at)
    look = look_at(
        appointment.service,
        appointment.modality,
        starts_at,
        client_id=appointment.client_id,
        as_staff=as_staff,
        moving=appointment,
    )
    place = place_in(look, starts_at)
    barred = readiness.ahead_at(appointment, starts_at).barred
    passing.check(barred, reason, by)

    before = calendars.serving(appointment.id)
    claims.release(appointment.id)
    taking.occupy(appointment.id, look, place)
    old, was, was_reason = appointment.starts_at, appointment.state, appointment.override_reason
    appointment.starts_at, appointment.ends_at = place.starts_at, place.ends_at
    appointment.override_reason = reason if broken else appointment.override_reason
    calendars.change(appointment)
    db.session.flush()
    audit.record(
        "appointment:move",
        by=by,
        subject_id=appointment.id,
        old=old.isoformat(),
        new=starts_at.isoformat(),
    )
    limits.record_override(appointment, broken, by)
    passing.keep(appointment, barred, reason, by)
    _after_a_change(appointment, by)
    telling.tell(News.MOVED, appointment, by=by, was_at=old.isoformat())
    undoing.remember(
        appointment, undoing.MOVE, by=by, was_at=old, was_state=was, was_reason=was_reason
    )
    late.charge_move(appointment, wish, was_at=old, by=by)
    if left := tuple(each for each in before if each not in place.takes):
        calendars.bury(appointment, left, gone_at=appointment.changed_at)
    calendars.show(appointment, place.takes)
    return appointment


def cancel(
    appointment: Appointment,
    *,
    by: Actor,
    sequence: int | None = None,
    can_be_undone: bool = False,
    tells: bool = True,
    wish: late.Wish | None = None,
) -> Appointment:
    """Cancel a session that is still to come; what was paid for it goes back, but for a fee.

    ``wish`` says why it is called off, and may cost a fee: that falls due when the cancellation
    can no longer be undone, and is settled from what was paid.

    A hold is simply given back. Money on its way will be given back when it comes in. With
    ``can_be_undone`` money waits as the news does, until nobody can take it back any more.
    Without ``tells`` news of it that has not gone out is taken back, and whatever is to be written
    to the client, the caller writes.

    Raises:
        ChangedMeanwhile: if somebody else changed it since the page showed ``sequence``.
        Conflict: if it has begun, or is over.
    """
    if appointment.state is S.TENTATIVE and appointment.hold_ends_at is not None:
        return release_hold(appointment, by=by)
    seen = appointment.sequence if sequence is None else sequence
    payments = giving_back.lock_payments(appointment)
    appointment = _lock_for_change(appointment, seen)
    was, fee = appointment.state, late.fee_of(appointment, FeeFor.CANCELLED, wish)
    if was is S.REQUESTED:
        outbox.withdraw(request_key(appointment.id))
    taking.become(appointment, S.CANCELLED)
    appointment.cancelled_at = clock.now()
    calendars.change(appointment)
    db.session.flush()
    taken = calendars.serving(appointment.id)
    claims.release(appointment.id)
    audit.record("appointment:cancel", by=by, subject_id=appointment.id)
    costs = late.charge(appointment, FeeFor.CANCELLED, fee, wish, by=by)
    if costs is None:
        taking.let_code_go(appointment)
    if costs is None or not costs.takes_unit:
        covering.let_go(appointment, by=by)
    for payment in payments:
        if payment.state is not PaymentState.PAID or not (can_be_undone or costs):
            giving_back.give_back(payment, by)
    if can_be_undone:
        undoing.remember(
            appointment,
            undoing.CANCEL,
            by=by,
            was_at=appointment.starts_at,
            was_state=was,
            was_reason=appointment.override_reason,
        )
        if not costs:
            giving_back.have_it_given_back(appointment)
    _after_a_change(appointment, by)
    if tells:
        telling.tell(News.CANCELLED, appointment, by=by, was=was)
    else:
        telling.hush(appointment)
    calendars.bury(appointment, taken, gone_at=appointment.changed_at)
    return lock(appointment.id) if course_steps.was_lost(appointment, by=by) else appointment


def _lock_for_change(appointment: Appointment, seen: int) -> Appointment:
    if appointment.client_id is not None:
        take_turns_on_client(appointment.client_id)
    appointment = lock(appointment.id)
    if appointment.sequence != seen:
        raise ChangedMeanwhile("Somebody else has just changed this session. Look at it again.")
    return appointment


def _after_a_change(appointment: Appointment, by: Actor) -> None:
    """Look again at the client's sessions: which comes first, and when, decides about gates."""
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
