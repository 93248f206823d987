"""Sessions that a person must approve: asked for by clients, answered by staff.

What was asked for holds no time. Saying yes books it, by the way that staff book; saying no
tells the client why, on their own page. Everything is called inside ``transaction()``.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db, take_turns
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.people.rules import ClientDetails
from practice.people.service import add_client
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import find_by_form
from practice.sessions.queries.times import Look, look_at
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.rules.news import News
from practice.sessions.rules.requests import REQUESTS_PER_ADDRESS, answer_by, request_key
from practice.sessions.service import booking, calendars, readiness, taking, telling
from practice.sessions.service.holds import TooManyHolds, check_first_visit
from practice.sessions.service.taking import lock, place_in

S = AppointmentState
LONGEST_WHY = 1000


class NotAsked(Conflict):
    """There is nothing to answer: it was answered already, or never asked for."""


def ask(
    service: Service,
    who: ClientDetails | Client,
    *,
    starts_at: datetime,
    modality: Modality,
    address: str,
    form_token: str,
    by: Actor,
    look: Look | None = None,
) -> Appointment:
    """Ask for a time of a service that a person must approve; nobody else is kept from it.

    The same form sent again returns what it made. ``address`` is a digest of where it comes from.
    A stranger may ask for first visits alone, a known client for whatever needs approval.

    Raises:
        Conflict: for a service that is booked without asking.
        ComesFirst: for a service that a stranger cannot ask for.
        TooManyHolds: if five requests from this address wait already.
        GatesClosed: while something that it asks for beforehand is missing.
        SlotTaken, NotOffered: if it cannot start then.
    """
    if (made := find_by_form(form_token)) is not None:
        return made
    if not service.needs_approval:
        raise Conflict("This can be booked without asking.")
    if isinstance(who, ClientDetails):
        check_first_visit(service)
    take_turns(f"holds:{address}")
    waiting = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Appointment)
        .where(Appointment.hold_address == address, Appointment.state == S.REQUESTED)
    )
    if (waiting or 0) >= REQUESTS_PER_ADDRESS:
        raise TooManyHolds(
            "Several of your requests are waiting for our answer. Call us for more.",
            retry_after_seconds=service.rules.hold_minutes * 60,
        )
    look = look or look_at(service, modality, starts_at)
    place = place_in(look, starts_at)
    client = add_client(who, by=by) if isinstance(who, ClientDetails) else who
    if barred := readiness.ahead_of(client.id, service, starts_at).barred:
        raise readiness.GatesClosed(barred)
    appointment = taking.write_down(
        look,
        place,
        client=client,
        state=S.REQUESTED,
        by=by,
        hold_address=address,
        form_token=form_token,
    )
    db.session.flush()
    outbox.assign(
        "session-request",
        key=request_key(appointment.id),
        what="A client asks for a time. Say yes or no.",
        due_at=answer_by(clock.now(), get_practice().time_zone),
        client_id=client.id,
        about_id=appointment.id,
    )
    telling.tell(News.REQUESTED, appointment, by=by)
    return appointment


def approve(
    appointment: Appointment,
    *,
    starts_at: datetime,
    by: Actor,
    override_reason: str | None = None,
    pays: Money | None = None,
) -> Appointment:
    """Book what was asked for, at the time that was asked for or at another that was agreed.

    Raises:
        NotAsked: if it was answered already.
        CostsOtherwise: if it asks for something else than ``pays``, what the page said.
        SlotTaken, NotOffered, WindowBroken, NotAllowed, CapReached: as for booking by staff.
    """
    appointment, client = _lock_asked(appointment)
    service, modality = appointment.service, appointment.modality
    audit.record("appointment:approve", by=by, subject_id=appointment.id)
    booking.book(
        client,
        service,
        starts_at=starts_at,
        modality=modality,
        by=by,
        override_reason=override_reason,
        asked=appointment,
        pays=pays,
    )
    outbox.withdraw(request_key(appointment.id))
    return appointment


def decline(appointment: Appointment, *, why: str, by: Actor) -> Appointment:
    """Say no to what was asked for. The client reads ``why`` on their own page, never in a mail.

    Raises:
        NotAsked: if it was answered already.
        Invalid: without a reason, or with one that is longer than its place.
    """
    if not 0 < len(why.strip()) <= LONGEST_WHY:
        raise Invalid(f"Write down why, in at most {LONGEST_WHY} characters.")
    appointment, _ = _lock_asked(appointment)
    taking.become(appointment, S.CANCELLED)
    taking.let_code_go(appointment)
    appointment.cancelled_at = clock.now()
    appointment.declined_why = why.strip()
    calendars.change(appointment)
    db.session.flush()
    audit.record("appointment:decline", by=by, subject_id=appointment.id)
    outbox.withdraw(request_key(appointment.id))
    telling.tell(News.DECLINED, appointment, by=by)
    return appointment


def set_approval(shown: set[str], chosen: set[str], *, by: Actor) -> None:
    """Say which services a person must approve: of those that a page showed, the chosen ones."""
    for service in db.session.scalars(
        sa.select(Service).where(Service.ended_at.is_(None)).order_by(Service.id).with_for_update()
    ):
        if str(service.id) not in shown:
            continue
        wanted = str(service.id) in chosen
        if service.needs_approval is not wanted:
            service.needs_approval = wanted
            audit.record("service:approval", by=by, subject_id=service.id, needed=wanted)
    db.session.flush()


def _lock_asked(appointment: Appointment) -> tuple[Appointment, Client]:
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    appointment = lock(appointment.id)
    if appointment.state is not S.REQUESTED or appointment.client is None:
        raise NotAsked("This request has been answered already. Look at it again.")
    return appointment, appointment.client
