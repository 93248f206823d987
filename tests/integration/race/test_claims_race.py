"""32 processes want the same hours of the same three resources, asked for in any order."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from config import Config
from practice.calendar.models import Claim, Resource, ResourceKind
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core.db import db, in_transaction, practice_scope
from tests import factories
from tests.integration.race.crowd import crowd

MONDAY = datetime(2027, 3, 15, tzinfo=UTC)
PIECE = timedelta(minutes=30)


@pytest.fixture
def resources(app: Flask) -> Iterator[tuple[UUID, list[UUID]]]:
    with app.app_context():
        practice = factories.create_practice()
        made = [Resource(practice_id=practice.id, kind=ResourceKind.ROOM, name=name, roles=[])
                for name in ("practitioner", "room", "monitor")]  # fmt: skip
        with factories.made(practice):
            db.session.add_all(made)
        yield practice.id, [each.id for each in made]


def overlapping(rows: list[Claim]) -> list[tuple[Claim, Claim]]:
    """Compare every live claim with every other, as the definition says."""
    return [
        (one, other)
        for one, other in combinations(rows, 2)
        if one.resource_id == other.resource_id
        and one.starts_at < other.ends_at
        and other.starts_at < one.ends_at
    ]


def test_no_crowd_takes_a_time_twice_or_half_a_booking(
    config: Config, resources: tuple[UUID, list[UUID]]
) -> None:
    practice_id, members = resources

    def attempt(random: Random) -> str:
        start = MONDAY + PIECE * random.randrange(48)
        wanted = [Wanted(each, start, start + PIECE * random.randint(1, 4)) for each in members]
        random.shuffle(wanted)
        with practice_scope(practice_id):
            taken = in_transaction(lambda: claims.take(uuid4(), wanted))
        return "taken" if not taken.refused else "refused"

    outcomes = crowd(config, attempt, attempts=12)

    counted = Counter(outcome.words for outcome in outcomes)
    assert counted.keys() <= {"taken", "refused", "Busy"}
    assert counted["refused"] > 0
    with practice_scope(practice_id):
        rows = list(db.session.scalars(sa.select(Claim).where(Claim.released_at.is_(None))))
        assert overlapping(rows) == []
        assert set(Counter(row.holder_id for row in rows).values()) == {len(members)}
        assert counted["taken"] == len(rows) / len(members)
