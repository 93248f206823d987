"""The forms on which staff let programs in and say who gets news."""

from __future__ import annotations

from typing import Any

from wtforms import SelectMultipleField, StringField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from practice.api.rules import events, scopes
from practice.api.rules.events import Event
from practice.api.rules.scopes import Scope
from practice.core import outside
from practice.core.errors import Invalid
from practice.people.forms import BaseForm, at_most


class BoxesField(SelectMultipleField):
    """Boxes to tick, at least one."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, *, missing: str, **more: Any) -> None:
        super().__init__(label, [InputRequired(missing)], **more)
        self.type = "SelectMultipleField"  # templates know by it that there are several boxes


class TokenForm(BaseForm):
    """A new token: for which program, and what it may do."""

    label = StringField(
        "Which program will use it",
        validators=[
            InputRequired("Enter a name, like Website"),
            at_most(80),
        ],
    )
    scopes = BoxesField(
        "What it may do",
        missing="Tick what it may do",
        coerce=Scope,
        choices={scope.value: words for scope, words in scopes.WORDS.items()},
    )


class WebhookForm(BaseForm):
    """An address, and the news that it wants."""

    url = StringField(
        "Address",
        validators=[InputRequired("Enter an address like https://www.example.com/news")],
        render_kw={"type": "url", "autocomplete": "off"},
    )
    events = BoxesField(
        "Which news",
        missing="Tick at least one kind of news",
        coerce=Event,
        choices={event.value: words for event, words in events.WORDS.items()},
    )

    def validate_url(self, field: StringField) -> None:
        """Refuse what nothing is sent to."""
        try:
            outside.target_of(field.data or "")
        except Invalid as wrong:
            raise ValidationError(wrong.message) from None
