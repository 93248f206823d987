"""The whole line below the pages: a time, a checkout, the processor, its news, and the session."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask

from practice.audit.rules import VISITOR
from practice.billing import queries as billing
from practice.billing.accounts import kept_minor
from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentMethod, PaymentOutcome, PaymentState
from practice.billing.service import checkout, refunds
from practice.core import clock
from practice.core.db import in_transaction, practice_scope, read_again
from practice.core.money import Money
from practice.outbox import jobs
from practice.people.models import Client, Practice
from practice.people.rules import ClientDetails
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, collecting
from tests import factories
from tests.integration.billing.conftest import Later
from tests.integration.billing.line import Line
from tests.stripe_sandbox import Sandbox

ALEX = ClientDetails(
    first_name="Alex", last_name="Bell", email="alex@mail.example", phone="+17575550101"
)
INTAKE = Money(22_500, "USD")


@dataclass
class Visitor:
    """Somebody on the public pages who books an intake."""

    visits: int = 0

    def next_free(self) -> datetime:
        service = queries.get_service("intake")
        tomorrow = clock.now().date() + timedelta(days=1)
        free = queries.free_times(service, Modality.IN_PERSON, tomorrow, 21)
        return free[0].starts_at

    def hold(self, starts_at: datetime | None = None) -> Appointment:
        """Hold a time, or the next one that is free, and say who it is for."""
        read_again()
        starts_at = starts_at or self.next_free()
        self.visits += 1
        browser = f"browser {self.visits}"
        held = in_transaction(
            lambda: booking.hold(
                queries.get_service("intake"),
                starts_at=starts_at,
                modality=Modality.IN_PERSON,
                browser=browser,
                address=browser,
                form_token=browser,
                by=VISITOR,
            )
        )
        return in_transaction(lambda: booking.give_details(held, ALEX, by=VISITOR))

    def be_booked(self, client: Client) -> Appointment:
        """Be given the next free time by the practice, to be paid for by the link."""
        starts_at = self.next_free()
        return in_transaction(
            lambda: booking.book(
                client,
                queries.get_service("intake"),
                starts_at=starts_at,
                modality=Modality.IN_PERSON,
                by=factories.OWNER,
            )
        )

    def go_to_pay(self, appointment: Appointment) -> UUID:
        payment = in_transaction(lambda: booking.start_checkout(appointment, by=VISITOR))
        checkout.start(payment.id)
        return payment.id


def see(appointment: Appointment) -> Appointment:
    read_again()
    return queries.get_appointment(appointment.id)


def payment_of(payment_id: UUID) -> Payment:
    read_again()
    return billing.get_payment(payment_id)


def kept(appointment: Appointment) -> int:
    """Return the cents that stay here for a session."""
    read_again()
    return kept_minor([appointment.id]).get(appointment.id, 0)


@pytest.fixture
def visitor(practice: Practice) -> Visitor:
    in_transaction(factories.furnish)
    return Visitor()


def test_a_stranger_who_pays_has_the_time(visitor: Visitor, served: str, sandbox: Sandbox) -> None:
    appointment = visitor.hold()
    payment_id = visitor.go_to_pay(appointment)

    sandbox.pay(checkout.start(payment_id))
    sandbox.wait_for_deliveries()

    booked = see(appointment)
    assert (booked.state, booked.hold_ends_at) == (AppointmentState.CONFIRMED, None)
    assert payment_of(payment_id).outcome is PaymentOutcome.CONFIRMED
    assert (kept(appointment), payment_of(payment_id).amount) == (INTAKE.minor, INTAKE)


def test_a_time_that_nobody_paid_for_is_free_again_without_any_news(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    appointment = visitor.hold()
    payment_id = visitor.go_to_pay(appointment)

    later(minutes=33)
    jobs.run_due()

    assert payment_of(payment_id).state is PaymentState.EXPIRED
    assert see(appointment).state is AppointmentState.RELEASED
    assert visitor.hold(appointment.starts_at).state is AppointmentState.TENTATIVE


def test_a_time_that_was_paid_without_any_news_is_not_given_to_another(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    appointment = visitor.hold()
    sandbox.pay(checkout.start(visitor.go_to_pay(appointment)))
    later(minutes=33)

    booking.settle_blockers(queries.get_service("intake"), starts_at=appointment.starts_at)

    assert see(appointment).state is AppointmentState.CONFIRMED
    with pytest.raises(booking.SlotTaken):
        visitor.hold(appointment.starts_at)


def test_a_time_that_cannot_be_asked_about_is_not_given_to_another(
    visitor: Visitor, line: Line, later: Later
) -> None:
    appointment = visitor.hold()
    visitor.go_to_pay(appointment)
    later(minutes=33)
    line.is_cut = True

    booking.settle_blockers(queries.get_service("intake"), starts_at=appointment.starts_at)

    assert see(appointment).state is AppointmentState.TENTATIVE
    with pytest.raises(booking.SlotTaken):
        visitor.hold(appointment.starts_at)


def test_what_was_paid_at_the_desk_meanwhile_is_given_back_online(
    visitor: Visitor, served: str, sandbox: Sandbox
) -> None:
    appointment = visitor.hold()
    first = visitor.go_to_pay(appointment)
    sandbox.pay(checkout.start(first))
    sandbox.wait_for_deliveries()
    in_transaction(
        lambda: refunds.decide(payment_of(first), INTAKE, "by mistake", by=factories.OWNER)
    )
    again = visitor.go_to_pay(see(appointment))
    in_transaction(
        lambda: collecting.take_payment(
            see(appointment), INTAKE, PaymentMethod.CASH, payment_id=uuid4(), by=factories.OWNER
        )
    )

    sandbox.pay(checkout.start(again))
    sandbox.wait_for_deliveries()
    jobs.run_due()

    assert payment_of(again).outcome is PaymentOutcome.DUPLICATE
    assert kept(appointment) == INTAKE.minor
    assert see(appointment).state is AppointmentState.CONFIRMED


def test_cancelling_while_the_money_comes_in_keeps_none_of_it(
    app: Flask, practice: Practice, visitor: Visitor, payer: Client, sandbox: Sandbox
) -> None:
    practice_id = practice.id

    for _ in range(4):
        appointment = visitor.be_booked(payer)
        payment_id = visitor.go_to_pay(appointment)
        sandbox.pay(checkout.start(payment_id))
        both = threading.Barrier(2)

        def come_in(payment_id: UUID = payment_id, both: threading.Barrier = both) -> None:
            with app.app_context(), practice_scope(practice_id):
                both.wait()
                checkout.sync(payment_id)

        def cancel(appointment_id: UUID = appointment.id, both: threading.Barrier = both) -> None:
            with app.app_context(), practice_scope(practice_id):
                both.wait()
                in_transaction(
                    lambda: booking.cancel(
                        queries.get_appointment(appointment_id), by=factories.OWNER
                    )
                )

        with ThreadPoolExecutor(2) as pool:
            for done in (pool.submit(come_in), pool.submit(cancel)):
                done.result()
        jobs.run_due()

        assert see(appointment).state is AppointmentState.CANCELLED
        assert payment_of(payment_id).state is PaymentState.PAID
        assert kept(appointment) == 0
