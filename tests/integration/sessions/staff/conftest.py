"""A practice at work on a Monday that stays: staff of every role, and the browsers they use."""

from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.audit.rules import Actor, ActorKind
from practice.calendar.models import Resource
from practice.clients.rules.papers import PaperKind, Route
from practice.clients.service import record_paper
from practice.core.db import db, read_again, transaction
from practice.people.models import Client, User
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.browsers import sign_in
from tests.integration.sessions.pages.conftest import at
from tests.ready import ready_to_confirm

MONDAY = date(2027, 3, 1)
SignedIn = Callable[..., FlaskClient]

PREP = {"slug": "prep_60", "minutes": 60}


@pytest.fixture
def signed_in(app: Flask, therapist: Resource) -> SignedIn:
    """Sign somebody new in, with these roles, and hand out their browser."""

    def browser_of(*roles: Role, name: str = "Riley Chen (demo)") -> FlaskClient:
        with transaction():
            user = factories.create_user(*roles, name=name)
        browser = app.test_client()
        sign_in(browser, user)
        return browser

    return browser_of


@pytest.fixture
def owner(therapist: Resource) -> Actor:
    return Actor(ActorKind.STAFF, therapist.user_id)


@pytest.fixture
def browser(client: FlaskClient, therapist: Resource) -> FlaskClient:
    """The browser of the practitioner, who is owner and therapist."""
    user = db.session.scalars(sa.select(User).where(User.id == therapist.user_id)).one()
    sign_in(client, user)
    return client


@pytest.fixture
def alex(therapist: Resource) -> Client:
    with transaction():
        return factories.create_client(first_name="Alex", last_name="Bell")


def session(  # a test names what matters to it
    slug: str, client: Client, host: Resource, on: date, hour: int, **more: Any
) -> Appointment:
    """Write a session down, without claims."""
    with transaction():
        return factories.create_appointment(
            queries.get_service(slug), host=host, client=client, starts_at=at(on, hour), **more
        )


def put_on_file(client: Client, *kinds: PaperKind, by: Actor, on: date = MONDAY) -> None:
    for kind in kinds:
        route = Route.SL if kind is PaperKind.MEDICAL_CLEARANCE else None
        with transaction():
            record_paper(client, kind, dated_on=on, today=MONDAY, route=route, by=by)


def ready(client: Client, *, by: Actor, but: Collection[PaperKind] = ()) -> None:
    """Put everything on file that a dosing asks for before it is confirmed, ``but`` some."""
    ready_to_confirm(client, by, but=but, dated_on=MONDAY)


def states() -> list[AppointmentState]:
    """Return the state of every session there is, by its start."""
    read_again()
    return list(
        db.session.scalars(
            sa.select(Appointment.state).order_by(Appointment.starts_at, Appointment.id)
        )
    )


def days(count: int) -> timedelta:
    return timedelta(days=count)
