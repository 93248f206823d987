from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.calendar import queries
from practice.calendar.models import Claim, ClaimKind, Resource, ResourceKind
from practice.calendar.queries import Busy, Lapsed
from practice.calendar.rules import timeline
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.calendar.service.claims import Taken
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Invalid
from practice.people.models import Practice
from tests import factories

NINE = datetime(2027, 3, 15, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def practice(app: Flask) -> Iterator[Practice]:
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield practice


@pytest.fixture
def rooms(practice: Practice) -> list[UUID]:
    rooms = [Resource(kind=ResourceKind.ROOM, name=f"Room {n}", roles=[]) for n in range(3)]
    with transaction():
        db.session.add_all(rooms)
    return sorted(room.id for room in rooms)


def want(room: UUID, start: datetime = NINE, length: timedelta = HOUR) -> Wanted:
    return Wanted(room, start, start + length)


def take(*wanted: Wanted, holder: UUID | None = None, kind: ClaimKind = ClaimKind.SESSION) -> Taken:
    with transaction():
        return claims.take(holder or uuid4(), wanted, kind)


def live() -> list[tuple[UUID, datetime, datetime]]:
    rows = db.session.execute(
        sa.select(Claim.resource_id, Claim.starts_at, Claim.ends_at)
        .where(Claim.released_at.is_(None))
        .order_by(Claim.resource_id, Claim.starts_at)
    )
    return [(row.resource_id, row.starts_at, row.ends_at) for row in rows]


def test_take_occupies_everything_that_is_wanted(rooms: list[UUID]) -> None:
    taken = take(*(want(room) for room in reversed(rooms)))

    assert taken == Taken()
    assert live() == [(room, NINE, NINE + HOUR) for room in rooms]


def test_take_names_what_is_refused_and_keeps_nothing(rooms: list[UUID]) -> None:
    first, second, third = rooms
    take(want(first), want(third))

    taken = take(*(want(room, NINE + HOUR / 2) for room in (third, second, first)))

    assert taken == Taken(refused=(first, third))
    assert live() == [(first, NINE, NINE + HOUR), (third, NINE, NINE + HOUR)]


def test_take_leaves_the_transaction_whole_when_it_is_refused(rooms: list[UUID]) -> None:
    take(want(rooms[0]))

    with transaction():
        refused = claims.take(uuid4(), [want(rooms[0]), want(rooms[1])])
        taken = claims.take(uuid4(), [want(rooms[1])])

    assert (refused, taken) == (Taken(refused=(rooms[0],)), Taken())
    assert live() == [(rooms[0], NINE, NINE + HOUR), (rooms[1], NINE, NINE + HOUR)]


def test_claims_that_touch_do_not_overlap(rooms: list[UUID]) -> None:
    take(want(rooms[0]))

    before = take(want(rooms[0], NINE - HOUR))
    after = take(want(rooms[0], NINE + HOUR))

    assert (before, after) == (Taken(), Taken())


def test_a_minute_of_overlap_is_refused(rooms: list[UUID]) -> None:
    take(want(rooms[0]))

    taken = take(want(rooms[0], NINE + HOUR - timedelta(minutes=1)))

    assert taken == Taken(refused=(rooms[0],))


def test_released_time_can_be_taken_again(rooms: list[UUID]) -> None:
    holder = uuid4()
    take(want(rooms[0]), want(rooms[1]), holder=holder)

    with transaction():
        claims.release(holder)

    assert take(want(rooms[0]), want(rooms[1])) == Taken()


def test_a_session_can_move_over_its_own_time(rooms: list[UUID]) -> None:
    holder = uuid4()
    take(want(rooms[0]), holder=holder)

    with transaction():
        claims.release(holder)
        taken = claims.take(holder, [want(rooms[0], NINE + HOUR / 2)])

    assert taken == Taken()
    assert live() == [(rooms[0], NINE + HOUR / 2, NINE + HOUR * 3 / 2)]


def test_an_imported_busy_time_may_lie_over_a_session(rooms: list[UUID]) -> None:
    take(want(rooms[0]))

    assert take(want(rooms[0]), kind=ClaimKind.IMPORTED) == Taken()


@pytest.mark.parametrize("length", [timedelta(), -HOUR, timedelta(days=31, seconds=1)])
def test_take_refuses_a_length_that_cannot_be(rooms: list[UUID], length: timedelta) -> None:
    with pytest.raises(Invalid):
        take(want(rooms[0], length=length))

    assert live() == []


def test_the_same_hours_of_another_practice_are_its_own(app: Flask, rooms: list[UUID]) -> None:
    take(want(rooms[0]))
    harbor = factories.create_practice(slug="harbor")
    with factories.made(harbor):
        db.session.add(Resource(id=rooms[0], kind=ResourceKind.ROOM, name="Room", roles=[]))

    with factories.made(harbor):
        taken = claims.take(uuid4(), [want(rooms[0])])

    assert taken == Taken()


def test_a_client_has_one_resource_however_often_it_is_asked_for(practice: Practice) -> None:
    with transaction():
        client = factories.create_client()
        first = claims.open_for_client(client.id)
    with transaction():
        second = claims.open_for_client(client.id)

    assert (first, second) == (client.id, client.id)
    assert db.session.scalars(sa.select(Resource.client_id)).all() == [client.id]


def test_what_is_taken_touches_its_cells_to_the_microsecond(rooms: list[UUID]) -> None:
    axis = timeline.axis_of("America/New_York", date(2027, 3, 14), date(2027, 3, 16))
    moment = timedelta(microseconds=1)
    spans = {
        rooms[0]: [(NINE, NINE + HOUR), (NINE + HOUR, NINE + 2 * HOUR + moment)],
        rooms[1]: [(NINE + HOUR - moment, NINE + HOUR), (axis.ends_at - HOUR, axis.ends_at + HOUR)],
        rooms[2]: [],
    }
    holders = {span: uuid4() for taken in spans.values() for span in taken}
    for room, taken in spans.items():
        for first, past in taken:
            take(want(room, first, past - first), holder=holders[first, past])
    last = holders[spans[rooms[0]][1]]

    seen, nobody = sa.select(Claim.holder_id).where(Claim.holder_id == last), sa.select(Claim.id)
    found = queries.busy(axis, rooms, lapsed=nobody)
    without = queries.busy(axis, rooms, lapsed=nobody, but_not=[last])
    lapsed = queries.busy(axis, rooms, lapsed=seen)

    first_alone = timeline.busy(axis, spans[rooms[0]][:1])
    assert found == Busy({room: timeline.busy(axis, spans[room]) for room in rooms}, ())
    assert without.taken == lapsed.taken == {**found.taken, rooms[0]: first_alone}
    assert lapsed.lapsed == (
        Lapsed(rooms[0], last, NINE + HOUR, NINE + 2 * HOUR + timedelta(seconds=1)),
    )
