"""What the API says of itself, held against what it does."""

from flask import Flask
from jsonschema import Draft202012Validator

from practice.api.rules.scopes import Scope
from practice.core.db import transaction
from tests import factories
from tests.fuzzing import ask_everything
from tests.integration.api.conftest import Program
from tests.integration.sessions.pages.conftest import TUESDAY, WEDNESDAY, at, sent, text_of


def test_every_operation_says_who_may_ask_and_what_is_answered(program: Program) -> None:
    document = program.get("/openapi.json").get_json()

    operations = {
        f"{method} {path}": said
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://localhost"}]
    assert len(operations) > 35
    asked = {name: said["security"] for name, said in operations.items()}
    assert {name for name, who in asked.items() if not who} == {
        name for name in operations if "/api/v1/p/{slug}/" in name
    }
    assert {scope for who in asked.values() for each in who for scope in each["token"]} == set(
        Scope
    )
    assert all("4XX" in said["responses"] for said in operations.values())
    ids = [said["operationId"] for said in operations.values()]
    assert len(set(ids)) == len(ids)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_people_find_all_of_it_on_a_page_without_scripts(visitor: Program) -> None:
    page = visitor.get("/")

    assert "POST /api/v1/bookings Book a session for a client" in text_of(page)
    assert "SlotTaken Someone else was quicker." in text_of(page)
    assert 'id="SlotTaken"' in page.text


def test_whatever_is_asked_nothing_breaks(app: Flask, program: Program) -> None:
    with transaction():
        client = factories.create_client()
    booked = program.post(
        "/bookings",
        {"service": "consult", "client_id": str(client.id), "starts_at": sent(at(TUESDAY, 10))},
    ).get_json()
    held = program.post("/holds", {"service": "intake", "starts_at": sent(at(WEDNESDAY, 10))})
    known = {
        "slug": ["tidewater"],
        "service": ["consult", "intake"],
        "booking_id": [booked["id"], held.get_json()["id"]],
        "client_id": [str(client.id)],
        "starts_at": [sent(at(TUESDAY, hour)) for hour in (9, 11, 14)],
        "url": ["https://www.example.com/news"],
    }

    found = ask_everything(app, program.token, known, examples=2)

    assert found.wrong == []
    assert found.broken == 0
    assert found.statuses[200] > 10
