"""What the cells of a row say, in the practice's terms, or what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from practice.core.errors import Invalid
from practice.people.contact import email_of, phone_of
from practice.people.rules import ClientDetails, folded, has_hidden
from practice.sessions.rules.lifecycle import SessionKind

T = TypeVar("T")
Cells = Mapping[str, str]

MOST_MINOR = 100_000_000
EARLIEST_YEAR = 1900
MOST_LEFT = 200

KINDS: dict[str, SessionKind] = {
    "consult": SessionKind.CONSULT,
    "consultation": SessionKind.CONSULT,
    "call": SessionKind.CONSULT,
    "intake": SessionKind.INTAKE,
    "medical eval": SessionKind.MEDICAL_EVAL,
    "medical evaluation": SessionKind.MEDICAL_EVAL,
    "evaluation": SessionKind.MEDICAL_EVAL,
    "med followup": SessionKind.MED_FOLLOWUP,
    "medical follow up": SessionKind.MED_FOLLOWUP,
    "follow up": SessionKind.MED_FOLLOWUP,
    "prep": SessionKind.PREP,
    "preparation": SessionKind.PREP,
    "dosing": SessionKind.DOSING,
    "dose": SessionKind.DOSING,
    "medicine": SessionKind.DOSING,
    "integration": SessionKind.INTEGRATION,
    "booster": SessionKind.BOOSTER,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row: in which of our columns (empty: the whole row), in words."""

    row: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Held:
    """A session that a client had elsewhere on a day, or how many of a kind are left."""

    email: str
    kind: SessionKind
    held_on: date | None
    left: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """An invoice of the former program: amounts in cents."""

    email: str
    number: str
    dated_on: date
    amount_minor: int
    paid_minor: int


class Reader:
    """Reads the cells of one row, and keeps what is wrong with them."""

    def __init__(self, row: int, cells: Cells, *, today: date) -> None:
        self.row = row
        self.cells = cells
        self.today = today
        self.problems: list[Problem] = []

    def say(self, column: str, words: str) -> None:
        self.problems.append(Problem(self.row, column, words))

    def take(self, column: str, read: Callable[[str], T], *, missing: str = "") -> T | None:
        """Read one cell. An empty one is none, and wrong where ``missing`` says so."""
        text = self.cells.get(column, "")
        if not text:
            if missing:
                self.say(column, missing)
            return None
        try:
            return read(_seen(text))
        except Invalid as wrong:
            self.say(column, wrong.message)
            return None


def read_client(reader: Reader) -> ClientDetails | None:
    """Read a client, or note what is wrong with the row."""
    first_name = reader.take("first_name", _upto(80), missing="Enter the first name")
    last_name = reader.take("last_name", _upto(80), missing="Enter the last name")
    email = reader.take("email", email_of, missing="Enter an email address")
    phone = reader.take("phone", phone_of)
    birth_on = reader.take("birth_on", lambda text: _past(day_of(text), reader.today))
    address = reader.take("address", _upto(400))
    if reader.problems or not (first_name and last_name and email):
        return None
    return ClientDetails(
        first_name=first_name,
        last_name=last_name,
        email=email,
        phone=phone or "",
        birth_on=birth_on,
        address=address,
    )


def read_held(reader: Reader) -> Held | None:
    """Read a session held elsewhere or a number of sessions left, or note what is wrong."""
    email = reader.take("email", email_of, missing="Enter the client's email address")
    kind = reader.take("kind", kind_of, missing="Enter the kind of session, such as dosing")
    held_on = reader.take("date", lambda text: _past(day_of(text), reader.today, or_today=True))
    left = reader.take("left", _count)
    if not reader.problems and (held_on is None) == (left is None):
        reader.say(
            "date", "Enter either the date on which it was held, or how many sessions are left"
        )
    if reader.problems or not (email and kind):
        return None
    return Held(email, kind, held_on, left)


def read_balance(reader: Reader) -> Balance | None:
    """Read an invoice of the former program, or note what is wrong."""
    email = reader.take("email", email_of, missing="Enter the client's email address")
    number = reader.take("number", _upto(40), missing="Enter the invoice's number")
    dated_on = reader.take(
        "date",
        lambda text: _past(day_of(text), reader.today, or_today=True),
        missing="Enter the invoice's date",
    )
    amount = reader.take("amount", minor_of, missing="Enter the amount, like 175.00")
    paid = reader.take("paid", minor_of) or 0
    if amount == 0:
        reader.say("amount", "The amount must be more than zero")
    if amount and paid > amount:
        reader.say("paid", "More was paid than the invoice asks for")
    if reader.problems or not (email and number and dated_on and amount):
        return None
    return Balance(email, number, dated_on, amount, paid)


# Cells -----------------------------------------------------------------------------------------


def day_of(text: str) -> date:
    """Read a day: ``2026-12-01``, or the American way, ``12/1/2026``; a time behind it is left out.

    Raises:
        Invalid: for anything else, and for years of two digits.
    """
    text = re.split(r"[T ]", text, maxsplit=1)[0]
    if found := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text):
        year, month, day = map(int, found.groups())
    elif found := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text):
        month, day, year = map(int, found.groups())
    else:
        raise Invalid("Enter a date like 2026-12-01 or 12/1/2026")
    try:
        return date(year, month, day)
    except ValueError:
        raise Invalid("Enter a date that exists") from None


def minor_of(text: str) -> int:
    """Read an amount of money as cents: ``175``, ``175.00``, ``$1,250.00``.

    Raises:
        Invalid: for anything else, negative amounts, and parts of a cent.
    """
    plain = text.removeprefix("$").strip()
    if not re.fullmatch(r"([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,9})(\.[0-9]{1,2})?", plain):
        raise Invalid("Enter an amount like 175.00")
    whole, _, cents = plain.replace(",", "").partition(".")
    minor = int(whole) * 100 + int(cents.ljust(2, "0") or 0)
    if minor > MOST_MINOR:
        raise Invalid("An invoice is of a million at most")
    return minor


def kind_of(text: str) -> SessionKind:
    """Read a kind of session, in our words or the usual ones, whatever stands behind them.

    Raises:
        Invalid: if none of them is said.
    """
    said = re.sub(r"[^a-z]+", " ", folded(text)).strip()
    said = re.sub(r"\b(session|sessions|ketamine|visit|appointment)\b", " ", said)
    said = " ".join(said.split())
    if said in KINDS:
        return KINDS[said]
    raise Invalid(
        "Enter one of: consult, intake, medical evaluation, follow-up, preparation, dosing, "
        "integration, booster"
    )


def _seen(text: str) -> str:
    if has_hidden(text, allowed="\n"):
        raise Invalid("Leave out characters that cannot be seen")
    return text


def _upto(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > longest:
            raise Invalid(f"Use at most {longest} characters")
        return text

    return read


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 0 < int(text) <= MOST_LEFT:
        raise Invalid(f"Enter a number of sessions from 1 to {MOST_LEFT}")
    return int(text)


def _past(day: date, today: date, *, or_today: bool = False) -> date:
    if day.year < EARLIEST_YEAR:
        raise Invalid(f"The date must be in {EARLIEST_YEAR} or later")
    if day > today or (day == today and not or_today):
        raise Invalid("The date must be in the past")
    return day


Item = Any
"""What a row says: ``ClientDetails``, ``Held`` or ``Balance``."""
