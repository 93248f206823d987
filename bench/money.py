"""The books of a large practice: a balance, a month, invoices without gaps, and their PDF.

Invoices are issued by 16 processes at once, each in a transaction of its own with its lines, its
journal, its audit entry and the job for its PDF. The other side raises the same counter and
commits, with the raw driver.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from multiprocessing.synchronize import Barrier
from statistics import median
from uuid import UUID, uuid4

import psycopg
import sqlalchemy as sa

from bench import seed
from bench.measure import Figure, at_least, at_most, in_turn, ratio, show
from bench.money_books import ENTRIES, VISITS, keep_books
from practice.billing import ledger, pdf, reports
from practice.billing.models import Invoice, PaperKind
from practice.billing.rules.invoices import Line
from practice.billing.rules.ledger import Account
from practice.billing.rules.months import Month
from practice.billing.service import papers
from practice.billing.service.numbers import next_number
from practice.core import clock
from practice.core.connections import RUNTIME_ROLE
from practice.core.db import Busy, db, in_transaction, practice_scope, read_again
from practice.core.money import Money
from practice.people.queries import get_client
from practice.people.rules import Role
from tests import databases, factories

TIMES = 40  # that a balance is asked for in a round
PROCESSES = 16
INVOICES = 25  # of each process in a round
NUMBERS = 150
ROUNDS = 3
PDFS = 9
PATIENCE_SECONDS = 120
FORK = multiprocessing.get_context("fork")

Ask = Callable[[], object]


def run() -> None:
    for kind in databases.KINDS:
        with databases.fresh(kind) as url, seed.application(url):
            _read(kind, url)
    for kind in databases.KINDS:
        with databases.fresh(kind) as ours, databases.fresh(kind) as bare:
            with seed.application(bare):
                counting = factories.create_practice()
                with factories.made(counting):
                    next_number("INV", 2026)
                counter = counting.id
            with seed.application(ours):
                _write(kind, bare, counter)


# Reading -----------------------------------------------------------------------------------------


def _read(kind: str, url: str) -> None:
    place = seed.staffed(Role.THERAPIST)
    practice_id, host_id = place.practice.id, place.people[0].id
    client_id, last_on = keep_books(url, place.practice, host_id)
    month = Month.of(last_on).moved(-1)
    with practice_scope(practice_id), _bare(url, practice_id) as ask:
        took = in_turn(
            {
                "balance": partial(_each, TIMES, lambda: _balance(client_id)),
                "sum": partial(_each, TIMES, lambda: ask(SUMS, str(client_id))),
                "month": partial(_each, 1, lambda: _month(month)),
            }
        )
    busy = os.getloadavg()[0]
    print(f" {kind}: {VISITS * ENTRIES:,} entries; load of the machine {busy:.1f}")
    share = ratio(took["balance"], took["sum"])
    show("balance of a client with 2,000 journals / bare sum", share, at_most(3))
    show("the report of a month", _middle(took["month"]), at_most(1), unit="s")


def _each(times: int, work: Ask) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def _middle(found: list[float]) -> Figure:
    return Figure(median(found), min(found), max(found))


def _balance(client_id: UUID) -> None:
    if not ledger.balances([client_id]):
        raise RuntimeError("nobody has a balance")


def _month(month: Month) -> None:
    read_again()
    report = reports.report_of(month)
    if not report.now.revenue or sum(each.minor for each in report.ages) != report.now.outstanding:
        raise RuntimeError("the report is not what the books say")


SUMS = "SELECT {} FROM ledger_entries WHERE practice_id = ? AND client_id = ?".format(  # noqa: S608 - of this file
    ", ".join(
        f"sum(CASE WHEN account = '{account.value}' THEN minor ELSE 0 END)"
        for account in (Account.RECEIVABLE, Account.CLIENT_CREDIT, Account.PACKAGES)
    )
)
RAISE = (
    "UPDATE number_series SET last = last + 1"
    " WHERE practice_id = ? AND series = ? AND year = 2026 RETURNING last"
)


@contextmanager
def _bare(url: str, practice_id: UUID) -> Iterator[Callable[[str, str], object]]:
    """Yield what asks one statement of a practice in its own transaction, with the raw driver."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as file:
            file.execute("PRAGMA synchronous=FULL")
            file.create_function("app_practice_id", 0, lambda: practice_id.hex)
            yield lambda words, value: file.execute(
                words, (practice_id.hex, value.replace("-", ""))
            ).fetchall()
        return
    address = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"SET ROLE {RUNTIME_ROLE}")
        connection.execute("SELECT set_config('app.practice_id', %s, false)", (str(practice_id),))
        yield lambda words, value: connection.execute(
            words.replace("?", "%s"), (practice_id, value)
        ).fetchall()


# Writing -----------------------------------------------------------------------------------------


def _write(kind: str, bare: str, counter: UUID) -> None:
    practice = factories.create_practice()
    with factories.made(practice):
        clients = [factories.create_client(last_name=f"Bell {n}").id for n in range(PROCESSES)]
        _one(clients[0])  # puts the statements together, which its children inherit
    practice_id = practice.id
    a_second = in_turn(
        {
            "issued": partial(_at_once, partial(_issue, practice_id, clients), INVOICES),
            "raised": partial(_at_once, partial(_raise, bare, counter), NUMBERS),
        },
        rounds=ROUNDS,
    )
    with practice_scope(practice_id):
        numbers = sorted(db.session.scalars(sa.select(Invoice.number)))
        first = db.session.scalars(sa.select(Invoice.id).limit(PDFS)).all()
        read_again()
        busy = os.getloadavg()[0]
        print(f" {kind}: {PROCESSES} at once, every commit durable; load of the machine {busy:.1f}")
        wanted = [*range(1, (ROUNDS + 1) * PROCESSES * INVOICES + 2)]
        gaps = len(wanted) - len({int(each[-5:]) for each in numbers} & {*wanted})
        show("numbers that are missing or given twice", gaps, at_most(0), unit="")
        share = ratio(a_second["issued"], a_second["raised"])
        show("invoices / bare raising of the counter", share, at_least(0.05, 0.10))
        show("invoices a second", _middle(a_second["issued"]), unit="")
        if why := pdf.missing():
            print(f"  no PDF on this machine: {why}")
            return
        took = [_processor_seconds(partial(pdf.paper, PaperKind.INVOICE, each)) for each in first]
        show(
            "the PDF of an invoice after the first, CPU", _middle(took[1:]), at_most(0.15), unit="s"
        )


def _processor_seconds(work: Ask) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _at_once(work: Callable[[int, int, Barrier], None], times: int) -> float:
    """Let processes do something many times, all beginning together; return how often a second."""
    db.session.remove()
    db.engine.dispose()  # nobody inherits a connection
    ready = FORK.Barrier(PROCESSES + 1)
    processes = [FORK.Process(target=work, args=(times, n, ready)) for n in range(PROCESSES)]
    for process in processes:
        process.start()
    ready.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("some process did not come to its end")
    return PROCESSES * times / (time.monotonic() - began)


def _issue(practice_id: UUID, clients: list[UUID], times: int, n: int, ready: Barrier) -> None:
    """Issue invoices for sessions that nobody paid for ahead."""
    with practice_scope(practice_id):
        get_client(clients[n])
        read_again()
        ready.wait(PATIENCE_SECONDS)
        left = times
        while left:
            with suppress(Busy):  # whoever waited for seconds is told so, and comes again
                in_transaction(partial(_one, clients[n]))
                left -= 1


def _one(client_id: UUID) -> None:
    session_id = uuid4()
    papers.issue_invoice(
        get_client(client_id),
        for_id=session_id,
        source_key=f"session:{session_id}",
        lines=[Line(clock.now().date(), "Session", 1, Money(17_500, "USD"))],
        by=factories.OWNER,
    )


def _raise(url: str, practice_id: UUID, times: int, n: int, ready: Barrier) -> None:
    del n
    with _bare(url, practice_id) as ask:
        ready.wait(PATIENCE_SECONDS)
        for _ in range(times):
            ask(RAISE, "INV")
