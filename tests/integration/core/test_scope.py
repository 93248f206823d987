"""Two walls between practices: the program's own, and the database's below it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import aliased

from practice.calendar.models import Resource, ResourceKind
from practice.core import clock
from practice.core.connections import current_practice_id
from practice.core.db import (
    Base,
    db,
    enter_practice,
    insert_unless_there,
    practice_scope,
    transaction,
)
from practice.core.often import Often
from practice.people import doors
from practice.people.models import Client, User
from practice.people.rules import DoorKind
from tests import factories
from tests.integration.core.conftest import House

Ask = Callable[[], Any]

QUESTIONS: dict[str, Ask] = {
    "select": lambda: db.session.scalars(sa.select(Client.first_name)).all(),
    "whole rows": lambda: [row.first_name for row in db.session.scalars(sa.select(Client))],
    "join": lambda: db.session.scalars(
        sa.select(Client.first_name).join(User, User.practice_id == Client.practice_id)
    ).all(),
    "alias": lambda: [row.first_name for row in db.session.scalars(sa.select(aliased(Client)))],
    "subquery": lambda: db.session.scalars(
        sa.select(sa.select(Client.first_name).subquery().c.first_name)
    ).all(),
    "cte": lambda: db.session.scalars(
        sa.select(sa.select(Client.first_name).cte().c.first_name)
    ).all(),
    "union": lambda: db.session.scalars(
        sa.union_all(sa.select(Client.first_name), sa.select(Client.first_name).where(sa.false()))
    ).all(),
    "exists": lambda: (
        ["Alex"]
        if db.session.scalar(
            sa.select(sa.exists(sa.select(Client.id).where(Client.first_name == "Alex")))
        )
        else []
    ),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_sees_the_rows_of_its_practice_alone(
    here: House, there: House, ask: Ask
) -> None:
    with practice_scope(here.practice.id):
        assert ask() == ["Alex"]


def test_counting_counts_the_rows_of_the_practice_alone(here: House, there: House) -> None:
    with practice_scope(here.practice.id):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Client)) == 1


def test_somebody_elses_id_finds_nothing(here: House, there: House) -> None:
    with practice_scope(here.practice.id):
        found = db.session.scalar(sa.select(Client).where(Client.id == there.client.id))

        assert found is None


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_outside_a_practice_is_an_error(here: House, ask: Ask) -> None:
    with pytest.raises(RuntimeError, match="queried outside a practice"):
        ask()


@pytest.mark.parametrize(
    "write",
    [
        lambda: db.session.execute(sa.update(Client).values(first_name="Nobody")),
        lambda: db.session.execute(sa.delete(Client)),
    ],
    ids=["update", "delete"],
)
def test_a_write_outside_a_practice_is_an_error(here: House, write: Ask) -> None:
    with pytest.raises(RuntimeError, match="queried outside a practice"), transaction():
        write()


def test_a_row_made_outside_a_practice_is_an_error(inside: None) -> None:
    with pytest.raises(RuntimeError, match="this needs a practice"):
        Client(first_name="Alex")


def test_a_change_of_all_rows_changes_those_of_the_practice_alone(
    here: House, there: House
) -> None:
    with factories.made(here.practice):
        db.session.execute(sa.update(Client).values(first_name="Robin"))

    with practice_scope(there.practice.id):
        assert QUESTIONS["select"]() == ["Sam"]
    with practice_scope(here.practice.id):
        assert QUESTIONS["select"]() == ["Robin"]


def test_a_removal_of_all_rows_removes_those_of_the_practice_alone(
    here: House, there: House
) -> None:
    with factories.made(here.practice):
        db.session.execute(sa.delete(Client))

    with practice_scope(there.practice.id):
        assert QUESTIONS["select"]() == ["Sam"]


# Moving between practices ------------------------------------------------------------------------


def test_a_scope_inside_another_ends_where_it_began(here: House, there: House) -> None:
    with practice_scope(here.practice.id):
        with practice_scope(there.practice.id):
            assert QUESTIONS["select"]() == ["Sam"]
        assert QUESTIONS["select"]() == ["Alex"]
    assert current_practice_id() is None


def test_a_scope_ends_with_an_error_too(here: House) -> None:
    with pytest.raises(KeyError), practice_scope(here.practice.id):
        raise KeyError

    assert current_practice_id() is None


def test_nobody_meets_a_row_that_was_read_in_another_practice(here: House, there: House) -> None:
    with practice_scope(there.practice.id):
        theirs = db.session.scalars(sa.select(Client)).one()
    with practice_scope(here.practice.id):
        key = (there.practice.id, theirs.id)

        assert db.session.get(Client, key) is None
        assert theirs not in db.session


def test_what_was_read_stays_readable_after_its_scope(here: House) -> None:
    with practice_scope(here.practice.id):
        client = db.session.scalars(sa.select(Client)).one()

    assert client.first_name == "Alex"


def test_a_transaction_stays_in_the_practice_it_began_with(here: House, there: House) -> None:
    with factories.made(here.practice):
        with pytest.raises(RuntimeError, match="belongs to one practice"):
            enter_practice(there.practice.id)
        with (
            pytest.raises(RuntimeError, match="belongs to one practice"),
            practice_scope(there.practice.id),
        ):
            pass
        with practice_scope(here.practice.id):
            assert QUESTIONS["select"]() == ["Alex"]


def test_who_was_let_in_by_a_door_reads_on_in_its_practice(here: House, there: House) -> None:
    assert doors.find(DoorKind.PRACTICE, "harbor") is not None
    enter_practice(there.practice.id)
    seen = [QUESTIONS["select"]()]
    db.session.rollback()
    seen.append(QUESTIONS["select"]())
    enter_practice(here.practice.id)
    seen.append(QUESTIONS["select"]())

    assert seen == [["Sam"], ["Sam"], ["Alex"]]


def test_two_requests_have_nothing_of_each_others_practice(
    app: Flask, here: House, there: House
) -> None:
    with practice_scope(here.practice.id), app.app_context():
        assert current_practice_id() is None


# Below the program -------------------------------------------------------------------------------


def raw(statement: str, **values: object) -> list[Any]:
    return list(db.session.execute(sa.text(statement), values).scalars())


@pytest.mark.database("postgresql")
def test_raw_sql_sees_nothing_outside_a_practice(here: House, there: House) -> None:
    tables = ["practices", "users", "clients", "audit_entries"]

    assert [raw(f"SELECT count(*) FROM {table}") for table in tables] == [[0]] * 4


@pytest.mark.database("postgresql")
def test_raw_sql_sees_the_rows_of_its_practice_alone(here: House, there: House) -> None:
    with practice_scope(here.practice.id):
        assert raw("SELECT first_name FROM clients") == ["Alex"]
        assert raw("SELECT slug FROM practices") == ["tidewater"]


@pytest.mark.database("postgresql")
def test_a_connection_that_goes_back_to_the_pool_takes_nothing_along(
    here: House, there: House
) -> None:
    with practice_scope(here.practice.id):
        raw("SELECT 1")
        process = raw("SELECT pg_backend_pid()")
    with db.engine.connect() as connection:
        same = connection.scalars(sa.text("SELECT pg_backend_pid()")).all()
        count = connection.scalar(sa.text("SELECT count(*) FROM clients"))

    assert same == process
    assert count == 0


@pytest.mark.database("postgresql")
def test_the_practice_outlives_a_commit_and_a_rollback_but_not_its_scope(here: House) -> None:
    with practice_scope(here.practice.id):
        db.session.commit()
        assert raw("SELECT first_name FROM clients") == ["Alex"]
        db.session.rollback()
        assert raw("SELECT first_name FROM clients") == ["Alex"]
        with db.session.begin_nested() as savepoint:
            savepoint.rollback()
        assert raw("SELECT first_name FROM clients") == ["Alex"]
    assert raw("SELECT first_name FROM clients") == []


def client_row(practice_id: UUID) -> dict[str, object]:
    return {
        "practice_id": practice_id,
        "id": uuid4(),
        "first_name": "Robin",
        "last_name": "Cole",
        "email": "robin@mail.example",
        "phone": "+17575550103",
        "created_at": clock.now(),
    }


CLIENTS = Base.metadata.tables["clients"]  # as somebody would who goes around the rows


def test_the_database_refuses_a_row_for_another_practice(here: House, there: House) -> None:
    with pytest.raises(DBAPIError), factories.made(here.practice):
        db.session.execute(sa.insert(CLIENTS).values(client_row(there.practice.id)))


def test_the_database_refuses_a_row_outside_a_practice(here: House) -> None:
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(sa.insert(CLIENTS).values(client_row(here.practice.id)))


def test_the_database_refuses_to_move_a_row_to_another_practice(here: House, there: House) -> None:
    with pytest.raises(DBAPIError), factories.made(here.practice):
        db.session.execute(sa.update(CLIENTS).values(practice_id=there.practice.id))


@pytest.mark.parametrize(
    "write",
    [sa.update(CLIENTS).values(first_name="Nobody"), sa.delete(CLIENTS)],
    ids=["update", "delete"],
)
def test_the_database_keeps_another_practices_rows(
    here: House, there: House, write: sa.Update
) -> None:
    theirs = write.where(CLIENTS.c.id == there.client.id)
    try:
        with factories.made(here.practice):
            touched = db.session.connection().execute(theirs).rowcount
    except IntegrityError:  # SQLite says no, PostgreSQL sees nothing there
        touched = 0

    assert touched == 0
    with practice_scope(there.practice.id):
        assert QUESTIONS["select"]() == ["Sam"]


def test_the_database_refuses_to_change_another_practice_itself(here: House, there: House) -> None:
    practices = Base.metadata.tables["practices"]
    change = sa.update(practices).where(practices.c.id == there.practice.id).values(name="Mine")
    try:
        with factories.made(here.practice):
            touched = db.session.connection().execute(change).rowcount
    except IntegrityError:
        touched = 0

    assert touched == 0


def test_a_row_cannot_point_at_somebody_of_another_practice(here: House, there: House) -> None:
    def point() -> None:
        db.session.add(
            Resource(kind=ResourceKind.PERSON, name="Theirs", roles=[], user_id=there.user.id)
        )
        db.session.flush()

    with pytest.raises(IntegrityError), factories.made(here.practice):
        point()


def test_a_row_that_is_there_already_is_not_written_again(here: House) -> None:
    with factories.made(here.practice):
        insert_unless_there(Client(**client_row(here.practice.id) | {"id": here.client.id}))

    with practice_scope(here.practice.id):
        assert QUESTIONS["select"]() == ["Alex"]


def test_insert_unless_there_crosses_no_wall(here: House, there: House) -> None:
    with pytest.raises(DBAPIError), factories.made(here.practice):
        insert_unless_there(Client(**client_row(there.practice.id)))


# Doors -------------------------------------------------------------------------------------------


def test_a_door_is_found_from_outside_and_leads_to_its_practice(here: House) -> None:
    with factories.made(here.practice):
        doors.cut(DoorKind.BOOKING, "a secret", here.client.id)

    found = doors.find(DoorKind.BOOKING, "a secret")

    assert found == doors.Found(here.practice.id, here.client.id)
    assert doors.find(DoorKind.FEED, "a secret") is None
    assert doors.find(DoorKind.BOOKING, "another secret") is None


def test_a_door_is_closed_for_its_subject_and_in_its_practice_alone(
    here: House, there: House
) -> None:
    with factories.made(here.practice):
        doors.cut(DoorKind.BOOKING, "one", here.client.id)
        doors.cut(DoorKind.FEED, "two", here.client.id)
        doors.cut(DoorKind.BOOKING, "three", here.user.id)
    with factories.made(there.practice):
        doors.cut(DoorKind.BOOKING, "four", here.client.id)

    with factories.made(here.practice):
        doors.close(DoorKind.BOOKING, here.client.id)

    open_ones = [
        secret
        for kind, secret in (
            (DoorKind.BOOKING, "one"),
            (DoorKind.FEED, "two"),
            (DoorKind.BOOKING, "three"),
            (DoorKind.BOOKING, "four"),
        )
        if doors.find(kind, secret)
    ]
    assert open_ones == ["two", "three", "four"]


def test_one_secret_opens_one_door(here: House, there: House) -> None:
    with factories.made(here.practice):
        doors.cut(DoorKind.BOOKING, "a secret", here.client.id)

    with pytest.raises(IntegrityError), factories.made(there.practice):
        doors.cut(DoorKind.BOOKING, "a secret", there.client.id)


# Statements put together once --------------------------------------------------------------------

OFTEN = Often(
    sa.union_all(
        sa.select(Client.first_name),
        sa.select(sa.cast(Client.last_name, sa.Text())).where(Client.id != sa.bindparam("but_not")),
    )
)


def test_a_statement_put_together_once_stays_inside_the_practice(here: House, there: House) -> None:
    seen = []
    for house in (here, there, here):
        with practice_scope(house.practice.id):
            seen.append(sorted(OFTEN.rows(but_not=uuid4()).scalars()))

    mine, theirs = (sorted([h.client.first_name, h.client.last_name]) for h in (here, there))
    assert seen == [mine, theirs, mine]


def test_a_statement_put_together_once_is_not_asked_outside_a_practice(app: Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="enter practice_scope"):
        OFTEN.rows(but_not=uuid4())
    with app.app_context(), pytest.raises(RuntimeError, match="outside a practice"):
        Often(sa.select(Client)).objects()


@pytest.mark.parametrize(
    "leaving",
    [
        sa.select(Client.__table__.c.last_name),
        sa.select(sa.func.count()).select_from(sa.select(User.__table__.c.id).subquery()),
        sa.union_all(sa.select(Client.last_name), sa.select(Client.__table__.c.last_name)),
    ],
)
def test_a_statement_that_would_leave_the_practice_is_not_asked(
    here: House, leaving: sa.Select[Any]
) -> None:
    with practice_scope(here.practice.id), pytest.raises(RuntimeError, match="in every practice"):
        Often(leaving).rows()
