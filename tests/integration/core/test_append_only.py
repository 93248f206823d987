"""What is issued or noted down is only ever added to, whoever asks."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from practice import guards
from practice.audit.models import AuditEntry
from practice.audit.rules import PROGRAM
from practice.audit.service import record
from practice.core.db import Base, UtcDateTime, db, practice_scope, transaction
from tests import factories
from tests.integration.core.conftest import House

KEPT = r"append-only|permission denied"


@pytest.fixture
def entry(here: House) -> UUID:
    with factories.made(here.practice):
        record("client:add", by=PROGRAM, subject_id=here.client.id, source="a test")
    with practice_scope(here.practice.id):
        return db.session.scalars(sa.select(AuditEntry.id)).one()


def entries() -> list[tuple[str, dict[str, Any]]]:
    return [(row.verb, row.detail) for row in db.session.scalars(sa.select(AuditEntry))]


WRITES = {
    "through a row": "row",
    "through a statement": sa.update(AuditEntry).values(verb="client:nothing"),
    "as a removal": sa.delete(AuditEntry),
    "as plain SQL": sa.text("UPDATE audit_entries SET verb = 'client:nothing'"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_an_entry_is_neither_changed_nor_removed(here: House, entry: UUID, write: Any) -> None:
    def change() -> None:
        if write == "row":
            db.session.scalars(sa.select(AuditEntry)).one().verb = "client:nothing"
            db.session.flush()
        else:
            db.session.execute(write)

    with practice_scope(here.practice.id):
        with pytest.raises(DBAPIError, match=KEPT), transaction():
            change()

        assert entries() == [("client:add", {"source": "a test"})]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE INTO", "REPLACE INTO"])
def test_an_entry_is_not_replaced(here: House, entry: UUID, verb: str) -> None:
    # Needs recursive_triggers: without them the removal inside REPLACE wakes no trigger.
    again = f"{verb} audit_entries SELECT * FROM audit_entries"
    with practice_scope(here.practice.id):
        with pytest.raises(DBAPIError, match=KEPT), transaction():
            db.session.execute(sa.text(again))

        assert entries() == [("client:add", {"source": "a test"})]


def test_what_is_noted_down_goes_with_what_it_is_about(here: House) -> None:
    def fail() -> None:
        record("client:add", by=PROGRAM, subject_id=here.client.id)
        db.session.flush()
        raise KeyError

    with practice_scope(here.practice.id):
        with pytest.raises(KeyError), transaction():
            fail()

        assert entries() == []


# Every table that is frozen ----------------------------------------------------------------------

GUARDED = dict(zip(guards.OF_THE_BOOKS, ("journals", "journals", "ledger_entries"), strict=True))
SAMPLES: dict[type, Any] = {
    UtcDateTime: datetime(2026, 3, 2, tzinfo=UTC),
    sa.Date: date(2026, 3, 2),
    sa.Integer: 1,
    sa.JSON: {},
    sa.LargeBinary: b"x",
    sa.String: "x",
    sa.Uuid: UUID(int=7),
}


def sample(column: sa.Column[Any], practice_id: UUID) -> Any:
    """Return something that fits into a column."""
    if column.name == "practice_id":
        return practice_id
    if isinstance(column.type, sa.Enum):
        return next(iter(column.type.enum_class or ()))
    return next(value for kind, value in SAMPLES.items() if isinstance(column.type, kind))


def let_anything_in(connection: Connection) -> None:
    """Do without references and checks until the end, so that a row may stand by itself."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for guard in guards.OF_THE_BOOKS:
            connection.exec_driver_sql(f"DROP TRIGGER {guard}_insert")  # until the rollback
        return
    connection.exec_driver_sql("RESET ROLE")
    for guard in guards.OF_THE_BOOKS:
        connection.exec_driver_sql(f"DROP TRIGGER {guard} ON {GUARDED[guard]}")
    for table, name in connection.execute(
        sa.text("""
            SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype IN ('f', 'c') AND conrelid::regclass::text = ANY(:tables)
        """),
        {"tables": sorted(guards.FROZEN)},
    ).all():
        connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_no_frozen_row_is_changed_even_by_the_owner_of_the_tables(
    here: House, statement: str
) -> None:
    refused = {}
    with practice_scope(here.practice.id):
        connection = db.session.connection()
        let_anything_in(connection)
        for name in sorted(guards.FROZEN):
            table = Base.metadata.tables[name]
            row = {c.name: sample(c, here.practice.id) for c in table.columns if not c.nullable}
            with connection.begin_nested():
                connection.execute(sa.insert(table).values(row))
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(statement.format(name))
            except DBAPIError as error:
                refused[name] = f"{name} is append-only" in str(error.orig)
        db.session.rollback()

    assert refused == dict.fromkeys(guards.FROZEN, True)


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("table", sorted(guards.FROZEN))
def test_no_frozen_table_is_emptied_even_by_its_owner(here: House, table: str) -> None:
    with (
        practice_scope(here.practice.id),
        pytest.raises(DBAPIError, match=f"{table} is append-only|cannot truncate"),
    ):
        db.session.connection().exec_driver_sql(f"RESET ROLE; TRUNCATE {table} CASCADE")


@pytest.mark.database("postgresql")
def test_the_program_lacks_the_right_to_change_what_is_frozen(here: House) -> None:
    rights = {
        table: db.session.scalar(
            sa.text(
                f"SELECT has_table_privilege('{table}', 'UPDATE')"
                f" OR has_table_privilege('{table}', 'DELETE')"
            )
        )
        for table in guards.FROZEN
    }

    assert rights == dict.fromkeys(guards.FROZEN, False)
