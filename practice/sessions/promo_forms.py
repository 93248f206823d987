"""What staff type about a code, and the code that somebody has."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from practice.billing.rules.prices import Asked
from practice.billing.rules.promos import LONGEST_CODE, MOST_USES, is_code, tidy
from practice.people.forms import BaseForm, DayField
from practice.sessions.catalog_forms import BoxesField, PartField, WholeField
from practice.sessions.forms import PublicForm
from practice.sessions.models import Service


class CodeForm(PublicForm):
    """A code that a client has for a lower price."""

    code = StringField(
        "Code",
        [InputRequired("Enter your code"), Length(max=60, message="This is longer than a code")],
        render_kw={"autocomplete": "off", "autocapitalize": "characters"},
    )


class PromoForm(BaseForm):
    """A code that is offered: what it takes off, when, how often, and for what."""

    code = StringField(
        "Code",
        [InputRequired("Enter a code")],
        render_kw={"autocomplete": "off", "maxlength": LONGEST_CODE},
    )
    off = PartField("Taken off the list price")
    from_on = DayField("From", [InputRequired("Enter the first day")])
    until_on = DayField("Until", [Optional()])
    most_uses = WholeField("Number of uses", least=1, most=MOST_USES, optional=True)
    once_per_client = BooleanField("Each client once")
    services = BoxesField("For")

    def offer(self, services: Iterable[Service]) -> None:
        self.services.choices = {str(each.id): f"{each.label}, {each.price}" for each in services}

    def validate_code(self, field: StringField) -> None:
        field.data = tidy(field.data or "")
        if not is_code(field.data):
            raise StopValidation(f"Use 3 to {LONGEST_CODE} letters, digits and hyphens")

    def validate_off(self, field: PartField) -> None:
        if field.part is None or not field.part.value:
            raise StopValidation("Enter an amount like 25.00, or a percentage from 1% to 100%")

    def validate_until_on(self, field: DayField) -> None:
        if field.data and self.from_on.data and field.data < self.from_on.data:
            raise StopValidation("The last day comes before the first")

    @property
    def taken_off(self) -> Asked:
        """What it takes off, once the form is checked."""
        if self.off.part is None:
            raise ValueError("the form was not checked")
        return self.off.part

    @property
    def service_ids(self) -> list[UUID]:
        return [UUID(each) for each in self.services.data or ()]
