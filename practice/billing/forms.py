"""What the pages of the billing room take in."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from wtforms import HiddenField, RadioField, SelectMultipleField, StringField
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from practice.billing.archive import Filter
from practice.billing.rules.giving_back import LONGEST_REASON, How, Way
from practice.billing.rules.invoices import InvoiceState
from practice.billing.rules.payments import PaymentMethod
from practice.billing.rules.statements import what_is_wrong
from practice.billing.service.give_backs import Asked
from practice.core.errors import Invalid, NotFound
from practice.people.forms import BaseForm, at_most
from practice.people.queries import today_here

METHODS: dict[PaymentMethod, str] = {
    PaymentMethod.CARD_AT_VISIT: "Card, on the practice’s own terminal",
    PaymentMethod.HSA_CARD: "HSA card, own terminal",
    PaymentMethod.CASH: "Cash",
    PaymentMethod.CHECK: "Check",
    PaymentMethod.TRANSFER: "Bank transfer",
}


BACK_WORDS: dict[PaymentMethod, str] = {
    PaymentMethod.CARD_ONLINE: "Back to the card",
    PaymentMethod.CARD_AT_VISIT: "Back to the card, on the practice’s own terminal",
    PaymentMethod.HSA_CARD: "Back to the HSA card, on the practice’s own terminal",
    PaymentMethod.CASH: "Paid back in cash",
    PaymentMethod.CHECK: "Paid back by check",
    PaymentMethod.TRANSFER: "Paid back by bank transfer",
}


HOW_WORDS: dict[str, Any] = {
    How.ALL: "All that is left",
    How.PART: "A part",
    How.LINES: "Lines of its invoice, with a credit note",
}


class PriceField(StringField):
    """An amount of money that may be zero, written as ``175`` or ``175.00``.

    ``minor`` is in cents. ``wrong`` are the words for what is no amount.
    """

    minor: int

    def __init__(self, *args: Any, wrong: str = "Enter an amount like 175.00", **more: Any) -> None:
        self.wrong = wrong
        super().__init__(*args, **more)

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        text = self.data or ""
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{2})?", text):
            raise StopValidation(self.wrong)
        whole, _, cents = text.partition(".")
        self.minor = int(whole) * 100 + int(cents or 0)


class AmountField(PriceField):
    """An amount of money of more than zero."""

    def pre_validate(self, form: AnyForm) -> None:
        super().pre_validate(form)
        if not self.minor:
            raise StopValidation("Enter an amount of more than zero")


class BoxesField(SelectMultipleField):
    """Boxes to tick, of which any may be."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.type = "SelectMultipleField"  # templates know by it that there are several boxes


UUID_LIKE = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class PartAmountField(AmountField):
    """An amount that is asked for where a part goes back, and not read otherwise."""

    def pre_validate(self, form: AnyForm) -> None:
        if form["how"].data != How.PART:
            raise StopValidation
        super().pre_validate(form)


class GiveBackForm(BaseForm):
    """How much of a payment goes back, where to, and why. ``seen`` marks what was shown."""

    how = RadioField(
        "How much",
        choices=HOW_WORDS,
        default=How.ALL,
        validators=[InputRequired("Choose how much")],
    )
    amount = PartAmountField(
        "Amount in dollars",
        wrong="Enter an amount in US dollars, with two digits for cents, like 50.00",
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    lines = BoxesField("Lines", validate_choice=False)
    way = RadioField("Where to", validators=[InputRequired("Choose where it goes")])
    reason = StringField(
        "Reason",
        [InputRequired("Write down why"), at_most(LONGEST_REASON)],
    )
    give_back_id = HiddenField()
    seen = HiddenField()

    def offer(self, lines: Mapping[str, str], came_by: PaymentMethod) -> None:
        """Say which lines there are, in words by their ids, and where money can go."""
        self.lines.choices = dict(lines)
        self.way.choices = {
            Way.BACK: BACK_WORDS[came_by],
            Way.CREDIT: "It stays as credit for what comes next",
        }
        if not lines:
            self.how.choices = {how: words for how, words in HOW_WORDS.items() if how != How.LINES}

    def checked_id(self) -> UUID:
        """Return the id that was made with the form.

        Raises:
            NotFound: for anything that is none.
        """
        try:
            return UUID(self.give_back_id.data or "")
        except ValueError:
            raise NotFound("There is nothing at this address.") from None

    def asked(self) -> Asked:
        """Return what is asked for, once the form is checked."""
        how = How(self.how.data)
        return Asked(
            how,
            Way(self.way.data),
            self.reason.data or "",
            self.amount.minor if how is How.PART else 0,
            [UUID(each) for each in self.lines.data or () if re.fullmatch(UUID_LIKE, each)],
        )


class CreditForm(BaseForm):
    """Why an invoice is taken back."""

    reason = StringField(
        "Why is this invoice taken back?",
        validators=[
            InputRequired("Enter a reason"),
            at_most(200),
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
    today = today_here()
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
