"""What the pages of calendars from elsewhere take in."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.datastructures import CombinedMultiDict, FileStorage
from wtforms import (
    BooleanField,
    FileField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from practice.calendar.models import ExternalCalendar, Resource, WhenStale
from practice.calendar.rules.imported import LARGEST_BYTES, address_of
from practice.calendar.service.imported import Switches
from practice.core.errors import Invalid
from practice.core.fetching import LONGEST_ADDRESS
from practice.core.outside import target_of
from practice.people.contact import email_of
from practice.people.forms import BaseForm, at_most
from practice.people.rules import US_ZONES

MOST_ADDRESSES = 10
PIECE = 64 * 1024
STALE_WORDS = {
    WhenStale.KEEP: "Keep its times blocked, and take bookings for the rest",
    WhenStale.HIDE: "Keep its times blocked, and take no online bookings until it is read again",
}


class SwitchesForm(BaseForm):
    """How a calendar is read."""

    name = StringField(
        "Name",
        [InputRequired("Enter a name, like Family calendar"), at_most(80)],
    )
    address = StringField(
        "Secret address",
        [Length(max=LONGEST_ADDRESS, message="The address is too long")],
        render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"},
    )
    all_day_blocks = BooleanField("All-day events block the whole day", default=True)
    free_blocks = BooleanField("Events marked as free block too")
    tentative_blocks = BooleanField("Tentative events block", default=True)
    floating_zone = SelectField(
        "Zone of times that name none",
        choices={"": "What the calendar says, else yours"} | dict(US_ZONES),
    )
    own_addresses = TextAreaField(
        "Your addresses in that calendar",
        [Length(max=2_000, message="Use at most 2,000 characters")],
        render_kw={"rows": 2, "autocapitalize": "none", "spellcheck": "false"},
    )
    when_stale = RadioField(
        "If it cannot be read for 3 days",
        coerce=WhenStale,
        choices={choice.value: words for choice, words in STALE_WORDS.items()},
        default=WhenStale.KEEP,
        validators=[InputRequired("Choose what happens then")],
    )

    def show(self, calendar: ExternalCalendar) -> None:
        """Fill the form with a calendar as it is. Its address is shown to nobody."""
        self.name.data = calendar.name
        self.all_day_blocks.data = calendar.all_day_blocks
        self.free_blocks.data = calendar.free_blocks
        self.tentative_blocks.data = calendar.tentative_blocks
        self.floating_zone.data = calendar.floating_zone
        self.own_addresses.data = calendar.own_addresses or ""
        self.when_stale.data = calendar.when_stale

    def validate_address(self, field: StringField) -> None:
        if field.data:
            try:
                field.data = address_of(field.data)
                target_of(field.data, longest=LONGEST_ADDRESS)
            except Invalid as wrong:
                raise ValidationError(wrong.message.removesuffix(".")) from None

    def validate_own_addresses(self, field: TextAreaField) -> None:
        lines = (field.data or "").split()
        if len(lines) > MOST_ADDRESSES:
            raise ValidationError(f"Enter at most {MOST_ADDRESSES} addresses")
        try:
            field.data = "\n".join(dict.fromkeys(email_of(each) for each in lines))
        except Invalid as wrong:
            raise ValidationError(wrong.message) from None

    @property
    def switches(self) -> Switches:
        """What was chosen. Call when the form is valid."""
        return Switches(
            name=self.name.data or "",
            all_day_blocks=self.all_day_blocks.data,
            free_blocks=self.free_blocks.data,
            tentative_blocks=self.tentative_blocks.data,
            floating_zone=self.floating_zone.data or "",
            own_addresses=tuple((self.own_addresses.data or "").split()),
            when_stale=self.when_stale.data,
        )


class FileForm(BaseForm):
    """A newer file for a calendar that was uploaded."""

    file = FileField("File", render_kw={"accept": ".ics,text/calendar"})

    def tidied(self, given: Any) -> Any:
        return CombinedMultiDict([request.files, super().tidied(given)])

    @property
    def has_file(self) -> bool:
        return isinstance(self.file.data, FileStorage) and bool(self.file.data.filename)

    def body(self) -> bytes:
        """Return what was sent; whoever sends too much is stopped before all of it is read.

        Raises:
            Invalid: for more than 25 MB, or nothing.
        """
        body = bytearray()
        with closing(self.file.data) as sent:
            while piece := sent.stream.read(PIECE):
                body += piece
                if len(body) > LARGEST_BYTES:
                    raise Invalid(f"The file is larger than {LARGEST_BYTES // 1_000_000} MB")
        if not body:
            raise Invalid("The file is empty")
        return bytes(body)

    def validate_file(self, _field: FileField) -> None:
        if not self.has_file:
            raise ValidationError("Choose a file")


class AddForm(FileForm, SwitchesForm):
    """A new calendar: whose time it blocks, and an address or a file."""

    whose = SelectField("Whose time it blocks", coerce=UUID)

    def offer(self, resources: Iterable[Resource]) -> None:
        """Fill the choices. Forms are handed rows; they never query."""
        self.whose.choices = {str(each.id): each.name for each in resources}

    def validate_file(self, _field: FileField) -> None:
        if self.has_file and self.address.data:
            raise ValidationError("Enter an address or choose a file, not both")
        if not self.has_file and not self.address.data and not self.address.errors:
            raise ValidationError("Enter the calendar's address, or choose a file")
