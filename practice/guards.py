"""What the database itself must refuse, and whether it still does.

A later migration that copies a table drops its triggers without a word, so the program knows the
names of all guards that the migrations make, and does not serve without them.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from practice.core.db import Base, PracticeOwned

OUTSIDE = frozenset({"jobs"})
"""Owned tables without a wall: a worker looks for what is due before it knows whose it is."""

FROZEN = frozenset(
    {
        "audit_entries",
        "card_consents",
        "document_files",
        "document_items",
        "documents",
        "gate_overrides",
        "invoice_lines",
        "invoices",
        "journals",
        "kept_exports",
        "kept_pieces",
        "ledger_entries",
        "receipts",
        "stored_papers",
        "unit_entries",
    }
)
"""Tables whose rows are only ever added."""


OF_THE_BOOKS = ("journals_add_up", "journals_come_in_time", "ledger_entries_come_first")


def owned() -> frozenset[str]:
    """Return the tables whose every row belongs to one practice."""
    return frozenset(
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, PracticeOwned) and isinstance(mapper.local_table, sa.Table)
    )


def expected(dialect: str) -> frozenset[str]:
    """Return the names of all guards that the migrations make on ``dialect``."""
    walled = owned() - OUTSIDE | {"practices"}
    if dialect == "sqlite":
        return frozenset(
            [
                *(f"{table}_stays_in_practice_{when}" for table in walled for when in WRITES),
                *(f"{table}_is_frozen_{when}" for table in FROZEN for when in WRITES[1:]),
                *(f"claims_no_overlap_{when}" for when in WRITES[:2]),
                "unit_entries_follow_on",
                *(f"{guard}_insert" for guard in OF_THE_BOOKS),
            ]
        )
    return frozenset(
        [
            *(f"{table}_stays_in_practice" for table in walled),
            *(f"{table} is forced to ask its policy" for table in walled),
            *(f"{table}_is_frozen" for table in FROZEN),
            *(f"{table}_is_kept" for table in FROZEN),
            "claims_no_overlap",
            "unit_entries_follow_on",
            *OF_THE_BOOKS,
        ]
    )


WRITES = ("insert", "update", "delete")

FIND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT polname FROM pg_policy
        UNION ALL
        SELECT relname || ' is forced to ask its policy' FROM pg_class
            WHERE relrowsecurity AND relforcerowsecurity
        UNION ALL
        SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
        UNION ALL
        SELECT conname FROM pg_constraint WHERE contype = 'x'
    """,
}


def found(connection: Connection) -> frozenset[str]:
    """Return the names of all guards that the database has."""
    return frozenset(connection.scalars(sa.text(FIND[connection.dialect.name])))


def missing(connection: Connection) -> list[str]:
    """Return the names of the guards that the database lacks, in order."""
    return sorted(expected(connection.dialect.name) - found(connection))
