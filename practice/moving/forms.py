"""What the pages of moving in and out take in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.datastructures import CombinedMultiDict, FileStorage
from wtforms import BooleanField, FileField, PasswordField, SelectField
from wtforms.validators import InputRequired, ValidationError

from practice.core.errors import Invalid
from practice.moving.rules.columns import Column
from practice.moving.rules.matching import Becomes
from practice.moving.rules.tables import LARGEST_BYTES, MOST_ROWS, TOO_MANY, Table
from practice.moving.service.bookings import Plan
from practice.people.forms import BaseForm, EmailField
from practice.people.queries import clients_by_email

READ_AT_ONCE = 64 * 1024
NO_COLUMN = ""


class UploadForm(BaseForm):
    """One file."""

    file = FileField("File")

    def tidied(self, given: Any) -> Any:
        return CombinedMultiDict([request.files, super().tidied(given)])

    def validate_file(self, field: FileField) -> None:
        if not isinstance(field.data, FileStorage) or not field.data.filename:
            raise ValidationError("Choose a file")

    def body(self, *, most_rows: int | None) -> bytes:
        """Return what was sent. Whoever sends too much is stopped before all of it is read.

        Raises:
            Invalid: for more than 4 MB, or more lines than an import may have.
        """
        return read_bounded(self.file.data, most_rows=most_rows)


def read_bounded(sent: FileStorage, *, most_rows: int | None) -> bytes:
    """Read a file piece by piece, and stop at the first byte or line too many.

    Raises:
        Invalid: in words for whoever sent it.
    """
    body, lines = bytearray(), 0
    while piece := sent.stream.read(READ_AT_ONCE):
        body += piece
        lines += piece.count(b"\n")
        if len(body) > LARGEST_BYTES:
            raise Invalid(f"The file is larger than {LARGEST_BYTES // 1_000_000} MB. Split it.")
        if most_rows is not None and lines > LINES_IN_A_ROW * most_rows:
            raise Invalid(f"{TOO_MANY} Split the file.")
    return bytes(body)


LINES_IN_A_ROW = 4
"""A row may go over several lines, as an address does; a file of four times the rows is refused."""


class ColumnsForm(BaseForm):
    """Which column of the file is which: a select for each of ours."""

    def __init__(self, columns: Sequence[Column], table: Table, chosen: dict[str, Any]) -> None:
        self.columns = columns
        super().__init__()
        offered = {str(n): _described(table, n) for n in range(len(table.header))}
        for column in columns:
            field = self[column.name]
            nothing = "Choose a column" if column.is_needed else "Not in the file"
            field.choices = {NO_COLUMN: nothing} | offered
            if not self.is_submitted():
                field.data = str(chosen.get(column.name, NO_COLUMN))

    def chosen(self) -> dict[str, int]:
        return {
            each.name: int(self[each.name].data) for each in self.columns if self[each.name].data
        }


def columns_form(columns: Sequence[Column], table: Table, chosen: dict[str, Any]) -> ColumnsForm:
    """Make a form with a select for each of our columns."""
    fields = {
        column.name: SelectField(
            column.label,
            choices={},
            validators=[InputRequired(f"Choose the column for: {column.label}")]
            if column.is_needed
            else [],
        )
        for column in columns
    }
    made = type("ChosenColumnsForm", (ColumnsForm,), fields)
    form: ColumnsForm = made(columns, table, chosen)
    return form


def _described(table: Table, column: int) -> str:
    sample = table.sample(column).replace("\n", " ")
    name = table.header[column]
    return f"{name}, such as “{sample[:30]}”" if sample else name


class EventsForm(BaseForm):
    """Whose time a calendar takes, and what some of its times become.

    Each time has three fields: who is meant, or that it is none's; of one that names nobody the
    address of whoever is meant; and which session it is.
    """

    person = SelectField("Whose calendar is it?", validators=[InputRequired("Choose whose it is")])
    mail = BooleanField("Mail clients the sessions that are booked for them, one mail each")

    def __init__(self, shown: Sequence[Plan], people: dict[str, str]) -> None:
        self.shown = shown
        self.known: dict[str, UUID] = {}
        super().__init__()
        self.person.choices = {"": "Choose"} | people

    def offer(self, names: Mapping[UUID, str], ways: dict[str, str], now: datetime) -> None:
        """Say what can be chosen, and choose what is planned unless somebody just chose."""
        for plan in self.shown:
            who, way = self.of(plan, "who"), self.of(plan, "way")
            who.choices, way.choices = _whose(plan, names, now), NO_WAY | ways
            is_session = plan.becomes is Becomes.SESSION
            if not who.raw_data:
                who.data = str(plan.client_id or "") if is_session else plan.becomes.value
            if not way.raw_data:
                way.data = plan.way.key if plan.way else ""

    def of(self, plan: Plan, part: str) -> Any:
        """Return one of the three fields of a time."""
        return self[f"{part}_{plan.event.number}"]

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        typed = {field.data for plan in self.shown if (field := self.of(plan, "email")).data}
        self.known = {str(email): found for email, found in clients_by_email(typed).items()}
        for plan in self.shown:
            email = self.of(plan, "email")
            if email.data and email.data not in self.known:
                email.errors = ["No client has this email address"]
        return not self.errors

    def chosen(self) -> dict[str, dict[str, str]]:
        """Return what was chosen for each time, by its number, once it is checked."""
        found = {}
        for plan in self.shown:
            named = self.known.get(self.of(plan, "email").data or "")
            who = str(named) if named else self.of(plan, "who").data
            found[str(plan.event.number)] = {"who": who, "way": self.of(plan, "way").data}
        return found


NO_WAY = {"": "Choose the session"}
NOBODYS = {Becomes.BLOCK.value: "No session: block it"}
LEFT_OUT = {Becomes.NOTHING.value: "Leave it out"}


def _whose(plan: Plan, names: Mapping[UUID, str], now: datetime) -> dict[str, str]:
    """Return whose session a time may be: those who may be meant, and whoever was chosen."""
    meant = {str(each.id): each.name for each in plan.event.meant}
    if plan.client_id is not None:
        meant.setdefault(str(plan.client_id), names.get(plan.client_id, "The client"))
    blocked = NOBODYS if plan.event.is_ahead(now) else {}
    return ({"": "Choose the client"} | meant if meant else {}) | blocked | LEFT_OUT


def events_form(shown: Sequence[Plan], people: dict[str, str]) -> EventsForm:
    """Make a form with the three fields of each of these times."""
    fields: dict[str, Any] = {}
    for plan in shown:
        number = plan.event.number
        is_session = plan.event.meant or plan.client_id
        label = "Client" if is_session else "This time"
        fields[f"who_{number}"] = SelectField(label, choices={})
        fields[f"email_{number}"] = EmailField("Client's email", missing=None)
        fields[f"way_{number}"] = SelectField("Session", choices={})
    made = type("ShownEventsForm", (EventsForm,), fields)
    form: EventsForm = made(shown, people)
    return form


class PasswordForm(BaseForm):
    """The password again: for what leaves the house."""

    password = PasswordField(
        "Your password",
        [InputRequired("Enter your password")],
        render_kw={"autocomplete": "current-password"},
    )


__all__ = ["MOST_ROWS", "PasswordForm", "UploadForm", "columns_form", "events_form"]
