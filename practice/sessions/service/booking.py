"""Booking, moving and cancelling sessions. Look, claim, write, record, tell.

The front of this room's writing: whoever books comes here. Everything is called inside
``transaction()`` unless it says otherwise, and nothing here talks to the network but
``settle_blockers``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor, ActorKind
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.payments import PaymentState
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.people.rules import ClientDetails
from practice.people.service import add_client
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import find_by_form
from practice.sessions.queries.course_boosters import after_course_of
from practice.sessions.queries.course_keeping import alone, part_of
from practice.sessions.queries.course_steps import judge_of
from practice.sessions.queries.times import Look, look_at
from practice.sessions.rules import windows
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.rules.news import News
from practice.sessions.rules.requests import request_key
from practice.sessions.rules.windows import Session
from practice.sessions.service import (
    calendars,
    course_steps,
    covering,
    giving_back,
    late,
    limits,
    passing,
    pricing,
    readiness,
    taking,
    telling,
    undoing,
)
from practice.sessions.service.holds import (
    ComesFirst,
    HoldEnded,
    NeedsApproval,
    StillToPay,
    TooManyHolds,
    check_first_visit,
    check_no_approval,
    check_nothing_to_pay,
    confirm,
    give_details,
    hold,
    release_at_end,
    release_hold,
    renew,
    settle_blockers,
)
from practice.sessions.service.limits import LONGEST_REASON, WindowBroken
from practice.sessions.service.paying import checkout_ended, paid, start_checkout
from practice.sessions.service.readiness import GatesClosed, take_turns_on_client
from practice.sessions.service.taking import CapReached, NotOffered, SlotTaken, lock, place_in

__all__ = [
    "LONGEST_REASON",
    "CapReached",
    "ChangedMeanwhile",
    "ComesFirst",
    "GatesClosed",
    "HoldEnded",
    "NeedsApproval",
    "NotOffered",
    "SlotTaken",
    "StillToPay",
    "TooManyHolds",
    "WindowBroken",
    "book",
    "book_free",
    "cancel",
    "checkout_ended",
    "confirm",
    "give_details",
    "hold",
    "move",
    "paid",
    "release_at_end",
    "release_hold",
    "renew",
    "settle_blockers",
    "start_checkout",
]

S = AppointmentState


class ChangedMeanwhile(Conflict):
    """Somebody else changed the session since it was shown."""


def book_free(
    service: Service,
    details: ClientDetails,
    *,
    starts_at: datetime,
    modality: Modality,
    form_token: str,
    by: Actor,
    look: Look | None = None,
) -> Appointment:
    """Book a session for which nothing is to be paid now, in one step.

    The same form sent again returns what it made. ``look`` may be made before the transaction,
    by ``queries.look_at``: what can change meanwhile is guarded by the claims.

    Raises:
        ComesFirst: for a service that a stranger cannot book.
        NeedsApproval: for one that can only be asked for.
        StillToPay: if it is to be paid online.
        GatesClosed: while something that it asks for beforehand is missing.
        SlotTaken: if somebody was quicker.
        NotOffered: if the service cannot start then.
    """
    if (made := find_by_form(form_token)) is not None:
        return made
    check_first_visit(service)
    check_no_approval(service)
    check_nothing_to_pay(service)
    look = look or look_at(service, modality, starts_at)
    place = place_in(look, starts_at)

    with db.session.no_autoflush:  # so that all the deeds of one booking are written at once
        client = add_client(details, by=by)
        ahead = readiness.ahead_of(client.id, service, starts_at)
        passing.check(ahead.barred, None, by)
        place = place.along_with(claims.open_for_client(client.id))
        state = S.TENTATIVE if ahead.waits else S.CONFIRMED
        appointment = taking.take(
            look, place, client=client, state=state, by=by, form_token=form_token
        )
    if ahead.waits:
        telling.tell(News.TENTATIVE, appointment, by=by, was_confirmed=False)
    else:
        telling.tell_of_booking_soon(appointment)
    calendars.show(appointment, place.takes)
    return appointment


def book(
    client: Client,
    service: Service,
    *,
    starts_at: datetime,
    modality: Modality,
    by: Actor,
    override_reason: str | None = None,
    asked: Appointment | None = None,
    step_gates: readiness.StepGates = None,
    tells: bool = True,
    host_id: UUID | None = None,
    pays: Money | None = None,
) -> Appointment:
    """Book a session for a client, as staff: a new one, or the one that was ``asked`` for.

    It becomes the next step of the client's course that it can be: then the course's own windows
    and gates count, and a dosing leaves time for its integration. Outside a recommended window is
    allowed; outside its limits, or past a gate of booking, only with ``override_reason``, written
    by somebody who may. A session whose other gates are open is booked as tentative.
    ``step_gates`` is what the step of a course asks for, where the course does not say so itself.
    Without ``tells`` the caller writes to the client. ``host_id`` names who has to hold it. What
    staff book anew can be undone for some minutes, unless the caller tells of it in its own way.
    ``pays`` is what the page said that it asks for: it never asks for anything else.

    Raises:
        WindowBroken: outside the limits of a window, without a reason.
        GatesClosed: while something that it asks for beforehand is missing, without a reason.
        NotAllowed: with a reason of somebody who may not override.
        CapReached: if the day or week has its dosings.
        SlotTaken: if somebody was quicker.
        NotOffered: if the service cannot start then.
        CostsOtherwise: if it asks for something else than the page said.
    """
    reason = limits.cleaned(override_reason)
    take_turns_on_client(client.id)
    ends_at = starts_at + timedelta(minutes=service.minutes)
    step = judge_of(client, service)
    if step is not None:
        broken = [each for each in step.findings(starts_at) if each.is_hard]
        step_gates = step.step.gates
    elif (after := after_course_of(client, service)) is not None:
        broken = [each for each in after.findings(starts_at) if each.is_hard]
    else:
        broken = limits.broken_by(Session(service.id, service.kind, starts_at, ends_at), client)
    limits.check_windows(broken, reason, by)
    ahead = readiness.ahead_of(client.id, service, starts_at, step_gates=step_gates)
    taking.take_turns_on_week(service.kind, starts_at)
    claims.open_for_client(client.id)
    look = look_at(
        service, modality, starts_at, client_id=client.id, as_staff=True, host_id=host_id
    )
    place = place_in(look, starts_at)
    passing.check(ahead.barred, reason, by)

    state = S.TENTATIVE if ahead.waits else S.CONFIRMED
    kept = reason if broken else None
    if asked is None:
        appointment = taking.take(
            look, place, client=client, state=state, by=by, override_reason=kept
        )
    else:
        appointment = taking.grant(asked, look, place, state=state, override_reason=kept)
    if step is not None:
        course_steps.attach(step.step.course.id, step.step.key, appointment, by=by)
    if appointment.sale_id is None:
        pricing.apply(appointment)
        covering.cover_by_package(appointment, by=by)
    if pays not in (None, appointment.to_pay):
        raise late.CostsOtherwise(
            f"By now {appointment.to_pay} is to pay for it. Look at it again. Nothing was booked."
        )
    limits.record_override(appointment, broken, by)
    passing.keep(appointment, ahead.barred, reason, by)
    readiness.reconsider(
        client.id, by, step_gates={} if step_gates is None else {appointment.id: step_gates}
    )
    if tells and ahead.waits:
        telling.tell(News.TENTATIVE, appointment, by=by, was_confirmed=False)
    elif tells:
        telling.tell(News.APPROVED if asked else News.BOOKED, appointment, by=by)
    calendars.show(appointment, place.takes)
    if tells and asked is None and by.kind is ActorKind.STAFF:
        undoing.remember(
            appointment,
            undoing.BOOK,
            by=by,
            was_at=appointment.starts_at,
            was_state=appointment.state,
            was_reason=kept,
        )
    return appointment


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
