"""Notes to a session, for everybody who runs the day. Called inside ``transaction()``."""

from __future__ import annotations

from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.sessions.models import Appointment, SessionNote
from practice.sessions.queries.notes import newest_note
from practice.sessions.service.taking import lock


class WrittenMeanwhile(Conflict):
    """Somebody else has written since the note was shown; ``text`` is theirs."""

    def __init__(self, note: SessionNote) -> None:
        super().__init__("Somebody else has just written here. Put both together.")
        self.note = note


def write(appointment: Appointment, text: str, *, seen: UUID | None, by: Actor) -> None:
    """Write what everybody should know about a session, in the place of what was there.

    ``seen`` is the note that the page showed. What was there stays as history. Writing the same
    again changes nothing.

    Raises:
        WrittenMeanwhile: if another note came after the one that was ``seen``.
    """
    if by.id is None:
        raise RuntimeError("notes are written by people")
    appointment = lock(appointment.id)
    newest = newest_note(appointment.id)
    if newest is not None and newest.text == text:
        return
    if newest is not None and newest.id != seen:
        raise WrittenMeanwhile(newest)
    if newest is None and not text:
        return
    note = SessionNote(
        appointment_id=appointment.id, text=text, written_at=clock.now(), written_by=by.id
    )
    db.session.add(note)
    db.session.flush()
    audit.record("appointment:note", by=by, subject_id=appointment.id)
