"""What the pages of the billing room take in."""

from collections.abc import Mapping
from datetime import date

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from practice.billing.archive import Filter
from practice.billing.rules.invoices import InvoiceState
from practice.billing.rules.statements import what_is_wrong
from practice.billing.service.documents import local_today
from practice.core.errors import Invalid
from practice.people.forms import BaseForm


class CreditForm(BaseForm):
    """Why an invoice is taken back."""

    reason = StringField(
        "Why is this invoice taken back?",
        validators=[
            InputRequired("Enter a reason"),
            Length(max=200, message="Use at most 200 characters"),
        ],
    )


def read_filter(arguments: dict[str, str]) -> Filter:
    """Read a list's filter from the address bar.

    Raises:
        Invalid: for a day that is none, an unknown state, or an end before the beginning.
    """
    first_on, last_on = (_day(arguments.get(name, "")) for name in ("from", "to"))
    if first_on and last_on and last_on < first_on:
        raise Invalid("The last day is before the first day.")
    state = arguments.get("state", "")
    if state and state not in set(InvoiceState):
        raise Invalid("Choose a state from the list.")
    return Filter(
        first_on=first_on,
        last_on=last_on,
        state=InvoiceState(state) if state else None,
        search=arguments.get("q", "").strip()[:100],
    )


def read_period(arguments: Mapping[str, str]) -> tuple[tuple[date, date], str]:
    """Read ``from`` and ``to``, by default this year so far, and what is wrong with them in words.

    What cannot be read is replaced by the default.
    """
    today = local_today()
    period, wrong = (today.replace(month=1, day=1), today), ""
    try:
        first_on, last_on = (_day(arguments.get(name, "")) for name in ("from", "to"))
        period = (first_on or min(period[0], last_on or today), last_on or today)
        wrong = what_is_wrong(*period) or ""
    except Invalid as refused:
        wrong = refused.message
    return period, wrong


def read_page(text: str) -> int:
    """Read the number of a page, 1 where there is none.

    Raises:
        Invalid: unless it is a number from 1 to 100,000.
    """
    if not text:
        return 1
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 100_000):
        raise Invalid("That page does not exist.")
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("Enter a date like 2026-12-01.") from None
