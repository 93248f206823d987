"""Asking for calendars to be told by mail: jobs of the transaction that changes a session."""

from __future__ import annotations

from uuid import UUID

from practice.core import clock
from practice.outbox import service as outbox
from practice.outbox.rules import UNDO_FOR

STAFF_JOB, CLIENT_JOB = "invite-staff", "invite-client"


def invite_staff(session_id: UUID, sequence: int) -> None:
    """Have those told who take a session's news by mail, once it cannot be undone any more."""
    _ask(STAFF_JOB, session_id, sequence)


def invite_staff_again(session_id: UUID, reader_id: UUID) -> None:
    """Have a session told to somebody who takes news by mail from now on."""
    outbox.enqueue(STAFF_JOB, key=f"{STAFF_JOB}:{session_id}:{reader_id}", subject_id=session_id)


def invite_client(session_id: UUID, sequence: int) -> None:
    """Have a session's client told, if no other mail has brought it by then."""
    _ask(CLIENT_JOB, session_id, sequence)


def _ask(job: str, session_id: UUID, sequence: int) -> None:
    key = f"{job}:{session_id}:{sequence}"
    outbox.enqueue(job, key=key, subject_id=session_id, at=clock.now() + UNDO_FOR)
