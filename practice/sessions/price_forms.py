"""What staff type about a client's own prices, and about the price of one session."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Optional, StopValidation
from wtforms.widgets import HiddenInput

from practice.billing.rules.prices import Agreed, Asked
from practice.people.forms import BaseForm, DayField, at_most
from practice.sessions.catalog_forms import PartField, PriceField
from practice.sessions.models import Service
from practice.sessions.service.pricing import LONGEST_REASON


class Reasoned(BaseForm):
    reason = StringField(
        "Reason",
        [InputRequired("Write down the reason"), at_most(LONGEST_REASON)],
    )


class SessionPriceForm(Reasoned):
    """What one session costs, and why."""

    price = PriceField("Price in dollars", render_kw={"inputmode": "decimal"})


class CoursePriceForm(Reasoned):
    """What a course costs one client, and why."""

    price = PartField("Price for this client")
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired()])

    def validate_price(self, field: PartField) -> None:
        if field.part is None:
            raise StopValidation("Enter an amount like 3100.00, or a percentage like 80%")

    @property
    def agreed(self) -> Agreed:
        """The price, once it is checked."""
        if self.price.part is None:
            raise ValueError("the form was not checked")
        asked = self.price.part
        return Agreed(asked.way, asked.value, self.reason.data or "")


class OwnPriceForm(Reasoned):
    """A client's own price for one service or all, between two days."""

    service = SelectField("For")
    price = PartField("Own price")
    from_on = DayField("From", [InputRequired("Enter the first day")])
    until_on = DayField("Until", [Optional()])

    def offer(self, services: Iterable[Service]) -> None:
        named = {str(each.id): f"{each.label}, {each.price}" for each in services}
        self.service.choices = {"": "Every session"} | named

    def validate_price(self, field: PartField) -> None:
        if field.part is None:
            raise StopValidation("Enter an amount like 100.00, or a percentage like 60%")

    def validate_until_on(self, field: DayField) -> None:
        if field.data and self.from_on.data and field.data < self.from_on.data:
            raise StopValidation("The last day comes before the first")

    @property
    def service_id(self) -> UUID | None:
        return UUID(self.service.data) if self.service.data else None

    @property
    def asked(self) -> Asked:
        """The price, once it is checked."""
        if self.price.part is None:
            raise ValueError("the form was not checked")
        return self.price.part
