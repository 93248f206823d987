"""A database of its own for every test that asks: a copy of a migrated template, in milliseconds.

So commits are real, and workers, other processes and webhooks see them. One template of each
kind, and one PostgreSQL server, serve all the processes of a run; who needs one first makes it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy import URL, make_url

from tests.postgres import SUPERUSER, NoServer

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "migrations"
KINDS = ("sqlite", "postgresql")
RUN_FOLDER = "SANCTUARY_TEST_RUN"  # names the folder of this run to all its processes
TEMPLATE_LOCK = 0x5A9C7
MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 512 * 2**20


def settings(database_url: str) -> dict[str, str]:
    """Return the smallest environment that the program starts with."""
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a secret that all the tests share, and nobody else",
        "FIELD_KEYS": f"1:{b64encode(bytes(range(32))).decode()}",
        "BASE_URL": "http://localhost",
    }


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """Yield the URL of a new, migrated, empty database of a kind in ``KINDS``; drop it afterwards.

    Raises:
        NoServer: if there is no PostgreSQL to be had.
    """
    make = {"sqlite": _fresh_sqlite, "postgresql": _fresh_postgresql}[kind]
    with make() as url:
        yield url


# SQLite: a copied file ---------------------------------------------------------------------------


@contextmanager
def _fresh_sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=_run_folder()) as folder:
        file = Path(folder) / "practice.sqlite3"
        shutil.copyfile(_sqlite_template(), file)
        yield f"sqlite:///{file}"


@cache
def _sqlite_template() -> Path:
    template = _run_folder() / "template.sqlite3"
    with _one_at_a_time("sqlite"):
        if not template.exists():
            half_made = template.with_suffix(".half-made")
            _migrate(f"sqlite:///{half_made}")
            half_made.rename(template)
    return template


# PostgreSQL: CREATE DATABASE ... TEMPLATE --------------------------------------------------------


@contextmanager
def _fresh_postgresql() -> Iterator[str]:
    name = f"sanctuary_test_{uuid4().hex}"
    _execute("CREATE DATABASE {} TEMPLATE {}", name, _postgresql_template())
    try:
        yield _url_of(name)
    finally:
        # Whoever is still connected is thrown out, and a superuser only by another.
        by = superuser if lets_us_be_superuser() else _administrator
        with by() as connection:
            connection.execute(_named("DROP DATABASE {} WITH (FORCE)", name))


@cache
def _postgresql_template() -> str:
    """Name the template of these very migrations, made now unless the server has it."""
    name = f"sanctuary_template_{_fingerprint_of_migrations()}"
    half_made = f"{name}_half_made"
    with _administrator() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if found.rowcount == 0:
            _execute("DROP DATABASE IF EXISTS {}", half_made)
            _execute("CREATE DATABASE {}", half_made)
            _migrate(_url_of(half_made))
            _execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", half_made)
            _execute("ALTER DATABASE {} RENAME TO {}", half_made, name)
    return name


def _fingerprint_of_migrations() -> str:
    whole = hashlib.sha256()
    for file in sorted(MIGRATIONS.rglob("*.py")):
        whole.update(file.read_bytes())
    return whole.hexdigest()[:16]


def _execute(statement: LiteralString, *names: str) -> None:
    with _administrator() as connection:
        connection.execute(_named(statement, *names))


def _named(statement: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _administrator() -> psycopg.Connection[TupleRow]:
    """Connect to the server's own database, committing at once, as databases are made."""
    return _connect(_server())


@cache
def lets_us_be_superuser() -> bool:
    """Say whether the server is one that ``tests/postgres.py`` started: it trusts its socket.

    Raises:
        NoServer: if there is no PostgreSQL to be had.
    """
    if not str(_server().query.get("host")).startswith("/"):
        return False
    with suppress(psycopg.OperationalError), superuser() as connection:
        return connection.info.parameter_status("is_superuser") == "on"
    return False


def superuser(database_url: str | None = None) -> psycopg.Connection[TupleRow]:
    """Connect to a database, or the server's own, as somebody whom no guard of it holds up."""
    url = make_url(database_url) if database_url else _server()
    return _connect(url.set(username=SUPERUSER))


def _connect(url: URL) -> psycopg.Connection[TupleRow]:
    return psycopg.connect(_text(url.set(drivername="postgresql")), autocommit=True)


def _url_of(name: str) -> str:
    return _text(_server().set(database=name))


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@cache
def _server() -> URL:
    """Return the server of ``TEST_DATABASE_URL``, else one that this run starts for itself."""
    given = os.environ.get("TEST_DATABASE_URL")
    return make_url(given or _started_server()).set(drivername="postgresql+psycopg")


def _started_server() -> str:
    note = _run_folder() / "postgresql-url"
    with _one_at_a_time("postgresql"):
        if not note.exists():
            started = subprocess.run(
                [sys.executable, ROOT / "tests" / "postgres.py", _life_of_the_run()],
                capture_output=True,
                text=True,
                check=False,
            )
            if started.returncode:
                raise NoServer(started.stderr.strip())
            note.write_text(started.stdout.strip())
    return note.read_text()


# What all processes of a run share ---------------------------------------------------------------


@contextmanager
def shared_by_the_run(*, durable: bool = True) -> Iterator[None]:
    """Open the folder that the processes of this run share, and mark the run as alive.

    The mark is a lock that the system lets go of even after SIGKILL; whatever serves the run
    in the background waits for that.

    Args:
        durable: whether SQLite's commits survive a crash of the machine. Ordinary tests need not
            wait for the disk; measurements must.
    """
    with tempfile.TemporaryDirectory(
        prefix="sanctuary-tests-", dir=None if durable else _memory(), ignore_cleanup_errors=True
    ) as folder:
        os.environ[RUN_FOLDER] = folder
        with _life_of_the_run().open("w") as life:
            fcntl.flock(life, fcntl.LOCK_EX)
            yield


def _memory() -> Path | None:
    """Name the folder that is no disk, if this machine has one with room to spare."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY
    return MEMORY if roomy and os.access(MEMORY, os.W_OK) else None


def _run_folder() -> Path:
    return Path(os.environ[RUN_FOLDER])


def _life_of_the_run() -> Path:
    return _run_folder() / "alive"


@contextmanager
def _one_at_a_time(what: str) -> Iterator[None]:
    with (_run_folder() / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(database_url: str) -> None:
    """Run the real command, in a process of its own: a test of a rule imports no application."""
    upgrade = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    environment = os.environ | settings(database_url)
    done = subprocess.run(
        upgrade, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"The migrations failed:\n{done.stderr}", pytrace=False)
