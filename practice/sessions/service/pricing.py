"""What one client pays: prices of their own, and the price of one session changed with a reason.

Only staff do either. Call inside ``transaction()``. A session keeps the price it was booked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import queries as billing
from practice.billing.accounts import kept_minor
from practice.billing.rules import prices
from practice.billing.rules.prices import Own, PriceWay
from practice.billing.sale_models import ClientPrice
from practice.billing.service import promos
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotFound
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import today_here
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.for_staff import IS_OWED
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import holds, readiness
from practice.sessions.service.taking import CODE, lock

LONGEST_REASON = 200


def agree(
    client: Client,
    *,
    service_id: UUID | None,
    way: PriceWay,
    value: int,
    from_on: date,
    until_on: date | None,
    reason: str,
    by: Actor,
) -> ClientPrice:
    """Agree on a price of a client's own, for one service or all. ``value``: cents or percent.

    Raises:
        Invalid: for a value, days or a reason that are none.
    """
    prices.check_value(way, value)
    if until_on is not None and until_on < from_on:
        raise Invalid("The last day comes before the first.")
    if by.id is None:
        raise Invalid("Only a person agrees on a price.")
    price = ClientPrice(
        client_id=client.id,
        for_id=service_id,
        way=way,
        value=value,
        from_on=from_on,
        until_on=until_on,
        reason=_checked(reason),
        made_at=clock.now(),
        made_by=by.id,
    )
    db.session.add(price)
    db.session.flush()
    audit.record("client:price", by=by, subject_id=client.id, price=str(price.id))
    return price


def end(price_id: UUID, *, by: Actor) -> ClientPrice:
    """Let a client's own price hold no longer for what is booked from now on."""
    price: ClientPrice | None = db.session.scalar(
        sa.select(ClientPrice).where(ClientPrice.id == price_id).with_for_update()
    )
    if price is None:
        raise NotFound("There is no such price.")
    if price.ended_at is None:
        price.ended_at = clock.now()
        db.session.flush()
        audit.record("client:price_end", by=by, subject_id=price.client_id, price=str(price.id))
    return price


def prices_of(client_id: UUID) -> Sequence[ClientPrice]:
    """Return a client's own prices, those that hold first, then the newest."""
    return db.session.scalars(
        sa.select(ClientPrice)
        .where(ClientPrice.client_id == client_id)
        .order_by(ClientPrice.ended_at.is_not(None), ClientPrice.made_at.desc(), ClientPrice.id)
    ).all()


def price_for(client_id: UUID, service: Service, on: date) -> tuple[Money, str | None]:
    """Return what a session costs a client on a day, and why, if that is a price of their own."""
    own = _own(client_id, service.id, on) if service.price else None
    if own is None:
        return service.price, None
    minor = own.minor(service.price.minor)
    return Money(minor, service.price.currency), "an own price of the client"


def _own(client_id: UUID, service_id: UUID, on: date) -> Own | None:
    agreed = db.session.scalars(
        sa.select(ClientPrice).where(
            ClientPrice.client_id == client_id, ClientPrice.ended_at.is_(None)
        )
    ).all()
    return prices.own_price((each.own for each in agreed), service_id, on)


def apply(appointment: Appointment) -> None:
    """Let a session that was just booked have its client's own price, where one holds that day."""
    if appointment.client_id is None or not appointment.price:
        return
    on = zones.local_date(appointment.starts_at, appointment.time_zone)
    own = _own(appointment.client_id, appointment.service_id, on)
    if own is None:
        return
    appointment.price = Money(own.minor(appointment.price.minor), appointment.price.currency)
    appointment.price_why = f"Own price: {own.reason}"
    db.session.flush()


def change(appointment: Appointment, price: Money, reason: str, *, by: Actor) -> Appointment:
    """Change what one session costs, with a reason; nothing makes it complimentary.

    Raises:
        Conflict: if it is part of a package, was billed, is not to be paid, or more was paid.
        Invalid: without a reason, or for an amount that is none.
    """
    why = _checked(reason)
    if price.minor < 0:
        raise Invalid("A price is nothing or more.")
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    appointment = lock(appointment.id)
    _check_open(appointment)
    paid = Money(kept_minor([appointment.id]).get(appointment.id, 0), price.currency)
    if price.minor < paid.minor:
        raise Conflict(f"{paid} was paid for it already. Give that back first.")
    if (appointment.price, appointment.price_why) == (price, why):
        return appointment
    old = appointment.price.minor
    appointment.price, appointment.price_why = price, why
    db.session.flush()
    audit.record(
        "appointment:price", by=by, subject_id=appointment.id, old=old, amount_minor=price.minor
    )
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
    return appointment


def use_code(appointment: Appointment, text: str, *, by: Actor) -> Appointment:
    """Let one session have the price of a code, copied onto it as every price is.

    The code counts from the list price: the lower of that and what it costs now is paid.

    Raises:
        BadCode: if the code is not for this, or not any more; the reason is for its client.
        Conflict: where the price of the session is settled, or nobody has said who it is for.
    """
    client_id = appointment.client_id
    if client_id is None:
        raise Conflict("Tell us first who this is for.")
    readiness.take_turns_on_client(client_id)
    appointment = lock(appointment.id)
    if appointment.state is AppointmentState.RELEASED or appointment.hold_ends_at is not None:
        holds.check_alive(appointment)
    _check_open(appointment)
    list_price = appointment.service.price if appointment.price_why else appointment.price
    code, minor = promos.use(
        text,
        client_id=client_id,
        for_id=appointment.id,
        service_id=appointment.service_id,
        on=today_here(),
        list_minor=list_price.minor,
        price_minor=appointment.price.minor,
    )
    if minor < kept_minor([appointment.id]).get(appointment.id, 0):
        raise promos.BadCode("More than the price with this code was paid already")
    old = appointment.price.minor
    appointment.price = Money(minor, appointment.price.currency)
    appointment.price_why = f"{CODE}{code}"
    db.session.flush()
    audit.record("appointment:code", by=by, subject_id=appointment.id, old=old, amount_minor=minor)
    readiness.reconsider(client_id, by)
    return appointment


def _check_open(appointment: Appointment) -> None:
    if appointment.sale_id is not None:
        raise Conflict("This session is paid with a package or a course.")
    if appointment.state not in IS_OWED - {AppointmentState.COMPLETED}:
        raise Conflict("The price of this session is settled.")
    if billing.find_live(appointment.id) is not None:
        raise Conflict("This session is being paid for just now.")


def _checked(reason: str) -> str:
    why = reason.strip()
    if not 0 < len(why) <= LONGEST_REASON:
        raise Invalid(f"Give the reason in at most {LONGEST_REASON} characters.")
    return why
