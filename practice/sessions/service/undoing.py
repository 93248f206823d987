"""Taking a booking, a move, a cancellation or "missed" back for three minutes, as if it never was.

Until then nobody is told, and no money goes back. What is taken back keeps its place in the
history: undoing is a deed too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor, ActorKind
from practice.billing.queries import payments_for
from practice.billing.service import promos
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.outbox.rules import UNDO_FOR
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, CourseChange, SessionChange
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.courses import changes_of, course_with
from practice.sessions.queries.times import Look, look_at
from practice.sessions.rules import windows
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.lifecycle import AppointmentState, check_undo
from practice.sessions.service import (
    calendars,
    course_steps,
    covering,
    late,
    readiness,
    taking,
    telling,
)

S = AppointmentState
BOOK, MOVE, CANCEL, MISS = "book", "move", "cancel", "miss"


class TooLateToUndo(Conflict):
    """The three minutes are over, somebody else changed it since, or its time has gone."""


def remember(
    appointment: Appointment,
    deed: str,
    *,
    by: Actor,
    was_at: datetime,
    was_state: AppointmentState,
    was_reason: str | None,
    ripple_id: UUID | None = None,
) -> None:
    """Keep what a session was before a change that was just made to it.

    Call in the transaction of the change, behind it. Sessions that moved together share
    ``ripple_id``.
    """
    db.session.execute(
        sa.delete(SessionChange).where(SessionChange.appointment_id == appointment.id)
    )
    db.session.add(
        SessionChange(
            appointment_id=appointment.id,
            deed=deed,
            by_kind=by.kind.value,
            was_at=was_at,
            was_state=was_state.value,
            was_reason=was_reason,
            sequence=appointment.sequence,
            made_at=clock.now(),
            ripple_id=ripple_id,
        )
    )


def change_of(appointment: Appointment, kind: ActorKind) -> SessionChange | None:
    """Return the change of a session that somebody of this kind may take back now, if any.

    Asks the database only where a session was changed a moment ago; a client's own booking is
    told at once, and stays.
    """
    now = clock.now()
    is_new_to_client = not appointment.sequence and kind is ActorKind.CLIENT
    if is_new_to_client or now - appointment.changed_at >= UNDO_FOR:
        return None
    change = _find(appointment.id)
    if change is None or change.sequence != appointment.sequence or change.by_kind != kind:
        return None
    return change if now - change.made_at < UNDO_FOR else None


def may_be_undone(appointment_id: UUID) -> bool:
    """Say whether a session was changed so lately that it may still be taken back."""
    change = _find(appointment_id)
    return change is not None and clock.now() - change.made_at < UNDO_FOR


def undo(appointment: Appointment, *, by: Actor, deed: str | None = None) -> Appointment:
    """Give a session back the time and the state that it had. Call inside ``transaction()``.

    With a ``deed`` only that one: who may not book may not undo a move, either.

    One that was just booked had none: it is cancelled, without a fee and without a word.
    Sessions of a course that moved along with it go back with it: all, or none.

    Raises:
        TooLateToUndo: if there is nothing that they may take back any more, or its time is gone.
        GatesClosed: if something that it asked for beforehand has been lost meanwhile.
        Conflict: if what it cost fell due already.
    """
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    appointment = taking.lock(appointment.id)
    change = change_of(appointment, by.kind)
    if change is None or deed not in (None, change.deed):
        raise TooLateToUndo("This cannot be undone any more. Nothing was changed.")
    if change.deed == BOOK:
        return _take_back_booking(appointment, change, by)
    late.undone(appointment.id, change.sequence)
    if change.deed == MISS:
        return _was_there(appointment, change, by)
    if change.ripple_id is not None:
        return _undo_together(appointment, change.ripple_id, by=by)
    _check_windows(appointment, change)
    if barred := readiness.ahead_at(appointment, change.was_at).barred:
        raise readiness.GatesClosed(barred)
    taking.take_turns_on_week(appointment.kind, change.was_at)
    before = calendars.serving(appointment.id)
    place = _old_place(appointment, change)
    claims.release(appointment.id)
    try:
        taking.occupy(appointment.id, place[0], place[1])
    except taking.SlotTaken as gone:
        raise _gone() from gone

    _restore(appointment, change, place[1].ends_at)
    audit.record("appointment:undo", by=by, subject_id=appointment.id, deed=change.deed)
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
    telling.unsay(appointment)
    if left := tuple(each for each in before if each not in place[1].takes):
        calendars.bury(appointment, left, gone_at=appointment.changed_at)
    calendars.show(appointment, place[1].takes)
    return appointment


def _was_there(appointment: Appointment, change: SessionChange, by: Actor) -> Appointment:
    """Let a session that was marked missed stand again, with those who were to serve it."""
    if claims.take_again(appointment.id).refused:
        raise _gone()
    _restore(appointment, change, appointment.ends_at)
    audit.record("appointment:undo", by=by, subject_id=appointment.id, deed=MISS)
    late.unsay_missing(appointment)
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
    calendars.show(appointment, calendars.serving(appointment.id))
    course_steps.was_lost(appointment, by=by)
    return taking.lock(appointment.id)


def _take_back_booking(appointment: Appointment, change: SessionChange, by: Actor) -> Appointment:
    if payments_for(appointment.id):
        raise TooLateToUndo("A payment was asked for already. Cancel the session instead.")
    taken = calendars.serving(appointment.id)
    taking.become(appointment, S.CANCELLED)
    covering.let_go(appointment, by=by)
    taking.let_code_go(appointment)
    appointment.cancelled_at = clock.now()
    calendars.change(appointment)
    db.session.delete(change)
    db.session.flush()
    claims.release(appointment.id)
    audit.record("appointment:undo", by=by, subject_id=appointment.id, deed=BOOK)
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
    telling.unsay(appointment)
    calendars.bury(appointment, taken, gone_at=appointment.changed_at)
    return appointment


def _undo_together(appointment: Appointment, ripple_id: UUID, *, by: Actor) -> Appointment:
    """Give all sessions that moved together their old times back, and visits outside their dates.

    Raises:
        TooLateToUndo: if one of them, or their course, was changed since, or a time is gone.
        GatesClosed: if something that one of them asked for beforehand has been lost meanwhile.
    """
    changes = db.session.scalars(
        sa.select(SessionChange)
        .where(SessionChange.ripple_id == ripple_id)
        .order_by(SessionChange.appointment_id)
    ).all()
    _check_course(appointment, ripple_id, len(changes))
    sessions = [(taking.lock(each.appointment_id), each) for each in changes]
    before = {}
    for session, change in sessions:
        if change_of(session, by.kind) is None:
            raise TooLateToUndo("One of these sessions was changed since. Nothing was undone.")
        late.undone(session.id, change.sequence)
        taking.take_turns_on_week(session.kind, change.was_at)
        before[session.id] = calendars.serving(session.id)
    claims.release(*before)
    for session, change in sessions:
        length = session.ends_at - session.starts_at
        _restore(session, change, change.was_at + length)
    _check_gates(appointment, [session for session, _ in sessions])
    for session, _ in sessions:
        look, place = _place_at(session, session.starts_at)
        try:
            taking.occupy(session.id, look, place)
        except taking.SlotTaken as gone:
            raise _gone() from gone
        audit.record("appointment:undo", by=by, subject_id=session.id, deed=MOVE)
        if left := tuple(each for each in before[session.id] if each not in place.takes):
            calendars.bury(session, left, gone_at=session.changed_at)
        calendars.show(session, place.takes)
        if not telling.unsay(session):
            telling.unsay_ripple(session, ripple_id)
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
    return taking.lock(appointment.id)


def _check_gates(appointment: Appointment, sessions: Sequence[Appointment]) -> None:
    """Look, at their old times, at what sessions ask for before they may be booked at all."""
    if appointment.client_id is None:
        return
    ahead = readiness.ahead_together(appointment.client_id, sessions)
    if barred := [each for found in ahead.values() for each in found.barred]:
        raise readiness.GatesClosed(list(dict.fromkeys(barred)))


def _check_course(appointment: Appointment, ripple_id: UUID, count: int) -> None:
    """Give visits outside their dates back, if the course is still what the change made of it."""
    course = course_with(appointment.id)
    changes = changes_of(course.id) if course else []
    made = next((each for each in changes if each.facts.get("ripple") == str(ripple_id)), None)
    if course is None or made is None or not count or made.facts["version"] != course.version:
        raise TooLateToUndo("The course was changed since. Nothing was undone.")
    for row in course.steps:
        if row.key in made.facts["dates"]:
            was = made.facts["dates"][row.key]
            row.planned_on = date.fromisoformat(was) if was else None
    course.version += 1
    db.session.add(
        CourseChange(
            course_id=course.id, made_at=clock.now(), deed=Deed.UNDONE.value, facts={"count": count}
        )
    )


def _old_place(appointment: Appointment, change: SessionChange) -> tuple[Look, taking.Place]:
    return _place_at(appointment, change.was_at)


def _place_at(appointment: Appointment, starts_at: datetime) -> tuple[Look, taking.Place]:
    """Look for an old time, with whoever held it: as staff do, since it was good before."""
    look = look_at(
        appointment.service,
        appointment.modality,
        starts_at,
        client_id=appointment.client_id,
        as_staff=True,
        moving=appointment,
    )
    try:
        return look, taking.place_in(look, starts_at)
    except (taking.SlotTaken, taking.NotOffered) as gone:
        raise _gone() from gone


def _restore(appointment: Appointment, change: SessionChange, ends_at: datetime) -> None:
    was_state = S(change.was_state)
    if appointment.state is not was_state and change.deed in {CANCEL, MISS}:
        check_undo(appointment.state, was_state)
        appointment.state = was_state
        appointment.cancelled_at = appointment.off_why = None
        appointment.rest_is_credit = False
        if taking.has_code(appointment) and not promos.take_again(appointment.id):
            raise TooLateToUndo("Its code was used up meanwhile, so this cannot be undone.")
        covering.take_again(appointment, by=PROGRAM)
    appointment.starts_at, appointment.ends_at = change.was_at, ends_at
    appointment.override_reason = change.was_reason
    calendars.change(appointment)
    db.session.delete(change)
    db.session.flush()


def _check_windows(appointment: Appointment, change: SessionChange) -> None:
    """Refuse what became unsafe meanwhile, unless it stood outside the limits with a reason."""
    if appointment.client_id is None or change.was_reason is not None:
        return
    others, zone = sessions_of(appointment.client_id), get_practice().time_zone
    found = windows.findings(windows.at(appointment.placed, change.was_at), others, zone)
    if any(each.is_hard for each in found):
        raise _gone()


def _gone() -> TooLateToUndo:
    return TooLateToUndo("The time you had is not free any more, so this cannot be undone.")


def _find(appointment_id: UUID) -> SessionChange | None:
    change: SessionChange | None = db.session.scalar(
        sa.select(SessionChange).where(SessionChange.appointment_id == appointment_id)
    )
    return change
