"""Reading a table that another program wrote: its characters, its delimiter, its ragged rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from practice.core.errors import Invalid
from practice.people.rules import tidied

MOST_ROWS = 5000
LARGEST_BYTES = 4_000_000
LONGEST_CELL = 4000
MOST_COLUMNS = 200
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its number in the file, as a spreadsheet counts: the header is row 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The header and the rows of a file. Rows may be shorter or longer than the header."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def sample(self, column: int) -> str:
        """Return the first thing that stands in a column, to recognise it by."""
        return next((row.cells[column] for row in self.rows if filled(row, column)), "")


def filled(row: Row, column: int) -> bool:
    """Say whether anything stands in a cell."""
    return column < len(row.cells) and bool(row.cells[column])


def text_of(body: bytes) -> str:
    """Return the characters of a file: UTF-8 or UTF-16 by its mark, else as Windows writes them.

    Raises:
        Invalid: for an empty file, or one that is no text.
    """
    if not body.strip():
        raise Invalid("The file is empty.")
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return _decoded(body, name)
    try:
        return _decoded(body, "utf-8")
    except Invalid:
        return _decoded(body, "cp1252")


def _decoded(body: bytes, name: str) -> str:
    try:
        text = body.decode(name)
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        raise Invalid("This is no text file. Save the table as CSV and choose that file.")
    return text


def read_table(text: str) -> Table:
    """Read a CSV file: comma, semicolon or tab, whatever its first row uses most.

    Cells are trimmed and always text: what a spreadsheet would run as a formula is only letters
    here. Empty rows are skipped.

    Raises:
        Invalid: without a header and a row, for too many rows or columns, or a cell without end.
    """
    delimiter = _delimiter_of(text)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
            row = Row(number, tuple(tidied(cell) for cell in cells))
            if any(row.cells):
                _check(row)
                rows.append(row)
            if len(rows) > MOST_ROWS + 1:
                raise Invalid(f"{TOO_MANY} Split the file.")
    except csv.Error:
        raise Invalid("The file could not be read as a table: a quotation mark is open.") from None
    if len(rows) < 2:
        raise Invalid("The file needs a first row with the names of the columns, and rows below.")
    return Table(_named(rows[0].cells), tuple(rows[1:]))


TOO_MANY = f"At most {MOST_ROWS:,} rows can be brought over at once."


def _check(row: Row) -> None:
    if len(row.cells) > MOST_COLUMNS:
        raise Invalid(f"Row {row.number} has more than {MOST_COLUMNS} columns.")
    if any(len(cell) > LONGEST_CELL for cell in row.cells):
        raise Invalid(
            f"A cell of row {row.number} is longer than {LONGEST_CELL:,} characters. "
            "Is a quotation mark missing at its end?"
        )


def _delimiter_of(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    counts = {delimiter: first.count(delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=counts.__getitem__)


def _named(header: Sequence[str]) -> tuple[str, ...]:
    return tuple(name[:80] or f"Column {n}" for n, name in enumerate(header, start=1))
