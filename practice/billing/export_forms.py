"""What the pages of exports take in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from wtforms import Field, RadioField, SelectField, StringField, TextAreaField
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from practice.billing.rules.export_ways import (
    DATES,
    EARNED,
    LONGEST_NAME,
    Ways,
    WrongColumns,
    columns_as_text,
    read_columns,
    wrong_account,
    wrong_name,
)
from practice.billing.rules.exporting import Kind, Program
from practice.billing.rules.ledger import NAMES, Account
from practice.billing.rules.months import (
    last_of,
    month_before,
    read_month,
    what_is_wrong,
)
from practice.people.forms import BaseForm, DayField, at_most
from practice.people.seen import SeenForm

MONTHS = 36
"""So many months are in the list; any other can be asked for by its days."""


class PeriodForm(BaseForm):
    """Which days: a month, or from one day to another. Read from the address."""

    class Meta(BaseForm.Meta):
        csrf = False

    month = SelectField("Month", validate_choice=False)
    first = DayField("From", [Optional()], name="from")
    last = DayField("To", [Optional()], name="to")

    def offer(self, today: date, asked: Mapping[str, str]) -> None:
        """List the months until today; last month is chosen where nothing else is asked for."""
        each, listed = today.replace(day=1), []
        for _ in range(MONTHS):
            listed.append(each)
            each = month_before(each)
        chosen = read_month(self.month.data or "")
        if chosen is not None and chosen not in listed:
            listed.append(chosen)
        self.month.choices = {
            "": "Other days",
            **{f"{each:%Y-%m}": f"{each:%B %Y}" for each in listed},
        }
        if not any(asked.get(name) for name in ("month", "from", "to")):
            self.month.data = f"{month_before(today):%Y-%m}"

    def validate_month(self, field: Field) -> None:
        if field.data and read_month(field.data) is None:
            raise ValidationError("Choose a month from the list")

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self.month.data:
            return True
        for field, words in ((self.first, "first"), (self.last, "last")):
            if field.data is None:
                field.errors = [f"Enter the {words} day, or choose a month"]
        if self.first.data and self.last.data:
            wrong = what_is_wrong(self.first.data, self.last.data)
            self.last.errors = [wrong] if wrong else []
        return not (self.first.errors or self.last.errors)

    @property
    def period(self) -> tuple[date, date]:
        """The days that were asked for, once they are checked."""
        month = read_month(self.month.data or "")
        if month is not None:
            return month, last_of(month)
        if self.first.data is None or self.last.data is None:
            raise ValueError("an unchecked period")
        return self.first.data, self.last.data

    def as_address(self) -> dict[str, str]:
        """Return the period as an address says it."""
        if self.month.data:
            return {"month": self.month.data}
        first_on, last_on = self.period
        return {"from": first_on.isoformat(), "to": last_on.isoformat()}


class LockForm(SeenForm):
    """A last look at a month before it is locked."""


class UnlockForm(BaseForm):
    """Why a month is opened again."""

    reason = StringField(
        "Why is this month opened again?",
        [InputRequired("Enter a reason"), at_most(200)],
    )


class ColumnsForm(SeenForm):
    """What the columns of one file are called: a line for each."""

    kind: Kind
    names: dict[str, str]

    columns = TextAreaField("Columns", [Length(max=4000, message="Use at most 4,000 characters")])

    def show(self, kind: Kind, ways: Ways) -> None:
        """Say which file it is about, and what its columns are called now."""
        self.kind = kind
        if not self.is_submitted():
            self.columns.data = columns_as_text(ways, kind)
        self.columns.render_kw = {"rows": "14", "spellcheck": "false"}

    def validate_columns(self, field: Field) -> None:
        try:
            self.names = read_columns(self.kind, field.data or "")
        except WrongColumns as wrong:
            raise ValidationError(str(wrong)) from None


DATE_CHOICES = {style.value: words for style, words in DATES.items()}


def _must_be(what: Callable[[str], str | None], words: str) -> Callable[[AnyForm, Field], None]:
    def check(_form: AnyForm, field: Field) -> None:
        wrong = what(field.data) if field.data else None
        if wrong:
            raise ValidationError(f"{words} {wrong}")

    return check


class WaysForm(SeenForm):
    """How files are written: words, dates, and the practice's own accounts."""

    services = RadioField(
        "What services are called in files",
        choices={"neutral": "The same neutral words for all", "own": "Each by its own name"},
    )
    neutral_words = StringField(
        "Neutral words",
        [InputRequired("Enter the neutral words"), _must_be(wrong_name, "The words")],
    )
    date_plain = SelectField("Dates in plain files", choices=DATE_CHOICES)
    date_quickbooks = SelectField("Dates for QuickBooks", choices=DATE_CHOICES)
    date_xero = SelectField("Dates for Xero", choices=DATE_CHOICES)
    xero_tax = StringField(
        "Tax type in Xero",
        [InputRequired("Enter the tax type"), _must_be(wrong_name, "The tax type")],
    )

    @property
    def accounts(self) -> list[tuple[Account, Field, Field, Field | None]]:
        """The ledger's accounts, with the fields for their name, code, and code in Xero."""
        return [
            (
                each,
                self[f"name_{each.value}"],
                self[f"code_{each.value}"],
                self[f"xero_{each.value}"] if each in EARNED else None,
            )
            for each in Account
        ]

    def show(self, ways: Ways) -> None:
        """Fill the form with what is so."""
        self.services.data = "own" if ways.names_services else "neutral"
        self.neutral_words.data, self.xero_tax.data = ways.neutral_words, ways.xero_tax
        for program in Program:
            self[f"date_{program.value}"].data = ways.style(program).value
        for each, name, code, xero in self.accounts:
            name.data = ways.account_names.get(each.value, "")
            code.data = ways.account_codes.get(each.value, "")
            if xero is not None:
                xero.data = ways.xero_codes.get(each.value, "")

    def ways(self, before: Ways) -> Ways:
        """Return what was typed, once it is checked; columns stay as they are."""
        return Ways(
            names_services=self.services.data == "own",
            neutral_words=self.neutral_words.data or "",
            dates={each.value: self[f"date_{each.value}"].data for each in Program},
            headers=before.headers,
            account_names=_typed((each, name) for each, name, _, _ in self.accounts),
            account_codes=_typed((each, code) for each, _, code, _ in self.accounts),
            xero_codes=_typed((each, xero) for each, _, _, xero in self.accounts if xero),
            xero_tax=self.xero_tax.data or "",
        )


def _typed(fields: Any) -> dict[str, str]:
    return {account.value: field.data for account, field in fields if field.data}


def _code(words: str) -> StringField:
    return StringField(
        words,
        [
            Length(max=20, message="A code has 20 characters or fewer"),
            _must_be(wrong_name, "The code"),
        ],
    )


for _account in Account:
    _words = NAMES[_account]
    _name = StringField(
        f"Your name for {_words}",
        [_must_be(wrong_account, "The name")],
        render_kw={"placeholder": _words, "maxlength": LONGEST_NAME},
    )
    setattr(WaysForm, f"name_{_account.value}", _name)
    setattr(WaysForm, f"code_{_account.value}", _code(f"Your code for {_words}"))
for _account in EARNED:
    setattr(WaysForm, f"xero_{_account.value}", _code(f"Xero account code for {NAMES[_account]}"))
