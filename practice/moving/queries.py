"""Reading imports and exports."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.core.errors import NotFound
from practice.moving.models import ExportRun, ImportRow, ImportRun
from practice.moving.rules.runs import RunState

RUNS_SHOWN = 20


def get_import(run_id: UUID) -> ImportRun:
    """Return one import.

    Raises:
        NotFound: if there is none, or it is another practice's.
    """
    run = db.session.scalar(sa.select(ImportRun).where(ImportRun.id == run_id))
    if run is None:
        raise NotFound("There is no such import.")
    return run


def lock_import(run_id: UUID) -> ImportRun:
    """Return one import as it is now, kept still until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    run = db.session.scalar(sa.select(ImportRun).where(ImportRun.id == run_id).with_for_update())
    if run is None:
        raise NotFound("There is no such import.")
    return run


def imports() -> list[ImportRun]:
    """Return the newest imports, those aside that were thrown away."""
    return list(
        db.session.scalars(
            sa.select(ImportRun)
            .where(ImportRun.state != RunState.DISCARDED)
            .order_by(ImportRun.created_at.desc(), ImportRun.id)
            .limit(RUNS_SHOWN)
        )
    )


def made_by(run_id: UUID) -> list[UUID]:
    """Return what an import made, in the order of its rows."""
    return list(
        db.session.scalars(
            sa.select(ImportRow.made_id)
            .where(ImportRow.run_id == run_id)
            .order_by(ImportRow.number, ImportRow.id)
        )
    )


def get_export(export_id: UUID) -> ExportRun:
    """Return one export.

    Raises:
        NotFound: if there is none, or it is another practice's.
    """
    run = db.session.scalar(sa.select(ExportRun).where(ExportRun.id == export_id))
    if run is None:
        raise NotFound("There is no such export.")
    return run


def exports() -> list[ExportRun]:
    """Return the newest exports."""
    return list(
        db.session.scalars(
            sa.select(ExportRun).order_by(ExportRun.created_at.desc(), ExportRun.id).limit(10)
        )
    )
