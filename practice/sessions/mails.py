"""What the mails about sessions say. Neutral: a time, a name, a place without its street."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing import cards, fees, linked
from practice.billing import queries as billing
from practice.billing.document_models import Document
from practice.billing.fee_models import Fee
from practice.billing.rules.cards import Use
from practice.billing.rules.fees import FeeState, split
from practice.calendar.rules import ics, zones
from practice.calendar.service import invitations
from practice.calendar.subscriptions import get_subscription
from practice.core import clock
from practice.core.db import db
from practice.core.money import Money
from practice.core.settings import settings
from practice.outbox.jobs import NotYet
from practice.outbox.mail import Composer, Stale
from practice.outbox.models import Message
from practice.people.queries import get_practice
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment, Course
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.queries.hosts import host_of
from practice.sessions.queries.times import quiet_hours
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    LIVE,
    WORDS,
    AppointmentState,
    Modality,
)
from practice.sessions.rules.policies import free_until
from practice.sessions.rules.reminders import wakes_at
from practice.sessions.rules.requests import answer_by
from practice.sessions.service.calendars import OFF, as_it_stands, serving
from practice.sessions.service.collecting import owed_now
from practice.sessions.service.reminding import zone_of


def booked(message: Message) -> dict[str, Any]:
    """A session is confirmed. How long it can be cancelled without cost is what was agreed."""
    appointment = _while(message, AppointmentState.CONFIRMED)
    kept = billing.paid_minor(appointment.id) - billing.refunded_minor(appointment.id)
    owed = appointment.to_pay.minor - kept
    return _with_calendar(message, appointment) | {
        "paid": _money(kept, appointment),
        "owed": _money(owed, appointment),
        "cancel_until": _free_until(appointment),
    }


def _free_until(appointment: Appointment) -> datetime | None:
    """Return until when cancelling costs nothing, unless that is over."""
    starts_at = appointment.starts_at
    until = free_until(appointment.policy, starts_at) if appointment.price else starts_at
    return until if until and until > clock.now() else None


def tentative(message: Message) -> dict[str, Any]:
    """A time is kept, but the session is not confirmed: not yet, or not any longer."""
    appointment = _while(message, AppointmentState.TENTATIVE)
    was_confirmed = message.facts["was"] == AppointmentState.CONFIRMED
    return _with_calendar(message, appointment) | {"was_confirmed": was_confirmed}


def moved(message: Message) -> dict[str, Any]:
    """A session has another time. ``was_at`` is when it was before."""
    was_at = datetime.fromisoformat(message.facts["was_at"])
    appointment = _while(message, *LIVE)
    costs = _costs(fees.fee_of_change(appointment.id, appointment.sequence))
    return _with_calendar(message, appointment) | {"was_at": was_at} | costs


def missed(message: Message) -> dict[str, Any]:
    """A client did not come, and that costs something."""
    appointment = _while(message, AppointmentState.NO_SHOW)
    if (fee := _fee_of(appointment)) is None or fee.state is FeeState.WAIVED:
        raise Stale
    return _client_facts(appointment) | _money_of(appointment, fee)


def reminder(message: Message) -> dict[str, Any]:
    """A session is near. What to do before it stands on its page, which others do not read.

    A reminder of a session that has changed since is not sent: the change was told.
    """
    appointment, now = _while(message, AppointmentState.CONFIRMED), clock.now()
    if appointment.sequence != message.facts["sequence"] or appointment.starts_at <= now:
        raise Stale
    zone, quiet = zone_of(appointment), quiet_hours(appointment.service.rules)
    if (wakes := wakes_at(now, zone=zone, quiet=quiet)) > now:
        raise NotYet(wakes)  # it waited for the mail server until into the night
    return _client_facts(appointment) | {"needs_planning": appointment.kind in GIVES_MEDICINE}


def payment_request(message: Message) -> dict[str, Any]:
    """Something is to be paid by the link."""
    appointment = get_appointment(message.about_id)
    amount = owed_now(appointment)
    if not amount:
        raise Stale
    return _client_facts(appointment) | {"amount": amount}


def cancelled(message: Message) -> dict[str, Any]:
    """A session is off. ``refund`` is what goes back, or went back already.

    It is known by the time that its client had heard of, wherever it was moved to since.
    """
    appointment = get_appointment(message.about_id)
    was_at = message.facts.get("was_at")
    starts_at = datetime.fromisoformat(was_at) if was_at else appointment.starts_at
    moved_money = _money_of(appointment, _fee_of(appointment))
    return _with_calendar(message, appointment) | {"starts_at": starts_at} | moved_money


def slot_lost(message: Message) -> dict[str, Any]:
    """Money came for a time that somebody else has by now."""
    appointment = get_appointment(message.about_id)
    return _client_facts(appointment) | {"refund": _goes_back(appointment)}


def staff_new_booking(message: Message) -> dict[str, Any]:
    """A client has booked."""
    appointment = get_appointment(message.about_id)
    return _staff_facts(appointment) | {"state": WORDS[appointment.state]}


def staff_moved(message: Message) -> dict[str, Any]:
    """A client has moved a session."""
    return _staff_facts(_while(message, *LIVE))


def staff_cancelled(message: Message) -> dict[str, Any]:
    """A client has cancelled."""
    appointment = get_appointment(message.about_id)
    refund = _goes_back(appointment)
    return _staff_facts(appointment) | {"refund": refund}


def staff_alert(message: Message) -> dict[str, Any]:
    """A session that was confirmed no longer is, because something that it asks for was lost."""
    return _staff_facts(_while(message, AppointmentState.TENTATIVE))


def requested(message: Message) -> dict[str, Any]:
    """A client asked for a time, which is theirs only if we say yes."""
    appointment = _while(message, AppointmentState.REQUESTED)
    by = answer_by(appointment.created_at, get_practice().time_zone)
    return _client_facts(appointment) | {"answer_by": by}


def approved(message: Message) -> dict[str, Any]:
    """A request got a yes."""
    appointment = _while(message, AppointmentState.CONFIRMED)
    return _with_calendar(message, appointment) | {"owed": owed_now(appointment) or None}


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


def moved_series(message: Message) -> dict[str, Any]:
    """Several sessions moved together. What is off by now, or back where it was, is left out."""
    return {"bookings": _moved_lines(message, booking_link)}


def staff_moved_series(message: Message) -> dict[str, Any]:
    """A client moved a session of a course, and others moved along."""
    base = f"{settings().base_url}/sessions"
    return {"bookings": _moved_lines(message, lambda each: f"{base}/{each.id}")}


def _moved_lines(message: Message, page: Callable[[Appointment], str]) -> list[dict[str, Any]]:
    found = []
    for line in message.facts["sessions"]:
        appointment = get_appointment(UUID(line["id"]))
        was_at = datetime.fromisoformat(line["was_at"]) if line["was_at"] else None
        if appointment.state in LIVE and appointment.starts_at != was_at:
            found.append(_line(appointment) | {"was_at": was_at, "page": page(appointment)})
    if not found:
        raise Stale
    return sorted(found, key=lambda each: each["starts_at"])


def staff_new_series(message: Message) -> dict[str, Any]:
    """A client has booked several sessions together. Those that are off by now are left out."""
    found = [get_appointment(UUID(text)) for text in message.facts["bookings"]]
    standing = [each for each in found if each.state in LIVE]
    if not standing:
        raise Stale
    return {
        "bookings": [{"starts_at": each.starts_at, "zone": each.time_zone} for each in standing],
        "page": f"{settings().base_url}/sessions/{standing[0].id}",
    }


def cancelled_series(message: Message) -> dict[str, Any]:
    """Several sessions are off together. ``refund`` is what goes back for all of them."""
    found = [get_appointment(UUID(text)) for text in message.facts["bookings"]]
    if not found:
        raise Stale
    back = [refund for each in found if (refund := _goes_back(each))]
    if whole := _money(message.facts.get("refund_minor", 0), found[0]):
        back.append(whole)
    return {
        "bookings": [{"starts_at": each.starts_at, "zone": each.time_zone} for each in found],
        "refund": sum(back[1:], back[0]) if back else None,
    }


def find_bookings(message: Message) -> dict[str, Any]:
    """Somebody asked for the links of their bookings. What was cancelled since says so."""
    return {
        "asked_at": datetime.fromisoformat(message.facts["asked_at"]),
        "bookings": [_line(get_appointment(UUID(text))) for text in message.facts["bookings"]],
    }


def choose_times(message: Message) -> dict[str, Any]:
    """A client may choose among the plans of a course, unless that was taken back meanwhile."""
    course = db.session.scalar(sa.select(Course).where(Course.id == message.about_id))
    if course is None or course.offered_at is None:
        raise Stale
    if course.link_version != message.facts["link"]:
        raise Stale
    path = f"/p/{get_practice().slug}/sign-in?next=/me/course/{course.id}"
    return {"offered_at": course.offered_at, "page": settings().base_url + path}


def calendar(message: Message) -> dict[str, Any]:
    """A session goes into its client's calendar, where no other mail brought it, or out of it."""
    appointment = get_appointment(message.about_id)
    facts = _with_calendar(message, appointment)
    if facts["calendar"] is None:
        raise Stale
    return facts | {"is_off": appointment.state in OFF}


def staff_calendar(message: Message) -> dict[str, Any]:
    """A session goes into the calendar of somebody who holds it, or out of it."""
    appointment = get_appointment(message.about_id)
    facts = as_it_stands(appointment, serving(appointment.id))
    reader = get_subscription(UUID(message.facts["reader"]))
    part = invitations.for_reader(facts, reader, message.to or "")
    if part is None:
        raise Stale
    is_off = part.method == ics.method(ics.Status.CANCELLED)
    return _staff_facts(appointment) | {"calendar": part, "is_off": is_off}


def estimate(message: Message) -> dict[str, Any]:
    """An estimate is on the client's own pages. What it is of, and how much, is not said."""
    document = db.session.scalar(sa.select(Document).where(Document.id == message.about_id))
    if document is None:
        raise Stale
    path = f"/p/{get_practice().slug}/sign-in?next=/me/papers/{document.id}"
    return {"issued_at": document.issued_at, "page": settings().base_url + path}


COMPOSERS: dict[str, Composer] = {
    "approved": approved,
    "booked": booked,
    "booked-series": booked_series,
    "calendar": calendar,
    "cancelled-series": cancelled_series,
    "choose-times": choose_times,
    "declined": declined,
    "estimate": estimate,
    "requested": requested,
    "tentative": tentative,
    "missed": missed,
    "moved": moved,
    "moved-series": moved_series,
    "cancelled": cancelled,
    "find-bookings": find_bookings,
    "payment-request": payment_request,
    "reminder": reminder,
    "slot-lost": slot_lost,
    "staff-calendar": staff_calendar,
    "staff-moved": staff_moved,
    "staff-moved-series": staff_moved_series,
    "staff-alert": staff_alert,
    "staff-new-booking": staff_new_booking,
    "staff-new-series": staff_new_series,
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


def _with_calendar(message: Message, appointment: Appointment) -> dict[str, Any]:
    """Return the same, with what the client's calendar must be told besides."""
    part = invitations.for_client(as_it_stands(appointment), message.to or "")
    return _client_facts(appointment) | {"calendar": part}


def _staff_facts(appointment: Appointment) -> dict[str, Any]:
    return _facts(appointment) | {"page": f"{settings().base_url}/sessions/{appointment.id}"}


def _facts(appointment: Appointment) -> dict[str, Any]:
    """When, with whom and where: in person the town alone, since mail is read by others."""
    is_video = appointment.modality is Modality.TELEHEALTH
    here = zone_of(appointment) if is_video else appointment.time_zone
    there = appointment.starts_at.astimezone(zones.zone(appointment.time_zone))
    differs = there.utcoffset() != there.astimezone(zones.zone(here)).utcoffset()
    return {
        "zone_for_you": here if differs else None,
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "zone": appointment.time_zone,
        "host": host_of(appointment).name,
        "where": "By video" if is_video else get_practice().locality,
    }


def _goes_back(appointment: Appointment) -> Money | None:
    """Return what goes back: of a cancelled session all that was paid, decided yet or not."""
    if appointment.state not in {AppointmentState.CANCELLED, AppointmentState.NO_SHOW}:
        return _money(billing.refunded_minor(appointment.id), appointment)
    paid, fee = fees.paid_ahead_minor(appointment.id), _fee_of(appointment)
    kept = fee.amount.minor if fee and fee.state is not FeeState.WAIVED else 0
    return _money(paid - kept, appointment)


def _fee_of(appointment: Appointment) -> Fee | None:
    """Return the fee for a session that will not take place, waived or not."""
    own = [each for each in fees.fees_of(appointment.id) if each.settles_id == appointment.id]
    return own[0] if own else None


def _money_of(appointment: Appointment, fee: Fee | None) -> dict[str, Any]:
    """Say what comes back of a session that is off, what stays as credit, and what it costs."""
    rest, costs = _goes_back(appointment), _costs(fee)
    if appointment.rest_is_credit:
        return costs | {"refund": None, "credit": rest}
    return costs | {"refund": rest}


def _costs(fee: Fee | None) -> dict[str, Any]:
    """Say what a change costs: the fee, what of it was kept, is owed, and which card pays it."""
    if fee is None or fee.state is FeeState.WAIVED:
        return {"fee": None, "kept": None, "owed": None, "card": "", "credit": None}
    ahead = fees.paid_ahead_minor(fee.settles_id)
    parts = split(fee.amount, Money(ahead, fee.currency))
    card = cards.on_file(fee.client_id) if parts.owed and linked.takes_cards() else None
    return {
        "fee": parts.fee,
        "kept": parts.kept or None,
        "owed": parts.owed or None,
        "card": card.words if card and Use.FEE in card.uses else "",
        "credit": None,
    }


def _money(minor: int, appointment: Appointment) -> Money | None:
    return Money(minor, appointment.price.currency) if minor > 0 else None
