"""What the calendar's pages take in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from wtforms import RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from practice.calendar.models import DetailLevel, Resource
from practice.core.errors import Invalid
from practice.people.forms import BaseForm

LEVEL_WORDS = {
    DetailLevel.BUSY: "Busy: nothing but the time",
    DetailLevel.PLAIN: "Session: that it is a session",
    DetailLevel.INITIALS: "Session AB: with the client's initials",
    DetailLevel.INITIALS_AND_CODE: "Session AB P: with a neutral letter for the kind of session",
}


class SubscribeForm(BaseForm):
    """A new calendar address: whose, for which device, how much it says."""

    person = SelectField(
        "Whose sessions", coerce=UUID, validators=[InputRequired("Choose a person")]
    )
    label = StringField(
        "Where you will use it",
        validators=[
            InputRequired("Enter a name, like Phone"),
            Length(max=80, message="Use at most 80 characters"),
        ],
    )
    level = RadioField(
        "What it shows",
        coerce=DetailLevel,
        choices={level.value: words for level, words in LEVEL_WORDS.items()},
        default=DetailLevel.BUSY,
        validators=[InputRequired("Choose what it shows")],
    )

    def offer(self, people: Iterable[Resource]) -> None:
        """Fill the choices. Forms are handed rows; they never query."""
        self.person.choices = {str(person.id): person.name for person in people}


def read_day(text: str, today: date) -> date:
    """Read the local date that a week page is about, today where none is given.

    Raises:
        Invalid: for anything but a date within ten years.
    """
    if not text:
        return today
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise Invalid("Enter a date like 2026-12-01.") from None
    if abs((on - today).days) > 3660:
        raise Invalid("That week is too far away.")
    return on
