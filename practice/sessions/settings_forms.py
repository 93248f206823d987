"""What owners type in the set-up and on the settings pages of this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any, cast
from uuid import UUID

from wtforms import IntegerField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from practice.calendar.rules import zones
from practice.calendar.service.weekly import PlainWeek
from practice.people.forms import BaseForm
from practice.people.settings_forms import ZoneField
from practice.sessions.models import Service
from practice.sessions.service.moving_in import Policies
from practice.sessions.staff_forms import PriceField

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOCK = {minute: zones.clock_words(time(*divmod(minute, 60))) for minute in range(300, 1411, 30)}
"""The hours that the plain form knows: every half from 5 AM to 11:30 PM."""

CLOCK_CHOICES = {str(minute): words for minute, words in CLOCK.items()}


def _at_most(longest: int) -> Length:
    return Length(max=longest, message=f"Use at most {longest} characters")


class ZoneForm(BaseForm):
    """The zone that a practice moves to."""

    zone = ZoneField("Move to")


class PlacesForm(BaseForm):
    """Where clients come to. Kept sealed, and shown to those whose session is near alone."""

    address = TextAreaField(
        "Street address of the sessions", [_at_most(400)], render_kw={"rows": 3}
    )
    arrival_notes = TextAreaField("How to arrive", [_at_most(1000)], render_kw={"rows": 4})


class HoursForm(BaseForm):
    """The same hours on some days of the week."""

    weekdays = SelectMultipleField(
        "Days",
        [InputRequired("Choose at least one day")],
        coerce=int,
        choices={str(number): name for number, name in enumerate(DAYS, start=1)},
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    starts = SelectField("From", coerce=int, choices=CLOCK_CHOICES)
    ends = SelectField("To", coerce=int, choices=CLOCK_CHOICES)

    def validate_ends(self, field: SelectField) -> None:
        if field.data <= self.starts.data:
            raise StopValidation("The end must be after the beginning")

    def week(self) -> PlainWeek:
        return PlainWeek(tuple(self.weekdays.data or ()), self.starts.data, self.ends.data)


def says(week: PlainWeek) -> dict[str, Any] | None:
    """Return what the form shows of a week; ``None`` if it has no such hours to choose."""
    if not {week.starts_minute, week.ends_minute} <= CLOCK.keys():
        return None
    return {
        "weekdays": list(week.weekdays),
        "starts": week.starts_minute,
        "ends": week.ends_minute,
    }


class PoliciesForm(BaseForm):
    """What clients are told before they book."""

    horizon_days = IntegerField(
        "How many days ahead clients can book",
        [InputRequired("Enter a number of days"), NumberRange(7, 365, "Enter 7 to 365 days")],
        render_kw={"inputmode": "numeric"},
    )
    address_hours_before = IntegerField(
        "How many hours before a visit they see the street address",
        [InputRequired("Enter a number of hours"), NumberRange(1, 336, "Enter 1 to 336 hours")],
        render_kw={"inputmode": "numeric"},
    )
    before_you_book = TextAreaField(
        "Anything else, in your words", [_at_most(500)], render_kw={"rows": 3}
    )

    def policies(self) -> Policies:
        return Policies(
            horizon_days=self.horizon_days.data or 0,
            address_hours_before=self.address_hours_before.data or 0,
            before_you_book=self.before_you_book.data or "",
        )


class PricesForm(BaseForm):
    """A price for each service; made by ``prices_form``, which adds the fields."""

    by_field: dict[str, UUID]

    def prices(self) -> dict[UUID, int]:
        """Return cents by service."""
        return {
            service_id: cast(PriceField, self[name]).minor
            for name, service_id in self.by_field.items()
        }


def prices_form(services: Sequence[Service]) -> PricesForm:
    """Return a form with one field for each service, named by its id."""
    fields: dict[str, Any] = {
        f"price-{service.id}": PriceField(
            service.label,
            default=f"{service.price.minor // 100}.{service.price.minor % 100:02}",
            render_kw={"inputmode": "decimal", "autocomplete": "off"},
        )
        for service in services
    }
    kind = type("PricesForm", (PricesForm,), fields)
    form: PricesForm = kind()
    form.by_field = {f"price-{service.id}": service.id for service in services}
    return form
