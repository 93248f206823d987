"""What staff type about the billing codes of a service."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from wtforms import StringField
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import StopValidation

from practice.core.errors import Invalid
from practice.people.forms import at_most
from practice.people.seen import SeenForm
from practice.sessions.catalog_forms import WholeField
from practice.sessions.rules.codes import (
    LONGEST_LABEL,
    MOST_LINES,
    MOST_UNITS,
    CodeLine,
    Codes,
    code_of,
    modifiers_of,
    overlapping,
    place_of,
)

LONGEST_MINUTES = 720
PARTS = ("code", "label", "modifiers", "units", "from_minutes", "to_minutes", "share")


class ShareField(StringField):
    """A part of the price, written as ``25`` or ``25.00``; ``minor`` is in cents, or ``None``."""

    minor: int | None = None

    def pre_validate(self, form: AnyForm) -> None:  # noqa: ARG002  # WTForms hands it over
        if not self.data:
            return
        found = re.fullmatch(r"([0-9]{1,5})(?:\.([0-9]{2}))?", self.data)
        if found is None:
            raise StopValidation("Enter a part of the price like 25.00, or nothing for the rest")
        self.minor = int(found[1]) * 100 + int(found[2] or 0)


def _reads(read: Callable[[str], Any]) -> Callable[[AnyForm, StringField], None]:
    """Return a validator that lets a rule read what was typed, if anything was."""

    def check(_form: AnyForm, field: StringField) -> None:
        try:
            if field.data:
                read(field.data)
        except Invalid as wrong:
            raise StopValidation(wrong.message) from None

    return check


class CodesForm(SeenForm):
    """The codes of one service: some rows, each a code with what goes with it."""

    place_in_person = StringField("Place of service in person", [_reads(place_of)])
    place_by_video = StringField("Place of service by video", [_reads(place_of)])
    video_modifier = StringField("Modifier by video", [_reads(modifiers_of)])

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{part: self[f"{part}_{n}"] for part in PARTS} for n in range(MOST_LINES)]

    def show(self, codes: Codes) -> None:
        """Fill the form with what is kept."""
        self.place_in_person.data = codes.place_in_person
        self.place_by_video.data = codes.place_by_video
        self.video_modifier.data = codes.video_modifier
        for row, line in zip(self.rows, codes.lines, strict=False):
            share = line.share_minor
            row["code"].data, row["label"].data = line.code, line.label
            row["modifiers"].data, row["units"].data = " ".join(line.modifiers), str(line.units)
            for name, value in (("from", line.from_minutes), ("to", line.to_minutes)):
                row[f"{name}_minutes"].data = "" if value is None else str(value)
            row["share"].data = "" if share is None else f"{share // 100}.{share % 100:02d}"

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        for name, proposed in (("place_in_person", "11"), ("place_by_video", "10")):
            self[name].data = self[name].data or proposed
        if len(modifiers_of(self.video_modifier.data or "")) > 1:
            self.video_modifier.errors = ["Enter one modifier, like 95"]
            return False
        wrong = [row for row in self.rows if not self._is_whole(row)]  # each says what, at once
        return not wrong and self._fits()

    def _is_whole(self, row: dict[str, Any]) -> bool:
        others = any(row[part].data for part in PARTS if part != "code")
        if not row["code"].data and others:
            row["code"].errors = ["Enter the code of this row, or empty the row"]
        first, last = row["from_minutes"].number, row["to_minutes"].number
        if first is not None and last is not None and last < first:
            row["to_minutes"].errors = ["The last minute lies before the first"]
        return not (row["code"].errors or row["to_minutes"].errors)

    def _fits(self) -> bool:
        minutes = overlapping(self.codes().lines)
        if minutes is not None:
            words = f"Two codes take the rest of the price for {minutes} minutes: give one a part"
            self.form_errors = [words]
        return minutes is None

    def codes(self) -> Codes:
        """Return what was typed, once it is checked."""
        lines = [
            CodeLine(
                code=code_of(row["code"].data),
                label=row["label"].data or "",
                modifiers=modifiers_of(row["modifiers"].data or ""),
                units=row["units"].number or 1,
                from_minutes=row["from_minutes"].number,
                to_minutes=row["to_minutes"].number,
                share_minor=row["share"].minor,
            )
            for row in self.rows
            if row["code"].data
        ]
        return Codes(
            lines=tuple(lines),
            place_in_person=self.place_in_person.data or "",
            place_by_video=self.place_by_video.data or "",
            video_modifier=(self.video_modifier.data or "").upper(),
        )


def _row_fields(n: int) -> dict[str, Any]:
    name = f"of code {n + 1}"
    return {
        f"code_{n}": StringField(f"Code {n + 1}", [_reads(code_of)]),
        f"label_{n}": StringField(
            f"Your own words {name}",
            [at_most(LONGEST_LABEL)],
        ),
        f"modifiers_{n}": StringField(f"Modifiers {name}", [_reads(modifiers_of)]),
        f"units_{n}": WholeField(f"Units {name}", least=1, most=MOST_UNITS, optional=True),
        f"from_minutes_{n}": WholeField(
            f"From minutes {name}", least=0, most=LONGEST_MINUTES, optional=True
        ),
        f"to_minutes_{n}": WholeField(
            f"To minutes {name}", least=0, most=LONGEST_MINUTES, optional=True
        ),
        f"share_{n}": ShareField(f"Part of the price {name}"),
    }


for _n in range(MOST_LINES):
    for _name, _field in _row_fields(_n).items():
        setattr(CodesForm, _name, _field)
