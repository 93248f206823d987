"""32 processes want the uses that are left of one code, and let some of them go."""

from collections import Counter
from datetime import date
from random import Random
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing.promo_models import PromoCode, PromoUse
from practice.billing.rules.prices import PriceWay
from practice.billing.service import promos
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.people.models import Practice
from tests import factories
from tests.factories import OWNER
from tests.integration.race.claiming import deadlocks
from tests.integration.race.crowd import crowd
from tests.integration.sessions.conftest import practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

LEFT = 20
ON = date(2027, 3, 1)


def test_no_crowd_uses_a_code_more_often_than_it_can_be(practice: Practice) -> None:
    here = practice.id
    with transaction():
        clients = [factories.create_client().id for _ in range(4)]
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
