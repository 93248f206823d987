"""Bookings a second by 32 visitors at once, against bare inserts and commits of the same run.

A visitor books a free session in one POST: with its client, its claims, its link, its audit
entries, its mail and the look at whether it may be booked at all. The other side inserts one
claim per commit into the same kind of database, behind the same constraint, with the raw driver.
"""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import count, islice
from multiprocessing.synchronize import Barrier
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psycopg

from bench import seed
from bench.measure import at_least, in_turn, ratio, show
from bench.seed import Staffed
from bench.serving import Request, fetch, serving
from practice.core.connections import RUNTIME_ROLE
from practice.people.rules import Role
from scripts.run import HOST
from tests import databases

VISITORS = 32
BOOKINGS = 8  # of each visitor in a round
INSERTS = 60  # of each process in a round
ROUNDS = 3
PATIENCE_SECONDS = 120

PAGE = Request("/p/tidewater/book/consult/", accept="text/html")
LISTED = Request("/p/tidewater/book/consult/?days=60", accept="application/json")
FORK = multiprocessing.get_context("fork")
_numbers = count(1)


def run() -> None:
    for kind in databases.KINDS:
        with databases.fresh(kind) as ours, databases.fresh(kind) as bare:
            with seed.application(ours):
                seed.staffed(Role.THERAPIST)
            with seed.application(bare):
                place = seed.staffed(Role.THERAPIST)
            with serving(ours) as web:
                starts = _free_starts(web.port)
                a_second = in_turn(
                    {
                        "booked": partial(_booked_a_second, web.port, starts),
                        "inserted": partial(_inserted_a_second, bare, place),
                    },
                    rounds=ROUNDS,
                )
        print(f" {kind}: {VISITORS} at once, every commit durable")
        share = ratio(a_second["booked"], a_second["inserted"])
        show("bookings over HTTP / bare inserts and commits", share, at_least(0.05, 0.10))


# One side: bookings over HTTP --------------------------------------------------------------------


def _free_starts(port: int) -> Iterator[str]:
    """List free starts, near ones first, twice sixty days ahead."""
    connection = HTTPConnection(HOST, port, timeout=60)
    later = (datetime.now(UTC) + timedelta(days=60)).date()
    found: list[str] = []
    for request in (LISTED, LISTED._replace(path=f"{LISTED.path}&from={later}")):
        found += re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", fetch(connection, request).body.decode())
    connection.close()
    return iter(sorted(set(found)))


def _booked_a_second(port: int, starts: Iterator[str]) -> float:
    """Book ``BOOKINGS`` times by every visitor; nobody is after anybody else's time."""
    wanted = [list(islice(starts, BOOKINGS)) for _ in range(VISITORS)]
    failures: list[Exception] = []
    ready = threading.Barrier(VISITORS + 1)

    def visit(mine: list[str]) -> None:
        connection = HTTPConnection(HOST, port, timeout=60)
        try:
            requests = list(_orders(connection, mine))
            ready.wait(PATIENCE_SECONDS)
            for request in requests:
                fetch(connection, request)
        except (RuntimeError, OSError) as error:
            ready.abort()
            failures.append(error)
        finally:
            connection.close()

    visitors = [threading.Thread(target=visit, args=(mine,)) for mine in wanted]
    for visitor in visitors:
        visitor.start()
    ready.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    for visitor in visitors:
        visitor.join()
    if failures:
        raise RuntimeError(f"{len(failures)} visitors could not book") from failures[0]
    return sum(map(len, wanted)) / (time.monotonic() - began)


def _orders(connection: HTTPConnection, starts: list[str]) -> Iterator[Request]:
    """Look at the page once, as a browser does, and fill in its form for each start."""
    page = fetch(connection, PAGE)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.body.decode())
    if token is None or "set-cookie" not in page.headers:
        raise RuntimeError("the page has no form token")
    cookie = page.headers["set-cookie"].partition(";")[0]
    for start in starts:
        answers = {
            "csrf_token": token[1],
            "start": start,
            "form_token": uuid4().hex,
            "first_name": "Alex",
            "last_name": "Bell",
            "email": f"client{next(_numbers)}@mail.example.com",
            "phone": "+1 757 555 0101",
            "adult": "y",
        }
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        yield PAGE._replace(
            method="POST",
            headers=(kind, ("Cookie", cookie)),
            body=urlencode(answers).encode(),
            status=303,
        )


# The other: rows and commits ---------------------------------------------------------------------

Insert = Callable[[UUID, UUID, UUID, datetime], None]
INSERT = (
    "INSERT INTO claims (practice_id, id, resource_id, holder_id, kind, starts_at, ends_at)"
    " VALUES ({0}, {0}, {0}, {0}, 'session', {0}, {0})"
)


def _inserted_a_second(database_url: str, place: Staffed) -> float:
    """Insert ``INSERTS`` times by every process, one row and one commit each time."""
    ready = FORK.Barrier(VISITORS + 1)
    first = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=400 * next(_numbers))
    processes = []
    for n in range(VISITORS):
        mine = first + timedelta(days=n * 10)
        arguments = (database_url, place.practice.id, place.people[0].id, mine, ready)
        processes.append(FORK.Process(target=_insert, args=arguments))
    for process in processes:
        process.start()
    ready.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("some process could not insert")
    return VISITORS * INSERTS / (time.monotonic() - began)


def _insert(url: str, practice_id: UUID, resource_id: UUID, at: datetime, ready: Barrier) -> None:
    connect = _on_sqlite if url.startswith("sqlite") else _on_postgresql
    with connect(url, practice_id) as insert:
        ready.wait(PATIENCE_SECONDS)
        for n in range(INSERTS):
            insert(uuid4(), resource_id, uuid4(), at + timedelta(hours=n))


@contextmanager
def _on_sqlite(url: str, practice_id: UUID) -> Iterator[Insert]:
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.create_function("app_practice_id", 0, lambda: practice_id.hex)

        def insert(row_id: UUID, resource_id: UUID, holder_id: UUID, at: datetime) -> None:
            ids = (each.hex for each in (practice_id, row_id, resource_id, holder_id))
            times = (f"{each:%Y-%m-%d %H:%M:%S.%f}" for each in (at, at + timedelta(minutes=20)))
            connection.execute(INSERT.format("?"), (*ids, *times))

        yield insert


@contextmanager
def _on_postgresql(url: str, practice_id: UUID) -> Iterator[Insert]:
    address = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"SET ROLE {RUNTIME_ROLE}")
        connection.execute("SELECT set_config('app.practice_id', %s, false)", (str(practice_id),))

        def insert(row_id: UUID, resource_id: UUID, holder_id: UUID, at: datetime) -> None:
            values: tuple[Any, ...] = (practice_id, row_id, resource_id, holder_id)
            connection.execute(INSERT.format("%s"), (*values, at, at + timedelta(minutes=20)))

        yield insert
