"""A locked month: nothing counts to it any more, and its files are what they were."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError

from practice.audit.models import AuditEntry
from practice.billing import ledger, locks
from practice.billing.export_models import ExportWays
from practice.billing.handing_out import hand_out
from practice.billing.models import Journal, LedgerEntry, Payment
from practice.billing.rules.exporting import KEPT, Kind
from practice.billing.rules.ledger import Account, Entry
from practice.billing.rules.months import last_of
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import export_ways, keeping_files, months, verifying
from practice.billing.service import ledger as books
from practice.clients.service import merging
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, read_again, transaction
from practice.core.errors import Conflict, Invalid
from practice.people.models import Practice
from practice.people.queries import today_here
from practice.people.rules import Role
from practice.people.seen import ChangedMeanwhile
from tests import factories
from tests.browsers import send, sign_in
from tests.integration.papers import a_month
from tests.integration.papers.a_month import FIRST, LAST, Month

MARCH = {"month": "2026-03"}
EARNED = [Entry(Account.BANK, 100), Entry(Account.OPENING, -100)]


@pytest.fixture
def practice(app: Flask) -> Iterator[Practice]:
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield practice


@pytest.fixture
def month(practice: Practice) -> Month:
    return a_month.live()


def lock(first_on: date = FIRST) -> None:
    seen = months.seal_of(ledger.totals(first_on, last_of(first_on)))
    kept = in_transaction(lambda: months.lock(first_on, seen=seen, by=factories.OWNER))
    keeping_files.keep(kept)


def taken() -> dict[Kind, bytes]:
    """Return every file of March, each of which comes to what the books say."""
    files = [hand_out(kind, FIRST, LAST) for kind in KEPT]
    assert [made.name for made in files if not made.ties] == []
    return {made.kind: b"".join(made.pieces()) for made in files}


def days_of(*keys: str) -> list[tuple[date, str]]:
    read_again()
    found = [ledger.find(key) for key in keys]
    return [(each.on_day, each.memo) for each in found if each]


def test_the_files_of_a_locked_month_stay_as_they_are_whatever_comes_later(month: Month) -> None:
    before = taken()
    lock()
    first_time = taken()

    with transaction():
        ada = db.session.merge(month.ada)
        ada.last_name = "Ortiz-Bell"
        a_month.pay(ada, 20_000, month.half_paid_for)  # settles the invoice of March
        card = db.session.scalars(
            sa.select(Payment).where(Payment.method == PaymentMethod.CARD_ONLINE)
        ).one()
        late = a_month.payout(card, 5_000)
        ways = replace(locks.ways(), neutral_words="Visits", names_services=True)
        export_ways.save(ways, seen="", by=factories.OWNER)
        merging.merge(ada.id, month.mallory.id, by=factories.OWNER)

    assert first_time == before
    assert taken() == before
    assert days_of(f"payout:{late.id}") == [
        (date(2026, 4, 1), "(of Mar 25, 2026, which is locked)")
    ]
    assert verifying.problems() == []

    with transaction():
        months.unlock(FIRST, reason="A name was wrong", by=factories.OWNER)
    after = taken()
    assert b"Ortiz-Bell" in after[Kind.INVOICES]
    assert (after[Kind.JOURNAL], after[Kind.PAYMENTS] == before[Kind.PAYMENTS]) == (
        before[Kind.JOURNAL],
        False,
    )
    lock()
    assert taken() == after


def test_the_database_takes_nothing_of_a_locked_month_or_of_before(practice: Practice) -> None:
    lock()

    for on in (LAST, FIRST, date(2025, 12, 31)):
        with pytest.raises(DBAPIError, match="is locked"), transaction():
            write_past_the_service(on, on)
    with pytest.raises(DBAPIError, match="another day"), transaction():
        write_past_the_service(date(2026, 4, 1), LAST)
    with transaction():
        write_past_the_service(date(2026, 4, 1), date(2026, 4, 1))
        books.post("late", EARNED, on=date(2025, 12, 31), memo="Found")
    assert days_of("late") == [(date(2026, 4, 1), "Found (of Dec 31, 2025, which is locked)")]
    assert ledger.totals(date(2000, 1, 1), LAST) == {}


def write_past_the_service(on_day: date, of_lines: date) -> None:
    journal_id = uuid4()
    for position, entry in enumerate(EARNED, start=1):
        db.session.add(
            LedgerEntry(
                journal_id=journal_id,
                position=position,
                on_day=of_lines,
                account=entry.account,
                minor=entry.minor,
            )
        )
    db.session.flush()
    db.session.add(
        Journal(
            id=journal_id,
            source_key=f"a test:{journal_id}",
            on_day=on_day,
            posted_at=clock.now(),
            currency="USD",
            made_by="test",
        )
    )
    db.session.flush()


def test_months_are_locked_once_they_are_over_and_opened_from_the_last_one_back(
    practice: Practice,
) -> None:
    today = today_here()
    with pytest.raises(Invalid, match="once it is over"):
        lock(today.replace(day=1))
    lock(date(2026, 2, 1))
    lock()
    with pytest.raises(Conflict, match="March 2026 is locked already"):
        lock()
    with pytest.raises(ChangedMeanwhile), transaction():
        months.lock(date(2026, 1, 1), seen="another", by=factories.OWNER)
    with pytest.raises(Conflict, match="March 2026 is locked too"), transaction():
        months.unlock(date(2026, 2, 1), reason="Early", by=factories.OWNER)
    assert locks.locked() == FIRST


@pytest.mark.database("postgresql")
def test_what_waits_for_the_lock_of_a_month_counts_to_the_next(
    app: Flask, practice: Practice
) -> None:
    seen = months.seal_of({})
    failed: list[BaseException] = []

    def post() -> None:
        with app.app_context(), practice_scope(practice.id):
            try:
                in_transaction(lambda: books.post("beside", EARNED, on=LAST))
            except BaseException as error:  # noqa: BLE001  # told to the test
                failed.append(error)

    beside = threading.Thread(target=post)
    with transaction():
        months.lock(FIRST, seen=seen, by=factories.OWNER)
        beside.start()
        beside.join(timeout=0.5)  # it waits for us
        assert beside.is_alive()
    beside.join()

    assert failed == []
    assert [on for on, _ in days_of("beside")] == [date(2026, 4, 1)]


def test_the_pages_lock_take_and_open_a_month(practice: Practice, client: FlaskClient) -> None:
    with transaction():
        owner = factories.create_user(Role.OWNER)
        export_ways.save(locks.ways(), seen="", by=factories.OWNER)
    sign_in(client, owner)
    look = client.get("/billing/exports/lock", query_string=MARCH)
    seen = months.seal_of({})
    assert f'value="{seen}"' in look.text

    old = send(client, "/billing/exports/lock?month=2026-03", {"seen": "another"})
    locked = send(client, "/billing/exports/lock?month=2026-03", {"seen": seen})
    file = client.get("/billing/exports/file", query_string=MARCH | {"kind": "journal"})
    empty = send(client, "/billing/exports/unlock?month=2026-03", {"reason": " "})
    again = send(client, "/billing/exports/unlock?month=2026-03", {"reason": "Typo"})

    assert (old.status_code, locked.status_code, empty.status_code) == (409, 303, 422)
    assert (file.status_code, file.headers["Content-Disposition"]) == (
        200,
        'attachment; filename="journal-2026-03-01-to-2026-03-31.csv"',
    )
    assert again.status_code == 303
    read_again()
    deeds = db.session.scalars(
        sa.select(AuditEntry.verb)
        .where(AuditEntry.verb.startswith("books:"), AuditEntry.actor_id == owner.id)
        .order_by(AuditEntry.at)
    )
    assert list(deeds) == ["books:lock", "books:export", "books:unlock"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("from=2026-03-31&to=2026-03-01", "The last day is before the first day"),
        ("from=1996-01-01&to=2026-03-01", "Choose at most three years at once"),
        ("from=2026-02-30&to=2026-03-01", "Enter a date like 2026-12-01"),
        ("from=2026-03-01", "Enter the last day, or choose a month"),
        ("month=2026-13", "Choose a month from the list"),
        ("month=2026-03&kind=ledger", "There is no such file. Choose one of these."),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(
    practice: Practice, client: FlaskClient, asked: str, said: str
) -> None:
    with transaction():
        user = factories.create_user(Role.BOOKKEEPER)
    sign_in(client, user)

    for address in ("exports", "exports/file"):
        if "kind=" in asked and address == "exports":
            continue
        answer = client.get(
            f"/billing/{address}?kind=journal&{asked}".replace("kind=journal&m", "m")
        )
        assert (answer.status_code, said in answer.text) == (422, True), address


def test_a_column_map_with_unknown_fields_is_refused_and_changes_nothing(
    practice: Practice, client: FlaskClient
) -> None:
    with transaction():
        user = factories.create_user(Role.BOOKKEEPER)
    sign_in(client, user)
    page = "/billing/exports/columns/quickbooks-journal"

    unknown = send(client, page, {"columns": "Debits = Debit\nAmount = Betrag"})
    nothing = db.session.scalar(sa.select(sa.func.count()).select_from(ExportWays))
    known = send(client, page, {"columns": "Debits = Debit\nName = Customer"})
    account = send(
        client,
        "/billing/exports/ways",
        {
            "services": "neutral",
            "neutral_words": "Services",
            "date_plain": "iso",
            "date_quickbooks": "us",
            "date_xero": "europe",
            "xero_tax": "Tax Exempt",
            "name_4000": "Income: :Sessions",
        },
    )

    assert (unknown.status_code, nothing) == (422, 0)
    assert "This file has no column “Amount”. It has: JournalNo, JournalDate" in unknown.text
    assert "Amount = Betrag" in unknown.text
    assert known.status_code == 303
    assert (account.status_code, "on both sides of each colon" in account.text) == (422, True)
    read_again()
    assert locks.ways().header(Kind.QB_JOURNAL)[3:] == (
        *("Debit", "Credits", "Description", "Customer"),
    )
