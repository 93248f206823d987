"""Exports of 100,000 lines: how fast, in how much memory, and against the driver's own stream.

A second is one of the processor's, of program and database together; what the clock on the wall
said stands behind it, for whatever else the machine had to do.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from bench import seed
from bench.measure import Figure, at_least, at_most, in_turn, ratio, show
from bench.serving import cpu_seconds, postmaster
from practice.billing import locks
from practice.billing.handing_out import hand_out
from practice.billing.models import InvoiceKind
from practice.billing.rules.exporting import Kind
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentMethod, PaymentState
from practice.core import clock
from practice.core.db import db, practice_scope
from practice.people.models import Practice
from tests import databases, factories

LINES = 100_000
CLIENTS = 1_000
OF_A_SESSION = 6  # lines of its invoice, and entries: paid, billed, settled
SESSIONS = LINES // OF_A_SESSION
PRICE = 18_000
AT_ONCE = 200
TABLES = ("payments", "invoices", "invoice_lines", "ledger_entries", "journals")
"""In the order in which the database takes their rows."""
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
KINDS = (Kind.JOURNAL, Kind.QB_JOURNAL, Kind.QB_INVOICES, Kind.XERO, Kind.INVOICES, Kind.EVERYTHING)
ROUNDS = 3
RAW = """
    SELECT e.on_day, j.id, j.source_key, e.account, e.minor, j.currency, e.client_id, j.memo
    FROM ledger_entries e
    JOIN journals j ON j.practice_id = e.practice_id AND j.id = e.journal_id
    WHERE e.on_day BETWEEN '2026-01-01' AND '2026-12-31'
    ORDER BY e.on_day, j.posted_at, j.id, e.position
"""


def run() -> None:
    for kind in databases.KINDS:
        with databases.fresh(kind) as url, seed.application(url):
            practice = factories.create_practice()
            _write_a_year(practice)
            seed.analyze()
            with practice_scope(practice.id):
                _measure(kind, (os.getpid(), *postmaster(url)))
            with ProcessPoolExecutor(1, get_context("spawn")) as other:
                grown = other.submit(_grown_mib, url, practice.id).result()
            show("all of them after each other: memory grows by", grown, at_most(100), unit="MiB")


def _measure(kind: str, processes: Sequence[int]) -> None:
    print(f" {kind}: files of a year with {LINES:,} entries and as many lines of invoices")
    for each in KINDS:
        _take(each)  # what is compiled once does not count
        taken = [_speed(each, processes) for _ in range(ROUNDS)]
        cpu, wall = zip(*taken, strict=True)
        goal = at_least(20_000)
        show(f"{each}: rows in a second", Figure(median(cpu), min(cpu), max(cpu)), goal, unit="")
        show("  by the clock on the wall", Figure(median(wall), min(wall), max(wall)), unit="")
    sides = in_turn(
        {"journal": partial(_seconds, Kind.JOURNAL), "driver": _stream_of_the_driver},
        rounds=ROUNDS,
    )
    speeds = ratio(sides["driver"], sides["journal"])
    show("journal / csv of the raw driver's rows, speed", speeds, at_least(0.15, 0.30))


def _grown_mib(url: str, practice_id: UUID) -> float:
    """Write every file in a process of its own, and return by how much it grew."""
    with seed.application(url), practice_scope(practice_id):
        locks.ways()
        before = _memory("VmRSS")
        for each in KINDS:
            _take(each)
        return (_memory("VmHWM") - before) / 1024


def _take(kind: Kind) -> tuple[int, float]:
    """Write a file and read it to its end, as a browser does; return its rows and seconds."""
    before = perf_counter()
    made = hand_out(kind, FIRST, LAST)
    for _ in made.pieces():
        pass
    return made.rows, perf_counter() - before


def _seconds(kind: Kind) -> float:
    return _take(kind)[1]


def _speed(kind: Kind, processes: Sequence[int]) -> tuple[float, float]:
    """Return the rows in a second of the processor, and in one of the clock on the wall."""
    before = cpu_seconds(processes)
    rows, seconds = _take(kind)
    return rows / (cpu_seconds(processes) - before), rows / seconds


def _stream_of_the_driver() -> float:
    before = perf_counter()
    connection = db.session.connection().connection
    cursor: Any = (
        connection.cursor("raw") if db.engine.dialect.name == "postgresql" else connection.cursor()
    )
    cursor.execute(RAW)
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerows
    while rows := cursor.fetchmany(500):
        write(rows)
        text.seek(0)
        text.truncate()
    cursor.close()
    db.session.rollback()
    return perf_counter() - before


def _memory(what: str) -> int:
    """Return what this process holds (``VmRSS``), or held at most (``VmHWM``), in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc does not say {what}")


# A year of a practice ----------------------------------------------------------------------------


def _write_a_year(practice: Practice) -> None:
    """Write the year some sessions at a time, as it would have come.

    PostgreSQL looks at its tables after the first: what it plans for empty ones, and keeps for
    the rest of the connection, takes ever longer as they fill.
    """
    with factories.made(practice):
        clients = [
            factories.create_client(first_name="Ada", last_name=f"Bell {n}", papers=()).id
            for n in range(CLIENTS)
        ]
    rows, is_first = _year(practice.id, clients), True
    while some := list(islice(rows, AT_ONCE)):
        with factories.made(practice):
            for table in TABLES:
                seed.insert(table, [row for each in some for row in each[table]])
        if is_first:
            seed.analyze()
            is_first = False


def _year(practice_id: UUID, clients: list[UUID]) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Yield, a session at a time, its payment, its invoice, and the two journals of both."""
    for n in range(SESSIONS):
        on_day = FIRST + timedelta(days=n * 365 // SESSIONS)
        at = datetime.combine(on_day, datetime.min.time(), clock.now().tzinfo)
        at += timedelta(hours=12, seconds=n % 3600)
        client_id, for_id = clients[n % CLIENTS], uuid4()
        own = {"practice_id": practice_id, "currency": "USD"}
        payment = {
            **own,
            "id": uuid4(),
            "client_id": client_id,
            "for_id": for_id,
            "amount_minor": PRICE,
            "label": "Appointment payment",
            "method": PaymentMethod.CASH,
            "state": PaymentState.PAID,
            "account": "",
            "created_at": at,
            "paid_at": at,
        }
        invoice = {
            **own,
            "id": uuid4(),
            "number": f"INV-2026-{n + 1:05d}",
            "kind": InvoiceKind.INVOICE,
            "source_key": f"session:{for_id}",
            "client_id": client_id,
            "for_id": for_id,
            "issued_on": on_day,
            "issued_at": at,
            "due_on": on_day,
            "parties": {"client_name": "Ada Bell", "business_name": "Tidewater"},
            "total_minor": PRICE,
        }
        lines = [
            {
                "practice_id": practice_id,
                "id": uuid4(),
                "invoice_id": invoice["id"],
                "position": position,
                "service_on": on_day,
                "service": "Preparation session, 60 min",
                "quantity": 1,
                "unit_minor": PRICE // OF_A_SESSION,
                "amount_minor": PRICE // OF_A_SESSION,
            }
            for position in range(1, OF_A_SESSION + 1)
        ]
        paid = _journal(own, f"charge:{payment['id']}", at, on_day)
        billed = _journal(own, f"invoice:{invoice['id']}", at + timedelta(microseconds=1), on_day)
        settled = _journal(own, f"settle:{invoice['id']}", at + timedelta(microseconds=2), on_day)
        named = {"client_id": client_id, "payment_id": None, "invoice_id": None, "for_id": None}
        by_payment = {**named, "payment_id": payment["id"]}
        by_invoice = {**named, "invoice_id": invoice["id"]}
        by_both = {**by_payment, "invoice_id": invoice["id"]}
        yield {
            "payments": [payment],
            "invoices": [invoice],
            "invoice_lines": lines,
            "ledger_entries": [
                _entry(paid, 1, Account.CASH, PRICE, by_payment),
                _entry(paid, 2, Account.CLIENT_CREDIT, -PRICE, by_payment),
                _entry(billed, 1, Account.RECEIVABLE, PRICE, by_invoice),
                _entry(billed, 2, Account.REVENUE, -PRICE, by_invoice),
                _entry(settled, 1, Account.CLIENT_CREDIT, PRICE, by_payment),
                _entry(settled, 2, Account.RECEIVABLE, -PRICE, by_both),
            ],
            "journals": [paid, billed, settled],
        }


def _journal(own: dict[str, Any], key: str, at: datetime, on_day: date) -> dict[str, Any]:
    return {
        **own,
        "id": uuid4(),
        "source_key": key,
        "on_day": on_day,
        "posted_at": at,
        "memo": "",
        "made_by": "program",
    }


def _entry(
    journal: dict[str, Any], position: int, account: Account, minor: int, named: dict[str, Any]
) -> dict[str, Any]:
    return {
        "practice_id": journal["practice_id"],
        "id": uuid4(),
        "journal_id": journal["id"],
        "position": position,
        "on_day": journal["on_day"],
        "account": account,
        "minor": minor,
        **named,
    }
