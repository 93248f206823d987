"""What owners type in the set-up and on the settings pages of this room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, NumberRange, StopValidation

from practice.calendar.models import Resource
from practice.calendar.rules import zones
from practice.calendar.rules.weekly import DAY_MINUTES, DAYS, Row
from practice.core.errors import Invalid
from practice.people.forms import BaseForm, at_most
from practice.people.models import Practice
from practice.people.seen import SeenForm
from practice.people.settings_forms import PracticeForm, ZoneField
from practice.sessions.catalog_forms import WholeField
from practice.sessions.models import Service
from practice.sessions.rules.policies import Policy
from practice.sessions.service.moving_in import Policies
from practice.sessions.staff_forms import PriceField


def _clock_words(minute: int) -> str:
    return "Midnight" if minute == DAY_MINUTES else zones.clock_words(time(*divmod(minute, 60)))


CLOCK = {minute: _clock_words(minute) for minute in range(300, 1411, 30)}
"""The hours that the plain form knows: every half from 5 AM to 11:30 PM."""


class ZoneForm(BaseForm):
    """The zone that a practice moves to."""

    zone = ZoneField("Move to")


class LinkField(StringField):
    """An address of a web page, `https` alone, which needs no writing; it may be empty."""

    def __init__(self, label: str, **more: Any) -> None:
        keys = {"inputmode": "url", "placeholder": "https://"}
        super().__init__(label, [at_most(300)], render_kw=keys, **more)

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


class FrontForm(PracticeForm):
    """What a practice says of itself, with what its clients need to arrive."""

    arrival_notes = TextAreaField("Directions", [at_most(1000)], render_kw={"rows": 4})

    def facts(self) -> dict[str, Any]:
        """Return what was typed, by the names of the practice's columns."""
        facts = super().facts()
        del facts["arrival_notes"]
        return facts


def proposed_about(locality: str) -> str:
    """Return words for the top of a practice's page that has none."""
    return (
        f"A small practice in {locality}. One client at a time, in a quiet home, and time enough "
        "for each: before, during and after."
    )


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


class CardsForm(BaseForm):
    """Whether clients are asked to pay by card."""

    cards = RadioField(
        "Cards",
        choices={
            "on": "Cards: on. Clients pay by card when they book",
            "off": "Cards: off for now. Clients pay at their visit",
        },
        validators=[InputRequired("Choose whether cards are on")],
    )

    @property
    def are_on(self) -> bool:
        return bool(self.cards.data == "on")


def cards_form(practice: Practice) -> CardsForm:
    """Return the form with what a practice has chosen."""
    return CardsForm(data={"cards": "off" if practice.cards_off else "on"})


class PlacesForm(SeenForm):
    """Where clients come to. Kept sealed, and shown to those whose session is near alone.

    ``places_form`` adds the video room of everybody who sees clients.
    """

    by_field: dict[str, UUID]

    address = TextAreaField("Street address of the sessions", [at_most(400)], render_kw={"rows": 3})
    arrival_notes = TextAreaField("How to arrive", [at_most(1000)], render_kw={"rows": 4})

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
    """Hours on some days of the week, one stretch a day; ``hours_form`` adds the days."""

    def days(self) -> list[tuple[BooleanField, SelectField, SelectField]]:
        """Return of each day whether it is open, from when, and to when."""
        return [
            (self[f"open-{number}"], self[f"starts-{number}"], self[f"ends-{number}"])
            for number in range(1, len(DAYS) + 1)
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """Hours of days that are not open are as good as any."""
        super().validate(extra_validators)
        for day, (is_open, starts, ends) in zip(DAYS, self.days(), strict=True):
            if not is_open.data:
                starts.errors = ends.errors = ()
            elif not (starts.errors or ends.errors) and ends.data <= starts.data:
                ends.errors = [f"{day} must end after it begins"]
        if not self.errors and not self.rows():
            self["open-1"].errors = ["Choose at least one day"]
        return not self.errors

    def rows(self) -> list[Row]:
        """Return the hours of the open days, once they are checked."""
        return [
            Row(number, starts.data, ends.data)
            for number, (is_open, starts, ends) in enumerate(self.days(), start=1)
            if is_open.data
        ]


USUAL = (9 * 60, 18 * 60)
"""What a day that is closed shows until it is opened."""


def hours_form(rows: Sequence[Row], **data: Any) -> HoursForm:
    """Return the form with a line for each day, which shows the hours of a plain week."""
    kept = {row.weekday: (row.starts_minute, row.ends_minute) for row in rows}
    fields: dict[str, Any] = {}
    for number, day in enumerate(DAYS, start=1):
        hours = kept.get(number, USUAL)
        fields[f"open-{number}"] = BooleanField(day, default=number in kept)
        for name, words, minute in zip(("starts", "ends"), ("from", "to"), hours, strict=True):
            fields[f"{name}-{number}"] = SelectField(
                f"{day} {words}",
                [InputRequired(f"Choose the hours of {day}")],
                coerce=int,
                choices=_clock_with(minute),
                default=minute,
            )
    form: HoursForm = type("HoursForm", (HoursForm,), fields)(data=data)
    return form


def _clock_with(minute: int) -> dict[str, str]:
    """Return the hours to choose from, and one more where somebody has it already."""
    words = CLOCK if minute in CLOCK else CLOCK | {minute: _clock_words(minute)}
    return {str(each): words[each] for each in sorted(words)}


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
        "Anything else, in your words", [at_most(500)], render_kw={"rows": 3}
    )

    shown: Sequence[Policy]

    def validate(self, extra_validators: Any = None) -> bool:
        """What the terms do not allow is told at the fee for a session that was missed."""
        if super().validate(extra_validators):
            for number, (_, missed) in enumerate(self.fees()):
                try:
                    self._terms(number)
                except Invalid as wrong:
                    missed.errors = [wrong.message]
        return not self.errors

    def fees(self) -> list[tuple[WholeField, WholeField]]:
        """Return for each of the terms the fee of a late cancellation and of a session missed."""
        return [(self[f"late-{n}"], self[f"missed-{n}"]) for n in range(len(self.shown))]

    def terms(self) -> list[Policy]:
        """Return the terms of cancelling with the fees that were typed, once they are checked."""
        return [self._terms(number) for number in range(len(self.shown))]

    def _terms(self, number: int) -> Policy:
        policy, (late, missed) = self.shown[number], self.fees()[number]
        last = policy.tiers[-1]._replace(percent=late.number or 0)
        return replace(policy, tiers=(*policy.tiers[:-1], last), no_show_percent=missed.number or 0)

    def policies(self) -> Policies:
        return Policies(
            horizon_days=self.horizon_days.data or 0,
            address_hours_before=self.address_hours_before.data or 0,
            before_you_book=self.before_you_book.data or "",
        )


def policies_form(shown: Sequence[Policy], **data: Any) -> PoliciesForm:
    """Return the form with two fees for each of some terms of cancelling."""
    fields: dict[str, Any] = {}
    for number, policy in enumerate(shown):
        above = policy.tiers[-2].notice_hours if len(policy.tiers) > 1 else 0
        when = f"with less than {above} hours" if above else "at any time"
        fields[f"late-{number}"] = WholeField(
            f"Cancelled {when}, in %", least=0, most=100, default=str(policy.tiers[-1].percent)
        )
        fields[f"missed-{number}"] = WholeField(
            "Missed, in %", least=0, most=100, default=str(policy.no_show_percent)
        )
    form: PoliciesForm = type("PoliciesForm", (PoliciesForm,), {**fields, "shown": shown})(
        data=data
    )
    return form


class PricesForm(BaseForm):
    """Which services are offered, and for how much; ``prices_form`` adds the fields."""

    by_field: dict[str, UUID]

    def validate(self, extra_validators: Any = None) -> bool:
        """What is left out needs no price."""
        for name, service_id in self.by_field.items():
            if service_id in self.left_out:
                self[name].data = self[name].default
        is_fine = super().validate(extra_validators)
        if is_fine and self.by_field and not self.offered:
            self.form_errors = ["Offer at least one of these"]
        return is_fine and not self.form_errors

    @property
    def left_out(self) -> set[UUID]:
        """The services that were shown and not ticked."""
        return {
            each
            for name, each in self.by_field.items()
            if self[name].raw_data and not self[f"offer-{each}"].data
        }

    @property
    def offered(self) -> set[UUID]:
        return set(self.by_field.values()) - self.left_out

    def prices(self) -> dict[UUID, int]:
        """Return cents by service, of those that are offered and were shown."""
        return {
            service_id: cast(PriceField, self[name]).minor
            for name, service_id in self.by_field.items()
            if service_id in self.offered
        }


def prices_form(services: Sequence[Service]) -> PricesForm:
    """Return a form with a box and a price for each service, named by its id."""
    fields: dict[str, Any] = {}
    for service in services:
        fields[f"offer-{service.id}"] = BooleanField(f"We offer {service.label}", default=True)
        fields[f"price-{service.id}"] = PriceField(
            f"Price of {service.label}",
            default=f"{service.price.minor // 100}.{service.price.minor % 100:02}",
            wrong=f"Enter an amount for {service.label}, like 175.00",
            render_kw={"inputmode": "decimal", "autocomplete": "off"},
        )
    kind = type("PricesForm", (PricesForm,), fields)
    form: PricesForm = kind()
    form.by_field = {f"price-{service.id}": service.id for service in services}
    return form
