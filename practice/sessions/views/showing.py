"""The page of one booking: what it shows is looked up and drawn here, once, for every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import render_template, request, session

from practice.audit.rules import VISITOR, Actor, ActorKind
from practice.billing import accounts
from practice.billing.accounts import Paid
from practice.billing.rules.payments import PaymentState
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.money import Money
from practice.outbox.rules import UNDO_FOR
from practice.people.queries import get_practice
from practice.sessions import queries
from practice.sessions.forms import PublicForm
from practice.sessions.models import Appointment
from practice.sessions.queries.facts import closed_of
from practice.sessions.queries.hosts import host_of
from practice.sessions.rules import for_clients
from practice.sessions.rules.for_clients import Balance, Step
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import undoing
from practice.sessions.views.shown import Shown, to_come

S = AppointmentState


def show(token: str) -> Shown:
    """Look up what a booking's page shows, and enter its practice.

    Raises:
        NotFound: if the link leads nowhere.
    """
    return shown_of(queries.by_link(token), token)


def shown_of(appointment: Appointment, token: str) -> Shown:
    """Look up what the page of a booking shows. Its practice is entered."""
    payments = accounts.payments_for(appointment.id)
    now = clock.now()
    step = for_clients.step_of(
        appointment.state,
        hold_ends_at=appointment.hold_ends_at,
        has_client=appointment.client_id is not None,
        paying=coming.state if (coming := to_come(payments)) else None,
        now=now,
    )
    is_open = step is Step.BOOKED and appointment.state is S.TENTATIVE
    closed = closed_of([appointment]).get(appointment.id, []) if is_open else []
    change = undoing.change_of(appointment, ActorKind.CLIENT)
    return Shown(
        token=token,
        appointment=appointment,
        practice=get_practice(),
        host=host_of(appointment),
        step=step,
        payments=payments,
        balance=_balance(appointment, payments),
        zone=zone_for(appointment),
        now=now,
        missing=tuple(for_clients.MISSING_WORDS[each.gate] for each in closed),
        undo_until=change.made_at + UNDO_FOR if change else None,
    )


def by_client(appointment: Appointment) -> Actor:
    """Return who acts by a booking's link."""
    if appointment.client_id is None:
        return VISITOR
    return Actor(ActorKind.CLIENT, appointment.client_id)


def page(name: str, shown: Shown, **more: Any) -> str:
    """Render one of the booking's pages. They share their frame and what they expect."""
    given = {"shown": shown, "practice": shown.practice, "button_form": PublicForm(formdata=None)}
    return render_template(f"public/{name}.html", **{**given, **more})


def _balance(appointment: Appointment, payments: Sequence[Paid]) -> Balance:
    nothing = Money(0, appointment.price.currency)
    paid = [each for each in payments if each.payment.state is PaymentState.PAID]
    came_in = sum((each.payment.amount for each in paid), nothing)
    given_back = sum((each.given_back for each in paid), nothing)
    if appointment.state is AppointmentState.COMPLETED and not given_back:
        # A payment for several things may have settled its invoice, or credit did.
        settled = accounts.kept_minor([appointment.id]).get(appointment.id, 0)
        came_in = Money(settled, nothing.currency)
    return Balance(price=appointment.to_pay, paid=came_in, given_back=given_back)


def zone_for(appointment: Appointment) -> str:
    """Return the zone of the client's clock: theirs for video, where known, else the practice's."""
    if appointment.modality is Modality.IN_PERSON:
        return appointment.time_zone
    asked = request.args.get("tz")
    if asked:
        session["zone"] = zones.zone(asked).key
    own = appointment.client.time_zone if appointment.client else None
    return str(session.get("zone") or own or appointment.time_zone)
