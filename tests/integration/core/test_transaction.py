"""The one commit: what begins, waits, is tried again, and leaves no trace."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Barrier

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError, OperationalError

from practice.core import connections
from practice.core.db import (
    TRIES,
    Busy,
    db,
    in_transaction,
    practice_scope,
    read_again,
    rehearse,
    transaction,
)
from practice.core.errors import Conflict
from practice.people import doors
from practice.people.models import Client, User
from practice.people.rules import DoorKind
from tests import factories
from tests.browsers import send
from tests.integration.core.conftest import House


def names() -> list[str]:
    return list(db.session.scalars(sa.select(Client.first_name).order_by(Client.first_name)))


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


# All or nothing ----------------------------------------------------------------------------------


def test_a_transaction_keeps_what_succeeds(here: House) -> None:
    with factories.made(here.practice):
        factories.create_client(first_name="Robin")

    with practice_scope(here.practice.id):
        assert names() == ["Alex", "Robin"]


def test_a_rehearsal_tells_what_would_be_and_leaves_no_trace(here: House) -> None:
    def add() -> list[str]:
        factories.create_client(first_name="Robin")
        return names()

    with practice_scope(here.practice.id):
        assert rehearse(add) == ["Alex", "Robin"]
        assert names() == ["Alex"]


def test_a_rehearsal_that_goes_wrong_says_so(here: House) -> None:
    def fail() -> None:
        raise Conflict("It cannot be.")

    with practice_scope(here.practice.id), pytest.raises(Conflict):
        rehearse(fail)


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit])
def test_a_transaction_that_fails_leaves_no_trace(here: House, error: type[BaseException]) -> None:
    def fail() -> None:
        factories.create_client(first_name="Robin")
        raise error

    with practice_scope(here.practice.id):
        with pytest.raises(error), transaction():
            fail()

        assert names() == ["Alex"]
        with transaction():
            factories.create_client(first_name="Robin")
        assert names() == ["Alex", "Robin"]


def test_a_transaction_does_not_nest(here: House) -> None:
    with (
        factories.made(here.practice),
        pytest.raises(RuntimeError, match="does not nest"),
        transaction(),
    ):
        pass


def test_a_refused_nesting_leaves_the_outer_block_whole(here: House) -> None:
    with factories.made(here.practice):
        factories.create_client(first_name="Robin")
        with pytest.raises(RuntimeError, match="does not nest"), transaction():
            pass

    with practice_scope(here.practice.id):
        assert names() == ["Alex", "Robin"]


def test_nothing_is_written_outside_a_transaction(here: House) -> None:
    with practice_scope(here.practice.id):
        db.session.add(Client(**dict.fromkeys(("first_name", "last_name", "email"), "x")))

        with pytest.raises(RuntimeError, match="written inside transaction"):
            db.session.flush()
        db.session.rollback()


def test_what_was_changed_before_a_transaction_is_not_smuggled_in(here: House) -> None:
    with practice_scope(here.practice.id):
        client = db.session.scalars(sa.select(Client)).one()
        client.first_name = "Smuggled"

        with pytest.raises(RuntimeError, match="written inside transaction"), transaction():
            pass
        db.session.rollback()
        assert names() == ["Alex"]


# What a writer reads -----------------------------------------------------------------------------


@contextmanager
def somebody_else(app: Flask, house: House) -> Iterator[None]:
    """Be another request for a moment."""
    with app.app_context(), factories.made(house.practice):
        yield


def rename(app: Flask, house: House, name: str) -> None:
    with somebody_else(app, house):
        db.session.execute(sa.update(Client).values(first_name=name))


def test_a_transaction_ends_the_read_that_came_before(app: Flask, here: House) -> None:
    with practice_scope(here.practice.id):
        client = db.session.scalars(sa.select(Client)).one()
        rename(app, here, "Robin")

        with transaction():
            again = db.session.scalars(sa.select(Client)).one()
            assert (again.first_name, again is client) == ("Robin", True)


def test_what_is_read_twice_in_a_transaction_is_read_anew(app: Flask, here: House) -> None:
    with practice_scope(here.practice.id), transaction():
        client = db.session.scalars(sa.select(Client)).one()
        db.session.connection().execute(sa.text("UPDATE clients SET first_name = 'Robin'"))

        assert client.first_name == "Alex"
        assert db.session.scalars(sa.select(Client)).one().first_name == "Robin"


def test_read_again_sees_what_others_have_written(app: Flask, here: House) -> None:
    with practice_scope(here.practice.id):
        assert names() == ["Alex"]
        rename(app, here, "Robin")
        read_again()

        assert names() == ["Robin"]


@pytest.mark.database("sqlite")
def test_a_transaction_begins_as_a_writer(database_url: str, here: House) -> None:
    with (
        practice_scope(here.practice.id),
        transaction(),
        closing(sqlite3.connect(file_of(database_url), timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


@pytest.mark.database("sqlite")
def test_a_read_keeps_nobody_from_writing(database_url: str, here: House) -> None:
    with practice_scope(here.practice.id):
        names()
        with closing(sqlite3.connect(file_of(database_url), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.rollback()


@pytest.mark.database("sqlite")
def test_sqlite_keeps_what_it_acknowledged_and_every_reference(here: House) -> None:
    with practice_scope(here.practice.id):
        pragmas = {
            name: db.session.scalar(sa.text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }


@pytest.mark.database("postgresql")
def test_what_is_prepared_stays_prepared_when_a_read_ends(here: House) -> None:
    for _ in range(8):
        with practice_scope(here.practice.id):
            names()
        db.session.remove()

    with practice_scope(here.practice.id):
        prepared = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE :it")
        assert db.session.scalar(prepared, {"it": "%FROM clients%"}) == 1


@pytest.mark.database("postgresql")
def test_a_connection_that_the_server_closed_is_not_handed_out(
    database_url: str, here: House
) -> None:
    with practice_scope(here.practice.id):
        names()
        pid = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
        db.session.remove()
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as other:
            ended = other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone()

        assert ended == (True,)
        assert names() == ["Alex"]


# Waiting -----------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for other writers a moment only. The wait is set as a connection opens."""
    monkeypatch.setattr(connections, "WRITER_WAITS_MS", 20)


@pytest.mark.database("sqlite")
def test_a_writer_that_waited_too_long_says_so_and_changes_nothing(
    impatient: None, database_url: str, here: House
) -> None:
    with closing(sqlite3.connect(file_of(database_url))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="Nothing was changed"), factories.made(here.practice):
            pytest.fail("nobody gets here while another one writes")
        other.rollback()

    with factories.made(here.practice):
        factories.create_client(first_name="Robin")
    with practice_scope(here.practice.id):
        assert names() == ["Alex", "Robin"]


@pytest.mark.database("postgresql")
def test_a_row_that_somebody_holds_for_too_long_is_busy(
    impatient: None, database_url: str, here: House
) -> None:
    def change() -> None:
        factories.create_client(first_name="Robin")
        db.session.execute(sa.update(Client).values(first_name="Robin"))

    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        other.execute("SELECT set_config('app.practice_id', %s, false)", [str(here.practice.id)])
        other.execute("SELECT * FROM clients FOR UPDATE")
        with pytest.raises(Busy, match="Nothing was changed"), factories.made(here.practice):
            change()
        other.rollback()

    with practice_scope(here.practice.id):
        assert names() == ["Alex"]


@pytest.mark.database("sqlite")
def test_a_page_that_cannot_write_answers_503_and_when_to_come_back(
    impatient: None, database_url: str, client: FlaskClient
) -> None:
    client.get("/healthz")
    with closing(sqlite3.connect(file_of(database_url))) as other:
        other.execute("BEGIN IMMEDIATE")

        answer = send(client, "/sign-in", {"email": "a@mail.example", "password": "a room"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "The practice is very busy. Nothing was changed." in answer.text


def test_another_error_of_the_database_is_not_called_busy(here: House) -> None:
    with pytest.raises(IntegrityError), factories.made(here.practice):
        doors.cut(DoorKind.PRACTICE, here.practice.slug, here.practice.id)


# Trying again ------------------------------------------------------------------------------------

PATIENCE = 30  # seconds until a test that has gone wrong is given up
CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'try again' USING ERRCODE = '{}'; END $$"


@dataclass
class Stubborn:
    """Work that adds a client, and that the database stops so many times."""

    times: int
    code: str = "serialization_failure"
    tries: int = 0

    def __call__(self) -> int:
        self.tries += 1
        factories.create_client(first_name=f"Robin {self.tries}")
        if self.tries <= self.times:
            db.session.execute(sa.text(CONFLICT.format(self.code)))
        return self.tries


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("code", ["serialization_failure", "deadlock_detected"])
def test_work_that_the_database_asks_to_repeat_is_repeated(here: House, code: str) -> None:
    with practice_scope(here.practice.id):
        tries = in_transaction(Stubborn(TRIES - 1, code))

        assert tries == TRIES == 5
        assert names() == ["Alex", "Robin 5"]


@pytest.mark.database("postgresql")
def test_work_is_given_up_after_five_tries(here: House) -> None:
    work = Stubborn(TRIES)
    with practice_scope(here.practice.id):
        with pytest.raises(OperationalError):
            in_transaction(work)

        assert work.tries == TRIES
        assert names() == ["Alex"]


@pytest.mark.parametrize("error", [Conflict("taken"), KeyError()])
def test_work_that_fails_by_itself_is_not_repeated(here: House, error: Exception) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise error

    with practice_scope(here.practice.id), pytest.raises(type(error)):
        in_transaction(work)

    assert len(tries) == 1


def test_work_that_is_refused_by_a_key_is_not_repeated(here: House) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        doors.cut(DoorKind.PRACTICE, here.practice.slug, here.practice.id)

    with practice_scope(here.practice.id), pytest.raises(IntegrityError):
        in_transaction(work)

    assert len(tries) == 1


@pytest.mark.database("postgresql")
def test_whoever_loses_a_deadlock_does_its_work_a_second_time(app: Flask, here: House) -> None:
    both_hold_one = Barrier(2)
    tries: list[type[Client | User]] = []

    def lock(first: type[Client | User], second: type[Client | User]) -> None:
        def work() -> None:
            tries.append(first)
            db.session.scalars(sa.select(first).with_for_update()).one()
            if tries.count(first) == 1:
                both_hold_one.wait(PATIENCE)
            db.session.scalars(sa.select(second).with_for_update()).one()

        with app.app_context(), practice_scope(here.practice.id):
            in_transaction(work)

    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(lock, Client, User), threads.submit(lock, User, Client)]
        for each in asked:
            each.result()

    assert len(tries) == 3
