"""The ways to write one session, and the practice in which each is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask

from practice.audit.rules import PROGRAM, VISITOR, Actor, ActorKind
from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentMethod, PaymentState
from practice.calendar.models import Resource
from practice.clients.rules.papers import PaperKind
from practice.clients.service import record_paper
from practice.core.db import db
from practice.core.money import Money
from practice.core.settings import KEY
from practice.people.models import Client
from practice.people.queries import get_client
from practice.sessions import queries
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind
from practice.sessions.service import (
    booking,
    brought,
    collecting,
    day,
    readiness,
    requests,
    series,
    undoing,
)
from practice.sessions.service.brought import Brought
from tests import factories
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.gate_lacks import DAY, ON
from tests.integration.sessions.test_booking import ALEX
from tests.integration.sessions.test_free_times import at

S, P, K = AppointmentState, PaperKind, SessionKind
TEN, ELEVEN = at(ON, 10), at(ON, 11)


@dataclass
class World:
    """The practice of a test: whoever comes, and the gates that sessions ask for just now."""

    app: Flask
    therapist: Resource
    time: Clock
    client_id: UUID | None = None
    asked: tuple[Gate, ...] = ()
    step: str = "consult"
    """The service of the step, where a way goes through a course."""

    @property
    def owner(self) -> Actor:
        return Actor(ActorKind.STAFF, self.therapist.user_id)

    @property
    def client(self) -> Client:
        if self.client_id is None:
            self.client_id = factories.create_client(papers=()).id
        return get_client(self.client_id)

    def meet(self) -> None:
        """Take the client on, before anything is written."""
        self.client_id = self.client.id

    @property
    def service(self) -> Service:
        return queries.get_service("consult")

    def book(self, by: Actor | None = None, starts_at: datetime = TEN) -> Appointment:
        return booking.book(
            self.client,
            self.service,
            starts_at=starts_at,
            modality=Modality.TELEHEALTH,
            by=by or self.owner,
        )

    def hold(self) -> Appointment:
        held = booking.hold(
            self.service,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            browser="browser",
            address="address",
            form_token="form",
            by=VISITOR,
        )
        held = booking.give_details(held, ALEX, by=VISITOR)
        self.client_id = held.client_id
        return held

    def written(self, state: AppointmentState, slug: str = "dosing_sl") -> Appointment:
        """Write a session down, and let its hour come."""
        self.time.now = TEN
        return factories.create_appointment(
            queries.get_service(slug),
            host=self.therapist,
            starts_at=TEN,
            client=self.client,
            state=state,
        )

    def take_cards(self) -> None:
        self.app.extensions[KEY] = replace(
            self.app.extensions[KEY],
            stripe_secret_key="sk_test_none",
            stripe_webhook_secrets=("whsec_none",),
        )


Act = Callable[[], UUID]
Path = Callable[[World], Act]
"""Makes what must be there before, and returns what then writes a session; its id."""


def pays(payment_id: UUID) -> None:
    payment = db.session.scalars(sa.select(Payment).where(Payment.id == payment_id)).one()
    payment.state = PaymentState.PAID
    db.session.flush()
    payment.outcome = booking.paid(payment)


def public_page_in_one_step(world: World) -> Act:

    def act() -> UUID:
        made = booking.book_free(
            world.service,
            ALEX,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            form_token="form",
            by=VISITOR,
        )
        return made.id

    return act


def public_page_by_a_hold(world: World) -> Act:
    held = world.hold().id

    def act() -> UUID:
        return booking.confirm(queries.get_appointment(held), by=VISITOR).id

    return act


def paid_at_the_checkout(world: World) -> Act:
    world.take_cards()
    held = world.hold()
    payment = booking.start_checkout(held, by=VISITOR)

    def act() -> UUID:
        pays(payment.id)
        return held.id

    return act


def paid_too_late(world: World) -> Act:
    world.take_cards()
    held = world.hold()
    payment = booking.start_checkout(held, by=VISITOR)
    payment.state = PaymentState.EXPIRED
    db.session.flush()
    booking.checkout_ended(payment)

    def act() -> UUID:
        pays(payment.id)
        return held.id

    return act


def staff_booking(world: World) -> Act:
    world.meet()

    def act() -> UUID:
        return world.book().id

    return act


def api_booking(world: World) -> Act:
    world.meet()

    def act() -> UUID:
        return world.book(by=Actor(ActorKind.API, uuid4())).id

    return act


def step_of_a_course(world: World) -> Act:
    client = world.client.id

    def act() -> UUID:
        made = booking.book(
            get_client(client),
            world.service,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            by=world.owner,
            step_gates=[each.value for each in world.asked],
        )
        return made.id

    return act


def series_of_sessions(world: World) -> Act:
    client = world.client.id

    def act() -> UUID:
        made = series.book_all(
            get_client(client),
            world.service,
            [TEN],
            modality=Modality.TELEHEALTH,
            by=world.owner,
        )
        return made[0].id

    return act


def ask(world: World) -> Appointment:
    world.service.needs_approval = True
    db.session.flush()
    return requests.ask(
        world.service,
        world.client,
        starts_at=TEN,
        modality=Modality.TELEHEALTH,
        address="address",
        form_token="form",
        by=VISITOR,
    )


def request_asked_for(world: World) -> Act:
    world.meet()

    def act() -> UUID:
        return ask(world).id

    return act


def request_approved(world: World) -> Act:
    asked = ask(world).id

    def act() -> UUID:
        return requests.approve(queries.get_appointment(asked), starts_at=TEN, by=world.owner).id

    return act


def moved_by_staff(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        return booking.move(queries.get_appointment(made), starts_at=ELEVEN, by=world.owner).id

    return act


def moved_by_the_client(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        by = Actor(ActorKind.CLIENT, world.client_id)
        found = queries.get_appointment(made)
        return booking.move(found, starts_at=ELEVEN, by=by, as_staff=False).id

    return act


def cancelling_undone(world: World) -> Act:
    made = world.book()
    booking.cancel(made, by=world.owner, can_be_undone=True)

    def act() -> UUID:
        return undoing.undo(queries.get_appointment(made.id), by=world.owner).id

    return act


def move_undone(world: World) -> Act:
    made = world.book()
    booking.move(made, starts_at=ELEVEN, by=world.owner)

    def act() -> UUID:
        return undoing.undo(queries.get_appointment(made.id), by=world.owner).id

    return act


def facts_imported(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        brought.bring([Brought(world.client.id, K.CONSULT, ON - 30 * DAY, None)], by=world.owner)
        return made

    return act


def another_record_on_file(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        record_paper(world.client, P.GAD7, dated_on=ON - DAY, today=ON - DAY, by=world.owner)
        return made

    return act


def looked_at_once_a_day(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        readiness.reconsider(world.client.id, PROGRAM)
        return made

    return act


def part_paid_at_the_visit(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        collecting.take_payment(
            queries.get_appointment(made),
            Money(100, "USD"),
            PaymentMethod.CASH,
            payment_id=uuid4(),
            by=world.owner,
        )
        return made

    return act


def arriving(world: World) -> Act:
    made = world.written(S.CONFIRMED).id

    def act() -> UUID:
        return day.arrive(queries.get_appointment(made), by=world.owner).id

    return act


def starting(world: World) -> Act:
    made = world.written(S.ARRIVED).id

    def act() -> UUID:
        return day.start(queries.get_appointment(made), by=world.owner).id

    return act


def completing(world: World) -> Act:
    made = world.written(S.IN_SESSION).id

    def act() -> UUID:
        return day.complete(queries.get_appointment(made), by=world.owner).id

    return act


def completing_what_never_began(world: World) -> Act:
    made = world.written(S.ARRIVED).id

    def act() -> UUID:
        return day.complete(queries.get_appointment(made), by=world.owner).id

    return act


def completing_a_talk_that_never_began(world: World) -> Act:
    made = world.written(S.ARRIVED, "consult").id

    def act() -> UUID:
        return day.complete(queries.get_appointment(made), by=world.owner).id

    return act
