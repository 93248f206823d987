"""What is typed to start a practice, to say what it is, and to say who works there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wtforms import (
    BooleanField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.form import BaseForm as AnyForm
from wtforms.validators import InputRequired, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from practice.core.errors import Invalid
from practice.people.forms import BaseForm, EmailField, NameField, PhoneField, at_most
from practice.people.identifiers import STATES, Provider, ein_of, npi_of
from practice.people.passwords import why_refused
from practice.people.rules import US_ZONES, Role, is_slug
from practice.people.seen import SeenForm

ROLE_WORDS: dict[Role, str] = {
    Role.OWNER: "Owner: everything, and these settings",
    Role.THERAPIST: "Therapist: sees clients, books, keeps records",
    Role.PRESCRIBER: "Prescriber: sees clients, records clearances",
    Role.MEDICAL_MONITOR: "Medical monitor: is there during sessions",
    Role.FRONT_DESK: "Front desk: books, and takes payments",
    Role.BOOKKEEPER: "Bookkeeper: payments, invoices and exports alone",
}
SLUG_RULE = "Use small letters, digits and single hyphens, like quiet-waters"


class NewPasswordField(PasswordField):
    """A password that somebody chooses. The form says in ``email_typed`` whose it is."""

    def __init__(self, label: str = "Password", **more: Any) -> None:
        keys = {"autocomplete": "new-password"}
        super().__init__(label, [InputRequired("Choose a password"), _good], render_kw=keys, **more)


def _good(form: AnyForm, field: PasswordField) -> None:
    wrong = why_refused(field.data or "", email=getattr(form, "email_typed", ""))
    if wrong:
        raise StopValidation(wrong)


class ZoneField(SelectField):
    """A time zone of the United States; ``offer`` adds the one that a practice is in."""

    def __init__(self, label: str = "Time zone", **more: Any) -> None:
        choices = {"": "Choose", **dict(US_ZONES)}
        super().__init__(
            label,
            [InputRequired("Choose a time zone")],
            choices=choices,
            **more,
        )

    def offer(self, zone: str) -> None:
        """Let a zone be chosen that the list does not have."""
        if zone not in dict(US_ZONES):
            self.choices = {"": "Choose", **dict(US_ZONES), zone: zone}


class RolesField(SelectMultipleField):
    """What somebody does, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str = "What they do", **more: Any) -> None:
        super().__init__(
            label,
            [InputRequired("Choose at least one")],
            choices={role.value: words for role, words in ROLE_WORDS.items()},
            **more,
        )

    @property
    def roles(self) -> list[Role]:
        return [Role(value) for value in self.data or ()]


def _text(missing: str, longest: int) -> list[Any]:
    return [InputRequired(missing), at_most(longest)]


def _read(read: Callable[[str], str], text: str | None) -> str:
    """Return a number as it is kept, or nothing where nothing was typed."""
    try:
        return read(text) if text else ""
    except Invalid as wrong:
        raise StopValidation(wrong.message) from None


# Starting a practice ---------------------------------------------------------------------------


class SignUpForm(BaseForm):
    """Everything that a practice needs to be one. The rest has a place in its settings."""

    owner = NameField(
        "Your name", missing="Enter your name", longest=120, render_kw={"autocomplete": "name"}
    )
    email = EmailField("Your email")
    password = NewPasswordField()
    name = NameField(
        "Name of the practice",
        missing="Enter the name of the practice",
        longest=120,
        render_kw={"autocomplete": "organization"},
    )
    slug = StringField(
        "Its name in web addresses", [at_most(60)], render_kw={"autocapitalize": "none"}
    )
    locality = StringField("City and state", _text("Enter a city, like Norfolk, VA", 120))
    phone = PhoneField("Phone number for clients", missing="Enter a phone number")
    time_zone = ZoneField()

    @property
    def email_typed(self) -> str:
        return self.email.data or ""

    def validate_slug(self, field: StringField) -> None:
        if field.data and not is_slug(field.data):
            raise StopValidation(SLUG_RULE)


class StartForm(BaseForm):
    """The password once more: who opens the mail is who filled in the form."""

    password = PasswordField(
        "Password",
        [InputRequired("Enter the password that you chose")],
        render_kw={"autocomplete": "current-password"},
    )


# The team --------------------------------------------------------------------------------------


class InviteForm(BaseForm):
    """Somebody to join the staff."""

    email = EmailField("Their email", missing="Enter an email address")
    roles = RolesField()


class RolesForm(SeenForm):
    """What a member of staff does."""

    roles = RolesField()


class ProviderForm(SeenForm):
    """What insurers ask of a clinician. All of it, or nothing."""

    credentials = StringField(
        "Credentials", [at_most(40)], render_kw={"autocomplete": "honorific-suffix"}
    )
    npi = StringField("NPI", [at_most(14)], render_kw={"inputmode": "numeric"})
    licence_no = StringField("License number", [at_most(40)])
    licence_state = SelectField(
        "State of the license", choices={"": "Choose", **{state: state for state in STATES}}
    )

    def validate_npi(self, field: StringField) -> None:
        field.data = _read(npi_of, field.data)

    def provider(self) -> Provider:
        """Return what was typed, once it is checked."""
        return Provider(
            self.credentials.data or "",
            self.npi.data or "",
            self.licence_no.data or "",
            self.licence_state.data or "",
        )


class JoinForm(BaseForm):
    """Who joins. ``email_typed`` is the address that was invited."""

    name = NameField(
        "Your name", missing="Enter your name", longest=120, render_kw={"autocomplete": "name"}
    )
    password = NewPasswordField()
    email_typed = ""


# The practice ----------------------------------------------------------------------------------


class PracticeForm(SeenForm):
    """What a practice says of itself; the fields are named as its columns are."""

    name = NameField("Name", missing="Enter the name of the practice", longest=120)
    neutral_name = NameField(
        "Neutral name", missing="Enter a name that says nothing of what you do", longest=60
    )
    locality = StringField("City and state", _text("Enter a city, like Norfolk, VA", 120))
    email = EmailField("Email for clients", missing="Enter an email address")
    phone = PhoneField("Phone number for clients", missing="Enter a phone number")
    about = TextAreaField("About you", [at_most(2000)], render_kw={"rows": 4})
    business_name = NameField(
        "Business name", missing="Enter the name that stands on invoices", longest=120
    )
    business_address = TextAreaField("Business address", [at_most(400)], render_kw={"rows": 3})
    tax_id = StringField("Tax ID (EIN)", [at_most(20)])
    group_npi = StringField("NPI of the practice", [at_most(14)])
    estimates_name_diagnoses = BooleanField("Write diagnoses on estimates too")

    def validate_tax_id(self, field: StringField) -> None:
        field.data = _read(ein_of, field.data)

    def validate_group_npi(self, field: StringField) -> None:
        field.data = _read(npi_of, field.data)

    def facts(self) -> dict[str, Any]:
        """Return what was typed, by the names of the columns."""
        others = {"csrf_token", "seen"}
        return {
            name: value if isinstance(value, bool) else value or ""
            for name, value in self.data.items()
            if name not in others
        }


class LookForm(SeenForm):
    """The one colour of the pages for clients."""

    accent = StringField("Color", [at_most(7)], render_kw={"spellcheck": "false"})

    @property
    def colour(self) -> str:
        """Return the colour in small letters, with its #; empty for the house's own."""
        typed = (self.accent.data or "").lower()
        return f"#{typed}" if typed and not typed.startswith("#") else typed
