"""Choosing what to pay at once, by a client, or by staff who were handed the money."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import HiddenField, RadioField
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, StopValidation

from practice.billing.bundles import Payable
from practice.billing.forms import METHODS, AmountField, BoxesField
from practice.sessions.forms import PublicForm


class ThingsField(BoxesField):
    """What to pay: at least one of what is open, each as it was shown."""

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        if not self.data:
            raise StopValidation("Choose at least one")
        if not set(self.data) <= set(self.choices or ()):
            raise StopValidation("What is to pay has changed since you looked. Choose again")


class ChooseForm(PublicForm):
    """What to pay at once."""

    items = ThingsField("What to pay", validate_choice=False)

    def offer(self, things: Sequence[Payable]) -> None:
        self.items.choices = {each.key: _in_words(each) for each in things}


class OptionalAmount(AmountField):
    """An amount of more than zero, or nothing for all that was chosen."""

    def pre_validate(self, form: AnyForm) -> None:
        if not self.data:
            raise StopValidation
        super().pre_validate(form)


class SeveralForm(ChooseForm):
    """Money handed over for several things. ``payment_id`` makes a second click harmless."""

    amount = OptionalAmount("Amount in dollars", render_kw={"inputmode": "decimal"})
    method = RadioField(
        "How it was paid",
        choices={method.value: words for method, words in METHODS.items()},
        validators=[InputRequired("Choose how it was paid")],
    )
    payment_id = HiddenField()


def _in_words(each: Payable) -> str:
    return f"{each.what}, {each.on:%b} {each.on.day}, {each.on.year}, {each.number}: {each.due}"
