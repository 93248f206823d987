"""What staff type about single dates: other hours for somebody, and days that are closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from practice.calendar.models import Resource
from practice.calendar.service.opening import LONGEST_STRETCH_DAYS
from practice.core.errors import Invalid
from practice.people.forms import BaseForm, DayField, at_most
from practice.sessions.catalog_forms import BoxesField
from practice.sessions.hours_forms import (
    ANYWHERE,
    FAR,
    TIME,
    check_span,
    kinds_words,
    minute_of,
    ticked,
)
from practice.sessions.rules.for_clients import KIND_WORDS
from practice.sessions.rules.lifecycle import SessionKind

LONGEST_REASON = 120


class DatesForm(BaseForm):
    """Other hours, or none, for somebody on some dates."""

    resource = SelectField("Whose hours", validators=[InputRequired("Choose whose hours")])
    first_on = DayField("First day", [InputRequired("Enter the first day")])
    last_on = DayField("Last day", [InputRequired("Enter the last day")])
    starts = StringField("From", render_kw=TIME)
    ends = StringField("To", render_kw=TIME)
    modality = SelectField("Where", choices=ANYWHERE, default="")
    kinds = BoxesField(
        "Kinds of session", choices={kind.value: KIND_WORDS[kind] for kind in SessionKind}
    )

    def offer(self, resources: Iterable[Resource]) -> None:
        self.resource.choices = {str(each.id): each.name for each in resources}

    @property
    def resource_id(self) -> UUID:
        return UUID(self.resource.data)

    @property
    def days(self) -> tuple[date, date]:
        """Return the first and the last day, once they are checked."""
        return _days(self.first_on, self.last_on)

    def check(self, today: date) -> bool:
        """Say whether it makes sense; what does not is told beside its field."""
        if not self.validate():
            return False
        _check_days(self.first_on, self.last_on, today, most=LONGEST_STRETCH_DAYS)
        if bool(self.starts.data) != bool(self.ends.data):
            empty = self.ends if self.starts.data else self.starts
            empty.errors = ["Fill in both times, or leave both empty for a day off"]
        elif self.starts.data:
            check_span(self.starts, self.ends)
        return not self.errors

    def hours(self) -> tuple[int, int] | None:
        """Return the hours in minutes of the day; ``None`` is a day off."""
        if not self.starts.data:
            return None
        return minute_of(self.starts), minute_of(self.ends, ends=True)

    @property
    def kinds_words(self) -> str:
        """Say which kinds of session the dates are for."""
        return kinds_words(self.kinds.data or ())

    @property
    def only_for(self) -> tuple[tuple[str, ...], str]:
        """Return the kinds of session and the way of giving them that the hours are for."""
        return ticked(self.kinds), self.modality.data or ""


class ClosureForm(BaseForm):
    """Days on which the practice sees nobody."""

    closed_from = DayField("First closed day", [InputRequired("Enter the first closed day")])
    closed_to = DayField("Last closed day", [InputRequired("Enter the last closed day")])
    reason = StringField(
        "Reason",
        [InputRequired("Enter a reason, like Storm"), at_most(LONGEST_REASON)],
    )

    @property
    def days(self) -> tuple[date, date]:
        """Return the first and the last day, once they are checked."""
        return _days(self.closed_from, self.closed_to)

    def check(self, today: date) -> bool:
        """Say whether it makes sense; what does not is told beside its field."""
        if self.validate():
            _check_days(self.closed_from, self.closed_to, today, most=FAR.days)
        return not self.errors


def _days(first: DayField, last: DayField) -> tuple[date, date]:
    if first.data is None or last.data is None:
        raise Invalid("Enter both days.")
    return first.data, last.data


def _check_days(first: DayField, last: DayField, today: date, *, most: int) -> None:
    first_on, last_on = first.data, last.data
    if first_on is None or last_on is None:
        return
    if not today <= last_on <= today + FAR:
        last.errors = ["The last day is today or later, within two years"]
    elif last_on < first_on:
        last.errors = ["The last day comes after the first"]
    elif (last_on - first_on).days >= most:
        last.errors = [f"At most {most} days go together"]
