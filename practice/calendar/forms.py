"""What the calendar's pages take in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from practice.calendar.models import Block, DetailLevel, Resource, ResourceKind
from practice.calendar.rules import ics, zones
from practice.calendar.rules.blocks import MOST_TIMES, MOST_WEEKS, times_of
from practice.calendar.wishes import Wish
from practice.core.errors import Invalid, NotFound
from practice.people.forms import BaseForm, ClockField, DayField, at_most

LEVEL_WORDS = {
    DetailLevel.BUSY: "Busy: nothing but the time",
    DetailLevel.PLAIN: "Session: that it is a session",
    DetailLevel.INITIALS: "Session AB: with the client's initials",
    DetailLevel.INITIALS_AND_CODE: "Session AB P: with a neutral letter for the kind of session",
}


REACHES = {
    "all": ("3 months back, 13 months ahead", ics.DAYS_BACK, ics.DAYS_AHEAD),
    "ahead": ("From this week, 13 months ahead", 0, ics.DAYS_AHEAD),
    "near": ("From this week, 3 months ahead", 0, 91),
}
ALARMS = {
    "": "No alarm",
    "15": "15 minutes before",
    "60": "1 hour before",
    "1440": "1 day before",
}


class DeviceForm(BaseForm):
    """A new calendar address: for which device, how far it reaches, and an alarm."""

    label = StringField(
        "Where you will use it",
        validators=[
            InputRequired("Enter a name, like Phone"),
            at_most(80),
        ],
    )
    reach = SelectField(
        "How far it reaches",
        choices={key: words for key, (words, *_) in REACHES.items()},
        default="all",
    )
    alarm = SelectField("Alarm", choices=ALARMS, default="")

    def wish(self, level: DetailLevel) -> Wish:
        """Return what is asked for. Call when the form is valid."""
        _, back, ahead = REACHES[self.reach.data or "all"]
        return Wish(
            label=self.label.data or "",
            level=level,
            days_back=back,
            days_ahead=ahead,
            alarm_minutes=int(self.alarm.data) if self.alarm.data else None,
        )


class MailForm(BaseForm):
    """Sessions into one's own calendar by mail: how much each mail says."""

    mail_level = RadioField(
        "What each mail shows",
        coerce=DetailLevel,
        choices={level.value: words for level, words in LEVEL_WORDS.items()},
        default=DetailLevel.PLAIN,
        validators=[InputRequired("Choose what each mail shows")],
    )


class SubscribeForm(DeviceForm):
    """The same for staff: whose, and how much it says."""

    person = SelectField(
        "Whose sessions", coerce=UUID, validators=[InputRequired("Choose a person or a room")]
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
        self.shared = {each.id for each in people if each.kind is ResourceKind.HOME}
        self.person.choices = {str(person.id): person.name for person in people}

    def validate_level(self, field: RadioField) -> None:
        """Let the home's calendar, which the household reads, say that it is busy and no more."""
        if self.person.data in self.shared and field.data is not DetailLevel.BUSY:
            raise ValidationError("The home's calendar is for the household: choose Busy")


class AccountForm(SubscribeForm):
    """The same for a program that keeps in step by itself: it reaches all ahead."""

    reach = None  # type: ignore[assignment]  # how WTForms leaves a field out

    def wish(self, level: DetailLevel) -> Wish:
        return Wish(
            label=self.label.data or "",
            level=level,
            alarm_minutes=int(self.alarm.data) if self.alarm.data else None,
        )


class WholeField(IntegerField):
    """A small whole number in digits, between ``least`` and ``most``."""

    def __init__(self, label: str, *, least: int, most: int, **more: Any) -> None:
        self.words = f"Enter a number from {least} to {most}"
        limits = {"inputmode": "numeric", "min": least, "max": most}
        super().__init__(
            label,
            [InputRequired(self.words), NumberRange(least, most, message=self.words)],
            render_kw=limits,
            **more,
        )

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and not re.fullmatch(r"[0-9]{1,4}", valuelist[0]):
            raise ValueError(self.words)
        super().process_formdata(valuelist)


class RepeatForm(BaseForm):
    """How often something comes again, by the week."""

    every = WholeField("Every how many weeks", least=1, most=MOST_WEEKS, default=1)
    times = WholeField("How many times in all", least=1, most=MOST_TIMES, default=1)


class BlockForm(RepeatForm):
    """Time that is kept from clients: whose, from when to when, how often, and why."""

    person = SelectField("Person")
    room = SelectField("Room")
    first_on = DayField("Day", [InputRequired("Enter the day")])
    begins = ClockField("From", [InputRequired("Enter when it begins")])
    last_on = DayField("Last day", [Optional()])
    ends = ClockField("To", [InputRequired("Enter when it ends")])
    reason = StringField("Reason", [at_most(300)])
    version = HiddenField()

    def offer(self, members: Iterable[Resource]) -> None:
        """Fill the choices. Forms are handed rows; they never query."""
        people = {str(m.id): m.name for m in members if m.kind is ResourceKind.PERSON}
        rooms = {str(m.id): m.name for m in members if m.kind is not ResourceKind.PERSON}
        self.person.choices = list(({"": "Nobody"} | people).items())
        self.room.choices = list(({"": "None"} | rooms).items())

    def show(self, block: Block, resources: Iterable[Resource], zone: str) -> None:
        """Fill the form with a block as it is."""
        place = zones.zone(zone)
        begins, ends = block.starts_at.astimezone(place), block.ends_at.astimezone(place)
        for resource in resources:
            field = self.person if resource.kind is ResourceKind.PERSON else self.room
            field.data = str(resource.id)
        self.first_on.data, self.begins.data = begins.date(), begins.time()
        self.last_on.data = ends.date() if ends.date() != begins.date() else None
        self.ends.data, self.reason.data = ends.time(), block.reason or ""
        self.version.data = str(block.version)

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if not self.resource_ids:
            self.person.errors = ["Choose a person, a room, or both"]
        return not self.errors

    @property
    def resource_ids(self) -> list[UUID]:
        return [UUID(each) for each in (self.person.data, self.room.data) if each]

    @property
    def seen_version(self) -> int:
        text = self.version.data or ""
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1

    def instants(self, zone: str) -> list[tuple[datetime, datetime]]:
        """Return when each of the blocks begins and ends. Call when the form is valid.

        Raises:
            Invalid: for times that cannot be.
        """
        first_on, begins, ends = self.first_on.data, self.begins.data, self.ends.data
        if first_on is None or begins is None or ends is None:
            raise RuntimeError("a form that is valid has them")
        if not date(2000, 1, 1) <= first_on < date(2190, 1, 1):
            raise Invalid("Enter a day of this century.")
        return times_of(
            zone,
            first_on,
            begins,
            self.last_on.data or first_on,
            ends,
            every_weeks=int(self["every"].data) if "every" in self else 1,
            times=int(self["times"].data) if "times" in self else 1,
        )


def read_member(text: str, members: Iterable[Resource], *kinds: ResourceKind) -> Resource | None:
    """Read whom a page shows alone, by an id in its address; ``None`` for everybody.

    Raises:
        NotFound: for what is nobody's id, or not of these kinds.
    """
    if not text:
        return None
    for member in members:
        if str(member.id) == text and member.kind in kinds:
            return member
    raise NotFound("There is nobody and nothing of that name in the calendar.")


def read_clock(text: str) -> time | None:
    """Read a time on the wall from an address, like ``09:30``; ``None`` if it says none.

    Raises:
        Invalid: for a time that no clock shows.
    """
    if not text:
        return None
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise Invalid("Write at as a time like 09:30.")
    return time.fromisoformat(text)


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
