"""What goes over the wire, both ways: checked on the way in, described in the document.

Times are instants with their offset, days are local dates, money is integer cents.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from practice.api.rules.events import Event
from practice.api.values import Cursor, Day, Email, Instant, Name, Phone, Slug, adult, whole_number
from practice.billing.models import InvoiceKind
from practice.billing.rules.invoices import InvoiceState
from practice.billing.rules.payments import PaymentMethod, PaymentOutcome, PaymentState
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind


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
    days: Annotated[int, Field(ge=1, le=60), BeforeValidator(whole_number)] = 14
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
    is_adult: Annotated[bool, Field(strict=True), AfterValidator(adult)]


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

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(whole_number)] = 50
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
    """Money for a booking; for none if it is for a balance from before the practice was here."""

    id: UUID
    client_id: UUID
    booking_id: UUID | None
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
