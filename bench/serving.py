"""A database and a web server of the benchmark's own, and what they cost the processors."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from scripts.processes import together
from scripts.run import HOST, STOPS_WHEN_ASKED, WEB_SERVER, is_taken
from tests import databases, postgres

ROOT = Path(__file__).resolve().parent.parent
APP = "bench.wsgi:app"
CONNECTIONS = 8
TICKS = os.sysconf("SC_CLK_TCK")
Command = Callable[[int], Sequence[str]]


# Databases ---------------------------------------------------------------------------------------


@contextmanager
def database_servers() -> Iterator[None]:
    """Make ``databases.fresh`` work here, on a PostgreSQL that waits for the disk as a real one."""
    with (
        databases.shared_by_the_run(),
        tempfile.TemporaryDirectory(prefix="sanctuary-bench-") as home,
        postgres.serving(Path(home), durable=True) as url,
    ):
        os.environ["TEST_DATABASE_URL"] = url
        yield


def postmaster(database_url: str) -> list[int]:
    """Return the process id of the PostgreSQL server that this run has started, if that is it."""
    if database_url.startswith("sqlite"):
        return []
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    return [int((Path(folder) / "postmaster.pid").read_text().split()[0])]


# Web servers -------------------------------------------------------------------------------------


def as_shipped(port: int) -> Sequence[str]:
    """Return the command that ``make run`` serves with."""
    return (*WEB_SERVER, *STOPS_WHEN_ASKED, "--host", HOST, "--port", str(port), APP)


@dataclass(frozen=True)
class Served:
    """A running web server: where it is, and whose processor time counts as its own."""

    port: int
    processes: tuple[int, ...]

    def cost(self, request: Request, *, times: int, connections: int = CONNECTIONS) -> float:
        """Return the CPU seconds that one request costs web server and database together."""
        before = cpu_seconds(self.processes)
        ask(self.port, request, times=times, connections=connections)
        return (cpu_seconds(self.processes) - before) / times


@contextmanager
def serving(database_url: str, command: Command = as_shipped) -> Iterator[Served]:
    """Serve the application on a database that exists, inside the block."""
    port = free_port()
    environment = os.environ | databases.settings(database_url)
    with (
        tempfile.TemporaryDirectory(prefix="sanctuary-bench-logs-") as logs,
        together(folder=ROOT, environment=environment, logs=Path(logs)) as processes,
    ):
        processes.start("web", *command(port))
        processes.wait_for("web", lambda: is_taken(port))
        pids = (processes.running["web"].pid, *postmaster(database_url))
        yield Served(port, pids)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


# Requests ----------------------------------------------------------------------------------------


class Request(NamedTuple):
    """What a program asks for; the answer must have this status."""

    path: str
    accept: str = "*/*"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    method: str = "GET"
    body: bytes | None = None


HELLO = Request("/bare/hello")
"""The least that Flask can do: what every request is measured against."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def fetch(connection: HTTPConnection, request: Request) -> Answer:
    """Ask once on a connection that stays open.

    Raises:
        RuntimeError: if the answer has another status than it should.
    """
    headers = {"Host": "localhost", "Accept": request.accept, **dict(request.headers)}
    connection.request(request.method, request.path, body=request.body, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != request.status:
        raise RuntimeError(f"{request.path} answered {response.status}: {body[:500]!r}")
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)


def ask(port: int, request: Request, *, times: int, connections: int = CONNECTIONS) -> None:
    """Ask many times, over several connections at once.

    Raises:
        RuntimeError: if any answer has another status than it should.
    """
    failures: list[Exception] = []

    def visit() -> None:
        connection = HTTPConnection(HOST, port, timeout=600)
        try:
            for _ in range(times // connections):
                fetch(connection, request)
        except (RuntimeError, OSError) as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=visit) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} of {connections} connections failed") from failures[0]


# Processor time ----------------------------------------------------------------------------------


def cpu_seconds(processes: Sequence[int]) -> float:
    """Return the user and system time of some processes and all their descendants, ended or not."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            fields = stat.rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1])
            ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    return sum(ticks[pid] for pid in ticks if _belongs(pid, parents, set(processes))) / TICKS


def _belongs(pid: int, parents: dict[int, int], roots: set[int]) -> bool:
    while pid in parents:
        if pid in roots:
            return True
        pid = parents[pid]
    return False
