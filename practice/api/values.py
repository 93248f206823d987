"""The kinds of values that come over the wire: each has one way to be written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from practice.calendar.rules.timeline import EARLIEST_ON, LATEST_ON
from practice.core.errors import Invalid
from practice.people import contact, rules

INSTANT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)
LONGEST_NAME = 80
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _read_instant(value: Any) -> datetime:
    if not isinstance(value, str) or not re.fullmatch(INSTANT, value, re.ASCII):
        raise ValueError("Write an instant with its offset, like 2027-03-15T14:00:00Z")
    try:
        instant = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Write an instant that exists, like 2027-03-15T14:00:00Z") from None
    if not EARLIEST_ON <= instant.date() < LATEST_ON:
        raise ValueError("Write an instant in this century or the next")
    return instant


def _read_day(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(DAY, value, re.ASCII):
        raise ValueError("Write a day like 2027-03-15")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("Write a day that exists, like 2027-03-15") from None
    if not EARLIEST_ON <= day < LATEST_ON:
        raise ValueError("Write a day in this century or the next")
    return day


def _name(text: str) -> str:
    text = rules.tidied(text)
    if rules.has_hidden(text):
        raise ValueError("Leave out characters that cannot be seen")
    if not 1 <= len(text) <= LONGEST_NAME:  # composing characters can make it longer
        raise ValueError(f"Say this in 1 to {LONGEST_NAME} characters")
    return text


def _email(text: str) -> str:
    return _read(text, contact.email_of)


def _phone(text: str) -> str:
    return _read(text, contact.phone_of)


def _read(text: str, read: Any) -> str:
    try:
        return str(read(rules.tidied(text)))
    except Invalid as wrong:
        raise ValueError(wrong.message) from None


def adult(value: bool) -> bool:  # noqa: FBT001  pydantic hands it over
    if not value:
        raise ValueError("Only somebody who is 18 or older can be booked")
    return value


def whole_number(value: Any) -> int:
    """Read a whole number out of an address: digits and nothing else."""
    if isinstance(value, int):
        return value
    if not re.fullmatch("[0-9]{1,4}", str(value), re.ASCII):
        raise ValueError("Write a whole number")
    return int(value)


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT}),
]
Day = Annotated[
    date,
    BeforeValidator(_read_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY}),
]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_NAME), AfterValidator(_name)
]
Email = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_phone)]
Slug = Annotated[str, StringConstraints(max_length=60, pattern="^[a-z0-9_-]+$")]
Cursor = Annotated[str, StringConstraints(max_length=300)]
