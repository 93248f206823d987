"""Reading which months are locked, what was kept of them, and how the practice wants its files."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.billing.export_models import ExportWays, KeptExport, MonthLock
from practice.billing.rules.export_ways import Ways, from_terms
from practice.core.db import db


def locked() -> date | None:
    """Return the first day of the last month that is locked, if any is."""
    return db.session.scalar(
        sa.select(sa.func.max(MonthLock.first_on)).where(MonthLock.unlocked_at.is_(None))
    )


def standing(first_on: date) -> MonthLock | None:
    """Return the lock of a month, by its first day, if it is locked."""
    return db.session.scalar(
        sa.select(MonthLock).where(MonthLock.first_on == first_on, MonthLock.unlocked_at.is_(None))
    )


def all_locks() -> list[MonthLock]:
    """Return every lock there ever was, of the newest month first."""
    return list(
        db.session.scalars(
            sa.select(MonthLock).order_by(MonthLock.first_on.desc(), MonthLock.locked_at.desc())
        )
    )


def kept(lock_id: UUID) -> list[KeptExport]:
    """Return the files that are kept of a locked month."""
    return list(
        db.session.scalars(
            sa.select(KeptExport).where(KeptExport.lock_id == lock_id).order_by(KeptExport.kind)
        )
    )


def find_ways() -> ExportWays | None:
    """Return the row that says how the practice wants its files, if it ever said so."""
    return db.session.scalar(sa.select(ExportWays))


def ways() -> Ways:
    """Return how the practice wants its files; as shipped where it never said."""
    row = find_ways()
    return from_terms(row.terms) if row is not None else Ways()
