"""Taking a booking, a move or a cancellation back, for three minutes, as though it had not been.

Until then nobody is told, and no money goes back. What is taken back keeps its place in the
history: undoing is a deed too.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor, ActorKind
from practice.billing.queries import payments_for
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.outbox.rules import UNDO_FOR
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, SessionChange
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.times import Look, look_at
from practice.sessions.rules import windows
from practice.sessions.rules.lifecycle import AppointmentState, check_undo
from practice.sessions.service import readiness, taking, telling

S = AppointmentState
BOOK, MOVE, CANCEL = "book", "move", "cancel"


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
) -> None:
    """Keep what a session was before a change that was just made to it.

    Call in the transaction of the change, behind it.
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


def undo(appointment: Appointment, *, by: Actor) -> Appointment:
    """Give a session back the time and the state that it had. Call inside ``transaction()``.

    One that was just booked had none: it is cancelled, without a fee and without a word.

    Raises:
        TooLateToUndo: if there is nothing that they may take back any more, or its time is gone.
        GatesClosed: if something that it asked for beforehand has been lost meanwhile.
    """
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    appointment = taking.lock(appointment.id)
    change = change_of(appointment, by.kind)
    if change is None:
        raise TooLateToUndo("This cannot be undone any more. Nothing was changed.")
    if change.deed == BOOK:
        return _take_back_booking(appointment, change, by)
    _check_windows(appointment, change)
    if barred := readiness.ahead_at(appointment, change.was_at).barred:
        raise readiness.GatesClosed(barred)
    taking.take_turns_on_week(appointment.kind, change.was_at)
    before = telling.serving(appointment.id)
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
    if left := tuple(each for each in before if each not in place[1].people):
        telling.bury(appointment, left, gone_at=appointment.changed_at)
    telling.show(appointment, place[1].people)
    return appointment


def _take_back_booking(appointment: Appointment, change: SessionChange, by: Actor) -> Appointment:
    if payments_for(appointment.id):
        raise TooLateToUndo("A payment was asked for already. Cancel the session instead.")
    people = telling.serving(appointment.id)
    taking.become(appointment, S.CANCELLED)
    appointment.cancelled_at = clock.now()
    telling.change(appointment)
    db.session.delete(change)
    db.session.flush()
    claims.release(appointment.id)
    audit.record("appointment:undo", by=by, subject_id=appointment.id, deed=BOOK)
    if appointment.client_id is not None and appointment.kind in GIVES_MEDICINE:
        readiness.reconsider(appointment.client_id, by)
    telling.unsay(appointment)
    telling.bury(appointment, people, gone_at=appointment.changed_at)
    return appointment


def _old_place(appointment: Appointment, change: SessionChange) -> tuple[Look, taking.Place]:
    """Look for the old time, with whoever held it: as staff do, since it was good before."""
    look = look_at(
        appointment.service,
        appointment.modality,
        change.was_at,
        client_id=appointment.client_id,
        as_staff=True,
        moving=appointment,
    )
    try:
        return look, taking.place_in(look, change.was_at)
    except (taking.SlotTaken, taking.NotOffered) as gone:
        raise _gone() from gone


def _restore(appointment: Appointment, change: SessionChange, ends_at: datetime) -> None:
    was_state = S(change.was_state)
    if appointment.state is not was_state and change.deed == CANCEL:
        check_undo(appointment.state, was_state)
        appointment.state = was_state
        appointment.cancelled_at = None
    appointment.starts_at, appointment.ends_at = change.was_at, ends_at
    appointment.override_reason = change.was_reason
    telling.change(appointment)
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
