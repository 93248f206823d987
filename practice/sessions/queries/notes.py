"""Reading the notes to sessions."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.people.models import User
from practice.sessions.models import SessionNote

NEWEST_FIRST = (SessionNote.written_at.desc(), SessionNote.id)


@dataclass(frozen=True, slots=True)
class Written:
    """A note and the name of who wrote it."""

    note: SessionNote
    who: str


def newest_note(appointment_id: UUID) -> SessionNote | None:
    """Return the note that counts, if there is one."""
    note: SessionNote | None = db.session.scalar(
        sa.select(SessionNote)
        .where(SessionNote.appointment_id == appointment_id)
        .order_by(*NEWEST_FIRST)
        .limit(1)
    )
    return note


def notes_of(appointment_id: UUID) -> list[Written]:
    """Return every note that a session ever had, the one that counts first. One statement."""
    rows = db.session.execute(
        sa.select(SessionNote, User.name)
        .join(User, User.id == SessionNote.written_by)
        .where(SessionNote.appointment_id == appointment_id)
        .order_by(*NEWEST_FIRST)
    )
    return [Written(note, name) for note, name in rows]
