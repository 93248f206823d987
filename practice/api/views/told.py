"""Rows put into what goes over the wire: in one place, whoever asks."""

from __future__ import annotations

from datetime import timedelta

from practice.api import schemas
from practice.billing.models import Invoice, Payment
from practice.billing.service import openings
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.people.models import Practice
from practice.sessions import queries
from practice.sessions.links import booking_link, token_of
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.lifecycle import FIRST_VISIT, AppointmentState, Modality

S = AppointmentState


def amount(money: Money) -> schemas.Amount:
    return schemas.Amount(minor=money.minor, currency=money.currency)


def practice(owner: Practice) -> schemas.Practice:
    return schemas.Practice.model_validate(owner)


def service(row: Service) -> schemas.Service:
    return schemas.Service(
        slug=row.slug,
        kind=row.kind,
        label=row.label,
        about=row.about,
        minutes=row.minutes,
        price=amount(row.price),
        modalities=[Modality(each) for each in row.modalities],
        first_visit=row.kind in FIRST_VISIT,
        notice_hours=row.notice_hours,
    )


def services() -> schemas.Services:
    return schemas.Services(items=[service(each) for each in queries.services()])


def booking(row: Appointment) -> schemas.Booking:
    return schemas.Booking(
        id=row.id,
        state=row.state,
        service=row.service.slug,
        kind=row.kind,
        label=row.label,
        modality=row.modality,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        time_zone=row.time_zone,
        price=amount(row.to_pay),
        client_id=row.client_id,
        hold_ends_at=row.hold_ends_at,
        sequence=row.sequence,
        created_at=row.created_at,
        changed_at=row.changed_at,
        cancelled_at=row.cancelled_at,
    )


def public_booking(row: Appointment) -> schemas.PublicBooking:
    return schemas.PublicBooking(
        token=token_of(row),
        url=booking_link(row),
        state=row.state,
        service=row.service.slug,
        label=row.label,
        modality=row.modality,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        time_zone=row.time_zone,
        price=amount(row.to_pay),
        has_details=row.client_id is not None,
        hold_ends_at=row.hold_ends_at,
    )


def invoice(row: Invoice) -> schemas.Invoice:
    return schemas.Invoice(
        id=row.id,
        number=row.number,
        kind=row.kind,
        client_id=row.client_id,
        booking_id=row.for_id,
        corrects_id=row.corrects_id,
        issued_on=row.issued_on,
        issued_at=row.issued_at,
        total=amount(row.total),
    )


def payment(row: Payment) -> schemas.Payment:
    return schemas.Payment(
        id=row.id,
        client_id=row.client_id,
        booking_id=None if openings.is_for_opening(row) else row.for_id,
        amount=amount(row.amount),
        method=row.method,
        state=row.state,
        outcome=row.outcome,
        created_at=row.created_at,
        paid_at=row.paid_at,
    )


def way_of(service: Service, wanted: Modality | None) -> Modality:
    """Return the way a session is given in: the one asked for, or the service's first.

    Raises:
        Invalid: if it is not given in that way.
    """
    if wanted is None:
        return Modality(service.modalities[0])
    if wanted not in service.modality_set:
        raise Invalid("This session is not given in that way.")
    return wanted


def length(service: Service) -> timedelta:
    return timedelta(minutes=service.minutes)
