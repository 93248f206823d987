"""What staff type of a mail's words, and how they narrow the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from practice.core.errors import Invalid
from practice.messages.kinds import KINDS, Kind
from practice.messages.rules import wording as rules
from practice.messages.rules.standing import Standing
from practice.messages.sending import Which
from practice.people.forms import BaseForm
from practice.people.queries import get_practice

LAST_PAGE = 100_000


class WordingForm(BaseForm):
    """The subject of a mail and what the practice adds. ``seen`` is the version it began from."""

    subject = StringField(
        "Subject",
        [
            InputRequired("Enter a subject"),
            Length(
                max=rules.LONGEST_SUBJECT,
                message=f"The subject must be {rules.LONGEST_SUBJECT} characters or fewer",
            ),
        ],
        render_kw={"autocomplete": "off"},
    )
    text = TextAreaField(
        "In your own words",
        [
            Length(
                max=rules.LONGEST_TEXT,
                message=f"Your own words must be {rules.LONGEST_TEXT} characters or fewer",
            )
        ],
        render_kw={"rows": 8},
    )
    seen = HiddenField()

    def __init__(self, kind: Kind, **more: Any) -> None:
        super().__init__(**more)
        self.kind = kind

    def validate_subject(self, field: StringField) -> None:
        names = self.kind.subject_names
        practice = get_practice().neutral_name
        if wrong := rules.wrong_in_subject(field.data or "", names, practice=practice):
            raise ValidationError(wrong)

    def validate_text(self, field: TextAreaField) -> None:
        if wrong := rules.wrong_in_text(field.data or "", tuple(self.kind.names)):
            raise ValidationError(wrong)

    def version(self) -> int:
        """Return the version that the form showed; one that no form has, if it was meddled with."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


class TryForm(BaseForm):
    """A button with a secret of its own, so that a second click sends nothing more."""

    token = HiddenField(validators=[InputRequired(), Length(min=20, max=60)])


def read_filter(arguments: Mapping[str, str]) -> Which:
    """Read what the outbox shows from the address.

    Raises:
        Invalid: for a state, a message or a page that does not exist.
    """
    standing, name = arguments.get("state", ""), arguments.get("message", "")
    if standing and standing not in set(Standing):
        raise Invalid("Choose a state from the list.")
    if name and name not in KINDS:
        raise Invalid("Choose a message from the list.")
    text = arguments.get("page", "") or "1"
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= LAST_PAGE):
        raise Invalid("That page does not exist.")
    return Which(Standing(standing) if standing else None, name or None, int(text))
