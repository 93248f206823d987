"""Many processes want the uses that are left of one code, and let some of them go."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing.promo_models import PromoCode, PromoUse
from practice.billing.rules.prices import PriceWay
from practice.billing.service import promos
from practice.calendar.models import Resource
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, read_again, transaction
from practice.people.models import Practice
from practice.sessions import queries
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import holds, taking
from tests import factories
from tests.factories import OWNER
from tests.integration.race.claiming import deadlocks
from tests.integration.race.crowd import crowd
from tests.integration.sessions.conftest import practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

LEFT = 20
ON = date(2027, 3, 1)


def make_code() -> None:
    promos.make(
        "SPRING",
        way=PriceWay.PERCENT,
        value=20,
        from_on=ON,
        until_on=None,
        most_uses=LEFT,
        once_per_client=False,
        service_ids=[],
        by=OWNER,
    )


def test_no_crowd_uses_a_code_more_often_than_it_can_be(practice: Practice) -> None:
    here = practice.id
    with transaction():
        clients = [factories.create_client().id for _ in range(4)]
        make_code()
    mine: list[UUID] = []

    def attempt(random: Random) -> str:
        with practice_scope(here):
            if mine and random.random() < 0.3:
                one = mine.pop()
                in_transaction(lambda: promos.let_go(one))
                return "let go"
            one = uuid4()
            in_transaction(
                lambda: promos.use(
                    "spring",
                    client_id=random.choice(clients),
                    for_id=one,
                    service_id=one,
                    on=ON,
                    list_minor=10_000,
                    price_minor=10_000,
                )
            )
            mine.append(one)
            return "used"

    found = Counter(each.words for each in crowd(attempt, attempts=4))

    assert found.keys() <= {"used", "let go", "BadCode", "Busy"}
    assert found["BadCode"] > 0
    with practice_scope(here):
        code = db.session.scalars(sa.select(PromoCode)).one()
        standing = sa.select(sa.func.count()).where(PromoUse.is_used.is_(True))
        assert code.used == db.session.scalar(standing) == found["used"] - found["let go"] <= LEFT
    assert deadlocks() == 0


def test_holds_that_lapse_at_once_let_each_use_go_once(
    practice: Practice, therapist: Resource
) -> None:
    here = practice.id
    intake = queries.get_service("intake")
    starts_at, is_over = clock.now() + timedelta(days=9), clock.now() - timedelta(minutes=1)
    with transaction():
        make_code()
        holds_ = [
            factories.create_appointment(
                intake,
                host=therapist,
                client=factories.create_client(),
                starts_at=starts_at + timedelta(hours=2 * n),
                state=AppointmentState.TENTATIVE,
                hold_ends_at=is_over,
                price_why=f"{taking.CODE}SPRING",
            )
            for n in range(LEFT)
        ]
        for each in holds_:
            assert each.client_id is not None
            promos.use(
                "spring",
                client_id=each.client_id,
                for_id=each.id,
                service_id=intake.id,
                on=ON,
                list_minor=10_000,
                price_minor=10_000,
            )
        ids = [each.id for each in holds_]

    def attempt(random: Random) -> str:
        with practice_scope(here):
            holds.release_at_end(random.choice(ids))
        return "over"

    found = Counter(each.words for each in crowd(attempt, processes=16, attempts=12))

    assert found.keys() <= {"over", "Busy"}
    with practice_scope(here):
        for one in ids:
            holds.release_at_end(one)
        read_again()
        code = db.session.scalars(sa.select(PromoCode)).one()
        standing = sa.select(sa.func.count()).where(PromoUse.is_used.is_(True))
        assert code.used == db.session.scalar(standing) == 0
    assert deadlocks() == 0
