"""32 processes want the sessions that are left of one package, and give some back."""

from collections import Counter
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing import ledger, sales
from practice.billing.sale_models import UnitEntry
from practice.billing.service import ending, selling, units, verifying
from practice.calendar.models import Resource
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.people.models import Practice
from practice.sessions.models import Service
from tests import factories
from tests.factories import OWNER
from tests.integration.race.claiming import deadlocks
from tests.integration.race.crowd import crowd
from tests.integration.sessions.conftest import Clock, practice, therapist, time

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


def test_what_expires_while_it_is_booked_is_either_gone_or_booked(
    practice: Practice, therapist: Resource, time: Clock
) -> None:
    here = practice.id
    with transaction():
        service = db.session.scalars(sa.select(Service).where(Service.slug == "prep_60")).one()
        sale = factories.sell_package(factories.create_client(), service, count=LEFT)
        sale_id = sale.id
    time.now += timedelta(days=400)

    def attempt(random: Random) -> str:
        with practice_scope(here):
            if random.random() < 0.2:
                ending.expire_due(here)
                return "expired"
            one = uuid4()
            in_transaction(lambda: units.reserve(sale_id, "prep_60", one, OWNER))
            if random.random() < 0.5:
                in_transaction(lambda: selling.deliver(sale_id, "prep_60", one, by=OWNER))
            return "reserved"

    found = Counter(each.words for each in crowd(attempt, processes=16, attempts=3))

    assert found.keys() <= {"reserved", "expired", "NoUnitLeft", "Busy"}
    with practice_scope(here):
        [left] = sales.standings([sales.get_sale(sale_id)])[0].left
        assert (left.free, left.booked + left.used) == (0, found["reserved"])
        item = sales.get_sale(sale_id).contents[0]
        earned = units.worth_of(sale_id, item).minor
        client_id = sales.get_sale(sale_id).client_id
        assert ledger.balances([client_id])[client_id].packages_minor == 45_000 - earned
        assert verifying.problems() == []
    assert deadlocks() == 0
