"""What is typed about a course, and how a choice of its times is written into an address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Self
from uuid import UUID

from wtforms import FieldList, Form, FormField, IntegerField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import HiddenInput

from practice.calendar.models import Resource
from practice.calendar.rules.timeline import EARLIEST_ON, LATEST_ON
from practice.core.errors import Invalid
from practice.people.forms import BaseForm, DayField, at_most
from practice.sessions.catalog_forms import BoxesField
from practice.sessions.rules.course_wishes import (
    NONE,
    PARTS_IN_WORDS,
    WEEKDAYS,
    PartOfDay,
    Wishes,
)
from practice.sessions.rules.late import Why

MOST_ABSENCES = 6
LONGEST_REASON = 300
CENTURY = (EARLIEST_ON, LATEST_ON)


# A choice in an address ---------------------------------------------------------------------------

PART = re.compile(r"([0-9]{1,3})\.([0-9]{8})(?:T([0-9]{4})Z)?")
LONGEST_CHOICE = 4000


def written_choice(chosen: Mapping[str, datetime | date], keys: Sequence[str]) -> str:
    """Write a choice of times so that it says nothing of what they are for.

    ``0.20270315T1400Z-1.20270318``: the place of a step in its course, and when it starts in UTC,
    or for a visit outside its date.
    """
    place = {key: n for n, key in enumerate(keys)}
    parts = []
    for key, when in sorted(chosen.items(), key=lambda each: place[each[0]]):
        if isinstance(when, datetime):
            parts.append(f"{place[key]}.{when.astimezone(UTC):%Y%m%dT%H%MZ}")
        else:
            parts.append(f"{place[key]}.{when:%Y%m%d}")
    return "-".join(parts)


def read_choice(text: str, keys: Sequence[str]) -> dict[str, datetime | date]:
    """Read what ``written_choice`` wrote.

    Raises:
        Invalid: for anything else.
    """
    found: dict[str, datetime | date] = {}
    for part in text.split("-") if len(text) <= LONGEST_CHOICE else [""]:
        match = PART.fullmatch(part)
        if match is None or int(match[1]) >= len(keys):
            raise Invalid("This address holds no plan. Choose one again.")
        try:
            when = _read(match[2], match[3])
        except ValueError as wrong:  # February 30
            raise Invalid("This address holds no plan. Choose one again.") from wrong
        found[keys[int(match[1])]] = when
    return found


def _read(day: str, clock: str | None) -> datetime | date:
    on = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date()
    if not EARLIEST_ON <= on < LATEST_ON:
        raise ValueError(day)
    if clock is None:
        return on
    return datetime.strptime(f"{day}{clock}", "%Y%m%d%H%M").replace(tzinfo=UTC)


# Forms --------------------------------------------------------------------------------------------


class AwayForm(Form):
    """An absence; empty days are none."""

    first_on = DayField("From", [Optional()])
    last_on = DayField("To", [Optional()])

    @property
    def dates(self) -> tuple[date, date] | None:
        """First and last day, the same if only one was given."""
        given = [each for each in (self.first_on.data, self.last_on.data) if each]
        return (given[0], given[-1]) if given else None


class TimesForm(BaseForm):
    """Which days and times suit a client, as they say themselves."""

    weekdays = BoxesField(
        "Days of the week",
        choices={str(number): name for number, name in enumerate(WEEKDAYS, start=1)},
    )
    parts = BoxesField(
        "Times of the day",
        choices={part.value: f"Begins {words}" for part, words in PARTS_IN_WORDS.items()},
    )
    earliest_on = DayField("Not before", [Optional()])
    away = FieldList(FormField(AwayForm), min_entries=2, max_entries=MOST_ABSENCES)

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        for entry in self.away:
            dates = entry.form.dates
            if dates and not (CENTURY[0] <= dates[0] <= dates[1] <= CENTURY[1]):
                entry.form.last_on.errors = ["An absence ends after it begins"]
        if self.earliest_on.data and not CENTURY[0] <= self.earliest_on.data <= CENTURY[1]:
            self.earliest_on.errors = ["Enter a day of this century"]
        if not self.errors:
            try:
                self.wishes()
            except Invalid as wrong:
                self.form_errors = [wrong.message]
        return not self.errors

    def wishes(self, before: Wishes = NONE) -> Wishes:
        """Return what was wished; what is not asked here stays. Call when the form is valid."""
        return replace(
            before,
            weekdays=frozenset(map(int, self.weekdays.data or ())),
            parts=frozenset(map(PartOfDay, self.parts.data or ())),
            earliest_on=self.earliest_on.data,
            away=tuple(dates for entry in self.away if (dates := entry.form.dates)),
        )

    @classmethod
    def of(cls, wishes: Wishes) -> Self:
        """Return the form filled with wishes as they are."""
        form = cls(
            formdata=None,
            data={
                "weekdays": [str(day) for day in sorted(wishes.weekdays)],
                "parts": [part.value for part in wishes.parts],
                "earliest_on": wishes.earliest_on,
                "away": [{"first_on": first, "last_on": last} for first, last in wishes.away],
                "by_video": sorted(wishes.by_video),
                "host": str(wishes.host_id) if wishes.host_id else "",
            },
        )
        while len(form.away) < min(len(wishes.away) + 1, MOST_ABSENCES):
            form.away.append_entry()
        return form


class WishesForm(TimesForm):
    """What the client wishes of a course, as staff write it down."""

    by_video = BoxesField("By video", choices={})
    adopting = BoxesField("Counts as part of the course", choices={})
    host = SelectField("With whom", choices={"": "Anybody"}, default="")

    def offer(
        self,
        by_video: Mapping[str, str],
        people: Iterable[Resource],
        sessions: Mapping[str, str] | None = None,
    ) -> None:
        """Fill the choices: steps that can be given by video, by key, and who holds sessions.

        ``sessions`` are those that the client has already, by their ids.
        """
        self.adopting.choices = dict(sessions or {})
        self.by_video.choices = dict(by_video)
        self.host.choices = {"": "Anybody"} | {str(each.id): each.name for each in people}

    def wishes(self, before: Wishes = NONE) -> Wishes:
        return replace(
            super().wishes(before),
            by_video=frozenset(self.by_video.data or ()),
            host_id=UUID(self.host.data) if self.host.data else None,
        )


class ConfirmForm(BaseForm):
    """That a plan is booked as it was shown; ``version`` is what the page saw of the course."""

    version = IntegerField(validators=[InputRequired()], widget=HiddenInput())


class StopForm(ConfirmForm):
    """Why a course ends early."""

    reason = TextAreaField(
        "Why does the course end?",
        [InputRequired("Write down why the course ends"), at_most(LONGEST_REASON)],
        render_kw={"rows": 3},
    )


class EndForm(StopForm):
    """Why a course that was paid as one ends, and what the page said of the money for each side.

    Amounts are in cents: what comes back or, below zero, is owed.
    """

    why = RadioField(
        "Who ends it?",
        choices={
            Why.PRACTICE.value: "The practice, or a clinical reason. Nobody is charged for it",
            Why.CLIENT.value: "The client. Cancelling late costs what was agreed",
        },
        default=Why.PRACTICE.value,
        validators=[InputRequired("Choose who ends the course")],
    )
    comes_to_practice = IntegerField(widget=HiddenInput(), validators=[Optional()])
    comes_to_client = IntegerField(widget=HiddenInput(), validators=[Optional()])

    @property
    def reason_why(self) -> Why:
        return Why(self.why.data)

    @property
    def comes_to(self) -> int | None:
        """What the page said for the side that was chosen."""
        chosen = self.comes_to_client if self.reason_why is Why.CLIENT else self.comes_to_practice
        return chosen.data


class DateForm(ConfirmForm):
    """When a visit to somebody outside is planned, and when it took place."""

    planned_on = DayField("Planned for", [Optional()])
    held_on = DayField("Took place on", [Optional()])
