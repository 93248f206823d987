"""What goes over the wire, both ways: checked on the way in, described in the document.

Times are instants with their offset, days are local dates, money is integer cents.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from practice.api.rules.events import Event
from practice.billing.models import InvoiceKind
from practice.billing.rules.invoices import InvoiceState
from practice.billing.rules.payments import PaymentMethod, PaymentOutcome, PaymentState
from practice.calendar.rules.timeline import EARLIEST_ON, LATEST_ON
from practice.core.errors import Invalid
from practice.people import contact
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind

T = TypeVar("T")


# Kinds of values -------------------------------------------------------------------------------

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
    text = contact.tidied(text)
    if not contact.is_readable(text):
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
        return str(read(contact.tidied(text)))
    except Invalid as wrong:
        raise ValueError(wrong.message) from None


def _true(value: bool) -> bool:  # noqa: FBT001  pydantic hands it over
    if not value:
        raise ValueError("Only somebody who is 18 or older can be booked")
    return value


def _number(value: Any) -> int:
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


class Sent(BaseModel):
    """The parent of what comes in: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """The parent of what goes out."""

    model_config = ConfigDict(from_attributes=True)


class Amount(Told):
    """Money: a whole number of the currency's smallest unit."""

    minor: int
    currency: Annotated[str, StringConstraints(min_length=3, max_length=3)]


# Practice, services, times ---------------------------------------------------------------------


class Practice(Told):
    slug: str
    name: str
    about: str
    locality: str
    time_zone: str
    currency: str
    email: str
    phone: str


class Service(Told):
    """Something that can be booked. ``first_visit`` ones are open to whoever comes."""

    slug: str
    kind: SessionKind
    label: str
    about: str
    minutes: int
    price: Amount
    modalities: list[Modality]
    first_visit: bool
    notice_hours: int


class Services(Told):
    items: list[Service]


class TimesAsked(Sent):
    """Which days of free times: local days of the practice, or of ``tz``."""

    from_on: Annotated[Day | None, Field(alias="from")] = None
    days: Annotated[int, Field(ge=1, le=60), BeforeValidator(_number)] = 14
    modality: Modality | None = None
    tz: Annotated[str, StringConstraints(max_length=60)] | None = None


class Times(Told):
    service: str
    modality: Modality
    time_zone: str
    minutes: int
    starts_at: list[datetime]


# Bookings --------------------------------------------------------------------------------------


class HoldAsked(Sent):
    """A time to hold for somebody who has not said who they are."""

    service: Slug
    starts_at: Instant
    modality: Modality | None = None


class BookingAsked(HoldAsked):
    """A session for a client, as staff book it."""

    client_id: UUID


class MoveAsked(Sent):
    """Another time. ``sequence`` is what was last read; whoever changed it since is told."""

    starts_at: Instant
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] | None = None


class CancelAsked(Sent):
    """Nothing has to be said. ``sequence`` is what was last read."""

    sequence: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] | None = None


class Details(Sent):
    """Who comes. Nothing clinical is asked."""

    first_name: Name
    last_name: Name
    email: Email
    phone: Phone
    is_adult: Annotated[bool, Field(strict=True), AfterValidator(_true)]


class Booking(Told):
    """A session, or a time that is held for one. Past ``hold_ends_at`` it counts as free."""

    id: UUID
    state: AppointmentState
    service: str
    kind: SessionKind
    label: str
    modality: Modality
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    price: Amount
    client_id: UUID | None
    hold_ends_at: datetime | None
    sequence: int
    created_at: datetime
    changed_at: datetime
    cancelled_at: datetime | None


class PublicBooking(Told):
    """A booking for whoever has its link; ``token`` is the secret in it."""

    token: str
    url: str
    state: AppointmentState
    service: str
    label: str
    modality: Modality
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    price: Amount
    has_details: bool
    hold_ends_at: datetime | None


class Checkout(Told):
    """Where to send the client to pay. ``url`` is the processor's page, or the booking's own."""

    url: str
    amount: Amount
    ends_at: datetime | None


class Paging(Sent):
    """How many at once, and where to go on."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)] = 50
    cursor: Cursor | None = None


class BookingsAsked(Paging):
    """Bookings that start in ``[from, until)``."""

    from_at: Annotated[Instant | None, Field(alias="from")] = None
    until_at: Annotated[Instant | None, Field(alias="until")] = None
    client_id: UUID | None = None
    state: AppointmentState | None = None


class Bookings(Told):
    items: list[Booking]
    next_cursor: str | None


# Clients ---------------------------------------------------------------------------------------


class ClientSent(Sent):
    """How a client is reached."""

    first_name: Name
    last_name: Name
    email: Email
    phone: Phone


class ClientChanged(Sent):
    """What is to be changed; the rest stays."""

    first_name: Name | None = None
    last_name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None


class Client(Told):
    id: UUID
    first_name: str
    last_name: str
    email: str
    phone: str
    created_at: datetime
    archived_at: datetime | None


class ClientsAsked(Paging):
    """All clients, or those with one address."""

    email: Email | None = None


class Clients(Told):
    items: list[Client]
    next_cursor: str | None


# Money -----------------------------------------------------------------------------------------


class OfClientAsked(Paging):
    """Everybody's, or one client's."""

    client_id: UUID | None = None


class PaymentsAsked(OfClientAsked):
    """Those for one booking, or in one state."""

    booking_id: UUID | None = None
    state: PaymentState | None = None


class Line(Told):
    service_on: date
    service: str
    quantity: int
    unit_minor: int
    amount_minor: int


class Invoice(Told):
    id: UUID
    number: str
    kind: InvoiceKind
    client_id: UUID
    booking_id: UUID | None
    corrects_id: UUID | None
    issued_on: date
    issued_at: datetime
    total: Amount


class InvoiceInFull(Invoice):
    """An invoice with its lines and what is still open of it."""

    state: InvoiceState
    paid: Amount
    open: Amount
    lines: list[Line]


class Invoices(Told):
    items: list[Invoice]
    next_cursor: str | None


class Payment(Told):
    id: UUID
    client_id: UUID
    booking_id: UUID
    amount: Amount
    method: PaymentMethod
    state: PaymentState
    outcome: PaymentOutcome | None
    created_at: datetime
    paid_at: datetime | None


class Payments(Told):
    items: list[Payment]
    next_cursor: str | None


# Webhooks --------------------------------------------------------------------------------------


class WebhookSent(Sent):
    """An address, https on the usual port, and the news that it wants."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    events: Annotated[list[Event], Field(min_length=1, max_length=30)]


class Webhook(Told):
    id: UUID
    url: str
    events: list[Event]
    created_at: datetime
    ended_at: datetime | None


class WebhookWithSecret(Webhook):
    """The secret that signs, shown this once."""

    secret: str


class Webhooks(Told):
    items: list[Webhook]


class Delivery(Told):
    id: UUID
    event: Event
    subject_id: UUID
    ordinal: int
    state: str
    tries: int
    status: int | None
    problem: str | None
    next_at: datetime | None
    created_at: datetime


class Deliveries(Told):
    items: list[Delivery]


# What went wrong -------------------------------------------------------------------------------


class WrongField(Told):
    pointer: str
    detail: str


class Problem(Told):
    """RFC 9457. ``code`` names the kind of problem for a program, ``detail`` says it in words."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    reference: str
    errors: list[WrongField] = []
