"""Connections to the database: how each is set up, how it begins and ends, whose rows it sees.

On both databases the program begins and ends transactions itself, in the driver's own words:
SQLite's driver would begin too late, and PostgreSQL's forgets with every rollback which
statements it has prepared, so that each request that only reads would have all of its statements
planned anew.
"""

from __future__ import annotations

from collections.abc import Callable
from select import POLLIN, poll
from time import monotonic
from typing import Any
from uuid import UUID

from flask import g, has_app_context
from psycopg.pq import ExecStatus
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError

RUNTIME_ROLE = "sanctuary_app"
WRITER_WAITS_MS = 4000
WAITS_AT_ONCE_MS = 50


def set_up(engine: Engine) -> None:
    """Make every connection of ``engine`` one of this house."""
    listeners = _ON_SQLITE if engine.dialect.name == "sqlite" else _ON_POSTGRESQL
    for name, listener in listeners.items():
        event.listen(engine, name, listener)


def current_practice_id() -> UUID | None:
    """Return the practice that this request, command or job is about, if one was entered."""
    return g.get("practice_id") if has_app_context() else None


def state_of(error: DBAPIError) -> str | None:
    """Return PostgreSQL's code for what went wrong."""
    return getattr(error.orig, "sqlstate", None)


def waited_too_long(error: DBAPIError) -> bool:
    """Say whether another writer was in the way for longer than anybody waits."""
    if not isinstance(error, OperationalError):
        return False
    return state_of(error) == "55P03" or getattr(error.orig, "sqlite_errorname", "").startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED")
    )


def row_alone(engine: Engine, words: str, given: Any) -> tuple[Any, ...] | None:
    """Ask for one row in the driver's own words, on a connection of the pool, and leave nothing.

    The second way to the database, and the only one past SQLAlchemy; whose rows it sees is told
    to row-level security here as everywhere. See ``often.Alone``, and decision 23.

    Raises:
        DBAPIError: for whatever the driver raises.
    """
    pooled = engine.raw_connection()
    driver = pooled.driver_connection
    ask = _ask_sqlite if engine.dialect.name == "sqlite" else _ask_postgresql
    try:
        rows = ask(driver, words, given)
    except engine.dialect.loaded_dbapi.Error as error:
        pooled.invalidate()  # nobody knows in which state it is left
        raise DBAPIError(words, None, error, hide_parameters=True) from error
    pooled.close()
    (row,) = rows or (None,)
    return row


# SQLite ----------------------------------------------------------------------------------------


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we write BEGIN ourselves; the driver begins too late
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the append-only triggers
        f"busy_timeout={WRITER_WAITS_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("app_practice_id", 0, _practice_as_text)


def _practice_as_text() -> str | None:
    practice_id = current_practice_id()
    return practice_id.hex if practice_id else None


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("write")
    if writes:
        _wait_to_write(connection)  # and say so in our words if that takes too long
    else:
        connection.connection.cursor().execute("BEGIN")


def _wait_to_write(connection: Connection) -> None:
    """Begin as the one writer, or wait for that as patiently as everybody else does.

    SQLite asks ever more seldom the longer it waits, so that in a crowd whoever came first waits
    longest. It is therefore told to wait a short while only, and again from the beginning.
    """
    driver = connection.connection.cursor()
    ends_at = monotonic() + WRITER_WAITS_MS / 1000
    driver.execute(f"PRAGMA busy_timeout={min(WAITS_AT_ONCE_MS, WRITER_WAITS_MS)}")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                break
            except OperationalError as error:
                if not waited_too_long(error) or monotonic() >= ends_at:
                    raise
    finally:
        driver.execute(f"PRAGMA busy_timeout={WRITER_WAITS_MS}")


def _ask_sqlite(driver: Any, words: str, given: Any) -> Any:
    return driver.execute(words, given).fetchall()  # one statement is a whole read by itself


_ON_SQLITE: dict[str, Callable[..., None]] = {"connect": _prepare_sqlite, "begin": _begin_sqlite}


# PostgreSQL ------------------------------------------------------------------------------------


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.autocommit = True  # we write BEGIN ourselves, together with the practice
    connection.execute(f"SET ROLE {RUNTIME_ROLE}")
    connection.execute(f"SET lock_timeout = {WRITER_WAITS_MS}")
    connection.execute("SET idle_in_transaction_session_timeout = '30s'")
    connection.execute("SET TIME ZONE 'UTC'")


def _see_that_it_is_open(connection: Any, *_: object) -> None:
    """Look whether the server has ended a connection that waited in the pool.

    One that waits has nothing to say: what can be read from it is its end. That is asked of the
    socket, and costs no way to the server and back.

    Raises:
        InvalidatePoolError: if so; then all that waited are thrown away, and a new one is made.
    """
    socket = poll()
    socket.register(connection.fileno(), POLLIN)
    if socket.poll(0):
        raise InvalidatePoolError


def _begin_postgresql(connection: Connection) -> None:
    _say(connection, _begin_here())


def name_the_practice(connection: Connection) -> None:
    """Tell row-level security which practice was entered, until this transaction ends."""
    _say(connection, _practice_here())


def _begin_here() -> str:
    return f"BEGIN; {_practice_here()}"


def _practice_here() -> str:
    return f"SET LOCAL app.practice_id = '{current_practice_id() or ''}'"


def _rollback_postgresql(connection: Connection) -> None:
    # Before the driver does it, which then finds nothing left to end: see above. What goes wrong
    # here goes wrong there too, and is told there.
    if not connection.invalidated:
        _tell(_driver(connection), "ROLLBACK")


def _say(connection: Connection, words: str) -> None:
    if not _tell(_driver(connection), words):
        connection.exec_driver_sql(words)  # which fails in SQLAlchemy's words


def _tell(driver: Any, words: str) -> bool:
    """Send what takes no values and gives no rows, past all that is made ready for rows."""
    return bool(driver.pgconn.exec_(words.encode()).status == ExecStatus.COMMAND_OK)


def _ask_postgresql(driver: Any, words: str, given: Any) -> Any:
    begin = _begin_here()
    if not _tell(driver, begin):
        driver.execute(begin)  # which fails in the driver's words
    rows = driver.execute(words, given, prepare=True).fetchall()
    _tell(driver, "ROLLBACK")
    return rows


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


_ON_POSTGRESQL: dict[str, Callable[..., None]] = {
    "connect": _prepare_postgresql,
    "checkout": _see_that_it_is_open,
    "begin": _begin_postgresql,
    "rollback": _rollback_postgresql,
}
