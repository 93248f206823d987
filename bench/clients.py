"""The list of 5,000 clients against its bare SQL, and an import of 2,000."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context
from datetime import timedelta
from functools import partial
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench import seed
from bench.measure import at_most, in_turn, ratio, show
from bench.serving import HELLO, Request, cpu_seconds, postmaster, serving
from practice.audit.rules import Actor, ActorKind
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.moving import queries as moving
from practice.moving.rules.runs import RunState, What
from practice.moving.service import importing
from practice.people.rules import Role, folded
from tests import databases, factories

CLIENTS = 5_000
APPOINTMENTS = 10_000
IMPORTED = 2_000
LISTS = {
    "by name": "/clients/",
    "a search": "/clients/?q=bell+77",
    "who owes, by balance": "/clients/?show=owes&sort=owes",
    "something missing, by next session": "/clients/?show=something-missing&sort=next",
}
Statement = tuple[str, Any]


def run() -> None:
    for kind in databases.KINDS:
        _the_list(kind)
        _the_import(kind)


# The list ----------------------------------------------------------------------------------------


def _the_list(kind: str) -> None:
    with ExitStack() as open_until_the_end:
        url = open_until_the_end.enter_context(databases.fresh(kind))
        app = open_until_the_end.enter_context(seed.application(url))
        place = seed.staffed(Role.OWNER, Role.THERAPIST)
        seed.book_up(place, appointments=APPOINTMENTS)
        with factories.made(place.practice):
            _many_clients(place)
            cookie = seed.signed_in(app)
        seed.analyze()
        served = open_until_the_end.enter_context(serving(url))
        print(f" {kind}: CPU of a page of {CLIENTS:,} clients")
        for name, path in LISTS.items():
            asked = Request(path, accept="text/html", headers=(("Cookie", cookie),))
            statements = _statements_of(app, path, cookie)
            cpu = in_turn(
                {
                    "hello": partial(served.cost, HELLO, times=800),
                    "page": partial(served.cost, asked, times=80),
                    "bare": partial(_bare, url, place.practice.id, statements, times=80),
                }
            )
            show(f"{name}: page / its {len(statements)} statements, bare",
                 ratio(cpu["page"], cpu["bare"]), at_most(3))  # fmt: skip
            show(f"{name}: page / bare Flask route", ratio(cpu["page"], cpu["hello"]))


def _many_clients(place: seed.Staffed) -> None:
    """Add people to those of the book until there are enough, some of whom owe."""
    chance = random.Random(5)
    rows = [
        {
            "practice_id": place.practice.id,
            "id": uuid4(),
            "first_name": f"Alex {n % 97}",
            "last_name": f"Bell {chance.randrange(9000)}",
            "email": f"bench{n}@mail.example",
            "phone": f"+1757555{n % 10_000:04}",
            "created_at": clock.now() - timedelta(days=n % 900),
        }
        for n in range(CLIENTS - 100)
    ]
    for row in rows:
        row["findable"] = folded(f"{row['last_name']} {row['first_name']} {row['email']}")
    seed.insert("clients", rows)
    seed.insert(
        "opening_balances",
        [
            {
                "practice_id": place.practice.id,
                "id": uuid4(),
                "client_id": row["id"],
                "number": f"OLD-{n}",
                "dated_on": clock.now().date(),
                "amount_minor": 17_500,
                "paid_minor": 17_500 if n % 3 else 0,
                "currency": "USD",
                "recorded_at": clock.now(),
            }
            for n, row in enumerate(rows)
            if n % 4 == 0
        ],
    )


def _statements_of(app: Flask, path: str, cookie: str) -> list[Statement]:
    """Return what a request for the list asks the database, but for who is signed in."""
    seen: list[Statement] = []

    def note(_c: object, _k: object, text: str, parameters: Any, *_: object) -> None:
        if text.lstrip().startswith("SELECT") and "set_config" not in text:
            seen.append((text, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    browser = app.test_client(use_cookies=False)
    answer = Context().run(browser.get, path, headers={"Cookie": cookie})  # as if from outside
    event.remove(Engine, "before_cursor_execute", note)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return [each for each in seen if not {"doors", "sign_ins"} & set(each[0].split())]


def _bare(url: str, practice_id: Any, statements: list[Statement], *, times: int) -> float:
    """Return the CPU seconds that the statements cost on the driver alone, rows fetched."""
    running = postmaster(url)
    with practice_scope(practice_id):
        connection = db.engine.raw_connection()
        cursor = connection.cursor()
        if not url.startswith("sqlite"):
            cursor.execute("SELECT set_config('app.practice_id', %s, false)", (str(practice_id),))
        before = process_time() + cpu_seconds(running)
        for _ in range(times):
            for text, parameters in statements:
                cursor.execute(text, parameters)
                cursor.fetchall()
        spent = process_time() + cpu_seconds(running) - before
        connection.close()
    return spent / times


# The import --------------------------------------------------------------------------------------


def _the_import(kind: str) -> None:
    rows = "".join(
        f"Alex,Bell {n},import{n}@mail.example,757-555-{n % 10_000:04},3/27/1984,{n} Market St\n"
        for n in range(IMPORTED)
    )
    body = f"First name,Last name,Email,Phone,DOB,Address\n{rows}".encode()
    with databases.fresh(kind) as url, seed.application(url):
        place = seed.staffed(Role.OWNER)
        with practice_scope(place.practice.id):
            by = Actor(ActorKind.STAFF, place.people[0].user_id)
            seen = importing.look(What.CLIENTS, body)
            run = in_transaction(
                lambda: importing.receive(What.CLIENTS, "clients.csv", seen, by=by)
            )
            dry = _seconds(lambda: importing.check(moving.get_import(run.id)))
            with transaction():
                importing.start(run.id, by=by)
            carried = _seconds(lambda: importing.carry_out(run.id))
            undone = _seconds(lambda: in_transaction(lambda: importing.undo(run.id, by=by)))
            if moving.get_import(run.id).state is not RunState.UNDONE:
                raise RuntimeError("the import was not carried out")
    print(f" {kind}: an import of {IMPORTED:,} clients, on this machine")
    show("the dry run", dry, unit="s")
    show("brought over", carried, at_most(20), unit="s")
    show("undone", undone, unit="s")


def _seconds(work: Callable[[], object]) -> float:
    before = perf_counter()
    work()
    return perf_counter() - before
