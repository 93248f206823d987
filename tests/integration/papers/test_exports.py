"""Exports on both databases: read by a reader of its own, every file ties out to the books."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask

from practice.billing import export_files, ledger, pdf
from practice.billing.handing_out import hand_out
from practice.billing.rules.exporting import SHAPES, Kind
from practice.billing.rules.ledger import NAMES, Account
from practice.core.db import practice_scope
from tests import factories
from tests.integration.papers import a_month
from tests.integration.papers.a_month import FIRST, LAST, Month

GOLDEN = Path(__file__).parent / "golden"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def month(app: Flask) -> Iterator[Month]:
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield a_month.live()


def taken(kind: Kind) -> bytes:
    return b"".join(hand_out(kind, FIRST, LAST).pieces())


def books_of(kind: Kind) -> tuple[int, ...]:
    made = hand_out(kind, FIRST, LAST)
    made.body.close()
    return made.books


def read(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def cents(text: str) -> int:
    return int(Decimal(text or "0") * 100)


def added_up(rows: list[dict[str, str]], *columns: str) -> tuple[int, ...]:
    return tuple(sum(cents(row[column]) for row in rows) for column in columns)


def nameless(body: bytes) -> str:
    """Return a file with its ids numbered in the order in which they come."""
    known: dict[str, str] = {}
    return UUID_TEXT.sub(
        lambda found: known.setdefault(found[0], f"id-{len(known) + 1}"),
        body.decode().replace("\r\n", "\n"),
    )


def test_every_file_is_the_golden_one_and_adds_up_to_the_books(month: Month) -> None:
    bodies = {kind: taken(kind) for kind in SHAPES}

    for kind, body in bodies.items():
        golden = GOLDEN / f"{kind.value}.csv"
        assert nameless(body) == golden.read_text(), kind
        assert body.count(b"\n") == body.count(b"\r\n") > 1
    rows = {kind: read(body) for kind, body in bodies.items()}
    totals = ledger.totals(FIRST, LAST)
    by_code: dict[Account, tuple[int, int]] = {}
    for account in totals:
        own = [row for row in rows[Kind.JOURNAL] if row["account"] == account.value]
        by_code[account] = added_up(own, "debit", "credit")  # type: ignore[assignment]
        named = [row for row in rows[Kind.QB_JOURNAL] if row["AccountName"] == NAMES[account]]
        assert added_up(named, "Debits", "Credits") == totals[account]
    assert by_code == totals
    xero = sum(int(row["*Quantity"]) * cents(row["*UnitAmount"]) for row in rows[Kind.XERO])
    found = {
        kind: (xero,) if kind is Kind.XERO else added_up(rows[kind], *shape.summed)
        for kind, shape in SHAPES.items()
    }
    assert found == {kind: books_of(kind) for kind in SHAPES}
    until = ledger.totals(FIRST.replace(year=2000), LAST)
    owed = until[Account.RECEIVABLE][0] - until[Account.RECEIVABLE][1]
    assert (found[Kind.AGING], found[Kind.PAYOUTS]) == ((owed,), totals[Account.BANK][:1])
    assert found[Kind.PAYMENTS][0] - found[Kind.REFUNDS][0] == 20_000 + 17_500 - 5_000
    in_buckets = added_up(rows[Kind.AGING], "0_to_30", "31_to_60", "61_to_90", "over_90")
    assert (sum(in_buckets), in_buckets[3]) == (owed, 20_000)


def test_the_zip_of_all_and_the_json_carry_the_totals_of_the_books(month: Month) -> None:
    with zipfile.ZipFile(io.BytesIO(taken(Kind.ALL))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    totals = ledger.totals(FIRST, LAST)

    said = json.loads(files.pop("totals.json"))
    assert {each["name"] for each in said["files"]} == set(files)
    assert [
        (column, each["name"])
        for each in said["files"]
        for column, sums in each["totals"].items()
        if sums["file"] != sums["books"]
    ] == []
    assert {
        each["account"]: (cents(each["debit"]), cents(each["credit"])) for each in said["accounts"]
    } == {account.value: sums for account, sums in totals.items()}

    document = json.loads(files["everything-2026-03-01-to-2026-03-31.json"])
    entries = [entry for journal in document["journals"] for entry in journal["entries"]]
    assert {
        account.value: (
            sum(max(each["minor"], 0) for each in entries if each["account"] == account.value),
            sum(max(-each["minor"], 0) for each in entries if each["account"] == account.value),
        )
        for account in totals
    } == {account.value: sums for account, sums in totals.items()}
    assert [len(document[name]) for name in ("invoices", "payments", "refunds", "payouts")] == [
        *(5, 2, 3, 1)
    ]


def test_xero_is_handed_no_more_invoices_a_file_than_it_reads(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(taken(Kind.XERO))
    monkeypatch.setattr(export_files, "XERO_AT_ONCE", 2)

    with zipfile.ZipFile(io.BytesIO(taken(Kind.XERO))) as archive:
        parts = {name: read(archive.read(name)) for name in archive.namelist()}

    assert list(parts) == [
        f"xero-invoices-2026-03-01-to-2026-03-31-part-{part}.csv" for part in (1, 2, 3)
    ]
    assert [len({row["*InvoiceNumber"] for row in rows}) for rows in parts.values()] == [2, 2, 1]
    assert [row for rows in parts.values() for row in rows] == whole


@pytest.mark.database("sqlite")
@pytest.mark.skipif(pdf.missing() is not None, reason="no Pango here")
def test_the_papers_of_a_month_are_the_same_zip_whenever_it_is_asked_for(month: Month) -> None:
    first = taken(Kind.PDFS)

    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = archive.namelist()
        assert all(archive.read(name).startswith(b"%PDF") for name in names)
    assert names == [
        *(f"INV-2026-0000{n}.pdf" for n in (1, 2, 3, 4)),
        *("CN-2026-00001.pdf", "REC-2026-00001.pdf", "REC-2026-00002.pdf"),
    ]
    assert taken(Kind.PDFS) == first
