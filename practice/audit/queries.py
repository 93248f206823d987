"""Reading the audit log."""

from uuid import UUID

import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.audit.rules import Actor
from practice.core.db import db


def was_done(verb: str, subject_id: UUID, *, by: Actor) -> bool:
    """Say whether somebody has done this deed before: a second click is told from a conflict."""
    found = db.session.scalar(
        sa.select(AuditEntry.id)
        .where(
            AuditEntry.subject_id == subject_id,
            AuditEntry.verb == verb,
            AuditEntry.actor_id == by.id,
        )
        .limit(1)
    )
    return found is not None
