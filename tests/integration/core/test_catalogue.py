"""What the database itself says of its tables: keys, walls and guards."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Inspector
from sqlalchemy.engine import Connection

from practice import guards
from practice.core.db import Base, db

WITHOUT_PRACTICE = {"practices", "throttles", "parked_events", "alembic_version"}
NAMES_A_PRACTICE = {"doors"}  # what is looked up before a practice is known
MIGRATIONS = Path(__file__).parents[3] / "migrations" / "versions"

OWNED = sorted(guards.owned())


@pytest.fixture
def catalogue(inside: None) -> Iterator[Inspector]:
    with db.engine.connect() as connection:
        yield sa.inspect(connection)


@pytest.fixture
def connection(inside: None) -> Iterator[Connection]:
    with db.engine.connect() as connection:
        yield connection


def test_every_table_is_known_to_belong_to_a_practice_or_to_none(catalogue: Inspector) -> None:
    tables = set(catalogue.get_table_names())

    assert tables == {*guards.owned(), *WITHOUT_PRACTICE, *NAMES_A_PRACTICE}
    assert tables == {*Base.metadata.tables, "alembic_version"}


def test_a_row_is_known_by_its_practice_and_its_id(catalogue: Inspector) -> None:
    keys = {table: catalogue.get_pk_constraint(table)["constrained_columns"] for table in OWNED}

    assert keys == {table: ["practice_id", "id"] for table in OWNED}


def test_what_is_unique_is_unique_within_a_practice(catalogue: Inspector) -> None:
    constraints = [
        (table, list(key["column_names"]))
        for table in OWNED
        for key in catalogue.get_unique_constraints(table)
    ]
    indexes = [
        (table, list(index["column_names"]))
        for table in OWNED
        for index in catalogue.get_indexes(table)
        if index["unique"]
    ]

    unique = constraints + indexes
    assert len(unique) > 10
    assert [(table, key) for table, key in unique if key[0] != "practice_id"] == []


def test_no_row_can_point_into_another_practice(catalogue: Inspector) -> None:
    pointing = [
        (table, key["referred_table"], key["constrained_columns"], key["referred_columns"])
        for table in OWNED
        for key in catalogue.get_foreign_keys(table)
    ]

    to_practices = [(table, own, far) for table, to, own, far in pointing if to == "practices"]
    assert sorted(to_practices) == [(table, ["practice_id"], ["id"]) for table in OWNED]
    between = [(table, own, far) for table, to, own, far in pointing if to != "practices"]
    assert len(between) > 10
    assert [
        (table, own)
        for table, own, far in between
        if ("practice_id", "practice_id") not in zip(own, far, strict=True)
    ] == []


@pytest.mark.database("postgresql")
def test_what_may_not_overlap_may_not_overlap_within_a_practice(connection: Connection) -> None:
    exclusions = connection.execute(
        sa.text("""
            SELECT conname, attname FROM pg_constraint
            JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
            WHERE contype = 'x'
        """)
    ).all()

    assert [tuple(row) for row in exclusions] == [("claims_no_overlap", "practice_id")]


def test_every_check_has_a_name(catalogue: Inspector) -> None:
    # A batch migration on SQLite loses those that have none.
    unnamed = [
        (table, check["sqltext"])
        for table in catalogue.get_table_names()
        for check in catalogue.get_check_constraints(table)
        if not check["name"]
    ]

    assert unnamed == []


def test_the_database_has_every_guard_and_no_other(connection: Connection) -> None:
    found = guards.found(connection)

    assert found == guards.expected(connection.dialect.name)
    assert guards.missing(connection) == []


def test_a_guard_that_is_gone_is_missed(connection: Connection) -> None:
    drop = {
        "sqlite": "DROP TRIGGER claims_no_overlap_update",
        "postgresql": "SET LOCAL ROLE NONE; ALTER TABLE claims DROP CONSTRAINT claims_no_overlap",
    }
    connection.exec_driver_sql(drop[connection.dialect.name])

    names = {"sqlite": "claims_no_overlap_update", "postgresql": "claims_no_overlap"}
    assert guards.missing(connection) == [names[connection.dialect.name]]


@pytest.mark.database("postgresql")
@pytest.mark.parametrize(
    ("weaken", "missed"),
    [
        ("ALTER TABLE clients NO FORCE ROW LEVEL SECURITY", "clients is forced to ask its policy"),
        ("ALTER TABLE clients DISABLE ROW LEVEL SECURITY", "clients is forced to ask its policy"),
        ("DROP POLICY clients_stays_in_practice ON clients", "clients_stays_in_practice"),
        ("ALTER TABLE invoices DISABLE TRIGGER invoices_is_frozen", "invoices_is_frozen"),
    ],
)
def test_a_guard_that_sleeps_is_missed(connection: Connection, weaken: str, missed: str) -> None:
    connection.exec_driver_sql(f"SET LOCAL ROLE NONE; {weaken}")

    assert guards.missing(connection) == [missed]


@pytest.mark.database("postgresql")
def test_every_policy_says_the_same_for_reading_and_writing(connection: Connection) -> None:
    rows = connection.execute(
        sa.text("SELECT tablename, permissive, cmd, qual, with_check FROM pg_policies")
    ).all()

    here = "(NULLIF(current_setting('app.practice_id'::text, true), ''::text))::uuid"
    key = dict.fromkeys(OWNED, "practice_id") | {"practices": "id"}
    assert {row.tablename for row in rows} == guards.owned() - guards.OUTSIDE | {"practices"}
    for row in rows:
        rule = f"({key[row.tablename]} = {here})"
        assert (row.permissive, row.cmd) == ("PERMISSIVE", "ALL")
        assert (row.qual, row.with_check) == (rule, rule)


@pytest.mark.database("postgresql")
def test_the_program_acts_as_a_role_that_no_wall_lets_through(connection: Connection) -> None:
    role = connection.execute(sa.text("SELECT * FROM pg_roles WHERE rolname = current_user")).one()

    assert role.rolname == "sanctuary_app"
    assert not any(
        (role.rolsuper, role.rolbypassrls, role.rolcanlogin, role.rolcreatedb, role.rolcreaterole)
    )


@pytest.mark.database("postgresql")
def test_the_program_owns_no_table_and_may_not_empty_one(connection: Connection) -> None:
    mine = connection.scalars(
        sa.text("SELECT tablename FROM pg_tables WHERE tableowner = current_user")
    )
    emptying = connection.scalars(
        sa.text("""
            SELECT relname FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
              AND has_table_privilege(oid, 'TRUNCATE')
        """)
    )

    assert (mine.all(), emptying.all()) == ([], [])


def test_the_list_of_frozen_tables_is_what_the_migrations_freeze() -> None:
    frozen, gone = (
        [
            name
            for path in MIGRATIONS.glob("*.py")
            for found in re.findall(
                rf"^{named} = \((.*?)\)", path.read_text(), re.DOTALL | re.MULTILINE
            )
            for name in re.findall(r'"(\w+)"', found)
        ]
        for named in ("FROZEN", "GONE")
    )

    assert sorted(set(frozen) - set(gone)) == sorted(guards.FROZEN)
