"""What owners type in the set-up and on the settings pages of this room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, Length, NumberRange, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from practice.calendar.models import Resource
from practice.calendar.rules import zones
from practice.calendar.service.weekly import PlainWeek
from practice.people.forms import BaseForm
from practice.people.seen import SeenForm
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


class LinkField(StringField):
    """An address of a web page, `https` alone, which needs no writing; it may be empty."""

    def __init__(self, label: str, **more: Any) -> None:
        keys = {"inputmode": "url", "placeholder": "https://"}
        super().__init__(label, [_at_most(300)], render_kw=keys, **more)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        text = (self.data or "").strip()
        self.data = f"https://{text}" if BARE_LINK.fullmatch(text) else text

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        if self.data and not is_link(self.data):
            raise StopValidation("Enter an address like https://video.example.com/your-room")


BARE_LINK = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?", re.IGNORECASE)


def is_link(text: str) -> bool:
    """Say whether ``text`` is a web address that a browser opens over an encrypted line."""
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and not set(text) & set(' <>"')
    except ValueError:
        return False


class CalendarsForm(BaseForm):
    """What clients' calendars are told, and whether they know the street."""

    invites_clients = BooleanField("Mails about appointments put them into clients’ calendars")
    address = RadioField(
        "Where clients find the street address",
        choices={
            "portal": "On their own page alone",
            "calendar": "In their calendar too, from as long before as their page shows it",
        },
        validators=[InputRequired("Choose where clients find the address")],
    )


class PlacesForm(SeenForm):
    """Where clients come to. Kept sealed, and shown to those whose session is near alone.

    ``places_form`` adds the video room of everybody who sees clients.
    """

    by_field: dict[str, UUID]

    address = TextAreaField(
        "Street address of the sessions", [_at_most(400)], render_kw={"rows": 3}
    )
    arrival_notes = TextAreaField("How to arrive", [_at_most(1000)], render_kw={"rows": 4})

    def links(self) -> dict[UUID, str]:
        """Return the video rooms by person."""
        return {person_id: self[name].data or "" for name, person_id in self.by_field.items()}


def places_form(people: Sequence[Resource], **data: Any) -> PlacesForm:
    """Return the form with one field more for each person, named by their id."""
    fields: dict[str, Any] = {
        f"video-{person.id}": LinkField(f"Video room of {person.name}", default=person.video_link)
        for person in people
    }
    form: PlacesForm = type("PlacesForm", (PlacesForm,), fields)(data=data)
    form.by_field = {f"video-{person.id}": person.id for person in people}
    return form


class VideoForm(BaseForm):
    """Where one's own sessions by video are held."""

    video_link = LinkField("Your video room")


class HoursForm(VideoForm):
    """The same hours on some days of the week."""

    weekdays = SelectMultipleField(
        "Days",
        [InputRequired("Choose at least one day")],
        coerce=int,
        choices={str(number): name for number, name in enumerate(DAYS, start=1)},
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    starts = SelectField(
        "From", [InputRequired("Choose when you begin")], coerce=int, choices=CLOCK_CHOICES
    )
    ends = SelectField(
        "To", [InputRequired("Choose when you end")], coerce=int, choices=CLOCK_CHOICES
    )

    def validate_ends(self, field: SelectField) -> None:
        if self.starts.data is not None and field.data <= self.starts.data:
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
    """A price for each service, or that it is left out; ``prices_form`` adds the fields."""

    by_field: dict[str, UUID]

    def validate(self, extra_validators: Any = None) -> bool:
        """What is left out needs no price."""
        for name, service_id in self.by_field.items():
            if service_id in self.left_out:
                self[name].data = self[name].default
        return super().validate(extra_validators)

    @property
    def left_out(self) -> set[UUID]:
        """The services that the practice does not offer."""
        return {each for each in self.by_field.values() if self[f"without-{each}"].data}

    def prices(self) -> dict[UUID, int]:
        """Return cents by service, of those that are offered."""
        return {
            service_id: cast(PriceField, self[name]).minor
            for name, service_id in self.by_field.items()
            if service_id not in self.left_out
        }


def prices_form(services: Sequence[Service]) -> PricesForm:
    """Return a form with one field for each service, named by its id."""
    fields: dict[str, Any] = {
        f"price-{service.id}": PriceField(
            service.label,
            default=f"{service.price.minor // 100}.{service.price.minor % 100:02}",
            wrong=f"Enter an amount for {service.label}, like 175.00",
            render_kw={"inputmode": "decimal", "autocomplete": "off"},
        )
        for service in services
    }
    fields |= {
        f"without-{each.id}": BooleanField(f"We do not offer {each.label}") for each in services
    }
    kind = type("PricesForm", (PricesForm,), fields)
    form: PricesForm = kind()
    form.by_field = {f"price-{service.id}": service.id for service in services}
    return form
