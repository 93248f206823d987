"""Bookings by a program with a token: held, booked, moved, cancelled, as staff and clients do."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from practice.api import paging, schemas
from practice.api import queries as pages
from practice.api.operations import operation
from practice.api.rules.scopes import Scope
from practice.api.views import taking, told
from practice.api.views.asking import this_program, write
from practice.api.views.blueprint import bp
from practice.people.queries import get_client
from practice.sessions import queries
from practice.sessions.service import booking as service

BOOKINGS = "Bookings"


@bp.get("/bookings")
@operation(schemas.Bookings, scope=Scope.BOOKINGS_READ, about=BOOKINGS)
def bookings(query: schemas.BookingsAsked) -> schemas.Bookings:
    """List bookings by their start, whatever became of them."""
    page = pages.bookings(
        paging.read(query.cursor, BOOKINGS),
        query.limit,
        from_at=query.from_at,
        until_at=query.until_at,
        client_id=query.client_id,
        state=query.state,
    )
    return schemas.Bookings(
        items=[told.booking(each) for each in page.rows],
        next_cursor=paging.written(page.next, BOOKINGS) if page.next else None,
    )


@bp.get("/bookings/<uuid:booking_id>")
@operation(schemas.Booking, scope=Scope.BOOKINGS_READ, about=BOOKINGS)
def booking(booking_id: UUID) -> schemas.Booking:
    """Read one booking."""
    return told.booking(queries.get_appointment(booking_id))


@bp.post("/bookings")
@operation(schemas.Booking, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS, status=201)
def book(json: schemas.BookingAsked) -> Response:
    """Book a session for a client, as staff do. One that waits for papers is tentative."""

    def work() -> schemas.Booking:
        wanted = queries.get_service(json.service)
        made = service.book(
            get_client(json.client_id),
            wanted,
            starts_at=json.starts_at,
            modality=told.way_of(wanted, json.modality),
            by=this_program(),
        )
        return told.booking(made)

    return write(work, status=201)


@bp.post("/holds")
@operation(schemas.Booking, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS, status=201)
def hold(json: schemas.HoldAsked) -> Response:
    """Hold a time of a first visit for somebody new, until their details are given."""
    return taking.hold(json, told.booking, by=this_program())


@bp.put("/bookings/<uuid:booking_id>/details")
@operation(schemas.Booking, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS)
def details(booking_id: UUID, json: schemas.Details) -> Response:
    """Say who a held time is for, or correct it."""
    return write(
        lambda: told.booking(
            service.give_details(
                queries.get_appointment(booking_id), taking.details_of(json), by=this_program()
            )
        )
    )


@bp.post("/bookings/<uuid:booking_id>/confirm")
@operation(schemas.Booking, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS)
def confirm(booking_id: UUID) -> Response:
    """Book a held time for which nothing is to be paid now."""
    return write(
        lambda: told.booking(
            service.confirm(queries.get_appointment(booking_id), by=this_program())
        )
    )


@bp.post("/bookings/<uuid:booking_id>/checkout")
@operation(schemas.Checkout, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS)
def checkout(booking_id: UUID) -> schemas.Checkout:
    """Ask for what is still to pay by card: the same page again while it can be paid there."""
    return taking.checkout(lambda: queries.get_appointment(booking_id), by=this_program())


@bp.post("/bookings/<uuid:booking_id>/move")
@operation(schemas.Booking, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS)
def move(booking_id: UUID, json: schemas.MoveAsked) -> Response:
    """Move a session to another time. It keeps its id and its payment."""
    return write(
        lambda: told.booking(
            service.move(
                queries.get_appointment(booking_id),
                starts_at=json.starts_at,
                by=this_program(),
                sequence=json.sequence,
            )
        )
    )


@bp.post("/bookings/<uuid:booking_id>/cancel")
@operation(schemas.Booking, scope=Scope.BOOKINGS_WRITE, about=BOOKINGS)
def cancel(booking_id: UUID, json: schemas.CancelAsked) -> Response:
    """Cancel a session that is still to come. What was paid for it goes back."""
    return write(
        lambda: told.booking(
            service.cancel(
                queries.get_appointment(booking_id), by=this_program(), sequence=json.sequence
            )
        )
    )
