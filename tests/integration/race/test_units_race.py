"""32 processes want the sessions that are left of one package, and give some back."""

from collections import Counter
from random import Random
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing.sale_models import UnitEntry
from practice.billing.service import units
from practice.calendar.models import Resource
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.people.models import Practice
from practice.sessions.models import Service
from tests import factories
from tests.factories import OWNER
from tests.integration.race.claiming import deadlocks
from tests.integration.race.crowd import crowd
from tests.integration.sessions.conftest import practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

LEFT = 20


def test_no_crowd_takes_more_sessions_than_were_sold(
    practice: Practice, therapist: Resource
) -> None:
    here = practice.id
    with transaction():
        service = db.session.scalars(sa.select(Service).where(Service.slug == "prep_60")).one()
        sale_id = factories.sell_package(factories.create_client(), service, count=LEFT).id
    mine: list[UUID] = []

    def attempt(random: Random) -> str:
        with practice_scope(here):
            if mine and random.random() < 0.4:
                one = mine.pop()
                in_transaction(lambda: units.restore(sale_id, "prep_60", one, OWNER))
                return "restored"
            one = uuid4()
            in_transaction(lambda: units.reserve(sale_id, "prep_60", one, OWNER))
            mine.append(one)
            return "reserved"

    found = Counter(each.words for each in crowd(attempt, attempts=4))

    assert found.keys() <= {"reserved", "restored", "NoUnitLeft", "Busy"}
    assert found["NoUnitLeft"] > 0
    with practice_scope(here):
        rows = db.session.scalars(sa.select(UnitEntry).order_by(UnitEntry.number)).all()
        assert [each.number for each in rows] == list(range(1, len(rows) + 1))
        assert min(each.left_after for each in rows) == 0
        assert rows[-1].left_after == sum(each.delta for each in rows)
        assert rows[-1].left_after == LEFT - found["reserved"] + found["restored"]
    assert deadlocks() == 0
