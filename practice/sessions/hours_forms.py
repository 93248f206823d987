"""What staff type about hours: rows of a week, single dates, closed days, limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from wtforms import FieldList, Form, FormField, HiddenField, IntegerField, SelectField, StringField
from wtforms.widgets import HiddenInput

from practice.calendar.models import BookingRules
from practice.calendar.rules import weekly
from practice.calendar.rules.weekly import DAYS, Row
from practice.calendar.service.opening import MOST_ROWS
from practice.core.errors import Invalid
from practice.people.forms import BaseForm
from practice.people.seen import SeenForm
from practice.sessions.catalog_forms import BoxesField, WholeField
from practice.sessions.models import Service
from practice.sessions.rules.for_clients import KIND_WORDS
from practice.sessions.rules.lifecycle import Modality, SessionKind
from practice.sessions.rules.offered import (
    LONGEST_BUFFER_MINUTES,
    LONGEST_NOTICE_HOURS,
    STEP_MINUTES,
    Offered,
)

ANYWHERE = {
    "": "Anywhere",
    Modality.IN_PERSON.value: "In person",
    Modality.TELEHEALTH.value: "By video",
}
WEEKDAYS = {str(number): day for number, day in enumerate(DAYS, start=1)}
STEPS = (5, 10, 15, 20, 30, 60)
FAR = timedelta(days=730)
MOST_SERVICES = 200
TIME = {"type": "time", "step": "300"}


def kinds_words(kinds: Collection[str]) -> str:
    """Say which kinds of session hours are for; none are all."""
    chosen = [KIND_WORDS[kind] for kind in SessionKind if kind.value in kinds]
    return ", ".join(chosen) or "All kinds of session"


def only_words(kinds: Collection[str], modality: str) -> str:
    """Say what hours are for, behind them: ``, only by video``. Nothing for those open to all."""
    parts = [kinds_words(kinds).lower()] if kinds else []
    parts += [ANYWHERE[modality].lower()] if modality else []
    return f", only {' '.join(parts)}" if parts else ""


def ticked(field: BoxesField) -> tuple[str, ...]:
    """Return the kinds that were ticked; all of them are as good as none."""
    kinds = tuple(kind.value for kind in SessionKind if kind.value in (field.data or ()))
    return () if len(kinds) == len(SessionKind) else kinds


class RowForm(Form):
    """One row of weekly hours. All empty: it is not there."""

    weekday = SelectField("Day", choices={"": "Choose"} | WEEKDAYS)
    starts = StringField("From", render_kw=TIME)
    ends = StringField("To", render_kw=TIME)
    modality = SelectField("Where", choices=ANYWHERE)
    kinds = BoxesField(
        "Kinds of session", choices={kind.value: KIND_WORDS[kind] for kind in SessionKind}
    )

    @property
    def is_empty(self) -> bool:
        return not (self.weekday.data or self.starts.data or self.ends.data)

    @property
    def kinds_words(self) -> str:
        """Say which kinds of session the row is for."""
        return kinds_words(self.kinds.data or ())

    def validate(self, extra_validators: Any = None) -> bool:
        if self.is_empty:
            return True
        if not super().validate(extra_validators):
            return False
        if not self.weekday.data:
            self.weekday.errors = ["Choose the day"]
        for field in (self.starts, self.ends):
            try:
                weekly.read_minute((field.data or "").strip(), ends=field is self.ends)
            except Invalid as wrong:
                field.errors = [wrong.message]
        if self.errors:
            return False
        try:
            self.row()
        except Invalid as wrong:
            self.ends.errors = [wrong.message]
        return not self.errors

    def row(self) -> Row:
        """Return the row that was typed.

        Raises:
            Invalid: if it makes no sense.
        """
        return Row(
            weekday=int(self.weekday.data or 0),
            starts_minute=weekly.read_minute((self.starts.data or "").strip()),
            ends_minute=weekly.read_minute((self.ends.data or "").strip(), ends=True),
            kinds=ticked(self.kinds),
            modality=self.modality.data or "",
        )


class WeekForm(SeenForm):
    """The weekly hours of one person or room."""

    rows = FieldList(FormField(RowForm), max_entries=MOST_ROWS)

    def show(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows.append_entry(
                {
                    "weekday": str(row.weekday),
                    "starts": weekly.typed(row.starts_minute),
                    "ends": weekly.typed(row.ends_minute),
                    "modality": row.modality,
                    "kinds": list(row.kinds),
                }
            )

    def without(self, place: str) -> WeekForm:
        """Return the form as it was typed, without the row at this place."""
        left = WeekForm(formdata=None, data={"seen": self.mark})
        for number, entry in enumerate(self.rows):
            if str(number) != place:
                left.rows.append_entry(entry.form.data)
        return left

    def add_row(self) -> None:
        """Put an empty row at the end, while there is room for one."""
        if len(self.rows) < MOST_ROWS:
            self.rows.append_entry()

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        filled = [entry.form for entry in self.rows if not entry.form.is_empty]
        rows = [form.row() for form in filled]
        clash = weekly.first_clash(rows)
        if clash is not None:
            earlier, later = clash
            words = f"This lies over another row: {weekly.in_words(rows[earlier])}"
            filled[later].starts.errors = self.rows.errors = [words]
        return clash is None

    def hours(self) -> list[Row]:
        """Return the rows that were typed, once they are checked."""
        return [entry.form.row() for entry in self.rows if not entry.form.is_empty]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as the id of a field and words, for the summary."""
        return _problems(self.rows)


class AroundRow(Form):
    """What lies around one service: set-up and turnover, and how far ahead it is booked.

    ``version`` is the one of the service that the form shows.
    """

    service = HiddenField()
    version = IntegerField(widget=HiddenInput())
    before = WholeField("Set-up", least=0, most=LONGEST_BUFFER_MINUTES, step=STEP_MINUTES)
    after = WholeField("Turnover", least=0, most=LONGEST_BUFFER_MINUTES, step=STEP_MINUTES)
    notice = WholeField("Notice", least=0, most=LONGEST_NOTICE_HOURS)

    def around(self, offered: Offered) -> Offered:
        """Return a service with what was typed around it, once it is checked."""
        return replace(
            offered,
            buffer_before_minutes=self.before.number or 0,
            buffer_after_minutes=self.after.number or 0,
            notice_hours=self.notice.number or 0,
        )


class AroundForm(BaseForm):
    """The same for all services, a row each."""

    rows = FieldList(FormField(AroundRow), max_entries=MOST_SERVICES)

    def show(self, services: Iterable[Service]) -> None:
        for each in services:
            self.rows.append_entry(
                {
                    "service": str(each.id),
                    "version": each.version,
                    "before": str(each.buffer_before_minutes),
                    "after": str(each.buffer_after_minutes),
                    "notice": str(each.notice_hours),
                }
            )

    def named(self, services: Iterable[Service]) -> list[tuple[Service, AroundRow]]:
        """Return each row with its service; rows of what is not offered are left out."""
        by_id = {str(each.id): each for each in services}
        forms = [entry.form for entry in self.rows]
        return [(by_id[f.service.data], f) for f in forms if f.service.data in by_id]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as the id of a field and words, for the summary."""
        return _problems(self.rows)


class LimitsForm(SeenForm):
    """How the practice gives its time away, whoever and whatever it is for."""

    weekdays = BoxesField("Days on which clients come", choices=WEEKDAYS)
    opens = StringField("Clients come from", render_kw=TIME)
    closes = StringField("Clients have left by", render_kw=TIME)
    quiet_from = StringField("Quiet from", render_kw=TIME)
    quiet_to = StringField("Quiet until", render_kw=TIME)
    dosing_first = StringField("First start", render_kw=TIME)
    dosing_last = StringField("Last start", render_kw=TIME)
    per_day = WholeField("At most a day", least=1, most=20)
    per_week = WholeField("At most a week", least=1, most=100)
    gap = WholeField("Minutes between two clients at the home", least=0, most=240, step=5)
    horizon = WholeField("How many days ahead clients can book", least=1, most=FAR.days)
    step = SelectField(
        "Sessions start every", choices={str(each): f"{each} minutes" for each in STEPS}
    )

    def show(self, rules: BookingRules) -> None:
        data = {
            "weekdays": [str(each) for each in rules.weekdays],
            "opens": weekly.typed(rules.opens_minute),
            "closes": weekly.typed(rules.closes_minute),
            "quiet_from": weekly.typed(rules.quiet_from_minute),
            "quiet_to": weekly.typed(rules.quiet_to_minute),
            "dosing_first": weekly.typed(rules.dosing_first_start_minute),
            "dosing_last": weekly.typed(rules.dosing_last_start_minute),
            "per_day": str(rules.max_dosings_per_day),
            "per_week": str(rules.max_dosings_per_week),
            "gap": str(rules.gap_between_clients_minutes),
            "horizon": str(rules.horizon_days),
            "step": str(rules.start_step_minutes),
        }
        for name, value in data.items():
            self[name].data = value

    def check(self) -> bool:
        """Say whether the limits make sense together; what does not is told beside its field."""
        if not self.validate():
            return False
        if not self.weekdays.data:
            self.weekdays.errors = ["Choose at least one day"]
        check_span(self.opens, self.closes)
        for field in (self.quiet_from, self.quiet_to, self.dosing_first, self.dosing_last):
            _read(field)
        if not self.errors and minute_of(self.dosing_last) < minute_of(self.dosing_first):
            self.dosing_last.errors = ["The last start comes after the first"]
        if not self.errors and (self.per_week.number or 0) < (self.per_day.number or 0):
            self.per_week.errors = ["A week takes at least as many as a day"]
        return not self.errors

    def values(self) -> dict[str, object]:
        """Return the limits by the names of their columns, once they are checked."""
        return {
            "weekdays": sorted(int(each) for each in self.weekdays.data or ()),
            "opens_minute": minute_of(self.opens),
            "closes_minute": minute_of(self.closes, ends=True),
            "quiet_from_minute": minute_of(self.quiet_from),
            "quiet_to_minute": minute_of(self.quiet_to),
            "dosing_first_start_minute": minute_of(self.dosing_first),
            "dosing_last_start_minute": minute_of(self.dosing_last),
            "max_dosings_per_day": self.per_day.number,
            "max_dosings_per_week": self.per_week.number,
            "gap_between_clients_minutes": self.gap.number,
            "horizon_days": self.horizon.number,
            "start_step_minutes": int(self.step.data),
        }


def _problems(rows: FieldList) -> list[tuple[str, str]]:  # type: ignore[type-arg]  # no arguments
    return [
        (field.id, f"Row {number}: {field.errors[0]}")
        for number, entry in enumerate(rows, start=1)
        for field in entry.form
        if field.errors
    ]


def minute_of(field: StringField, *, ends: bool = False) -> int:
    return weekly.read_minute(field.data or "", ends=ends)


def _read(field: StringField, *, ends: bool = False) -> int | None:
    """Read a time of day, or say beside the field why it is none."""
    try:
        return minute_of(field, ends=ends)
    except Invalid as wrong:
        field.errors = [wrong.message]
        return None


def check_span(starts: StringField, ends: StringField) -> None:
    first, last = _read(starts), _read(ends, ends=True)
    if first is not None and last is not None and last <= first:
        ends.errors = ["Hours end after they begin, by midnight at the latest"]
