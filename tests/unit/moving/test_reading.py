"""What the cells of a row say, and what is wrong with them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.errors import Invalid
from practice.moving.rules.columns import COLUMNS, cells, guess, is_ragged, missing
from practice.moving.rules.reading import (
    Balance,
    Held,
    Problem,
    Reader,
    day_of,
    kind_of,
    minor_of,
    read_balance,
    read_client,
    read_held,
)
from practice.moving.rules.runs import What
from practice.moving.rules.tables import Row, Table
from practice.moving.rules.written import cell, line, money
from practice.people.rules import ClientDetails
from practice.sessions.rules.lifecycle import SessionKind

TODAY = date(2026, 11, 28)


def reader(**said: str) -> Reader:
    return Reader(7, said, today=TODAY)


# Columns -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            ("First Name", "LAST_NAME", "E-mail", "Email Address", "Cell phone"),
            {"first_name": 0, "last_name": 1, "email": 3, "phone": 4},
        ),
        (
            ("Surname", "Given name", "Date of birth"),
            {"last_name": 0, "first_name": 1, "birth_on": 2},
        ),
        (("A", "B"), {}),
    ],
)
def test_columns_are_guessed_by_what_they_are_called(
    header: tuple[str, ...], found: dict[str, int]
) -> None:
    assert guess(COLUMNS[What.CLIENTS], header) == found


def test_a_column_that_is_needed_and_not_chosen_is_named() -> None:
    lacking = missing(COLUMNS[What.BALANCES], {"email": 0, "amount": 2})

    assert [each.label for each in lacking] == ["Invoice number", "Date"]


def test_a_short_row_is_empty_at_its_end_and_a_long_one_has_slipped() -> None:
    table = Table(("a", "b"), (Row(2, ("1",)), Row(3, ("1", "2", "3")), Row(4, ("1", "2", ""))))

    assert cells(table, table.rows[0], {"email": 0, "kind": 1}) == {"email": "1", "kind": ""}
    assert [is_ragged(table, row) for row in table.rows] == [False, True, False]


# Rows --------------------------------------------------------------------------------------------


def test_a_client_is_read() -> None:
    row = reader(
        first_name="Noor",
        last_name="O’Brien",
        email="Noor@Mail.example",
        phone="(757) 555-0123",
        birth_on="2/29/1984",
        address="1 Lane\nNorfolk",
    )

    assert read_client(row) == ClientDetails(
        "Noor", "O’Brien", "noor@mail.example", "+17575550123", date(1984, 2, 29), "1 Lane\nNorfolk"
    )


def test_a_client_without_a_number_is_read_too() -> None:
    read = read_client(reader(first_name="A", last_name="B", email="a@mail.example"))

    assert read == ClientDetails("A", "B", "a@mail.example", "")


def test_everything_that_is_wrong_with_a_client_is_said_with_row_and_column() -> None:
    row = reader(
        first_name="", last_name="x" * 81, email="nobody", phone="call me", birth_on="2/30/1984"
    )

    assert read_client(row) is None
    assert row.problems == [
        Problem(7, "first_name", "Enter the first name"),
        Problem(7, "last_name", "Use at most 80 characters"),
        Problem(7, "email", "Enter an email address like name@example.com"),
        Problem(7, "phone", "Enter a phone number like 757-555-0100"),
        Problem(7, "birth_on", "Enter a date that exists"),
    ]


def test_what_no_keyboard_types_is_refused() -> None:
    row = reader(first_name="\u202eevil", last_name="B", email="a@mail.example")

    assert read_client(row) is None
    assert row.problems == [Problem(7, "first_name", "Leave out characters that cannot be seen")]


def test_a_session_is_held_on_a_day_or_left_and_never_both() -> None:
    email = "a@mail.example"

    assert read_held(reader(email=email, kind="Dosing", date="2026-11-10")) == Held(
        email, SessionKind.DOSING, date(2026, 11, 10), None
    )
    assert read_held(reader(email=email, kind="Dosing", left="4")) == Held(
        email, SessionKind.DOSING, None, 4
    )
    assert read_held(reader(email=email, kind="Dosing")) is None
    assert read_held(reader(email=email, kind="Dosing", date="2026-11-10", left="4")) is None
    assert read_held(reader(email=email, kind="Dosing", date="2026-11-29")) is None


def test_a_balance_is_read_and_never_paid_more_than_it_asks_for() -> None:
    said = {"email": "a@mail.example", "number": "OLD-7", "date": "11/1/2026"}

    assert read_balance(reader(**said, amount="$1,250.00", paid="250")) == Balance(
        "a@mail.example", "OLD-7", date(2026, 11, 1), 125_000, 25_000
    )
    assert read_balance(reader(**said, amount="10", paid="10.01")) is None
    assert read_balance(reader(**said, amount="0.00")) is None


# Cells -------------------------------------------------------------------------------------------


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_both_ways(day: date) -> None:
    assert day_of(day.isoformat()) == day
    assert day_of(f"{day.month}/{day.day}/{day.year}") == day
    assert day_of(f"{day.isoformat()}T10:30:00Z") == day


@pytest.mark.parametrize(
    "text", ["3/27/84", "2023-02-29", "0000-00-00", "27.3.1984", "1e3", "１/1/2020"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        day_of(text)


@given(st.integers(min_value=0, max_value=100_000_000))
def test_every_amount_is_read_as_it_is_written(minor: int) -> None:
    assert minor_of(money(minor)) == minor
    assert minor_of(f"${minor // 100:,}.{minor % 100:02d}") == minor


@pytest.mark.parametrize(
    "text", ["-1", "0.001", "1e400", "1,00", "10 EUR", "NaN", "", "9" * 40, "１"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        minor_of(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("dosing", SessionKind.DOSING),
        ("Ketamine session: dosing", SessionKind.DOSING),
        ("Medicine session", SessionKind.DOSING),
        ("Preparation Session", SessionKind.PREP),
        ("medical_eval", SessionKind.MEDICAL_EVAL),
        ("Follow-up", SessionKind.MED_FOLLOWUP),
    ],
)
def test_kinds_are_known_by_the_usual_words(text: str, kind: SessionKind) -> None:
    assert kind_of(text) is kind


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(Invalid, match="preparation, dosing"):
        kind_of("massage")


# What leaves -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_no_spreadsheet_runs_what_somebody_typed(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_values_are_written_as_a_person_reads_them() -> None:
    written = line([None, True, SessionKind.PREP, date(2026, 12, 1), -5, {"b": 1}, "O'Brien, A"])

    assert written == ',yes,prep,2026-12-01,-5,"{""b"": 1}","O\'Brien, A"\r\n'
