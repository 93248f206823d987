"""Signing up makes one new practice for whoever has the address, and touches nothing else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from config import Config
from practice.app import create_app
from practice.core.db import Base, db, practice_scope
from practice.people import doors, signing_up
from practice.people.models import Door
from practice.people.rules import DoorKind
from tests import databases
from tests.browsers import Browser, send
from tests.integration.sessions.settings.conftest import (
    PASSWORD,
    SIGN_UP,
    Clock,
    link_in,
    mails,
    practices,
    sign_up,
    start,
)

HERS = "jo@high-plains.example"


def everything(slug: str) -> dict[str, list[Any]]:
    """Return all rows of a practice, but for its mail and its log of sign-ins."""
    found = doors.find(DoorKind.PRACTICE, slug)
    assert found is not None
    with practice_scope(found.practice_id):
        rows = {
            name: sorted(
                map(
                    repr,
                    db.session.execute(
                        sa.select(table).where(table.c.practice_id == found.practice_id)
                    ),
                )
            )
            for name, table in Base.metadata.tables.items()
            if "practice_id" in table.c and name not in ("messages", "jobs", "sign_ins")
        }
        db.session.rollback()
        return rows


def door_kinds() -> list[str]:
    kinds = db.session.scalars(sa.select(Door.kind)).all()
    db.session.rollback()
    return sorted(kinds)


def test_nothing_can_be_found_until_the_mail_is_answered(client: FlaskClient) -> None:
    answer = sign_up(client)

    assert (answer.status_code, answer.location) == (303, "/sign-up/sent")
    assert door_kinds() == ["sign_up"]
    assert client.get("/p/high-plains-sanctuary-demo/").status_code == 404
    signed_in = send(client, "/sign-in", {"email": HERS, "password": PASSWORD})
    assert signed_in.status_code == 422


@pytest.mark.database("sqlite")
def test_the_link_alone_starts_nothing_for_who_does_not_know_the_password(
    client: FlaskClient,
) -> None:
    sign_up(client)
    link = link_in(mails()[0][2])
    stranger = client.application.test_client()

    assert stranger.get(link).status_code == 200
    answer = send(stranger, link, {"password": "another quiet room"})

    assert answer.status_code == 422
    assert "That is not the password that was typed in the form." in answer.text
    assert door_kinds() == ["sign_up"]
    assert send(stranger, link, {"password": PASSWORD}).status_code == 303


@pytest.mark.database("sqlite")
def test_a_link_works_once_and_for_two_days(client: FlaskClient, time: Clock) -> None:
    sign_up(client)
    link = link_in(mails()[0][2])
    time.now += timedelta(days=2)
    assert client.get(link).status_code == 404
    time.now -= timedelta(minutes=1)

    assert send(client, link, {"password": PASSWORD}).status_code == 303
    assert client.get("/settings/setup").status_code == 200
    assert client.get(link).status_code == 404


def test_a_known_address_gets_the_same_answer_and_its_account_stays_as_it_is(
    client: FlaskClient,
) -> None:
    start(client)
    before = everything("high-plains-sanctuary-demo")
    stranger = client.application.test_client()

    taken = {"slug": "another", "password": "the password of a stranger", "name": "Another"}
    known, new = sign_up(stranger, **taken), sign_up(stranger, **taken | {"email": "x@y.example"})

    assert (known.status_code, known.location) == (new.status_code, new.location)
    assert known.text == new.text
    assert everything("high-plains-sanctuary-demo") == before
    told = [(name, to) for name, to, _ in mails() if to == HERS]
    assert told == [("staff-sign-up-known", HERS)]
    old = send(stranger, "/sign-in", {"email": HERS, "password": "the password of a stranger"})
    assert old.status_code == 422


@pytest.mark.database("sqlite")
def test_what_is_wrong_is_said_alike_for_a_known_and_an_unknown_address(
    client: FlaskClient,
) -> None:
    start(client)
    stranger = client.application.test_client()
    wrong = {"slug": "high-plains-sanctuary-demo"}

    known, new = (
        sign_up(stranger, **wrong, email=email) for email in (HERS, "jx@high-plains.example")
    )

    assert known.status_code == new.status_code == 422
    assert "That name is taken. high-plains-sanctuary-demo-2 is free." in known.text
    assert "That name is taken. high-plains-sanctuary-demo-2 is free." in new.text


def test_of_two_links_for_one_address_the_second_is_refused(client: FlaskClient) -> None:
    sign_up(client)
    sign_up(client, slug="second")
    links = [link_in(text) for _, _, text in mails()]
    assert send(client, links[0], {"password": PASSWORD}).status_code == 303
    before = door_kinds()

    answer = send(client.application.test_client(), links[1], {"password": PASSWORD})

    assert answer.status_code == 409
    assert "Somebody signs in with that email address already." in answer.text
    assert door_kinds() == before


@pytest.mark.database("sqlite")
def test_two_practices_of_one_name_get_two_names_in_addresses(client: FlaskClient) -> None:
    sign_up(client)
    sign_up(client, email="kim@tidewater.example", locality="Norfolk, VA")
    links = [link_in(text) for _, _, text in mails()]

    for link in links:
        send(client.application.test_client(), link, {"password": PASSWORD})

    found = [
        doors.find(DoorKind.PRACTICE, slug)
        for slug in ("high-plains-sanctuary-demo", "high-plains-sanctuary-demo-2")
    ]
    assert None not in found


WRONG = [
    ({"password": "too short"}, "Use at least 15 characters"),
    ({"password": HERS}, "Use something other than your email address"),
    ({"slug": "Not A Slug"}, "Use small letters, digits and single hyphens"),
    ({"name": "静かな家"}, "Use small letters, digits and single hyphens"),
    ({"time_zone": "Mars/Olympus"}, "Not a valid choice"),
    ({"email": "nobody"}, "Enter an email address like name@example.com"),
    ({"name": "a\u202eb"}, "Leave out characters that cannot be seen"),
]


@pytest.mark.database("sqlite")
def test_a_form_that_is_refused_keeps_what_was_typed(client: FlaskClient) -> None:
    for other, words in WRONG:
        answer = sign_up(client, **other)

        assert answer.status_code == 422
        assert words in answer.text
        assert 'value="Jo Marsh (demo)"' in answer.text
        assert PASSWORD not in answer.text
    assert door_kinds() == []


@pytest.mark.database("sqlite")
def test_a_network_that_asks_too_often_must_wait(client: FlaskClient) -> None:
    statuses = [sign_up(client, email=f"a{n}@b.example").status_code for n in range(11)]

    assert statuses == [303] * 10 + [429]


@pytest.mark.database("sqlite")
def test_an_address_that_is_typed_too_often_must_wait(client: FlaskClient) -> None:
    statuses = [sign_up(client, slug=f"name-{n}").status_code for n in range(4)]

    assert statuses == [303] * 3 + [429]


def test_what_was_never_started_is_forgotten_after_nine_days(
    client: FlaskClient, time: Clock
) -> None:
    start(client)
    found = doors.find(DoorKind.PRACTICE, "high-plains-sanctuary-demo")
    sign_up(client, email="kim@tidewater.example")
    assert found is not None
    before = everything("high-plains-sanctuary-demo")
    db.session.rollback()

    time.now += timedelta(days=9)
    signing_up.tidy(found.practice_id)
    assert "sign_up" in door_kinds()
    time.now += timedelta(seconds=1)
    signing_up.tidy(found.practice_id)

    assert "sign_up" not in door_kinds()
    assert everything("high-plains-sanctuary-demo") == before
    assert practices() == {found.practice_id}


@pytest.fixture
def closed(database_url: str) -> Iterator[Flask]:
    app = create_app(Config.from_env(databases.settings(database_url) | {"SIGN_UP": "off"}))
    app.test_client_class = Browser
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.database("sqlite")
def test_an_installation_can_take_on_nobody(closed: Flask) -> None:
    browser = closed.test_client()

    assert "Start a practice" not in browser.get("/sign-in").text
    assert browser.get("/sign-up").status_code == 404
    assert send(browser, "/sign-up", SIGN_UP).status_code == 404
