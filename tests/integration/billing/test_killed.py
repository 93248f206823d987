"""A process dies at every step between a commit and a call. Whoever comes next puts it right.

No news comes from Stripe in these tests. After each death a worker does what is due, and the books
are compared: that alone must be enough.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.billing import books, card_gateway, cards, ports, queries
from practice.billing.gateway import gateway
from practice.billing.models import ProcessorEvent, Receipt
from practice.billing.rules.books import DisputeState, PayoutState
from practice.billing.rules.cards import SetupState
from practice.billing.rules.payments import PaymentOutcome, PaymentState, RefundState
from practice.billing.service import (
    card_keeping,
    card_on_file,
    checkout,
    inbox,
    reconcile,
    refunds,
    verifying,
)
from practice.core import clock
from practice.core.db import db, in_transaction, read_again
from practice.core.money import Money
from practice.outbox import jobs
from practice.outbox.models import Job
from practice.outbox.rules import JobState
from practice.people.models import Client, Practice
from practice.sessions import queries as queries_of_sessions
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, taking
from tests import factories
from tests.integration.billing.conftest import Later
from tests.integration.billing.killing import Work, steps_until_killed
from tests.integration.billing.test_with_sessions import INTAKE, Visitor, kept, payment_of, see
from tests.integration.billing.wallet import FEE, Wallet
from tests.stripe_sandbox import Json, Sandbox

S = AppointmentState
PART = Money(50_00, "USD")


class Case(NamedTuple):
    """What a process was doing, and what must be so once it was put right.

    ``goes_on`` is what somebody does in between, who was not answered.
    """

    work: Work
    is_right: Callable[[], None]
    goes_on: Work = lambda: None


@dataclass
class World:
    """A practice with sessions, its clients and Stripe, without any news between them."""

    visitor: Visitor
    wallet: Wallet
    sandbox: Sandbox
    later: Later
    minutes: int = 1

    def put_right(self) -> None:
        """Do what a worker does once the lease of the dead one has run out."""
        self.later(minutes=self.minutes)
        read_again()
        jobs.run_due()
        read_again()
        reconcile.run()
        read_again()

    def made(self, path: str) -> list[Json]:
        """Return what the sandbox has made by a path, each thing once."""
        found = {
            one["answer"]["id"]: one
            for one in self.sandbox.requests()
            if (one["method"], one["path"], one["status"]) == ("POST", path, 200)
        }
        return list(found.values())

    def made_for(self, path: str, payment_id: UUID) -> int:
        wanted = str(payment_id)
        return sum(one["params"]["metadata"]["pay"] == wanted for one in self.made(path))

    def new_client(self) -> Client:
        """Let somebody come whom Stripe does not know."""
        self.wallet.till.payer = in_transaction(factories.create_client)
        return self.wallet.till.payer

    def paid(self) -> tuple[Appointment, UUID]:
        """Let a stranger pay for a time, without telling us."""
        held = self.visitor.hold()
        payment_id = self.visitor.go_to_pay(held)
        self.sandbox.pay(checkout.start(payment_id))
        return held, payment_id


@pytest.fixture
def world(practice: Practice, wallet: Wallet, sandbox: Sandbox, later: Later) -> Iterator[World]:
    in_transaction(factories.furnish)
    ports.paid.bind(booking.paid)  # the real one, in place of the shelf
    ports.checkout_ended.bind(booking.checkout_ended)
    yield World(Visitor(), wallet, sandbox, later)
    read_again()
    assert verifying.problems() == []
    assert reconcile.run().differences == []
    parked = sa.select(Job.kind).where(Job.state == JobState.PARKED)
    assert db.session.scalars(parked).all() == []


def die_everywhere(world: World, begin: Callable[[], Case]) -> list[str]:
    """Begin anew for each step there is, die at it, and put all of it right; return the steps."""
    cases, is_alive = list[Case](), False
    while not is_alive:
        case = begin()
        steps, is_alive = steps_until_killed(case.work, len(cases))
        case.goes_on()
        cases.append(case)
    world.put_right()
    for case in cases:
        case.is_right()
    return steps


def said(step: str) -> list[str]:
    return [f"before {step}", f"after {step}"]


MAKING_A_CHECKOUT = [
    *said("POST customers"),
    *said("a commit"),
    *said("POST checkout/sessions"),
    *said("a commit"),
]


def receipts_of(payment_id: UUID) -> int:
    asked = sa.select(sa.func.count()).select_from(Receipt).where(Receipt.payment_id == payment_id)
    return db.session.scalar(asked) or 0


def one_refund(world: World, payment_id: UUID) -> None:
    """See that one refund was made of a payment, of all of it."""
    (refund,) = queries.refunds_of(payment_id)
    assert (refund.state, refund.amount) == (RefundState.SUCCEEDED, payment_of(payment_id).amount)
    assert world.made_for("/v1/refunds", payment_id) == 1


def test_killed_while_it_leads_to_the_pay_page(world: World) -> None:
    def begin() -> Case:
        held = world.visitor.hold()
        payment_id = in_transaction(lambda: booking.start_checkout(held, by=factories.OWNER)).id

        def goes_on() -> None:
            world.sandbox.pay(checkout.start(payment_id))
            checkout.sync(payment_id)

        def is_right() -> None:
            assert (see(held).state, kept(held)) == (S.CONFIRMED, INTAKE.minor)
            assert world.made_for("/v1/checkout/sessions", payment_id) == 1
            assert receipts_of(payment_id) == 1

        return Case(lambda: checkout.start(payment_id), is_right, goes_on)

    assert die_everywhere(world, begin) == MAKING_A_CHECKOUT


def test_killed_while_it_leads_somebody_to_the_pay_page_who_never_comes_back(world: World) -> None:
    world.minutes = 34

    def begin() -> Case:
        held = world.visitor.hold()
        payment_id = in_transaction(lambda: booking.start_checkout(held, by=factories.OWNER)).id

        def is_right() -> None:
            payment = payment_of(payment_id)
            made = world.made_for("/v1/checkout/sessions", payment_id)
            assert (see(held).state, payment.state) == (
                S.RELEASED,
                PaymentState.EXPIRED if made else PaymentState.FAILED,
            )
            assert made <= 1

        return Case(lambda: checkout.start(payment_id), is_right)

    assert die_everywhere(world, begin) == MAKING_A_CHECKOUT


def test_killed_while_it_lets_go_of_a_time_that_nobody_paid_for(world: World) -> None:
    days = count(2)  # a time of its own for each: what was not let go yet is not offered again

    def begin() -> Case:
        tomorrow = clock.now().date() + timedelta(days=next(days))
        intake = queries_of_sessions.get_service("intake")
        free = queries_of_sessions.free_times(intake, Modality.IN_PERSON, tomorrow, 21)
        held = world.visitor.hold(free[0].starts_at)
        payment_id = world.visitor.go_to_pay(held)
        world.later(minutes=33)

        def is_right() -> None:
            assert (see(held).state, payment_of(payment_id).state) == (
                S.RELEASED,
                PaymentState.EXPIRED,
            )

        return Case(lambda: checkout.settle(payment_id), is_right)

    assert die_everywhere(world, begin) == [
        *said("POST checkout/sessions/…/expire"),
        *said("a commit"),
    ]


def test_killed_while_it_takes_a_payment(world: World) -> None:
    def begin() -> Case:
        held, payment_id = world.paid()

        def is_right() -> None:
            assert (see(held).state, kept(held)) == (S.CONFIRMED, INTAKE.minor)
            assert receipts_of(payment_id) == 1

        return Case(lambda: checkout.sync(payment_id), is_right)

    assert die_everywhere(world, begin) == said("a commit")


def test_killed_while_it_works_on_an_event(world: World) -> None:
    def begin() -> Case:
        held, payment_id = world.paid()
        (event,) = (
            each
            for each in gateway().list_events(clock.now() - timedelta(days=1))
            if each.payment == str(payment_id) and each.kind == "checkout.session.completed"
        )

        def take_in() -> None:
            kept_as = in_transaction(lambda: inbox.keep(event, payment_id)).id
            inbox.handle(kept_as)

        def is_right() -> None:
            assert (see(held).state, kept(held)) == (S.CONFIRMED, INTAKE.minor)
            found = db.session.scalars(
                sa.select(ProcessorEvent).where(ProcessorEvent.processor_id == event.id)
            )
            assert [each.handled_at is not None for each in found] in ([], [True])

        return Case(take_in, is_right)

    assert die_everywhere(world, begin) == [*said("a commit"), *said("a commit")]


def test_killed_while_it_gives_money_back(world: World) -> None:
    def begin() -> Case:
        held, payment_id = world.paid()
        checkout.sync(payment_id)
        refund_id = in_transaction(
            lambda: refunds.decide(payment_of(payment_id), PART, "goodwill", factories.OWNER)
        ).id  # so little that Stripe itself would give it twice

        def is_right() -> None:
            assert (see(held).state, kept(held)) == (S.CONFIRMED, INTAKE.minor - PART.minor)
            assert world.made_for("/v1/refunds", payment_id) == 1

        return Case(lambda: refunds.carry_out(refund_id), is_right)

    assert die_everywhere(world, begin) == [*said("POST refunds"), *said("a commit")]


def test_killed_while_it_gives_back_what_came_too_late(world: World) -> None:
    def begin() -> Case:
        held, payment_id = world.paid()
        in_transaction(lambda: taking.release(taking.lock(held.id)))
        other = world.visitor.hold(held.starts_at)

        def work() -> None:
            checkout.sync(payment_id)
            for refund in queries.refunds_of(payment_id):
                refunds.carry_out(refund.id)

        def is_right() -> None:
            assert (see(held).state, see(other).state) == (S.RELEASED, S.TENTATIVE)
            assert payment_of(payment_id).outcome is PaymentOutcome.SLOT_LOST
            one_refund(world, payment_id)

        return Case(work, is_right)

    assert die_everywhere(world, begin) == [
        *said("a commit"),
        *said("POST refunds"),
        *said("a commit"),
    ]


def test_killed_while_it_saves_a_card(world: World) -> None:
    def begin() -> Case:
        payer = world.new_client()
        setup_id = world.wallet.ask()

        def goes_on() -> None:
            world.sandbox.pay(card_on_file.start(setup_id))

        def is_right() -> None:
            assert cards.get_setup(setup_id).state is SetupState.SAVED
            assert cards.on_file(payer.id) is not None
            assert world.made_for("/v1/checkout/sessions", setup_id) == 1

        return Case(lambda: card_on_file.start(setup_id), is_right, goes_on)

    assert die_everywhere(world, begin) == MAKING_A_CHECKOUT


def test_killed_while_it_charges_a_card_for_a_fee(world: World) -> None:
    world.wallet.save()

    def begin() -> Case:
        payment_id = world.wallet.decide(key=f"fee:{uuid4()}:1", for_id=uuid4())

        def is_right() -> None:
            payment = payment_of(payment_id)
            assert (payment.state, payment.amount) == (PaymentState.PAID, FEE)
            assert world.made_for("/v1/payment_intents", payment_id) == 1
            assert receipts_of(payment_id) == 1

        return Case(lambda: card_on_file.carry_out(payment_id), is_right)

    assert die_everywhere(world, begin) == [*said("POST payment_intents"), *said("a commit")]


def test_killed_while_the_processor_forgets_a_card(world: World) -> None:
    def begin() -> Case:
        payer = world.new_client()
        card = world.wallet.save()
        in_transaction(lambda: card_keeping.remove(payer.id, card.id, by=factories.OWNER))

        def is_right() -> None:
            kept_card = cards.get_card(card.id)
            assert kept_card.detached_at is not None
            seen = card_gateway.get_card(kept_card.method_id, "")
            assert seen is not None
            assert seen.customer is None

        return Case(lambda: card_keeping.detach(card.id), is_right)

    assert die_everywhere(world, begin) == [
        *said("POST payment_methods/…/detach"),
        *said("a commit"),
    ]


def test_killed_again_and_again_while_it_compares_the_books(world: World) -> None:
    held, payment_id = world.paid()
    refunded, known_id = world.paid()
    disputed, third_id = world.paid()
    checkout.sync(known_id)
    checkout.sync(third_id)
    world.sandbox.refund_in_dashboard(payment_of(known_id).charge_id or "", 50_00)
    world.sandbox.dispute(payment_of(third_id).charge_id or "")
    setup_id = world.wallet.put()
    payout = world.sandbox.pay_out()
    world.sandbox.end_payout(payout["id"])

    is_alive, deaths = False, 0
    while not is_alive:
        _, is_alive = steps_until_killed(reconcile.run, deaths)
        deaths += 1
    world.put_right()

    assert deaths > 5
    assert [see(each).state for each in (held, refunded, disputed)] == [S.CONFIRMED] * 3
    assert [kept(each) for each in (held, refunded)] == [INTAKE.minor, INTAKE.minor - 50_00]
    assert receipts_of(payment_id) == 1
    assert cards.get_setup(setup_id).state is SetupState.SAVED
    assert [each.dispute.state for each in books.disputes()] == [DisputeState.NEEDS_ANSWER]
    assert [each.payout.state for each in books.payouts()] == [PayoutState.PAID]
