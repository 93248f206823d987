"""Exports of 100,000 lines: how fast, in how much memory, and against the driver's own stream."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from bench import seed
from bench.measure import Figure, at_least, at_most, in_turn, ratio, show
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
LINES_OF_AN_INVOICE = 4
INVOICES = LINES // LINES_OF_AN_INVOICE
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
            with factories.made(practice):
                _write_a_year(practice)
            seed.analyze()
            with practice_scope(practice.id):
                _measure(kind)


def _measure(kind: str) -> None:
    print(f" {kind}: files of a year with {LINES:,} entries and as many lines of invoices")
    for each in KINDS:
        _take(each)  # what is compiled once does not count
        before = _lowest_memory()
        rows, _ = _take(each)
        grown = (_memory("VmHWM") - before) / 1024
        speed = [_rows_a_second(each) for _ in range(ROUNDS)]
        lines = f"{each}: {rows:,} rows, rows a second"
        figure = Figure(median(speed), min(speed), max(speed))
        show(lines, figure, at_least(20_000), unit="")
        show(f"{each}: memory grows by", grown, at_most(100), unit="MiB")
    sides = in_turn(
        {"journal": partial(_seconds, Kind.JOURNAL), "driver": _stream_of_the_driver},
        rounds=ROUNDS,
    )
    speeds = ratio(sides["driver"], sides["journal"])
    show("journal / csv of the raw driver's rows, speed", speeds, at_least(0.15, 0.30))


def _take(kind: Kind) -> tuple[int, float]:
    """Write a file and read it to its end, as a browser does; return its rows and seconds."""
    before = perf_counter()
    made = hand_out(kind, FIRST, LAST)
    for _ in made.pieces():
        pass
    return made.rows, perf_counter() - before


def _seconds(kind: Kind) -> float:
    return _take(kind)[1]


def _rows_a_second(kind: Kind) -> float:
    rows, seconds = _take(kind)
    return rows / seconds


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


def _lowest_memory() -> int:
    """Let the highest mark fall to what is held now, and return that, in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


# A year of a practice ----------------------------------------------------------------------------


def _write_a_year(practice: Practice) -> None:
    clients = [
        factories.create_client(first_name="Ada", last_name=f"Bell {n}", papers=()).id
        for n in range(CLIENTS)
    ]
    rows = _year(practice.id, clients)
    while some := list(islice(rows, seed.ROWS_AT_ONCE)):
        for table in (
            *("payments", "invoices", "invoice_lines"),
            *("ledger_entries", "journals"),
        ):
            seed.insert(table, [row for each in some for row in each.get(table, ())])


def _year(practice_id: UUID, clients: list[UUID]) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Yield, a session at a time, its payment, its invoice, and the two journals of both."""
    for n in range(INVOICES):
        on_day = FIRST + timedelta(days=n * 365 // INVOICES)
        at = datetime.combine(on_day, datetime.min.time(), clock.now().tzinfo)
        at += timedelta(hours=12, seconds=n % 3600)
        client_id, for_id = clients[n % CLIENTS], uuid4()
        own = {"practice_id": practice_id, "currency": "USD"}
        payment = {
            **own,
            "id": uuid4(),
            "client_id": client_id,
            "for_id": for_id,
            "amount_minor": 17_500,
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
            "total_minor": 17_500,
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
                "unit_minor": 17_500 // LINES_OF_AN_INVOICE,
                "amount_minor": 17_500 // LINES_OF_AN_INVOICE,
            }
            for position in range(1, LINES_OF_AN_INVOICE + 1)
        ]
        paid = _journal(own, f"charge:{payment['id']}", at, on_day)
        billed = _journal(own, f"invoice:{invoice['id']}", at + timedelta(microseconds=1), on_day)
        named = {"client_id": client_id, "payment_id": None, "invoice_id": None, "for_id": None}
        by_payment = {**named, "payment_id": payment["id"]}
        by_invoice = {**named, "invoice_id": invoice["id"]}
        yield {
            "payments": [payment],
            "invoices": [invoice],
            "invoice_lines": lines,
            "ledger_entries": [
                _entry(paid, 1, Account.CASH, 17_500, by_payment),
                _entry(paid, 2, Account.CLIENT_CREDIT, -17_500, by_payment),
                _entry(billed, 1, Account.RECEIVABLE, 17_500, by_invoice),
                _entry(billed, 2, Account.REVENUE, -17_500, by_invoice),
            ],
            "journals": [paid, billed],
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
