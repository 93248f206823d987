"""Days that close: courses move as was shown, other sessions are cancelled or wait for a person.

Call inside ``transaction()``, behind the change itself: all of it is done, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.outbox import service as outbox
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, ripples
from practice.sessions.service.ripples import Change

S = AppointmentState
WAIVED = "weather_closure"
"""Why nothing is charged: ``waived_reasons`` of the shipped terms of cancelling."""

TASK = "session-outside-hours"


@dataclass(frozen=True, slots=True)
class PutRight:
    """One course and the moves that put it right."""

    course_id: UUID
    change: Change


@dataclass(frozen=True, slots=True)
class Storm:
    """What was chosen: courses that move, sessions that are cancelled, and those left to people."""

    courses: tuple[PutRight, ...] = ()
    cancelled: tuple[UUID, ...] = ()
    kept: tuple[UUID, ...] = ()


def put_right(storm: Storm, *, by: Actor) -> None:
    """Move, cancel and put on the list what was chosen. No fee is charged for any of it.

    Raises:
        Stale: if a course or the calendar is not what it was.
        Conflict: if a session has begun, or is over.
    """
    for each in sorted(storm.courses, key=lambda one: one.course_id):
        ripples.carry_out(each.course_id, each.change, by=by)
    for session_id in sorted(storm.cancelled):
        session = get_appointment(session_id)
        if session.state is not S.CANCELLED:
            booking.cancel(session, by=by)
            audit.record("appointment:waive", by=by, subject_id=session_id, why=WAIVED)
    for session_id in sorted(storm.kept):
        session = get_appointment(session_id)
        outbox.assign(
            TASK,
            key=f"{TASK}:{session_id}:{session.sequence}",
            what="A session lies on a day or at an hour that was closed. Move it, or cancel it.",
            due_at=clock.now(),
            client_id=session.client_id,
            about_id=session_id,
        )
