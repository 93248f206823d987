"""An instalment on its day: taken from the card on file, or asked for, and never pressed for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.billing import cards, ports, sales
from practice.billing.models import Payment
from practice.billing.rules.cards import Failure
from practice.billing.rules.payments import PaymentOutcome, PaymentState
from practice.billing.rules.selling import Item, Part, RefundRule
from practice.billing.sale_models import Sale
from practice.billing.service import checkout, instalments, packages, selling, verifying
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db, in_transaction, read_again, require_practice_id
from practice.core.money import Money
from practice.outbox import jobs
from practice.outbox.models import Message
from practice.people.models import Client
from practice.sessions.service import booking
from tests import factories
from tests.integration.billing.conftest import Later, Till, mails, tasks
from tests.integration.billing.line import Fate, Line
from tests.integration.billing.wallet import SAVED_BUT_DECLINED, Wallet
from tests.stripe_sandbox import GOOD_CARD, THREE_D_SECURE_CARD

SECOND = 20_000
FIRST_DAY = 10


@dataclass
class Plan:
    """A package of the payer: half is paid, half falls due in ten days."""

    till: Till
    later: Later
    sale_id: UUID
    began: datetime
    wallet: Wallet

    def work(self, *days: int) -> None:
        """Let the worker collect at noon of some days after the sale, twice, as two would."""
        zone = zones.zone("America/New_York")
        for day in days:
            noon = (self.began.astimezone(zone) + timedelta(days=day)).replace(hour=12)
            self.later(seconds=(noon - clock.now()).total_seconds())
            for _ in range(2):
                instalments.collect(require_practice_id())
                jobs.run_due()
            read_again()

    def tried(self) -> list[PaymentState]:
        """Return what became of each try to take it from the card."""
        read_again()
        rows = (
            sa.select(Payment.state)
            .where(Payment.checkout_ends_at.is_(None))
            .order_by(Payment.created_at)
        )
        return list(db.session.scalars(rows))

    def open(self) -> int:
        read_again()
        return sales.standings([sales.get_sale(self.sale_id)])[0].open.minor

    def pay_by_link(self) -> PaymentOutcome | None:
        here = f"{self.till.address}/me/money"
        payment = in_transaction(
            lambda: selling.start_checkout(
                self.till.payer,
                self.sale_id,
                whole=False,
                ends_at=clock.now() + timedelta(minutes=31),
                success_url=here,
                cancel_url=here,
                by=Actor(ActorKind.CLIENT, self.till.payer.id),
            )
        )
        self.wallet.sandbox.pay(checkout.start(payment.id))
        return checkout.sync(payment.id).outcome


@pytest.fixture
def plan(till: Till, wallet: Wallet, later: Later, payer: Client) -> Iterator[Plan]:
    ports.paid.bind(booking.paid)  # the real one, in place of the shelf

    def sell() -> Sale:
        offered = packages.Offered(
            title="Three",
            items=(Item("prep_60", "Preparation", 3, 17_500),),
            price=Money(2 * SECOND, "USD"),
            parts=(Part(50), Part(50, days=FIRST_DAY)),
            expires_days=None,
            rule=RefundRule.AT_LIST,
        )
        made = packages.add(offered, by=factories.OWNER)
        return packages.sell_to(payer, made.id, seen=1, form_token=uuid4().hex, by=factories.OWNER)

    began = clock.now()
    sale = in_transaction(sell)
    plan = Plan(till, later, sale.id, began, wallet)
    assert plan.pay_by_link() is PaymentOutcome.CONFIRMED
    yield plan
    read_again()
    assert verifying.problems() == []


def told() -> int:
    read_again()
    wanted = sa.select(sa.func.count()).where(Message.name == instalments.MAIL)
    return db.session.scalar(wanted) or 0


def test_it_is_told_of_before_and_taken_once_on_its_day(plan: Plan, wallet: Wallet) -> None:
    wallet.save(GOOD_CARD)

    plan.work(6)
    assert (told(), plan.tried()) == (0, [])
    plan.work(7, 9)
    assert (told(), plan.tried(), plan.open()) == (1, [], SECOND)
    plan.work(10, 11, 14)

    assert (told(), plan.tried(), plan.open()) == (1, [PaymentState.PAID], 0)


@pytest.mark.database("sqlite")
def test_a_card_that_says_no_is_asked_three_times_and_then_a_person_decides(
    plan: Plan, wallet: Wallet
) -> None:
    wallet.save(SAVED_BUT_DECLINED)

    found = []
    for day in (10, 12, 13, 17, 20):
        plan.work(day)
        found.append((day, len(plan.tried())))

    assert found == [(10, 1), (12, 1), (13, 2), (17, 3), (20, 3)]
    assert set(plan.tried()) == {PaymentState.FAILED}
    assert [kind for kind, _ in tasks()].count(instalments.STOPPED) == 1
    assert mails().count("card-not-charged") == 3
    assert plan.open() == SECOND


@pytest.mark.database("sqlite")
def test_a_card_that_needs_its_holder_leads_to_the_link_and_is_tried_no_more(
    plan: Plan, wallet: Wallet
) -> None:
    wallet.save(THREE_D_SECURE_CARD)
    plan.work(10)
    [payment] = db.session.scalars(
        sa.select(Payment).where(Payment.checkout_ends_at.is_(None))
    ).all()
    assert cards.failure_of(payment.id) is Failure.NEEDS_HOLDER
    assert mails().count("card-not-charged") == 1

    assert plan.pay_by_link() is PaymentOutcome.CONFIRMED
    plan.work(13, 17)

    assert (len(plan.tried()), plan.open()) == (1, 0)


@pytest.mark.database("sqlite")
def test_an_answer_that_is_lost_takes_it_once(plan: Plan, wallet: Wallet, line: Line) -> None:
    wallet.save(GOOD_CARD)
    line.fates["POST /v1/payment_intents"] = [Fate.LOST] * 3

    plan.work(10)
    plan.work(11, 13, 17)

    assert (plan.tried(), plan.open()) == ([PaymentState.PAID], 0)
