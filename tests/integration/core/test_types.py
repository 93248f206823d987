"""Columns that mean the same on every database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, StatementError

from practice.core.crypto import Unreadable
from practice.core.db import Base, db, practice_scope, transaction
from practice.people.models import Client, SignIn, Throttle
from tests import factories
from tests.integration.core.conftest import House

NEW_YORK = ZoneInfo("America/New_York")
FIRST_0130 = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
SECOND_0130 = FIRST_0130.replace(fold=1)


@pytest.fixture
def in_practice(here: House) -> Iterator[House]:
    with practice_scope(here.practice.id):
        yield here


def keep(instant: datetime) -> datetime:
    with transaction():
        db.session.execute(sa.update(Client).values(archived_at=instant))
    return db.session.scalars(sa.select(Client.archived_at)).one() or pytest.fail("nothing kept")


# Instants ----------------------------------------------------------------------------------------


def test_an_instant_without_a_zone_is_refused(in_practice: House) -> None:
    with pytest.raises(StatementError, match="an instant needs a time zone"):
        keep(datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001  that is the point


def test_an_instant_without_a_zone_is_refused_in_a_question(in_practice: House) -> None:
    noon = datetime(2026, 3, 2, 12, 0)  # noqa: DTZ001  that is the point

    with pytest.raises(StatementError, match="an instant needs a time zone"):
        db.session.scalars(sa.select(Client).where(Client.created_at > noon)).all()


def test_both_halves_past_one_of_the_long_night_are_kept_apart(in_practice: House) -> None:
    kept = [keep(FIRST_0130), keep(SECOND_0130)]

    assert kept == [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6)]
    assert [instant.utcoffset() for instant in kept] == [timedelta(), timedelta()]


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.datetimes(
        datetime(1900, 1, 2),  # noqa: DTZ001  the strategy adds the zone
        datetime(2199, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_an_instant_comes_back_as_itself_in_utc(in_practice: House, instant: datetime) -> None:
    kept = keep(instant)

    assert kept == instant.astimezone(UTC)
    assert kept.tzinfo is UTC


def test_instants_sort_by_time_whatever_zone_they_came_in(in_practice: House) -> None:
    with transaction():
        for instant, name in (
            (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), "third"),
            (datetime(2026, 3, 2, 17, 0, tzinfo=NEW_YORK), "second"),
            (datetime(2026, 3, 3, 1, 0, tzinfo=ZoneInfo("Asia/Tokyo")), "first"),
        ):
            factories.create_client(first_name=name).archived_at = instant

    order = sa.select(Client.first_name).where(Client.archived_at.is_not(None))
    assert db.session.scalars(order.order_by(Client.archived_at)).all() == [
        "first",
        "second",
        "third",
    ]


def test_every_instant_in_the_house_has_the_type_that_refuses() -> None:
    plain = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.DateTime)
    ]

    assert plain == []


# Closed sets, texts and ids ----------------------------------------------------------------------


def test_a_value_outside_a_closed_set_is_refused_by_the_database(in_practice: House) -> None:
    row = {"kind": "cellar", "hash": "0" * 64, "practice_id": in_practice.practice.id.hex}

    with pytest.raises(DBAPIError, match="ck_doors_door_kind"), transaction():
        db.session.connection().execute(
            sa.text("INSERT INTO doors VALUES (:kind, :hash, :practice_id, :practice_id)"), row
        )


def test_closed_sets_are_stored_by_value_with_their_check() -> None:
    enums = [
        column.type
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.Enum)
    ]

    assert len(enums) > 10
    assert all(each.create_constraint and not each.native_enum for each in enums)
    assert all(each.enums == [member.value for member in each.enum_class or ()] for each in enums)


def test_an_id_is_made_with_the_object(in_practice: House) -> None:
    made = SignIn(user_id=in_practice.user.id)

    assert made.practice_id == in_practice.practice.id
    assert made.id is not None


def test_a_field_that_does_not_exist_is_an_error(in_practice: House) -> None:
    with pytest.raises(TypeError, match="Client has no field 'surname'"):
        Client(surname="Bell")


# Sealed fields -----------------------------------------------------------------------------------


def test_a_sealed_field_survives_the_database(in_practice: House) -> None:
    with transaction():
        client = factories.create_client(first_name="Robin")
        client.address = "2 Quiet Lane, São Paulo"
    db.session.expunge_all()

    kept = db.session.scalars(sa.select(Client).where(Client.first_name == "Robin")).one()
    assert kept.address == "2 Quiet Lane, São Paulo"
    assert kept.birth_on is None


def test_a_sealed_field_that_is_moved_in_the_database_does_not_open(in_practice: House) -> None:
    with transaction():
        factories.create_client(first_name="Robin").address = "2 Quiet Lane"
        db.session.flush()
        first = "(SELECT address_sealed FROM clients WHERE first_name = 'Robin')"
        db.session.execute(sa.text(f"UPDATE clients SET address_sealed = {first}"))
        db.session.execute(sa.text("UPDATE clients SET birth_on_sealed = address_sealed"))
    db.session.expunge_all()

    clients = {client.first_name: client for client in db.session.scalars(sa.select(Client))}
    assert clients["Robin"].address == "2 Quiet Lane"
    with pytest.raises(Unreadable):
        _ = clients["Alex"].address
    with pytest.raises(Unreadable):
        _ = clients["Robin"].birth_on


def test_a_counter_outside_practices_needs_none(inside: None) -> None:
    with transaction():
        db.session.add(
            Throttle(
                kind="account", hash="0" * 64, failures=1, last_at=datetime(2026, 1, 1, tzinfo=UTC)
            )
        )

    assert db.session.scalars(sa.select(Throttle.failures)).all() == [1]
