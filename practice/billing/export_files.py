"""Writing a file: to the disk first, a few rows at a time, with its sums and its hash.

Nothing is sent before all of it is written, so that a file that looks whole is whole, and the
database is left alone while somebody's browser takes its time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import IO, Any

from practice.billing import export_invoices, export_json, export_ties
from practice.billing.export_asked import Asked, Row
from practice.billing.export_rows import rows_of
from practice.billing.exports import amount
from practice.billing.rules.exporting import (
    ENDINGS,
    IN_ALL,
    SHAPES,
    TYPES,
    XERO_AT_ONCE,
    Kind,
    Program,
    file_name,
)
from practice.billing.rules.ledger import NAMES

MARK = "\ufeff"
IN_MEMORY = 1 << 20
PIECE = 1 << 16
ROWS_AT_ONCE = 500
NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The same files make the same ZIP."""


@dataclass
class Made:
    """A file that was written: ``body`` is to be read once, from its beginning, and closed.

    ``sums`` are what its rows add up to, and ``books`` what the books say of it, in cents, both in
    the order of ``Shape.summed``.
    """

    kind: Kind
    name: str
    rows: int
    sums: tuple[int, ...]
    books: tuple[int, ...]
    sha256: str
    bytes_long: int
    body: IO[bytes]

    @property
    def type(self) -> str:
        return TYPES[self.name.rpartition(".")[2]]

    @property
    def ties(self) -> bool:
        """Whether the file comes to what the books say."""
        return self.sums == self.books

    def pieces(self) -> Iterator[bytes]:
        """Yield the file a piece at a time, then close it."""
        with self.body:
            while piece := self.body.read(PIECE):
                yield piece


@dataclass
class Tally:
    """What was written so far."""

    summed: int
    rows: int = 0
    sums: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.sums = [0] * self.summed

    def take(self, amounts: tuple[int, ...]) -> None:
        self.rows += 1
        for place, minor in enumerate(amounts):
            self.sums[place] += minor


def make(kind: Kind, asked: Asked) -> Made:
    """Write one of the files with rows, or the JSON. Call inside ``one_moment()``."""
    books = export_ties.of_days(asked.first_on, asked.last_on)
    shape = SHAPES.get(kind)
    tally = Tally(len(shape.summed) if shape else 0)
    body = spool()
    ending = ENDINGS[kind]
    if kind is Kind.XERO and export_invoices.count(asked) > XERO_AT_ONCE:
        ending = "zip"
        _write_xero_parts(body, asked, tally)
    elif shape is not None:
        _write(body, _csv(kind, rows_of(kind, asked), asked, tally))
    else:
        _write(body, export_json.pieces(asked, books, tally))
    name = file_name(kind, asked.first_on, asked.last_on, ending)
    wanted = books.sums.get(kind, ())
    return finished(kind, name, tally.rows, body, sums=tuple(tally.sums), books=wanted)


def make_all(files: Iterable[Made], asked: Asked) -> Made:
    """Put files into one ZIP with one more that says what each comes to; closes them."""
    books = export_ties.of_days(asked.first_on, asked.last_on)
    body, listed = spool(), []
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files:
            with _entry(archive, each.name) as entry:
                for piece in each.pieces():
                    entry.write(piece)
            listed.append(each)
        with _entry(archive, "totals.json") as entry:
            entry.write(totals(listed, books, asked).encode())
    name = file_name(Kind.ALL, asked.first_on, asked.last_on, "zip")
    return finished(Kind.ALL, name, len(listed), body)


def make_each(asked: Asked) -> Iterator[Made]:
    """Write every file that goes into the ZIP of all, one after the other."""
    return (make(kind, asked) for kind in IN_ALL)


def totals(files: Iterable[Made], books: export_ties.Books, asked: Asked) -> str:
    """Return the file that says what each file comes to, and what the books say of it."""
    found: dict[str, Any] = {
        "from": asked.first_on.isoformat(),
        "to": asked.last_on.isoformat(),
        "currency": asked.currency,
        "accounts": [
            {
                "account": account.value,
                "name": NAMES[account],
                "debit": amount(debit),
                "credit": amount(credit),
            }
            for account, (debit, credit) in sorted(books.totals.items())
        ],
        "files": [
            {
                "name": each.name,
                "sha256": each.sha256,
                "bytes": each.bytes_long,
                "rows": each.rows,
                "totals": {
                    column: {"file": amount(own), "books": amount(wanted)}
                    for column, own, wanted in zip(
                        SHAPES[each.kind].summed if each.kind in SHAPES else (),
                        each.sums,
                        each.books,
                        strict=True,
                    )
                },
            }
            for each in files
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def spool() -> IO[bytes]:
    """Return an empty file that is in memory while it is small, and gone when it is closed."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY)


def finished(
    kind: Kind,
    name: str,
    rows: int,
    body: IO[bytes],
    *,
    sums: tuple[int, ...] = (),
    books: tuple[int, ...] = (),
) -> Made:
    """Return a file that was written, with its length and its hash."""
    digest, length = hashlib.sha256(), 0
    body.seek(0)
    while piece := body.read(PIECE):
        digest.update(piece)
        length += len(piece)
    body.seek(0)
    return Made(kind, name, rows, sums, books, digest.hexdigest(), length, body)


def _csv(kind: Kind, rows: Iterable[Row], asked: Asked, tally: Tally) -> Iterator[str]:
    """Yield the text of a CSV file: UTF-8 and CRLF.

    With a mark in front that spreadsheets know it by; programs would take it for a part of the
    first column's name.
    """
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    if SHAPES[kind].program is Program.PLAIN:
        text.write(MARK)
    write(asked.ways.header(kind))
    for cells, amounts in rows:
        write(cells)
        tally.take(amounts)
        if not tally.rows % ROWS_AT_ONCE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _write_xero_parts(body: IO[bytes], asked: Asked, tally: Tally) -> None:
    """Write as many files as it takes into a ZIP: Xero reads 500 invoices of each."""
    base = file_name(Kind.XERO, asked.first_on, asked.last_on, "").rstrip(".")
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, rows in groupby(_numbered(rows_of(Kind.XERO, asked)), key=lambda each: each[0]):
            with _entry(archive, f"{base}-part-{part}.csv") as entry:
                _write(entry, _csv(Kind.XERO, (row for _, row in rows), asked, tally))


def _numbered(rows: Iterable[Row]) -> Iterator[tuple[int, Row]]:
    """Yield rows with the number of the part that they belong to, from 1 on."""
    invoices, last = 0, ""
    for row in rows:
        number = row[0][export_invoices.NUMBER]
        if number != last:
            invoices, last = invoices + 1, number
        yield 1 + (invoices - 1) // XERO_AT_ONCE, row


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, NO_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    return archive.open(info, "w", force_zip64=True)


def _write(body: IO[bytes], pieces: Iterable[str]) -> None:
    for piece in pieces:
        body.write(piece.encode())
