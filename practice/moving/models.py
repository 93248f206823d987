"""Imports and exports as rows: what was brought over in one go, and what was taken away."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, deferred, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.moving.rules.runs import ExportState, RunState, What


class ImportRun(PracticeOwned, Base):
    """One file, from its upload to its last row. The file itself is kept sealed until then.

    ``choices`` says which column is which, ``notes`` what was left out and why: pairs of a row's
    number and words that name nobody. ``done`` counts the rows that were worked on.
    """

    __tablename__ = "import_runs"
    __table_args__ = (sa.Index("ix_import_runs_created", "practice_id", "created_at"),)

    what: Mapped[What] = mapped_column(enum_by_value(What))
    state: Mapped[RunState] = mapped_column(enum_by_value(RunState))
    file_name: Mapped[str] = mapped_column(sa.String(120))
    body_sealed: Mapped[bytes | None] = deferred(mapped_column(sa.LargeBinary))
    choices: Mapped[dict[str, Any]]
    notes: Mapped[dict[str, Any]]
    total: Mapped[int]
    done: Mapped[int]
    added: Mapped[int]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    body = Sealed("body_sealed")


class ImportRow(PracticeOwned, Base):
    """What one row of a file became: a client, a session held elsewhere, a balance, a block."""

    __tablename__ = "import_rows"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "run_id"], ["import_runs.practice_id", "import_runs.id"]
        ),
        sa.Index("ix_import_rows_run", "practice_id", "run_id"),
    )

    run_id: Mapped[UUID]
    number: Mapped[int]
    made_id: Mapped[UUID]


class ExportRun(PracticeOwned, Base):
    """All data of the practice in one file, for whoever asked, until ``ends_at``.

    Only the sign-in that asked for it, with the password, may take it away.
    """

    __tablename__ = "export_runs"
    __table_args__ = (sa.Index("ix_export_runs_created", "practice_id", "created_at"),)

    state: Mapped[ExportState] = mapped_column(enum_by_value(ExportState))
    asked_by: Mapped[UUID]
    sign_in_id: Mapped[UUID]
    bytes_long: Mapped[int]
    tables: Mapped[int]
    papers: Mapped[int]
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]


class ExportChunk(PracticeOwned, Base):
    """A piece of the file, sealed. Any worker can write them, any web server read them."""

    __tablename__ = "export_chunks"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "export_id"], ["export_runs.practice_id", "export_runs.id"]
        ),
        sa.UniqueConstraint("practice_id", "export_id", "position"),
    )

    export_id: Mapped[UUID]
    position: Mapped[int]
    body_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)

    body = Sealed("body_sealed")  # base64
