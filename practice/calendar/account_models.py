"""What changed in calendars that programs keep in step with, session by session."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from practice.core.db import Base, PracticeOwned


class CalendarChange(PracticeOwned, Base):
    """In which version of an account's calendar a session changed last: came, moved or went.

    One row for each session that the account has ever shown, until it is forgotten.
    """

    __tablename__ = "calendar_changes"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "subscription_id", "session_id"),
        sa.ForeignKeyConstraint(
            ["practice_id", "subscription_id"],
            ["feed_subscriptions.practice_id", "feed_subscriptions.id"],
        ),
        sa.Index("ix_calendar_changes_version", "practice_id", "subscription_id", "version"),
    )

    subscription_id: Mapped[UUID]
    session_id: Mapped[UUID]
    version: Mapped[int]
    changed_at: Mapped[datetime]
