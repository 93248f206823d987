"""What a card payment does to the session it is for. The processor itself has its own tests."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from config import Config
from practice.audit.rules import PROGRAM, VISITOR
from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import Label, PaymentMethod, PaymentOutcome, PaymentState
from practice.billing.rules.prices import PriceWay
from practice.billing.service import promos, refunds, visit
from practice.calendar.models import Resource
from practice.core.db import db, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox.models import Job, Message
from practice.sessions import links, queries
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, catalog, collecting, pricing, taking
from practice.sessions.service.booking import HoldEnded, SlotTaken, StillToPay
from tests.factories import OWNER
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import ALEX, claimed, hold
from tests.integration.sessions.test_free_times import TUESDAY, at, clocks

S, P = AppointmentState, PaymentState
MINUTE = timedelta(minutes=1)
TEN = at(TUESDAY, 10)


@pytest.fixture
def config(config: Config) -> Config:
    """Where cards are taken; nothing here speaks to the processor."""
    return replace(config, stripe_secret_key="sk_test_none", stripe_webhook_secrets=("whsec_none",))


def held(start: datetime = TEN, *, browser: str = "browser") -> Appointment:
    """A time that is held for somebody who has said who they are."""
    appointment = hold(start, browser=browser, form=f"form of {browser}")
    with transaction():
        return booking.give_details(appointment, ALEX, by=VISITOR)


def at_the_checkout(appointment: Appointment) -> Payment:
    with transaction():
        return booking.start_checkout(appointment, by=VISITOR)


def comes_in(payment: Payment) -> PaymentOutcome:
    """Let the money come in, as ``billing`` does once the processor has said so."""
    with transaction():
        payment.state = P.PAID
        db.session.flush()
        payment.outcome = booking.paid(payment)
    return payment.outcome


def ends(payment: Payment) -> None:
    with transaction():
        payment.state = P.EXPIRED
        db.session.flush()
        booking.checkout_ended(payment)


def state_of(appointment: Appointment) -> AppointmentState:
    return queries.get_appointment(appointment.id).state


def test_a_checkout_asks_for_the_price_and_leads_back_to_the_booking(therapist: Resource) -> None:
    appointment = held()

    payment = at_the_checkout(appointment)

    link = links.booking_link(appointment)
    assert (payment.amount, payment.label) == (Money(22500, "USD"), "Appointment payment")
    assert (payment.success_url, payment.cancel_url) == (f"{link}waiting", link)


def test_a_hold_at_the_checkout_lasts_a_minute_longer_than_it(
    therapist: Resource, time: Clock
) -> None:
    appointment = held()

    payment = at_the_checkout(appointment)

    assert payment.checkout_ends_at == time.now + 31 * MINUTE
    assert queries.get_appointment(appointment.id).hold_ends_at == time.now + 32 * MINUTE
    with pytest.raises(Conflict), transaction():
        booking.renew(appointment, by=VISITOR)


def test_asking_again_is_the_same_payment_and_does_not_hold_longer(
    therapist: Resource, time: Clock
) -> None:
    appointment = held()
    first = at_the_checkout(appointment)
    ends_at = queries.get_appointment(appointment.id).hold_ends_at
    time.now += 5 * MINUTE

    second = at_the_checkout(appointment)

    assert second.id == first.id
    assert queries.get_appointment(appointment.id).hold_ends_at == ends_at


def test_what_is_to_be_paid_online_is_not_confirmed_without(therapist: Resource) -> None:
    appointment = held()

    with pytest.raises(StillToPay), transaction():
        booking.confirm(appointment, by=VISITOR)


def test_paying_in_time_confirms(therapist: Resource) -> None:
    appointment = held()

    outcome = comes_in(at_the_checkout(appointment))

    appointment = queries.get_appointment(appointment.id)
    assert (outcome, appointment.state) == (PaymentOutcome.CONFIRMED, S.CONFIRMED)
    assert appointment.hold_ends_at is None
    assert "tell-of-booking" in db.session.scalars(sa.select(Job.kind)).all()


def test_paying_after_the_end_confirms_while_nobody_has_taken_the_time(
    therapist: Resource, time: Clock
) -> None:
    appointment = held()
    payment = at_the_checkout(appointment)
    time.now += 40 * MINUTE

    assert comes_in(payment) is PaymentOutcome.CONFIRMED
    assert len(claimed(appointment)) == 4


def test_paying_for_a_released_time_takes_it_again_if_it_is_free(
    therapist: Resource, time: Clock
) -> None:
    appointment = held()
    payment = at_the_checkout(appointment)
    ends(payment)
    assert (state_of(appointment), claimed(appointment)) == (S.RELEASED, {})

    outcome = comes_in(payment)

    assert (outcome, state_of(appointment)) == (PaymentOutcome.REACQUIRED, S.CONFIRMED)
    assert set(claimed(appointment)) == {"Practitioner 1", "Sanctuary room", "Home", "Client"}


def test_paying_for_a_time_that_is_gone_is_given_back_and_said(
    therapist: Resource, time: Clock
) -> None:
    appointment = held()
    payment = at_the_checkout(appointment)
    ends(payment)
    hold(TEN + 30 * MINUTE, browser="another", form="another")

    outcome = comes_in(payment)

    assert (outcome, state_of(appointment)) == (PaymentOutcome.SLOT_LOST, S.RELEASED)
    assert db.session.scalars(sa.select(Message.name)).all() == ["slot-lost"]


def test_paying_takes_the_time_from_a_hold_past_its_end(therapist: Resource, time: Clock) -> None:
    appointment = held()
    payment = at_the_checkout(appointment)
    ends(payment)
    other = hold(TEN + 30 * MINUTE, browser="another", form="another")
    time.now += 11 * MINUTE

    assert comes_in(payment) is PaymentOutcome.REACQUIRED
    assert state_of(other) is S.RELEASED


def test_a_second_payment_is_a_duplicate(therapist: Resource) -> None:
    appointment = held()
    first = at_the_checkout(appointment)
    comes_in(first)
    with transaction():
        second = Payment(
            client_id=appointment.client_id,
            for_id=appointment.id,
            amount=appointment.price,
            label="Appointment payment",
            method=PaymentMethod.CARD_ONLINE,
            state=P.OPEN,
            account="",
            created_at=appointment.created_at,
        )
        db.session.add(second)

    assert comes_in(second) is PaymentOutcome.DUPLICATE


def test_nobody_takes_a_time_that_may_still_be_paid(therapist: Resource, time: Clock) -> None:
    appointment = held()
    at_the_checkout(appointment)
    time.now += 40 * MINUTE
    shown = clocks("intake", TUESDAY)

    with pytest.raises(SlotTaken):
        hold(TEN, browser="another", form="another")

    assert "10:00" in shown
    assert state_of(appointment) is S.TENTATIVE


def test_a_time_at_the_checkout_is_not_given_back_by_its_own_browser(therapist: Resource) -> None:
    appointment = held()
    at_the_checkout(appointment)

    with pytest.raises(Conflict):
        hold(TEN + 60 * MINUTE, form="another")
    with pytest.raises(Conflict), transaction():
        booking.release_hold(appointment, by=VISITOR)

    assert state_of(appointment) is S.TENTATIVE


def test_a_hold_outlives_a_checkout_that_failed_while_another_is_open(
    therapist: Resource, time: Clock
) -> None:
    appointment = held()
    first = at_the_checkout(appointment)
    with transaction():
        first.checkout_ends_at = time.now  # past: the next asking makes another
    second = at_the_checkout(appointment)
    ends(first)
    before = state_of(appointment)
    ends(second)

    assert first.id != second.id
    assert (before, state_of(appointment)) == (S.TENTATIVE, S.RELEASED)


def test_an_ended_hold_is_not_paid(therapist: Resource, time: Clock) -> None:
    appointment = held()
    time.now += 11 * MINUTE

    with pytest.raises(HoldEnded):
        at_the_checkout(appointment)


def test_cancelling_gives_back_what_is_left_of_the_money(therapist: Resource) -> None:
    appointment = held()
    payment = at_the_checkout(appointment)
    comes_in(payment)
    with transaction():
        refunds.decide(payment, Money(2500, "USD"), "goodwill", PROGRAM)

    with transaction():
        booking.cancel(appointment, by=VISITOR)

    found = db.session.scalars(sa.select(Refund).order_by(Refund.amount_minor)).all()
    assert [(each.amount.minor, each.reason) for each in found] == [
        (2500, "goodwill"), (20000, "cancelled"),
    ]  # fmt: skip


def test_money_for_a_cancelled_session_is_given_back(therapist: Resource) -> None:
    appointment = held()
    with transaction():
        visit.record(
            _client(appointment), appointment.id, Money(100, "USD"), PaymentMethod.CASH, PROGRAM
        )
    payment = at_the_checkout(appointment)
    comes_in(payment)
    late = payment.amount
    with transaction():
        booking.cancel(appointment, by=VISITOR)
    with transaction():
        again = Payment(
            client_id=appointment.client_id,
            for_id=appointment.id,
            amount=late,
            label="Appointment payment",
            method=PaymentMethod.CARD_ONLINE,
            state=P.OPEN,
            account="",
            created_at=appointment.created_at,
        )
        db.session.add(again)

    assert comes_in(again) is PaymentOutcome.SLOT_LOST


def test_only_what_is_left_is_asked_for(therapist: Resource) -> None:
    appointment = held()
    with transaction():
        visit.record(
            _client(appointment), appointment.id, Money(2500, "USD"), PaymentMethod.CASH, PROGRAM
        )

    payment = at_the_checkout(appointment)
    comes_in(payment)

    assert payment.amount == Money(20000, "USD")
    with pytest.raises(Conflict):
        at_the_checkout(appointment)


def test_what_was_paid_in_person_meanwhile_goes_back_from_the_card(therapist: Resource) -> None:
    appointment = held()
    payment, part = at_the_checkout(appointment), Money(2500, "USD")
    with transaction():
        visit.record(_client(appointment), appointment.id, part, PaymentMethod.CASH, PROGRAM)

    assert comes_in(payment) is PaymentOutcome.CONFIRMED

    found = db.session.scalars(sa.select(Refund)).all()
    assert [(each.payment_id, each.amount.minor) for each in found] == [(payment.id, 2500)]


def test_a_code_is_not_used_up_by_a_time_that_was_gone(therapist: Resource, time: Clock) -> None:
    with transaction():
        code = promos.make(
            "SPRING",
            way=PriceWay.PERCENT,
            value=20,
            from_on=TEN.date() - timedelta(days=9),
            until_on=None,
            most_uses=1,
            once_per_client=True,
            service_ids=[],
            by=OWNER,
        )
    appointment = held()
    with transaction():
        pricing.use_code(appointment, "spring", by=VISITOR)
    payment = at_the_checkout(appointment)
    ends(payment)
    hold(TEN + 30 * MINUTE, browser="another", form="another")

    assert comes_in(payment) is PaymentOutcome.SLOT_LOST
    assert code.used == 0


def _client(appointment: Appointment) -> UUID:
    assert appointment.client_id is not None
    return appointment.client_id


def reprice(minor: int, *, pay_at_visit: bool = False) -> None:
    """Change the intake's price, as its owner does."""
    intake = queries.get_service("intake")
    offered = replace(
        queries.offered_by(intake), price=Money(minor, "USD"), pay_at_visit=pay_at_visit
    )
    with transaction():
        catalog.change(intake.id, offered, seen=intake.version, by=OWNER)


def test_a_price_that_changes_while_somebody_pays_is_not_theirs(therapist: Resource) -> None:
    appointment = held()
    reprice(30_000)
    payment = at_the_checkout(appointment)
    reprice(10_000)

    assert payment.amount == Money(22_500, "USD")
    assert at_the_checkout(appointment).amount == Money(22_500, "USD")
    assert comes_in(payment) is PaymentOutcome.CONFIRMED
    assert queries.get_appointment(appointment.id).price == Money(22_500, "USD")
    assert held(at(TUESDAY, 14), browser="another").price == Money(10_000, "USD")


def test_what_is_paid_at_the_visit_is_booked_without_a_card(therapist: Resource) -> None:
    online = held()
    reprice(30_000, pay_at_visit=True)
    at_visit = held(at(TUESDAY, 14), browser="another")

    with pytest.raises(StillToPay), transaction():
        booking.confirm(online, by=VISITOR)
    with transaction():
        booking.confirm(at_visit, by=VISITOR)

    assert [state_of(online), state_of(at_visit)] == [S.TENTATIVE, S.CONFIRMED]


def test_a_deposit_books_and_the_rest_stays_to_be_paid(therapist: Resource) -> None:
    with transaction():
        intake = db.session.scalars(sa.select(Service).where(Service.slug == "intake")).one()
        intake.deposit = {
            "way": "amount",
            "value": 10_000,
            "first": {"way": "percent", "value": 20},
        }
    appointment = held()

    payment = at_the_checkout(appointment)
    comes_in(payment)

    assert (payment.amount, payment.label) == (Money(4500, "USD"), Label.DEPOSIT)
    again = taking.lock(appointment.id)
    assert (again.state, again.hold_ends_at) == (AppointmentState.CONFIRMED, None)
    assert collecting.owed_now(again) == Money(18_000, "USD")
