"""A process dies while it collects what was agreed to before: fees and instalments."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.billing import fees as reading
from practice.billing import queries
from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentState, RefundState
from practice.billing.service import card_on_file, checkout, fees, instalments, refunds
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.sessions.models import Service
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, late, taking
from tests import factories
from tests.integration.billing.killing import steps_until_killed
from tests.integration.billing.model import STRICT
from tests.integration.billing.test_killed import Case, World, die_everywhere, said, world
from tests.integration.billing.test_with_sessions import INTAKE, kept, see

__all__ = ["world"]  # a fixture

HALF = INTAKE.minor // 2


def test_killed_while_a_fee_is_kept_and_the_rest_goes_back(world: World) -> None:
    def begin() -> Case:
        held, payment_id = world.paid()
        checkout.sync(payment_id)

        def cancel() -> None:
            session = taking.lock(held.id)
            session.cancellation = STRICT
            booking.cancel(
                session, by=factories.OWNER, can_be_undone=True, wish=late.Wish(Why.CLIENT)
            )

        in_transaction(cancel)
        world.later(minutes=4)
        fee_id = reading.fees_of(held.id)[0].id

        def work() -> None:
            fees.fall_due(fee_id)
            for refund in queries.refunds_of(payment_id):
                refunds.carry_out(refund.id)

        def is_right() -> None:
            assert (see(held).state, kept(held)) == (AppointmentState.CANCELLED, HALF)
            assert reading.open_of(reading.get_fee(fee_id)).minor == 0
            (refund,) = queries.refunds_of(payment_id)
            assert (refund.state, refund.amount.minor) == (RefundState.SUCCEEDED, HALF)
            assert world.made_for("/v1/refunds", payment_id) == 1

        return Case(work, is_right)

    assert die_everywhere(world, begin) == [
        *said("a commit"),
        *said("POST refunds"),
        *said("a commit"),
    ]


def test_killed_while_an_instalment_is_collected(world: World) -> None:
    local = clock.now().astimezone(ZoneInfo("America/New_York"))
    to_noon = local.replace(hour=12, minute=0) - local
    world.later(seconds=(to_noon % timedelta(days=1)).total_seconds())
    service = db.session.scalars(sa.select(Service).where(Service.slug == "integration_60")).one()

    payer = world.new_client()
    practice_id = payer.practice_id
    world.wallet.save()
    sale_id = in_transaction(lambda: factories.sell_package(payer, service)).id

    def collect() -> None:
        instalments.collect(practice_id)
        for payment in queries.payments_for(sale_id):
            card_on_file.carry_out(payment.id)

    deaths, is_alive = 0, False
    while not is_alive and deaths < 20:
        _, is_alive = steps_until_killed(collect, deaths)
        deaths += 1
    world.put_right()

    found = db.session.scalars(sa.select(Payment).where(Payment.for_id == sale_id)).all()
    assert [(each.state, each.amount.minor) for each in found] == [(PaymentState.PAID, 45_000)]
    assert world.made_for("/v1/payment_intents", found[0].id) == 1
