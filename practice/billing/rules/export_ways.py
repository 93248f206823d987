"""How a practice wants its files: words for services, dates, columns, and its own accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from practice.billing.rules.exporting import SHAPES, Kind, Program
from practice.billing.rules.ledger import NAMES, Account

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_NAME = 100
NEUTRAL = "Professional services"
EARNED = (Account.REVENUE, Account.FEE_INCOME, Account.PACKAGES)
"""What an invoice can be for: each may have a code of its own in Xero."""


class DateStyle(StrEnum):
    US = "us"
    EUROPE = "europe"
    ISO = "iso"


DATES: dict[DateStyle, str] = {
    DateStyle.US: "12/31/2026, month first",
    DateStyle.EUROPE: "31/12/2026, day first",
    DateStyle.ISO: "2026-12-31",
}
_WRITE: dict[DateStyle, Callable[[date], str]] = {
    DateStyle.US: lambda on: on.strftime("%m/%d/%Y"),
    DateStyle.EUROPE: lambda on: on.strftime("%d/%m/%Y"),
    DateStyle.ISO: date.isoformat,
}
_DATES_AT_FIRST = {
    Program.PLAIN: DateStyle.ISO,
    Program.QUICKBOOKS: DateStyle.US,
    Program.XERO: DateStyle.US,
}


@dataclass(frozen=True, slots=True)
class Ways:
    """How one practice wants its files. What is left out is as shipped.

    ``headers`` are its own names of columns by kind of file; ``account_names`` and
    ``account_codes`` those of the ledger's accounts, by our code: ``Parent:Child`` for a
    sub-account.
    """

    names_services: bool = False
    neutral_words: str = NEUTRAL
    dates: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    account_names: Mapping[str, str] = field(default_factory=dict)
    account_codes: Mapping[str, str] = field(default_factory=dict)
    xero_codes: Mapping[str, str] = field(default_factory=dict)
    xero_tax: str = "Tax Exempt (0%)"

    def terms(self) -> dict[str, Any]:
        """Return them fit for JSON."""
        return asdict(self)

    def service(self, own: str) -> str:
        """Return what a service is called in files."""
        return own if self.names_services else self.neutral_words

    def style(self, program: Program) -> DateStyle:
        return DateStyle(self.dates.get(program, _DATES_AT_FIRST[program]))

    def writes_date(self, program: Program) -> Callable[[date], str]:
        """Return the function that writes the dates of a program."""
        return _WRITE[self.style(program)]

    def header(self, kind: Kind) -> tuple[str, ...]:
        """Return the first row of a file."""
        own = self.headers.get(kind, {})
        return tuple(own.get(column, column) for column in SHAPES[kind].columns)

    def name(self, account: Account) -> str:
        return self.account_names.get(account) or NAMES[account]

    def code(self, account: Account) -> str:
        return self.account_codes.get(account) or account.value

    def xero_code(self, account: Account) -> str:
        return self.xero_codes.get(account) or self.code(account)


def from_terms(terms: Mapping[str, Any]) -> Ways:
    """Return what ``Ways.terms`` gave, also where it is from before a field was there."""
    known = Ways.__slots__
    return Ways(**{name: value for name, value in terms.items() if name in known})


class WrongColumns(ValueError):
    """A column map that cannot be followed; the words say what is wrong with which line."""


def read_columns(kind: Kind, text: str) -> dict[str, str]:
    """Read the map of a file's columns: a line ``ours = theirs`` for each that is renamed.

    Raises:
        WrongColumns: for a line that is none, a column that the file does not have or that stands
            twice, a name that is too long or that a spreadsheet would run, and two alike.
    """
    columns = SHAPES[kind].columns
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        ours, equals, theirs = (part.strip() for part in line.partition("="))
        if not equals or not theirs:
            raise WrongColumns(f"Write “{line[:60]}” as a column, =, and your name for it")
        if ours not in columns:
            raise WrongColumns(
                f"This file has no column “{ours[:60]}”. It has: {', '.join(columns)}"
            )
        if ours in found:
            raise WrongColumns(f"“{ours}” stands there twice")
        if wrong := wrong_name(theirs):
            raise WrongColumns(f"The name for “{ours}” {wrong}")
        found[ours] = theirs
    _refuse_twins([found.get(column, column) for column in columns])
    return {ours: theirs for ours, theirs in found.items() if ours != theirs}


def _refuse_twins(header: list[str]) -> None:
    seen: set[str] = set()
    for name in header:
        if name.casefold() in seen:
            raise WrongColumns(f"Two columns would be called “{name}”")
        seen.add(name.casefold())


def wrong_name(text: str) -> str | None:
    """Say what is wrong with a name that goes into files, or return ``None``."""
    if len(text) > LONGEST_NAME:
        return f"must be {LONGEST_NAME} characters or fewer"
    if text.startswith(STARTS_A_FORMULA):
        return "must not begin with a sign that spreadsheets calculate with"
    return None


def wrong_account(text: str) -> str | None:
    """Say what is wrong with an account's name, or return ``None``: sub-accounts have a colon."""
    if wrong := wrong_name(text):
        return wrong
    if any(not part or part != part.strip() for part in text.split(":")):
        return "needs a name on both sides of each colon, like Income:Sessions"
    return None


def columns_as_text(ways: Ways, kind: Kind) -> str:
    """Return the map of a file's columns as it is typed: every column, renamed or not."""
    return "\n".join(
        f"{ours} = {theirs}"
        for ours, theirs in zip(SHAPES[kind].columns, ways.header(kind), strict=True)
    )
