"""Jobs, messages and tasks as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.outbox.rules import JobState, MessageState


class Job(PracticeOwned, Base):
    """Work to be done once by a worker, at or after ``at``.

    The table lies outside row-level security, since a worker looks for what is due before it
    knows whose it is; it therefore holds ids alone. ``key`` makes asking twice harmless. A job
    whose ``leased_until`` has passed belongs to a dead worker and is taken over.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "key"),
        sa.Index("ix_jobs_due", "state", "at"),
    )

    kind: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str] = mapped_column(sa.String(120))
    subject_id: Mapped[UUID | None]
    at: Mapped[datetime]
    state: Mapped[JobState] = mapped_column(enum_by_value(JobState), default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    error: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Message(PracticeOwned, Base):
    """A mail to one person.

    ``name`` is its folder under ``templates/email``; the text is made when it is sent, from
    ``facts`` (ids, instants, amounts; nothing clinical) and the rows they name. ``key`` makes
    asking twice harmless, ``id`` is the stable Message-ID.
    """

    __tablename__ = "messages"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "key"),
        sa.Index("ix_messages_about", "practice_id", "about_id"),
        sa.Index("ix_messages_created", "practice_id", "created_at"),
    )

    name: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str] = mapped_column(sa.String(120))
    to_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    about_id: Mapped[UUID]
    client_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]]
    state: Mapped[MessageState] = mapped_column(
        enum_by_value(MessageState), default=MessageState.WAITING
    )
    error: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # not before; empty for what goes at once
    sent_at: Mapped[datetime | None]

    to = Sealed("to_sealed")


class Task(PracticeOwned, Base):
    """Something a person must do: what, about whom, due, done by."""

    __tablename__ = "tasks"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "key"),
        sa.Index("ix_tasks_open", "practice_id", "done_at", "due_at"),
    )

    kind: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str] = mapped_column(sa.String(120))
    what: Mapped[str] = mapped_column(sa.String(300))
    client_id: Mapped[UUID | None]
    about_id: Mapped[UUID | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
