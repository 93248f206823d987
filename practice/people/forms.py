"""Forms that every room builds upon, and the forms of this one.

Texts arrive trimmed, with composed characters and plain line ends; the fields say what is wrong
in the words that people read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    DateField,
    Form,
    FormField,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.form import BaseForm as WholeForm
from wtforms.validators import InputRequired, Length, StopValidation, ValidationError

from practice.core import clock
from practice.core.errors import Invalid
from practice.people.contact import email_of, phone_of
from practice.people.rules import CODE_DIGITS, has_hidden, tidied

OLDEST_BIRTH_YEAR = 1900


class BaseForm(FlaskForm):
    """The parent of every form: trims what is typed and refuses what no keyboard types.

    Passwords are left as they are.
    """

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: BaseForm, formdata: Any) -> MultiDict[str, str] | None:
            if not isinstance(formdata, MultiDict):  # nothing given, or: take the request's
                formdata = request.form if formdata is not None and form.is_submitted() else None
            return None if formdata is None else form.tidied(formdata)

    def tidied(self, given: MultiDict[str, str]) -> MultiDict[str, str]:
        """Return what was typed, trimmed; passwords as they are."""
        secret = {name for name, field in self._fields.items() if isinstance(field, PasswordField)}
        return MultiDict(
            (name, value if name in secret else tidied(value))
            for name, value in given.items(multi=True)
        )

    def validate(self, extra_validators: Any = None) -> bool:
        more = dict(extra_validators or {})
        for name, field in self._fields.items():
            if isinstance(field, StringField) and not isinstance(field, PasswordField):
                more[name] = [*more.get(name, []), _readable]
        return bool(super().validate(more))


def _readable(_form: Form, field: StringField) -> None:
    """Refuse control characters, and those that turn the direction of writing around."""
    allowed = "\n\t" if isinstance(field, TextAreaField) else ""
    if has_hidden(field.data or "", allowed=allowed):
        raise ValidationError("Leave out characters that cannot be seen")


# Fields ----------------------------------------------------------------------------------------


def at_most(longest: int) -> Length:
    """Refuse a text of more than so many characters, in words."""
    return Length(max=longest, message=f"Use at most {longest} characters")


class NameField(StringField):
    """A part of a person's name.

    ``missing`` is what an empty one says; without it, it may be empty.
    """

    def __init__(
        self, label: str, *, missing: str | None = None, longest: int = 80, **more: Any
    ) -> None:
        too_long = f"{label} must be {longest} characters or fewer"
        super().__init__(label, [*_must(missing), Length(max=longest, message=too_long)], **more)


class EmailField(StringField):
    """An e-mail address. ``data`` becomes lower case, its domain ASCII; no DNS is asked."""

    def __init__(
        self, label: str = "Email", *, missing: str | None = "Enter your email address", **more: Any
    ) -> None:
        keys = {"type": "email", "autocomplete": "email"} | more.pop("render_kw", {})
        super().__init__(label, [*_must(missing), _email], render_kw=keys, **more)


def _email(_form: Form, field: StringField) -> None:
    _read(field, email_of)


class PhoneField(StringField):
    """A phone number, of the United States unless it says otherwise. ``data`` becomes E.164."""

    def __init__(
        self,
        label: str = "Mobile number",
        *,
        missing: str | None = "Enter your mobile number",
        **more: Any,
    ) -> None:
        keys = {"type": "tel", "autocomplete": "tel"} | more.pop("render_kw", {})
        super().__init__(label, [*_must(missing), _phone], render_kw=keys, **more)


def _phone(_form: Form, field: StringField) -> None:
    _read(field, phone_of)


def _read(field: StringField, read: Callable[[str], str]) -> None:
    try:
        field.data = read(field.data) if field.data else field.data
    except Invalid as wrong:
        raise StopValidation(wrong.message) from None


def _must(missing: str | None) -> list[Any]:
    return [InputRequired(missing)] if missing else []


class DayField(DateField):
    """A day, in the browser's own field for dates or typed like ``2026-12-01``."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter a date like 2026-12-01") from None


class ClockField(TimeField):
    """A time on the wall, in the browser's own field for times or typed like ``14:30``."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter a time like 14:30") from None


class _DateParts(Form):
    """Month, day and year as they are typed."""

    month = StringField("Month")
    day = StringField("Day")
    year = StringField("Year")


class BirthDateField(FormField):  # type: ignore[type-arg]  # not subscriptable while running
    """A day of birth, typed as month, day and year; ``data`` is a date or ``None``.

    ``whose`` begins the messages: "Your", or "The client's".
    """

    def __init__(
        self,
        label: str = "Birth date",
        *,
        missing: str | None = None,
        whose: str = "Your",
        **more: Any,
    ) -> None:
        super().__init__(_DateParts, label, **more)
        self.type = "FormField"  # templates know by it that there are parts
        self.missing = missing
        self.whose = whose

    @property
    def data(self) -> date | None:  # type: ignore[override]  # one day instead of three texts
        try:
            month, day, year = (int(part.data or "") for part in self.form)
            return date(year, month, day)
        except ValueError:
            return None

    def populate_obj(self, obj: object, name: str) -> None:
        setattr(obj, name, self.data)

    def validate(self, *_: object) -> bool:
        wrong, part = self._what_is_wrong()
        if wrong:
            self.form[part].errors = [wrong]
        return wrong is None

    def _what_is_wrong(self) -> tuple[str | None, str]:
        month, day, year = (str(part.data or "") for part in self.form)
        if not (month or day or year):
            return self.missing, "month"
        if not all(re.fullmatch(r"[0-9]{1,2}", part) for part in (month, day)):
            return "Enter a date in numbers, like 3 27 1984", "month"
        if not re.fullmatch(r"[0-9]{4}", year):
            return "Enter the year with four digits, like 1984", "year"
        if self.data is None:
            return "Enter a date that exists, like 3 27 1984", "day"
        return self._is_unlikely(self.data), "year"

    def _is_unlikely(self, born_on: date) -> str | None:
        if born_on >= clock.now().date():
            return f"{self.whose} birth date must be in the past"
        if born_on.year < OLDEST_BIRTH_YEAR:
            return f"{self.whose} birth date must be in {OLDEST_BIRTH_YEAR} or later"
        return None


# Forms of this room ----------------------------------------------------------------------------


class SignInForm(BaseForm):
    """Who is at the door. ``typed`` carries what was typed when the last sign-in ended."""

    email = EmailField(
        "Email", missing="Enter your email address", render_kw={"autocomplete": "username"}
    )
    password = PasswordField(
        "Password",
        [InputRequired("Enter your password")],
        render_kw={"autocomplete": "current-password"},
    )
    typed = HiddenField()


class AskLinkForm(BaseForm):
    """The address to which a link to sign in as a client is mailed."""

    email = EmailField()


class CodeField(StringField):
    """The digits from the mail, however they are spaced; ``data`` becomes the digits alone."""

    def pre_validate(self, form: WholeForm) -> None:  # noqa: ARG002  # WTForms hands it over
        digits = re.sub(r"[ -]", "", self.data or "")
        if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", digits):
            raise StopValidation(f"Enter the {CODE_DIGITS} digits from the email")
        self.data = digits


class CodeForm(BaseForm):
    """The code from the mail, typed in the browser that asked for it."""

    code = CodeField(
        "Code",
        [InputRequired(f"Enter the {CODE_DIGITS} digits from the email")],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )


class OwnDetailsForm(BaseForm):
    """How a client is reached, as they change it themselves. The address stands on papers."""

    first_name = NameField(
        "First name", missing="Enter your first name", render_kw={"autocomplete": "given-name"}
    )
    last_name = NameField(
        "Last name", missing="Enter your last name", render_kw={"autocomplete": "family-name"}
    )
    phone = PhoneField()
    address = TextAreaField(
        "Postal address",
        [Length(max=400, message="Postal address must be 400 characters or fewer")],
        render_kw={"rows": 3, "autocomplete": "street-address"},
    )
    time_zone = SelectField("Time zone")


class PlainForm(BaseForm):
    """A button that changes something: nothing but the form token."""
