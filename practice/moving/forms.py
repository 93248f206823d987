"""What the pages of moving in and out take in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.datastructures import CombinedMultiDict, FileStorage
from wtforms import FileField, PasswordField, SelectField
from wtforms.validators import InputRequired, ValidationError

from practice.core.errors import Invalid
from practice.moving.rules.columns import Column
from practice.moving.rules.tables import LARGEST_BYTES, MOST_ROWS, TOO_MANY, Table
from practice.people.forms import BaseForm

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


class PersonForm(BaseForm):
    """Whose time the calendar takes."""

    person = SelectField("Whose time is it?", validators=[InputRequired("Choose whose time it is")])


class PasswordForm(BaseForm):
    """The password again: for what leaves the house."""

    password = PasswordField(
        "Your password",
        [InputRequired("Enter your password")],
        render_kw={"autocomplete": "current-password"},
    )


__all__ = ["MOST_ROWS", "PasswordForm", "PersonForm", "UploadForm", "columns_form"]
