"""Three years of books, written in bulk: visits that were paid ahead, delivered and settled.

A visit is what it leaves: a session, a payment, an invoice, and four journals of eight entries.
Few are not paid. Written past the program, a table at a time, with the driver's own bulk way.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql

from practice.billing.rules.ledger import Account
from practice.core.db import db
from practice.people.models import Practice
from practice.sessions.models import Service
from tests import databases, factories

VISITS = 125_000
ENTRIES = 8  # of a visit
YEARS = 3
JOURNALS_OF_ONE = 2_000
VISITS_AT_ONCE = 5_000
UNPAID = 50  # one visit in so many

OWED, CREDIT = Account.RECEIVABLE, Account.CLIENT_CREDIT

Row = tuple[Any, ...]
Line = tuple[Account, int, UUID | None, UUID | None, UUID | None, UUID | None]
"""An account, cents, and whose it is: client, payment, invoice, and what it is for."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "appointments": (
        *("practice_id", "id", "client_id", "service_id", "host_id", "kind", "label"),
        *("price_minor", "currency", "modality", "starts_at", "ends_at", "time_zone", "state"),
        *("hold_renewals", "link_version", "uid", "sequence", "created_at", "changed_at"),
        "cancellation",
    ),
    "payments": (
        *("practice_id", "id", "client_id", "for_id", "amount_minor", "currency", "label"),
        *("method", "state", "account", "keeps_card", "created_at", "paid_at"),
    ),
    "invoices": (
        *("practice_id", "id", "number", "kind", "source_key", "client_id", "for_id"),
        *("issued_on", "issued_at", "due_on", "parties", "total_minor", "currency"),
    ),
    "ledger_entries": (
        *("practice_id", "id", "journal_id", "position", "on_day", "account", "minor"),
        *("client_id", "payment_id", "invoice_id", "for_id"),
    ),
    "journals": (
        *("practice_id", "id", "source_key", "on_day", "posted_at", "currency", "memo"),
        "made_by",
    ),
}
"""In the order in which they are written: the lines of a journal come before it."""


def keep_books(
    url: str, practice: Practice, host_id: UUID, *, visits: int = VISITS
) -> tuple[UUID, date]:
    """Write the books down; return a client with many journals, and the last day in them."""
    with factories.made(practice):
        clients = [factories.create_client(last_name=f"Bell {n}", papers=()).id for n in range(400)]
        services = [
            (each.id, each.kind.value, each.label)
            for each in db.session.scalars(sa.select(Service))
            if each.price
        ]
        last_on = datetime.now(UTC).date()
    one, others = clients[0], clients[1:]
    random = Random(5)
    books = _Books(practice.id, host_id, services, random)
    write = _on_sqlite if url.startswith("sqlite") else _on_postgresql
    db.session.remove()
    db.engine.dispose()

    def rows() -> Iterator[dict[str, list[Row]]]:
        for first in range(0, visits, VISITS_AT_ONCE):
            found: dict[str, list[Row]] = {table: [] for table in COLUMNS}
            for n in range(first, min(first + VISITS_AT_ONCE, visits)):
                whose = one if n % (visits * 4 // JOURNALS_OF_ONE) == 0 else random.choice(others)
                day = last_on - timedelta(days=random.randrange(YEARS * 365))
                for table, row in books.visit(n, whose, day):
                    found[table].append(row)
            yield found

    write(url, practice.id, rows())
    return one, last_on


class _Books:
    """Makes the rows of one visit after another."""

    def __init__(
        self,
        practice_id: UUID,
        host_id: UUID,
        services: Sequence[tuple[UUID, str, str]],
        random: Random,
    ) -> None:
        self.practice_id, self.host_id = practice_id, host_id
        self.services, self.random = services, random
        self.parties = json.dumps({"client_name": "A client", "business_name": "Tidewater"})

    def _id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def visit(self, n: int, client_id: UUID, day: date) -> Iterator[tuple[str, Row]]:
        here, at = self.practice_id, datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
        session, payment, invoice = self._id(), self._id(), self._id()
        service_id, kind, label = self.random.choice(self.services)
        minor = 100 * self.random.randrange(90, 450)
        ends = at + timedelta(minutes=20)
        yield (
            "appointments",
            (
                *(here, session, client_id, service_id, self.host_id, kind, label, minor, "USD"),
                *("in_person", at, ends, "America/New_York", "completed", 0, 1),
                *(f"{session}@appointments.invalid", 0, at, at, "{}"),
            ),
        )
        yield (
            "payments",
            (
                *(here, payment, client_id, session, minor, "USD", "Appointment payment"),
                *(("card_online", "cash", "check")[n % 3], "paid", "", False, at, at),
            ),
        )
        yield (
            "invoices",
            (
                *(here, invoice, f"INV-{day.year}-{n:07d}", "invoice", f"session:{session}"),
                *(client_id, session, day, at, day, self.parties, minor, "USD"),
            ),
        )
        held = Account.CASH if n % 3 else Account.CLEARING
        fee = 30 + minor * 29 // 1000
        journals: dict[str, list[Line]] = {
            f"charge:{payment}": [
                (held, minor, None, payment, None, None),
                (CREDIT, -minor, client_id, payment, None, session),
            ],
            f"fee:{payment}": [
                (Account.PROCESSOR_FEES, fee, None, payment, None, None),
                (held, -fee, None, payment, None, None),
            ],
            f"invoice:{invoice}": [
                (OWED, minor, client_id, None, invoice, None),
                (Account.REVENUE, -minor, client_id, None, invoice, None),
            ],
        }
        if n % UNPAID:
            journals[f"settle:{invoice}:{payment}:0"] = [
                (CREDIT, minor, client_id, payment, None, session),
                (OWED, -minor, client_id, payment, invoice, None),
            ]
        for key, lines in journals.items():
            journal = self._id()
            for position, (account, cents, *whose) in enumerate(lines, start=1):
                row = (here, self._id(), journal, position, day, account.value, cents, *whose)
                yield "ledger_entries", row
            yield "journals", (here, journal, key, day, at, "USD", "", "program")


def _on_sqlite(url: str, practice_id: UUID, books: Iterator[dict[str, list[Row]]]) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
        file.execute("PRAGMA synchronous=OFF")
        file.execute("PRAGMA cache_size=-200000")
        file.create_function("app_practice_id", 0, lambda: practice_id.hex)
        for tables in books:
            file.execute("BEGIN")
            for table, rows in tables.items():
                columns = COLUMNS[table]
                marks = ", ".join("?" * len(columns))
                statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - of this file
                file.executemany(statement, ([_plain(each) for each in row] for row in rows))
            file.execute("COMMIT")
        file.execute("ANALYZE")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _plain(value: Any) -> Any:
    """Return a value as the program writes it into SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return value.isoformat() if isinstance(value, date) else value


def _on_postgresql(url: str, practice_id: UUID, books: Iterator[dict[str, list[Row]]]) -> None:
    del practice_id  # a superuser sees past the wall, which bulk writing needs
    with databases.superuser(url) as connection:
        for tables in books:
            with connection.transaction(), connection.cursor() as cursor:
                for table, rows in tables.items():
                    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
                    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
                    with cursor.copy(into) as copy:
                        for row in rows:
                            copy.write_row(row)
        connection.execute("VACUUM ANALYZE")
