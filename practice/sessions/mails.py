"""What the mails about sessions say. Neutral: a time, a name, a place without its street."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from practice.billing import queries as billing
from practice.core.money import Money
from practice.core.settings import settings
from practice.outbox.mail import Composer, Stale
from practice.outbox.models import Message
from practice.people.queries import get_practice
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.queries.hosts import host_of
from practice.sessions.rules.lifecycle import LIVE, WORDS, AppointmentState, Modality
from practice.sessions.rules.requests import answer_by
from practice.sessions.service.collecting import owed_now


def booked(message: Message) -> dict[str, Any]:
    """A session is confirmed. It can be cancelled without cost until it begins."""
    appointment = _while(message, AppointmentState.CONFIRMED)
    kept = billing.paid_minor(appointment.id) - billing.refunded_minor(appointment.id)
    owed = appointment.price.minor - kept
    return _client_facts(appointment) | {
        "paid": _money(kept, appointment),
        "owed": _money(owed, appointment),
        "cancel_until": appointment.starts_at,
    }


def tentative(message: Message) -> dict[str, Any]:
    """A time is kept, but the session is not confirmed: not yet, or not any longer."""
    appointment = _while(message, AppointmentState.TENTATIVE)
    return _client_facts(appointment) | {"was_confirmed": message.facts["was_confirmed"]}


def moved(message: Message) -> dict[str, Any]:
    """A session has another time. ``was_at`` is when it was before."""
    was_at = datetime.fromisoformat(message.facts["was_at"])
    return _client_facts(_while(message, *LIVE)) | {"was_at": was_at}


def payment_request(message: Message) -> dict[str, Any]:
    """Something is to be paid by the link."""
    appointment = get_appointment(message.about_id)
    amount = owed_now(appointment)
    if not amount:
        raise Stale
    return _client_facts(appointment) | {"amount": amount}


def cancelled(message: Message) -> dict[str, Any]:
    """A session is off. ``refund`` is what goes back, or went back already."""
    appointment = get_appointment(message.about_id)
    refund = _money(billing.refunded_minor(appointment.id), appointment)
    return _client_facts(appointment) | {"refund": refund}


def staff_new_booking(message: Message) -> dict[str, Any]:
    """A client has booked."""
    appointment = get_appointment(message.about_id)
    return _staff_facts(appointment) | {"state": WORDS[appointment.state]}


def staff_cancelled(message: Message) -> dict[str, Any]:
    """A client has cancelled."""
    appointment = get_appointment(message.about_id)
    refund = _money(billing.refunded_minor(appointment.id), appointment)
    return _staff_facts(appointment) | {"refund": refund}


def requested(message: Message) -> dict[str, Any]:
    """A client asked for a time, which is theirs only if we say yes."""
    appointment = _while(message, AppointmentState.REQUESTED)
    by = answer_by(appointment.created_at, get_practice().time_zone)
    return _client_facts(appointment) | {"answer_by": by}


def approved(message: Message) -> dict[str, Any]:
    """A request got a yes."""
    appointment = _while(message, AppointmentState.CONFIRMED)
    return _client_facts(appointment) | {"owed": owed_now(appointment) or None}


def declined(message: Message) -> dict[str, Any]:
    """A request got a no; why, the client reads on their own page."""
    return _client_facts(_while(message, AppointmentState.CANCELLED))


def booked_series(message: Message) -> dict[str, Any]:
    """Several sessions were booked together. Those that are off by now are left out."""
    found = [get_appointment(UUID(text)) for text in message.facts["bookings"]]
    standing = [_line(each) for each in found if each.state in LIVE]
    if not standing:
        raise Stale
    return {"bookings": standing}


def find_bookings(message: Message) -> dict[str, Any]:
    """Somebody asked for the links of their bookings. What was cancelled since says so."""
    return {
        "asked_at": datetime.fromisoformat(message.facts["asked_at"]),
        "bookings": [_line(get_appointment(UUID(text))) for text in message.facts["bookings"]],
    }


COMPOSERS: dict[str, Composer] = {
    "approved": approved,
    "booked": booked,
    "booked-series": booked_series,
    "declined": declined,
    "requested": requested,
    "tentative": tentative,
    "moved": moved,
    "cancelled": cancelled,
    "find-bookings": find_bookings,
    "payment-request": payment_request,
    "slot-lost": cancelled,
    "staff-new-booking": staff_new_booking,
    "staff-cancelled": staff_cancelled,
}
"""By the mail's folder under ``templates/email``."""


def _line(appointment: Appointment) -> dict[str, Any]:
    return {
        "starts_at": appointment.starts_at,
        "zone": appointment.time_zone,
        "state": WORDS[appointment.state].capitalize(),
        "page": booking_link(appointment),
    }


def _while(message: Message, *states: AppointmentState) -> Appointment:
    """Return the session, if it is still what the mail says: mail may have waited for hours."""
    appointment = get_appointment(message.about_id)
    if appointment.state not in states:
        raise Stale
    return appointment


def _client_facts(appointment: Appointment) -> dict[str, Any]:
    return _facts(appointment) | {"page": booking_link(appointment)}


def _staff_facts(appointment: Appointment) -> dict[str, Any]:
    return _facts(appointment) | {"page": f"{settings().base_url}/sessions/{appointment.id}"}


def _facts(appointment: Appointment) -> dict[str, Any]:
    """When, with whom and where: in person the town alone, since mail is read by others."""
    is_video = appointment.modality is Modality.TELEHEALTH
    return {
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "zone": appointment.time_zone,
        "host": host_of(appointment).name,
        "where": "By video" if is_video else get_practice().locality,
    }


def _money(minor: int, appointment: Appointment) -> Money | None:
    return Money(minor, appointment.price.currency) if minor > 0 else None
