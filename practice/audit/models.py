"""Audit entries. No foreign key to what they describe: an entry outlives its subject."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.db import Base, PracticeOwned


class AuditEntry(PracticeOwned, Base):
    """One deed, which the database refuses to change or delete.

    ``detail`` holds ids, states and dates, never clinical text.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.Index("ix_audit_entries_subject", "practice_id", "subject_id", "at"),
        sa.Index("ix_audit_entries_at", "practice_id", "at"),
    )

    at: Mapped[datetime]
    verb: Mapped[str] = mapped_column(sa.String(60))
    actor_kind: Mapped[str] = mapped_column(sa.String(20))
    actor_id: Mapped[UUID | None]
    subject_kind: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[UUID]
    detail: Mapped[dict[str, Any]]
