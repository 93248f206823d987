"""Reading tables that other programs wrote."""

import pytest

from practice.core.errors import Invalid
from practice.moving.rules.tables import MOST_ROWS, Row, Table, read_table, text_of


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"Name\nJos\xc3\xa9", "Name\nJosé"),
        (b"\xef\xbb\xbfName\nJos\xc3\xa9", "Name\nJosé"),
        ("Name\nJosé".encode("utf-16"), "Name\nJosé"),
        (b"Name\nJos\xe9", "Name\nJosé"),  # as Excel on Windows saves
    ],
)
def test_the_characters_of_a_file_are_found_out(body: bytes, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    "body", [b"", b"  \n ", b"PK\x03\x04\x00\x00", b"MZ\x90\x00\x03", b"\x81\x00"]
)
def test_what_is_no_text_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        text_of(body)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_whatever_divides_its_cells(delimiter: str) -> None:
    text = f"Name{delimiter}Email\r\n\r\nBell{delimiter}a@b.example\r\n"

    assert read_table(text) == Table(("Name", "Email"), (Row(3, ("Bell", "a@b.example")),))


def test_cells_are_text_and_trimmed_whatever_a_spreadsheet_would_make_of_them() -> None:
    text = 'a,b,c,d\n=1+1, @SUM(A1) ,"-2, or\n3",+1 757 555 0101\n'

    assert read_table(text).rows[0].cells == ("=1+1", "@SUM(A1)", "-2, or\n3", "+1 757 555 0101")


def test_ragged_rows_keep_what_they_have() -> None:
    rows = read_table("a,b\n1\n1,2,3\n").rows

    assert [row.cells for row in rows] == [("1",), ("1", "2", "3")]


def test_a_column_without_a_name_gets_one() -> None:
    assert read_table("a,,c\n1,2,3\n").header == ("a", "Column 2", "c")


@pytest.mark.parametrize(
    "text",
    [
        "only a header\n",
        "a,b\n" + "1,2\n" * (MOST_ROWS + 1),
        'a,b\n"never closed,' + "x" * 200_000,
        "a\n" + "x" * 5000,
        "a\n" + "," * 300 + "x",
    ],
)
def test_a_table_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_table(text)


def test_as_many_rows_as_are_allowed_are_read() -> None:
    assert len(read_table("a,b\n" + "1,2\n" * MOST_ROWS).rows) == MOST_ROWS
