"""Rows for tests: each states only what matters to it, the rest is plausible.

Call inside ``made(...)``, which enters a practice and opens the one transaction.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor, ActorKind
from practice.billing.rules.selling import AT_ONCE, Item, RefundRule
from practice.billing.sale_models import Sale
from practice.billing.service import packages
from practice.calendar.models import Resource
from practice.calendar.rules import zones
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind, last_day
from practice.core import clock, tokens
from practice.core.db import db, practice_scope, transaction
from practice.core.money import Money
from practice.outbox.service import assign
from practice.people import doors
from practice.people.models import Client, Door, Practice, User
from practice.people.queries import get_practice
from practice.people.rules import DoorKind, Role
from practice.sessions.models import (
    Appointment,
    Course,
    CourseStepRow,
    CourseTemplateRow,
    Service,
)
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.course_writing import price_cents
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind
from practice.sessions.service import setup

OWNER = Actor(ActorKind.STAFF, UUID(int=1))
NEW_YORK = "America/New_York"
_numbers = count(1)


def create_practice(*, slug: str = "tidewater", time_zone: str = NEW_YORK) -> Practice:
    """Make a practice with its door. Call outside transactions."""
    practice = Practice(
        id=uuid4(),
        slug=slug,
        name="Tidewater Sanctuary (demo)",
        neutral_name="Tidewater",
        locality="Hampton Roads, VA",
        time_zone=time_zone,
        email=f"hello@{slug}.example",
        phone="+17575550100",
        business_name="Tidewater Sanctuary LLC",
        business_address="1 Market Street\nNorfolk, VA 23510",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with made(practice):
        db.session.add(practice)
        db.session.flush()
        db.session.add(
            Door(
                kind=DoorKind.PRACTICE,
                hash=tokens.digest(slug),
                practice_id=practice.id,
                subject_id=practice.id,
            )
        )
    return practice


@contextmanager
def made(practice: Practice) -> Iterator[None]:
    """Be inside a practice and a transaction."""
    with practice_scope(practice.id), transaction():
        yield


def create_user(*roles: Role, name: str = "Morgan Reyes (demo)") -> User:
    user = User(
        name=name,
        email=f"staff{next(_numbers)}@tidewater.example",
        password_hash="not a hash",
        roles=[role.value for role in roles or (Role.OWNER, Role.THERAPIST)],
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    db.session.add(user)
    db.session.flush()
    return user


def open_door(user: User) -> None:
    """Let somebody be found by the address that they sign in with."""
    doors.cut(DoorKind.USER_EMAIL, user.email, user.id)


TAKEN_IN = (PaperKind.CONSENT_TREATMENT, PaperKind.INTAKE_HELD, PaperKind.PREPARATION_HELD)
"""What is on file of a client of tests: whoever has it may book everything, and confirm talks."""


def create_client(
    *,
    first_name: str = "Alex",
    last_name: str = "Bell",
    papers: Iterable[PaperKind] = TAKEN_IN,
) -> Client:
    """Make a client who was taken in and prepared, unless a test says what is on file."""
    client = Client(
        first_name=first_name,
        last_name=last_name,
        email=f"client{next(_numbers)}@mail.example",
        phone="+17575550101",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    db.session.add(client)
    db.session.flush()
    dated_on = zones.local_date(clock.now(), NEW_YORK)
    db.session.add_all(
        Paper(
            client_id=client.id,
            kind=kind,
            dated_on=dated_on,
            valid_until=last_day(kind, dated_on),
            recorded_at=clock.now(),
            is_good=True,
        )
        for kind in papers
    )
    db.session.flush()
    return client


def assign_call(client: Client) -> None:
    """Put a call to this client on the list of what somebody must do."""
    assign("call", key=f"call:{client.id}", what="Call.", due_at=clock.now(), client_id=client.id)


def furnish(*, staff: int = 1) -> list[Resource]:
    """Give the practice what is shipped, and some therapists; return them."""
    setup.furnish(get_practice(), PROGRAM)
    return [
        setup.employ(create_user(name=f"Practitioner {n}"), PROGRAM) for n in range(1, staff + 1)
    ]


def create_appointment(
    service: Service,
    *,
    host: Resource,
    starts_at: datetime,
    client: Client | None = None,
    state: AppointmentState = AppointmentState.CONFIRMED,
    **fields: Any,
) -> Appointment:
    """Write an appointment down without asking anybody: no claims, no rules, no news."""
    modality = Modality(service.modalities[0])
    appointment = Appointment(
        client_id=client.id if client else None,
        service_id=service.id,
        host_id=host.id,
        kind=service.kind,
        label=service.label,
        price=service.price,
        modality=modality,
        cancellation=service.cancellation,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=service.minutes),
        time_zone=NEW_YORK,
        state=state,
        uid=f"{uuid4()}@sanctuary.invalid",
        created_at=clock.now(),
        changed_at=clock.now(),
        **fields,
    )
    db.session.add(appointment)
    db.session.flush()
    return appointment


def offer_course(slug: str = "sl-psycholytic-6") -> CourseTemplateRow:
    """Return a course that the practice offers since it was furnished."""
    return db.session.scalars(
        sa.select(CourseTemplateRow).where(CourseTemplateRow.slug == slug)
    ).one()


def create_course(client: Client, slug: str = "sl-psycholytic-6") -> Course:
    """Give a client a copy of a course that the practice offers, with a row for each step."""
    template = offer_course(slug)
    course = Course(
        client_id=client.id,
        template_id=template.id,
        template_version=template.version,
        title=template.title,
        document=template.document,
        state=CourseState.PROPOSED,
        price=Money(price_cents(template.document), "USD"),
        terms={},
        wishes={},
        created_at=clock.now(),
    )
    db.session.add(course)
    db.session.flush()
    db.session.add_all(
        CourseStepRow(
            course_id=course.id,
            key=step["key"],
            position=position,
            kind=SessionKind(step["kind"]),
            is_external=bool(step.get("external")),
        )
        for position, step in enumerate(template.document["steps"], start=1)
    )
    db.session.flush()
    return course


def sell_package(client: Client, service: Service, *, count: int = 3, cents: int = 45_000) -> Sale:
    """Offer a package of one service, and sell it to a client."""
    items = (Item(service.slug, service.label, count, service.price.minor or 17_500),)
    offered = packages.Offered(
        title="A package",
        items=items,
        price=Money(cents, service.price.currency),
        parts=AT_ONCE,
        expires_days=365,
        rule=RefundRule.AT_LIST,
    )
    made = packages.add(offered, by=OWNER)
    return packages.sell_to(client, made.id, seen=1, form_token=uuid4().hex, by=OWNER)
