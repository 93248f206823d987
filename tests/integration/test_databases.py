"""The databases of the tests themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from config import Config
from practice.app import create_app
from practice.audit.models import AuditEntry
from practice.core.db import db
from tests import databases, factories, handed_on


@pytest.fixture
def kind(database_url: str) -> str:
    return sa.make_url(database_url).get_backend_name()


@contextmanager
def opened(database_url: str) -> Iterator[sa.Connection]:
    """Connect past every guard that there is, as nobody does from the program."""
    engine = sa.create_engine(database_url)
    if engine.dialect.name == "postgresql" and databases.lets_us_be_superuser():
        engine = sa.create_engine(engine.url, creator=lambda: databases.superuser(database_url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def tables(database_url: str) -> set[str]:
    with opened(database_url) as connection:
        return set(sa.inspect(connection).get_table_names())


def rows(database_url: str) -> dict[str, int]:
    """Count what is in each table, whoever it belongs to."""
    with opened(database_url) as connection:
        return {
            name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0
            for name in sa.inspect(connection).get_table_names()
        }


def work(database_url: str) -> int:
    """Do what tests do; return how much of it may never be changed or deleted."""
    app = create_app(Config.from_env(databases.settings(database_url)))
    with app.app_context():
        with factories.made(factories.create_practice()):
            factories.furnish()
            factories.assign_call(factories.create_client())
            frozen = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
        db.session.remove()
        db.engine.dispose()
    return frozen or 0


def test_a_fresh_database_is_migrated_and_knows_nothing_of_another(
    database_url: str, kind: str
) -> None:
    with opened(database_url) as connection:
        connection.execute(sa.text("CREATE TABLE only_here (n INTEGER)"))

    with databases.fresh(kind) as another:
        others = tables(another)

    assert "alembic_version" in others
    assert tables(database_url) - others == {"only_here"}


def test_a_test_leaves_nothing_to_the_next(database_url: str, kind: str) -> None:
    with handed_on.database(kind) as first:
        frozen = work(first)
        doors = rows(first)["doors"]
    with handed_on.database(kind) as second:
        left = rows(second)

    assert frozen > 0
    assert doors == 1
    assert {name: count for name, count in left.items() if count} == {"alembic_version": 1}
    assert (first == second) == (kind == "postgresql" and databases.lets_us_be_superuser())


@pytest.mark.database("postgresql")
def test_whoever_is_still_connected_when_a_test_ends_is_thrown_out(kind: str) -> None:
    with handed_on.database(kind) as first:
        url = sa.make_url(first).set(drivername="postgresql")
        forgotten = psycopg.connect(url.render_as_string(hide_password=False))
        forgotten.execute("LOCK TABLE clients")

    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("SELECT 1")
    forgotten.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE clients ALTER COLUMN email TYPE varchar(9)",
        "ALTER TABLE claims DROP CONSTRAINT claims_no_overlap",
        "ALTER TABLE clients NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE invoices DISABLE TRIGGER USER",
        "CREATE TABLE only_here (n INTEGER)",
        "DROP INDEX ix_claims_holder",
        "DROP POLICY clients_stays_in_practice ON clients",
        "DROP TABLE jobs",
        "DROP TRIGGER invoices_is_frozen ON invoices",
        "GRANT DELETE ON invoices TO sanctuary_app",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
@pytest.mark.database("postgresql")
def test_a_database_that_is_no_longer_what_it_was_is_not_handed_on(kind: str, change: str) -> None:
    with handed_on.database(kind) as first, opened(first) as connection:
        connection.exec_driver_sql(change)

    with handed_on.database(kind) as second:
        assert second != first
