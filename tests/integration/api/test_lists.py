"""Lists that come in pages, and nobody else's rows."""

from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from practice.api.rules.scopes import Scope
from practice.api.service import tokens
from practice.core.db import practice_scope, transaction
from practice.people.models import Practice
from practice.people.rules import Role
from tests import factories
from tests.factories import OWNER
from tests.integration.api.conftest import Program, problem
from tests.integration.furnished import everything, furnish
from tests.integration.sessions.conftest import Clock


def test_pages_hold_every_row_once_and_in_order(
    program: Program, practice: Practice, time: Clock
) -> None:
    with transaction():
        made = [str(factories.create_client(last_name=f"Bell {n}").id) for n in range(7)]

    seen, cursor = [], None
    for _ in range(4):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = program.get("/clients", **query).get_json()
        seen.append([each["id"] for each in page["items"]])
        cursor = page["next_cursor"]

    assert cursor is None
    assert [len(each) for each in seen] == [2, 2, 2, 1]
    assert [each for page in seen for each in page] == sorted(made)  # all came at once


@pytest.mark.database("sqlite")
def test_a_cursor_that_was_not_given_out_is_refused(program: Program) -> None:
    with transaction():
        for _ in range(2):
            factories.create_client()
    good = program.get("/clients", limit=1).get_json()["next_cursor"]

    refused = [
        program.get("/clients", cursor=cursor)
        for cursor in (good[:-1], f"{good}x", "x", "W10.x", "null", "0")
    ]
    elsewhere = program.get("/bookings", cursor=good)

    assert {problem(each) for each in [*refused, elsewhere]} == {(400, "Malformed")}
    assert program.get("/clients", cursor=good).status_code == 200


def test_an_address_finds_its_client(program: Program) -> None:
    with transaction():
        client = factories.create_client()
        factories.create_client()

    found = program.get("/clients", email=client.email.upper()).get_json()

    assert [each["id"] for each in found["items"]] == [str(client.id)]


# Another practice's ids --------------------------------------------------------------------------


def scoped(app: Flask) -> list[tuple[Rule, str]]:
    """Return every address for programs with a token that holds an id, with its methods."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        if hasattr(app.view_functions[rule.endpoint], "scope") and "<uuid:" in rule.rule
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


BODIES = {
    "api.details": {
        "first_name": "A",
        "last_name": "B",
        "email": "a@b.example",
        "phone": "7575550123",
        "is_adult": True,
    },
    "api.move": {"starts_at": "2026-12-02T15:00:00Z"},
    "api.change_webhook": {"url": "https://www.example.com/x", "events": ["payment.paid"]},
}


def test_somebody_elses_id_and_no_ones_id_get_the_same_answer_and_change_nothing(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        here, there = furnish("tidewater"), furnish("harbor")
        with practice_scope(here.practice.id), transaction():
            user = factories.create_user(Role.OWNER)
            _, secret = tokens.make("All", Scope, made_by=user.id, by=OWNER)
    headers = {"Authorization": f"Bearer {secret}"}
    ids = dict(there.ids) | {
        "booking_id": there.ids["appointment_id"],
        "payment_id": there.ids["receipt_id"],
    }
    client.get("/api/v1/practice", headers=headers)
    with app.app_context():
        before = everything(here), everything(there)

    answers: dict[tuple[str, str], set[tuple[int, str, str]]] = {}
    for rule, method in scoped(app):
        for wrong in (ids, dict.fromkeys(ids, uuid4())):
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<uuid:{name}>", str(wrong[name]))
            sent = BODIES.get(rule.endpoint, {})
            answer = client.open(path, method=method, json=sent, headers=headers)
            told = (*problem(answer), answer.get_json()["detail"])
            answers.setdefault((rule.endpoint, method), set()).add(told)

    assert len(answers) > 15
    assert {asked: told for asked, told in answers.items() if len(told) != 1} == {}
    assert {next(iter(told))[0] for told in answers.values()} == {404}
    with app.app_context():
        assert (everything(here), everything(there)) == before


@pytest.mark.database("sqlite")
def test_what_is_no_id_is_nowhere(program: Program) -> None:
    odd = ["0", "-1", "9223372036854775808", "1e3", "%201", "１", "*"]

    answers = [problem(program.get(f"/bookings/{each}")) for each in odd]

    assert answers == [(404, "NotFound")] * len(odd)
