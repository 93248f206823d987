"""`flask demo`: once, twice, on the same day elsewhere, and where it has no business."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.core import clock
from practice.core.db import Base, db, practice_scope, read_again
from practice.demo import cli, stage
from practice.demo.cast import HARBOR, HOUSES, PASSPHRASE, House
from practice.people import doors
from practice.people.queries import enter_by_slug
from practice.people.signing_in import sign_in
from tests import databases, factories
from tests.integration.demo.conftest import NOON, program, told

ALIKE: dict[str, tuple[tuple[House, ...], int]] = {
    "sqlite": (HOUSES, 140),
    "postgresql": ((HARBOR,), 12),
}
"""Which houses are made a second time, and more sessions than how many they have.

To make a house takes many seconds, and what it is like depends on no database: on the second one
the small house is enough.
"""


def rows_by_table() -> dict[str, int]:
    counted = {}
    for practice_id in doors.every_practice():
        with practice_scope(practice_id):
            for mapper in Base.registry.mappers:
                name = f"{practice_id} {mapper.local_table.name}"  # type: ignore[attr-defined]  # a table, not a join
                count = sa.select(sa.func.count()).select_from(mapper.class_)
                counted[name] = db.session.scalars(count).one()
    return counted


def told_of(houses: Iterable[House]) -> list[tuple[object, ...]]:
    found = []
    for house in houses:
        enter_by_slug(house.facts.slug)
        found += told()
    read_again()  # a server closes a read that is left open while the next demo is made
    return found


def test_the_second_time_it_only_says_who_can_sign_in(app: Flask) -> None:
    before = rows_by_table()

    answer = app.test_cli_runner().invoke(args=["demo"])

    assert (answer.exit_code, answer.output) == (0, f"{cli.sign_ins()}\n")
    assert rows_by_table() == before


def test_practices_that_came_later_are_no_reason_to_stop(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = pytest.fail
    monkeypatch.setattr(stage, "_refuse_real_practices", lambda: looked("nothing is missing"))

    stage.make(HOUSES)


def test_the_same_day_makes_the_same_demo(app: Flask, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["staged"]
    houses, sessions = ALIKE[kind]
    there = told_of(houses)

    with (
        databases.fresh(kind) as url,
        program(url),
        clock.pretend(NOON - timedelta(hours=7, minutes=13)),
    ):
        stage.make(houses)
        here = told_of(houses)

    assert len(there) > sessions
    assert here == there


def test_everybody_can_sign_in_with_what_is_printed(app: Flask) -> None:
    said = cli.sign_ins()
    for house in HOUSES:
        for member in house.staff:
            assert member.email in said
            assert sign_in(member.email, PASSPHRASE, address="127.0.0.1", program="test")
    assert PASSPHRASE in said


def test_a_real_practice_is_left_alone(database_url: str) -> None:
    with program(database_url) as app:
        practice = factories.create_practice(slug="elsewhere")
        with factories.made(practice):
            db.session.merge(practice).name = "Elsewhere"
        before = doors.every_practice()

        answer = app.test_cli_runner().invoke(args=["demo"])

        assert answer.exit_code == 1
        assert "There is a practice here already" in answer.stderr
        assert answer.stdout == ""
        assert doors.every_practice() == before


def test_a_practice_is_there_as_a_whole_or_not_at_all(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_owner: object) -> None:
        raise KeyboardInterrupt

    with program(database_url), clock.pretend(NOON):
        monkeypatch.setattr(stage, "_subscribe", fail)
        with pytest.raises(KeyboardInterrupt):
            stage.make([HARBOR])

        assert doors.every_practice() == []
