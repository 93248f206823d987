"""The words that a practice has put in the place of the shipped ones."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.db import Base, PracticeOwned
from practice.messages.rules.wording import LONGEST_SUBJECT, LONGEST_TEXT


class Wording(PracticeOwned, Base):
    """One version of a practice's own words for one mail; the highest version is in use.

    Without a ``subject`` the shipped one is used. ``text`` is what the practice adds: paragraphs
    with blank lines between, names in braces. Versions are only ever added.
    """

    __tablename__ = "wordings"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "written_by"], ["users.practice_id", "users.id"]),
        sa.UniqueConstraint("practice_id", "name", "version"),
    )

    name: Mapped[str] = mapped_column(sa.String(60))  # the folder under templates/email
    version: Mapped[int]
    subject: Mapped[str | None] = mapped_column(sa.String(LONGEST_SUBJECT))
    text: Mapped[str] = mapped_column(sa.String(LONGEST_TEXT))
    written_at: Mapped[datetime]
    written_by: Mapped[UUID]

    @property
    def is_shipped(self) -> bool:
        return self.subject is None and not self.text
