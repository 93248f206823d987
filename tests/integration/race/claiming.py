"""Bookings of three resources at once, and what must be true of all claims afterwards."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.calendar.models import Claim, Resource, ResourceKind
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core.db import db, in_transaction, practice_scope
from practice.people.models import Practice
from tests import factories

MONDAY = datetime(2027, 3, 15, tzinfo=UTC)
PIECE = timedelta(minutes=30)


def three_resources(practice: Practice) -> list[UUID]:
    """Make a practitioner, a room and a monitor; they differ in nothing that matters here."""
    with factories.made(practice):
        made = [Resource(kind=ResourceKind.ROOM, name=str(n), roles=[]) for n in range(3)]
        db.session.add_all(made)
    return [each.id for each in made]


def taking(practice_id: UUID, members: list[UUID], *, pieces: int = 48) -> Callable[[Random], str]:
    """Return an attempt at some half hours of all of them, asked for in any order."""

    def attempt(random: Random) -> str:
        start = MONDAY + PIECE * random.randrange(pieces)
        wanted = [Wanted(each, start, start + PIECE * random.randint(1, 4)) for each in members]
        random.shuffle(wanted)
        with practice_scope(practice_id):
            taken = in_transaction(lambda: claims.take(uuid4(), wanted))
        return "refused" if taken.refused else "taken"

    return attempt


def live_claims() -> list[Claim]:
    return list(db.session.scalars(sa.select(Claim).where(Claim.released_at.is_(None))))


def overlapping(rows: list[Claim]) -> list[tuple[UUID, UUID]]:
    """Compare every live claim with every other, as the definition says."""
    return [
        (one.id, other.id)
        for one, other in combinations(rows, 2)
        if one.resource_id == other.resource_id
        and one.starts_at < other.ends_at
        and other.starts_at < one.ends_at
    ]


def partial(rows: list[Claim], whole: int) -> list[UUID]:
    """Return the holders that have more or less than their ``whole`` number of claims."""
    held = Counter(row.holder_id for row in rows)
    return [holder for holder, count in held.items() if count != whole]


def deadlocks() -> int:
    """Return how many deadlocks PostgreSQL has untied in this database; SQLite knows none."""
    if db.engine.dialect.name == "sqlite":
        return 0
    with db.engine.connect() as connection:
        counted = connection.exec_driver_sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(counted.scalar_one())
