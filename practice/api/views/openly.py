"""Booking without a token, for a practice's own site: by the secret in a booking's link."""

from __future__ import annotations

from flask import Response, request

from practice.api import schemas
from practice.api.operations import operation
from practice.api.views import taking, told
from practice.api.views.asking import write
from practice.api.views.blueprint import openly
from practice.audit.rules import VISITOR, Actor, ActorKind
from practice.core import tokens
from practice.core.db import require_practice_id
from practice.core.errors import NotFound
from practice.people import doors
from practice.people.rules import DoorKind
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.service import booking as service

BOOKINGS = "Bookings by whoever comes"


@openly.post("/holds")
@operation(schemas.PublicBooking, about=BOOKINGS, status=201)
def hold_openly(json: schemas.HoldAsked) -> Response:
    """Hold a time of a first visit. At most five times are held from one address."""
    return taking.hold(
        json, told.public_booking, address=tokens.derived("address", request.remote_addr)
    )


@openly.get("/bookings/<token>")
@operation(schemas.PublicBooking, about=BOOKINGS)
def booking_openly(token: str) -> schemas.PublicBooking:
    """Read the booking that a link leads to."""
    return told.public_booking(_found(token))


@openly.put("/bookings/<token>/details")
@operation(schemas.PublicBooking, about=BOOKINGS)
def details_openly(token: str, json: schemas.Details) -> Response:
    """Say who a held time is for, or correct it."""

    def work() -> schemas.PublicBooking:
        found = _found(token)
        given = service.give_details(found, taking.details_of(json), by=_by_client(found))
        return told.public_booking(given)

    return write(work)


@openly.post("/bookings/<token>/confirm")
@operation(schemas.PublicBooking, about=BOOKINGS)
def confirm_openly(token: str) -> Response:
    """Book a held time for which nothing is to be paid now."""

    def work() -> schemas.PublicBooking:
        found = _found(token)
        return told.public_booking(service.confirm(found, by=_by_client(found)))

    return write(work)


@openly.post("/bookings/<token>/checkout")
@operation(schemas.Checkout, about=BOOKINGS)
def checkout_openly(token: str) -> schemas.Checkout:
    """Ask for what is to pay by card: the same page again while it can be paid there."""
    return taking.checkout(lambda: _found(token), by=_by_client(_found(token)))


def _found(token: str) -> Appointment:
    """Return the booking behind a link of this very practice.

    Raises:
        NotFound: if there is none.
    """
    found = doors.find(DoorKind.BOOKING, token)
    if found is None or found.practice_id != require_practice_id():
        raise NotFound("There is no booking behind this link.")
    return queries.get_appointment(found.subject_id)


def _by_client(appointment: Appointment) -> Actor:
    if appointment.client_id is None:
        return VISITOR
    return Actor(ActorKind.CLIENT, appointment.client_id)
