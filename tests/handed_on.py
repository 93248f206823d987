"""An empty database for every test, often one that an earlier test of the same process has used.

To make a PostgreSQL database and drop it costs more than what most tests do in it; to delete what
a test has written costs a few milliseconds. Past the triggers and policies that forbid it only a
superuser may, and only a server of the tests' own lets them be one. On any other server every
test has a new database, and on SQLite too, where copying a file costs less than emptying it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tests import databases

USES = 100
"""After so many tests a database goes: nothing clears away what a delete leaves on the disk."""

END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""

# Whatever a test changes of tables, keys, rights or guards is a row of one of these, and every row
# bears the number of the transaction that wrote it.
CATALOGUE: LiteralString = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}"
    for name in (
        "pg_class",
        "pg_attribute",
        "pg_constraint",
        "pg_policy",
        "pg_proc",
        "pg_trigger",
        "alembic_version",
    )
)


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Yield the URL of a migrated, empty database of a kind in ``databases.KINDS``.

    Raises:
        NoServer: if there is no PostgreSQL to be had.
    """
    if kind == "sqlite" or not databases.lets_us_be_superuser():
        with databases.fresh(kind) as url:
            yield url
        return
    ours = _waiting.pop() if _waiting else _Database()
    try:
        yield ours.url
    finally:
        if ours.is_empty_again():
            _waiting.append(ours)
        else:
            ours.drop()


def drop_all() -> None:
    """Drop what waits for another test, because there is none."""
    while _waiting:
        _waiting.pop().drop()


class _Database:
    """A database that tests use one after another, and what a superuser does between them."""

    def __init__(self) -> None:
        self._fresh = databases.fresh("postgresql")
        self.url = self._fresh.__enter__()
        self._uses = 0
        self._superuser = databases.superuser(self.url)
        self._superuser.execute("SET session_replication_role = replica")  # no trigger fires
        self._superuser.execute("SET lock_timeout = '5s'")
        self._delete = sql.SQL("; ").join(
            sql.SQL("DELETE FROM {}").format(sql.Identifier(name))
            for (name,) in self._superuser.execute(TABLES)
        )
        self._as_made = self._catalogue()

    def is_empty_again(self) -> bool:
        """Delete what was written; say whether the database is now as good as a new one."""
        self._uses += 1
        if self._uses == USES:
            return False
        try:
            self._superuser.execute(END_OTHERS)
            self._superuser.execute(self._delete)
            return self._catalogue() == self._as_made
        except psycopg.Error:  # the tables are no longer what they were, or somebody holds them
            return False

    def drop(self) -> None:
        self._superuser.close()
        self._fresh.__exit__(None, None, None)

    def _catalogue(self) -> list[TupleRow]:
        return self._superuser.execute(CATALOGUE).fetchall()


_waiting: list[_Database] = []
