"""The forms of the public pages. Each checks its own token, so that what was typed is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, IntegerField, StringField
from wtforms.form import BaseForm as BaseFormType
from wtforms.validators import DataRequired, InputRequired, StopValidation
from wtforms.widgets import HiddenInput

from practice.calendar.rules import zones
from practice.calendar.rules.timeline import EARLIEST_ON, LATEST_ON
from practice.core.errors import Invalid
from practice.people.forms import BaseForm, EmailField, NameField, PhoneField, at_most
from practice.sessions.rules.lifecycle import Modality

OLD_FORM = (
    "This page was open for too long, or cookies are off. Check your answers and send them again."
)
INSTANT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z")


def read_instant(text: str) -> datetime | None:
    """Read an instant that ``written`` wrote; ``None`` for anything else."""
    if not INSTANT.fullmatch(text):
        return None
    try:
        instant = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:  # February 30, second 60
        return None
    return instant if EARLIEST_ON <= instant.date() < LATEST_ON else None


@lru_cache(maxsize=4096)  # lists have hundreds of them, and the next list has the same
def written(instant: datetime) -> str:
    """Write an instant the way a time on offer is sent: ``2027-03-15T14:00:00Z``."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class PublicForm(BaseForm):
    """A form of somebody who is not signed in: a form token that ran out costs no answers."""

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = super().validate(extra_validators)
        if self.csrf_token.errors:
            self.csrf_token.errors = [OLD_FORM]
        return is_good

    @property
    def status(self) -> int:
        """The HTTP status of an answer that shows this form again."""
        return 400 if self.csrf_token.errors else 422


class InstantField(StringField):
    """One of the times on offer, written as ``2027-03-15T14:00:00Z``; ``instant`` is in UTC."""

    instant: datetime

    def pre_validate(self, form: BaseFormType) -> None:  # noqa: ARG002  # WTForms hands it over
        if not self.data:
            raise StopValidation("Choose a time")
        instant = read_instant(self.data)
        if instant is None:
            raise StopValidation("Choose one of the times on this page")
        self.instant = instant


class StartForm(PublicForm):
    """A time that somebody chose. ``form_token`` makes a second click harmless."""

    start = InstantField("Time")
    form_token = HiddenField()


class DetailsForm(PublicForm):
    """Who comes. Nothing clinical is asked here."""

    first_name = NameField(
        "First name", missing="Enter your first name", render_kw={"autocomplete": "given-name"}
    )
    last_name = NameField(
        "Last name", missing="Enter your last name", render_kw={"autocomplete": "family-name"}
    )
    email = EmailField()
    phone = PhoneField()
    adult = BooleanField("I am 18 or older", [DataRequired("Tick the box if you are 18 or older")])


class BookNowForm(StartForm, DetailsForm):
    """A time and who comes, for a free session that is booked at once."""


class PayForm(PublicForm):
    """That a session is paid by card, and whether the card stays on file."""

    keeps_card = BooleanField("Keep this card on file")


class CancelForm(PublicForm):
    """That a booking is cancelled as it was shown: ``sequence`` counts its changes."""

    sequence = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


class EnquiryForm(PublicForm):
    """Whom to call, and when. Nothing clinical is asked here."""

    name = NameField(
        "Your name", missing="Enter your name", longest=120, render_kw={"autocomplete": "name"}
    )
    phone = PhoneField("Phone", missing=None)
    email = EmailField(missing=None)
    when = StringField(
        "When is a good time to call?",
        [at_most(200)],
    )
    form_token = HiddenField()

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = super().validate(extra_validators)
        if is_good and not (self.phone.data or self.email.data):
            self.phone.errors = ["Enter a phone number or an email address"]
        return is_good and not self.phone.errors


class FindForm(PublicForm):
    """The address to which the links of somebody's bookings are sent."""

    email = EmailField()


# What an address asks for ----------------------------------------------------------------------

PLACES: Mapping[str, Modality] = {"in-person": Modality.IN_PERSON, "video": Modality.TELEHEALTH}
PLACE_OF = {modality: place for place, modality in PLACES.items()}
SHOWN_DAYS = 14
MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``?from=&days=&day=&tz=&place=`` says. ``None`` is what it leaves open."""

    first_on: date | None
    days: int
    day: date | None
    zone: str | None
    modality: Modality | None


def read_asked(args: MultiDict[str, str]) -> Asked:
    """Read which days of free times an address asks for.

    Raises:
        Invalid: naming the first part that says nothing, or says it twice.
    """
    days, zone, place = (_one(args, name) for name in ("days", "tz", "place"))
    if days and not re.fullmatch(r"[1-9][0-9]?", days):
        raise Invalid(f"Write days as a number from 1 to {MOST_DAYS}.")
    if int(days or 1) > MOST_DAYS:
        raise Invalid(f"Between 1 and {MOST_DAYS} days can be looked at together.")
    if place and place not in PLACES:
        raise Invalid(f"Write place as {' or '.join(PLACES)}.")
    return Asked(
        first_on=read_day(args, "from"),
        days=int(days or SHOWN_DAYS),
        day=read_day(args, "day"),
        zone=zones.zone(zone).key if zone else None,
        modality=PLACES[place] if place else None,
    )


def _one(args: MultiDict[str, str], name: str) -> str:
    given = args.getlist(name)
    if len(given) > 1:
        raise Invalid(f"Say {name} once.")
    return given[0] if given else ""


def read_day(args: MultiDict[str, str], name: str) -> date | None:
    """Read a day from an address, like `?day=2027-03-15`; ``None`` if it says none.

    Raises:
        Invalid: for a day that does not exist, or lies in another age.
    """
    text = _one(args, name)
    if not text:
        return None
    # Noon, because only dates count, and a date that does not exist has none.
    noon = read_instant(f"{text}T12:00:00Z")
    if noon is None:
        raise Invalid(f"Write {name} as a date that exists, like 2027-03-15.")
    return noon.date()
