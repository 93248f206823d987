"""A practice with a long book, written in bulk: the appointments and their claims agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask

from config import Config
from practice.app import create_app
from practice.audit.rules import PROGRAM
from practice.calendar.models import ClaimKind, Resource
from practice.calendar.rules import zones
from practice.core import clock, tokens
from practice.core.db import db
from practice.people import doors
from practice.people.models import Practice, SignIn, User
from practice.people.rules import DoorKind, Role
from practice.sessions.models import Service
from practice.sessions.queries import get_service
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import setup
from tests import databases, factories

HOURS = (time(9), time(10), time(11), time(14), time(16))
"""When the people of the book are taken: five hours of every weekday, with a break."""

LENGTH = timedelta(minutes=60)
ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Staffed:
    """A practice and the people in its calendar."""

    practice: Practice
    people: list[Resource]


@contextmanager
def application(database_url: str) -> Iterator[Flask]:
    """Be inside the application on a database, as a command is."""
    app = create_app(Config.from_env(databases.settings(database_url)))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def staffed(*roles: Role, slug: str = "tidewater") -> Staffed:
    """Make a practice as it is shipped, with one person for each role, at work on weekdays."""
    practice = factories.create_practice(slug=slug)
    with factories.made(practice):
        setup.furnish(practice, by=PROGRAM)
        people = [
            setup.employ(factories.create_user(role, name=f"Person {n}"), by=PROGRAM)
            for n, role in enumerate(roles, start=1)
        ]
    return Staffed(practice, people)


def signed_in(app: Flask) -> str:
    """Return the cookie of an owner who is signed in."""
    owner = db.session.scalars(sa.select(User).order_by(User.name)).all()[0]
    token, now = tokens.new(), clock.now()
    row = SignIn(user_id=owner.id, created_at=now, seen_at=now, program="bench")
    db.session.add(row)
    db.session.flush()
    doors.cut(DoorKind.SIGN_IN, token, row.id)
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # the signed kind has one
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps({'_user_id': token})}"


def book_up(place: Staffed, *, appointments: int) -> None:
    """Fill the weekdays around today, half of them past, with sessions that hold their time."""
    with factories.made(place.practice):
        clients = [factories.create_client(last_name=f"Bell {n}").id for n in range(100)]
        service = get_service("intake")
        weekdays = appointments // (len(HOURS) * len(place.people))
        starts = _starts(place.practice.time_zone, clock.now(), weekdays)
        booked = [
            _appointment(service, host.id, clients[n % len(clients)], start, clock.now())
            for n, (start, host) in enumerate(
                (start, host) for start in starts for host in place.people
            )
        ]
        insert("appointments", booked)
        insert("claims", [claim for row in booked for claim in _claims(row)])


def book_today(place: Staffed, *, appointments: int) -> None:
    """Give every client one session of today, on the hours from midnight on."""
    with factories.made(place.practice):
        service = get_service("intake")
        today = zones.local_date(clock.now(), place.practice.time_zone)
        midnight = zones.day_start(place.practice.time_zone, today)
        booked = [
            _appointment(
                service,
                place.people[n % len(place.people)].id,
                factories.create_client(last_name=f"Bell {n}").id,
                midnight + n * LENGTH,
                clock.now(),
            )
            for n in range(appointments)
        ]
        insert("appointments", booked)
        insert("claims", [claim for row in booked for claim in _claims(row)])


def analyze() -> None:
    """Let the database look at what it holds, as it does by itself in time."""
    is_postgresql = db.engine.dialect.name == "postgresql"
    with db.engine.connect() as connection:
        # The role that the program acts as owns no table, and PostgreSQL would pass over all.
        connection.exec_driver_sql("SET LOCAL ROLE NONE; ANALYZE" if is_postgresql else "ANALYZE")
        connection.commit()


def _starts(zone: str, now: datetime, weekdays: int) -> Iterator[datetime]:
    today = zones.local_date(now, zone)
    half = weekdays // 2
    days = [*reversed(list(islice(_weekdays(today, -1), half))), *islice(_weekdays(today, 1), half)]
    for on in days:
        for at in HOURS:
            yield datetime.combine(on, at, zones.zone(zone))


def _weekdays(today: date, step: int) -> Iterator[date]:
    on = today
    while True:
        on += timedelta(days=step)
        if on.isoweekday() <= 5:
            yield on


def _appointment(
    service: Service, host_id: UUID, client_id: UUID, starts_at: datetime, now: datetime
) -> dict[str, Any]:
    is_past = starts_at < now
    return {
        "practice_id": service.practice_id,
        "id": (number := uuid4()),
        "client_id": client_id,
        "service_id": service.id,
        "host_id": host_id,
        "kind": service.kind,
        "label": service.label,
        "price_minor": service.price.minor,
        "currency": service.price.currency,
        "modality": Modality.TELEHEALTH,
        "starts_at": starts_at,
        "ends_at": starts_at + LENGTH,
        "time_zone": "America/New_York",
        "state": AppointmentState.COMPLETED if is_past else AppointmentState.CONFIRMED,
        "hold_renewals": 0,
        "link_version": 1,
        "uid": f"{number}@appointments.invalid",
        "sequence": 0,
        "created_at": starts_at - timedelta(days=30),
        "changed_at": starts_at - timedelta(days=30),
    }


def _claims(appointment: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {
        "practice_id": appointment["practice_id"],
        "id": uuid4(),
        "resource_id": appointment["host_id"],
        "holder_id": appointment["id"],
        "kind": ClaimKind.SESSION,
        "starts_at": appointment["starts_at"],
        "ends_at": appointment["ends_at"],
    }


def insert(table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert past the objects, which are for few rows."""
    insert = sa.insert(db.metadata.tables[table])
    for first in range(0, len(rows), ROWS_AT_ONCE):
        db.session.execute(insert, rows[first : first + ROWS_AT_ONCE])
