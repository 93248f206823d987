"""How a practice wants its exports, which months are locked, and what was handed out of them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned


class ExportWays(PracticeOwned, Base):
    """How a practice wants its files, one row each: ``terms`` is ``rules.export_ways.Ways``."""

    __tablename__ = "export_ways"
    __table_args__ = (sa.UniqueConstraint("practice_id"),)

    terms: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]


class MonthLock(PracticeOwned, Base):
    """A month that is closed, from ``locked_at`` on, until ``unlocked_at`` if ever.

    ``first_on`` is its first day. ``totals`` are what the books said of it: debit and credit in
    cents by account. While it stands, the database takes no journal of it or of a day before it.
    """

    __tablename__ = "month_locks"
    __table_args__ = (
        sa.Index(
            "uq_month_locks_standing",
            "practice_id",
            "first_on",
            unique=True,
            sqlite_where=sa.text("unlocked_at IS NULL"),
            postgresql_where=sa.text("unlocked_at IS NULL"),
        ),
    )

    first_on: Mapped[date]
    totals: Mapped[dict[str, Any]]
    locked_at: Mapped[datetime]
    locked_by: Mapped[UUID | None]
    unlocked_at: Mapped[datetime | None]
    unlocked_by: Mapped[UUID | None]
    unlock_reason: Mapped[str] = mapped_column(sa.String(200), default="")


class KeptExport(PracticeOwned, Base):
    """A file of a locked month, kept as it was made first. ``sums`` are its totals in cents.

    ``sha256`` (hex) is that of the file itself; it lies compressed and sealed in pieces.
    """

    __tablename__ = "kept_exports"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "lock_id"], ["month_locks.practice_id", "month_locks.id"]
        ),
        sa.UniqueConstraint("practice_id", "lock_id", "kind"),
    )

    lock_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(120))
    rows: Mapped[int]
    sums: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    bytes_long: Mapped[int]
    made_at: Mapped[datetime]


class KeptPiece(PracticeOwned, Base):
    """A piece of a kept file: compressed, in base64, sealed, because files name clients."""

    __tablename__ = "kept_pieces"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "export_id"], ["kept_exports.practice_id", "kept_exports.id"]
        ),
        sa.UniqueConstraint("practice_id", "export_id", "position"),
    )

    export_id: Mapped[UUID]
    position: Mapped[int]
    body_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)

    body = Sealed("body_sealed")
