"""What a payer types on the pay page, and what is wrong with it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sandbox.cards import TestCard, card_for, passes_luhn
from sandbox.resources.payment_methods import Holder

FIELDS = ("email", "number", "expiry", "cvc", "name")
LONGEST = 200

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_EXPIRY = re.compile(r"(\d{1,2})\s*[/ -]?\s*(\d{2}|\d{4})")


@dataclass
class PayForm:
    """The fields as typed, and one sentence for each that is wrong."""

    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    refusal: str | None = None
    """Why the bank said no to a form that was filled in well."""

    @property
    def first_wrong(self) -> str | None:
        return next((name for name in FIELDS if name in self.errors), None)


def empty(email: str | None) -> PayForm:
    return PayForm(dict.fromkeys(FIELDS, "") | {"email": email or ""})


def read(given: Mapping[str, str], today: date) -> tuple[PayForm, TestCard | None, Holder | None]:
    """Read a submitted form; card and holder are None if anything in it is wrong.

    ``today`` decides which cards have run out.
    """
    typed = {name: given.get(name, "").strip()[:LONGEST] for name in FIELDS}
    form = PayForm(typed)
    number = re.sub(r"[\s-]", "", typed["number"])
    month, year = _expiry(typed["expiry"])
    wrong = {
        "email": not _EMAIL.fullmatch(typed["email"]) and "Enter an email address.",
        "number": _wrong_number(number),
        "expiry": _wrong_expiry(month, year, today),
        "cvc": not re.fullmatch(r"\d{3,4}", typed["cvc"])
        and "Enter the 3 or 4 digits of the security code.",
        "name": not typed["name"] and "Enter the name on the card.",
    }
    form.errors = {name: words for name, words in wrong.items() if words}
    if form.errors:
        return form, None, None
    return form, card_for(number), Holder(month, year, typed["name"], typed["email"])


def _wrong_number(number: str) -> str | None:
    if not re.fullmatch(r"[0-9]{12,19}", number):
        return "Enter the whole card number."
    return None if passes_luhn(number) else "Your card number is invalid."


def _expiry(text: str) -> tuple[int, int]:
    """Return month and four-digit year, or zeros for what is not an expiry."""
    found = _EXPIRY.fullmatch(text)
    if found is None:
        return 0, 0
    year = int(found[2])
    return int(found[1]), year + 2000 if year < 100 else year


def _wrong_expiry(month: int, year: int, today: date) -> str | None:
    if not 1 <= month <= 12 or year > 2099:
        return "Enter the expiry as month and year, like 12 / 34."
    if (year, month) < (today.year, today.month):
        return "Your card's expiration date is in the past."
    return None
