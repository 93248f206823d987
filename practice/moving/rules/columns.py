"""Which column of somebody's table is which of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from practice.moving.rules.runs import What
from practice.moving.rules.tables import Row, Table, filled
from practice.people.rules import folded


@dataclass(frozen=True, slots=True)
class Column:
    """One of our columns. ``known_as`` are the headers by which it is guessed."""

    name: str
    label: str
    known_as: tuple[str, ...]
    is_needed: bool = True


_EMAIL = Column(
    "email", "Email", ("email", "email address", "client email", "mail", "contact email")
)

COLUMNS: dict[What, tuple[Column, ...]] = {
    What.CLIENTS: (
        Column(
            "first_name",
            "First name",
            ("first name", "first", "given name", "forename", "firstname"),
        ),
        Column(
            "last_name",
            "Last name",
            ("last name", "last", "family name", "surname", "lastname"),
        ),
        _EMAIL,
        Column(
            "phone",
            "Mobile number",
            (
                "mobile number",
                "mobile",
                "mobile phone",
                "phone",
                "phone number",
                "cell",
                "cell phone",
            ),
            is_needed=False,
        ),
        Column(
            "birth_on",
            "Birth date",
            ("birth date", "birthdate", "date of birth", "dob", "birthday"),
            is_needed=False,
        ),
        Column(
            "address",
            "Home address",
            ("home address", "address", "street address", "mailing address"),
            is_needed=False,
        ),
    ),
    What.SESSIONS: (
        _EMAIL,
        Column(
            "kind", "Kind of session", ("kind", "kind of session", "type", "session", "service")
        ),
        Column(
            "date",
            "Date held",
            ("date", "date held", "held on", "session date", "start", "start date"),
            is_needed=False,
        ),
        Column(
            "left",
            "Sessions left",
            ("left", "sessions left", "remaining", "sessions remaining"),
            is_needed=False,
        ),
    ),
    What.BALANCES: (
        _EMAIL,
        Column("number", "Invoice number", ("number", "invoice", "invoice number", "invoice no")),
        Column("date", "Date", ("date", "invoice date", "issued", "issued on", "date issued")),
        Column("amount", "Amount", ("amount", "total", "invoice total", "amount due", "charge")),
        Column("paid", "Paid", ("paid", "amount paid", "payments", "received"), is_needed=False),
    ),
}

Choices = Mapping[str, int]
"""The number of a column in the file, from 0, by the name of ours."""


def guess(columns: Sequence[Column], header: Sequence[str]) -> dict[str, int]:
    """Choose for each of our columns the first one of the file that is called so."""
    called = [" ".join(folded(name).replace("_", " ").replace("-", " ").split()) for name in header]
    found: dict[str, int] = {}
    for column in columns:
        for name in column.known_as:
            if name in called and called.index(name) not in found.values():
                found[column.name] = called.index(name)
                break
    return found


def missing(columns: Sequence[Column], choices: Choices) -> list[Column]:
    """Return those of our columns that a table must have and for which none was chosen."""
    return [each for each in columns if each.is_needed and each.name not in choices]


def cells(table: Table, row: Row, choices: Choices) -> dict[str, str]:
    """Return what stands in the chosen columns of a row; empty where the row is too short."""
    return {
        name: row.cells[column] if filled(row, column) else ""
        for name, column in choices.items()
        if column < len(table.header)
    }


def is_ragged(table: Table, row: Row) -> bool:
    """Say whether something stands beyond the last column: then the row has slipped."""
    return any(row.cells[len(table.header) :])
