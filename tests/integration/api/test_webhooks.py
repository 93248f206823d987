"""News for other programs: signed, in order, tried again, and never sent inside a network."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from practice.api import queries
from practice.api.models import Delivery, DeliveryState, Webhook
from practice.api.rules.events import TRIES, Event
from practice.api.service import webhooks
from practice.calendar.models import Resource
from practice.core import outside
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict, Invalid
from practice.outbox import jobs
from practice.outbox.models import Task
from practice.people.models import Practice
from practice.sessions.queries import get_service
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking
from tests import databases, factories
from tests.factories import OWNER
from tests.integration.api.conftest import Program, problem
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import TUESDAY, WEDNESDAY, at

BOOKINGS = (Event.BOOKING_CREATED, Event.BOOKING_CONFIRMED, Event.BOOKING_MOVED)


class Listener:
    """An address on this machine that writes down what it gets, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []  # the next ones; 200 after them
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((dict(self.headers), body))
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("Location", "http://169.254.169.254/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/news"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, args=(0.01,))
    thread.start()
    yield listener
    listener.server.shutdown()
    thread.join()
    listener.server.server_close()


@pytest.fixture
def config(database_url: str) -> Config:
    """A sandbox, in which this very machine may listen."""
    return Config.from_env(
        databases.settings(database_url)
        | {
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRETS": "whsec_that_is_in_use",
            "STRIPE_API_BASE": "http://127.0.0.1:9",
            "PAYMENTS_SANDBOX": "1",
        }
    )


def listen(listener: Listener, *events: Event) -> tuple[Webhook, str]:
    with transaction():
        return webhooks.listen(listener.url, events or Event, by=OWNER)


def book_and_move(times: int = 1) -> str:
    """Book a call as staff do, move it so often, and return its id."""
    with transaction():
        client = factories.create_client()
        booked = booking.book(
            client,
            get_service("consult"),
            starts_at=at(TUESDAY, 10),
            modality=Modality.TELEHEALTH,
            by=OWNER,
        )
    for n in range(times):
        with transaction():
            booking.move(booked, starts_at=at(WEDNESDAY, 10 + n), by=OWNER, sequence=n)
    return str(booked.id)


def run() -> None:
    """Let the worker do what is due."""
    read_again()
    jobs.run_due()
    read_again()


def deliveries() -> list[Delivery]:
    read_again()
    db.session.expire_all()  # nothing that the test still holds is remembered
    rows = db.session.scalars(sa.select(Delivery).order_by(Delivery.subject_id, Delivery.ordinal))
    return list(rows)


def test_news_is_ids_and_states_signed_and_in_order(
    therapist: Resource, listener: Listener, time: Clock
) -> None:
    _, secret = listen(listener, *BOOKINGS)
    booked = book_and_move()

    for _ in range(4):
        run()
        time.now += timedelta(seconds=3)

    told = listener.told
    assert [(each["type"], each["data"]["ordinal"]) for each in told] == [
        ("booking.created", 1),
        ("booking.confirmed", 2),
        ("booking.moved", 3),
    ]
    assert {each["data"]["id"] for each in told} == {booked}
    assert told[0] == {
        "id": str(deliveries()[0].id),
        "type": "booking.created",
        "created_at": "2027-03-01T13:00:00Z",
        "data": {"object": "booking", "id": booked, "state": "confirmed", "ordinal": 1},
    }
    headers, body = listener.got[0]
    stamp, mac = headers["Sanctuary-Signature"].split(",")
    signed = stamp.removeprefix("t=").encode() + b"." + body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert mac == f"v1={wanted}"
    assert [each.state for each in deliveries()] == [DeliveryState.TAKEN] * 3


def test_what_comes_later_waits_until_the_earlier_is_taken(
    therapist: Resource, listener: Listener, time: Clock
) -> None:
    listen(listener, *BOOKINGS)
    listener.answers = [500, 302]
    book_and_move()

    run()
    assert [each["type"] for each in listener.told] == ["booking.created"]
    assert [(each.tries, each.status) for each in deliveries()] == [(1, 500), (0, None), (0, None)]
    for _ in range(8):
        time.now += timedelta(seconds=20)
        run()

    types = [each["type"] for each in listener.told]
    assert types == ["booking.created"] * 3 + ["booking.confirmed", "booking.moved"]
    assert len({body for _, body in listener.got}) == 3  # a later try sends the same


def test_another_subject_does_not_wait(
    therapist: Resource, listener: Listener, time: Clock
) -> None:
    listen(listener, Event.CLIENT_ADDED, Event.CLIENT_CHANGED)
    listener.answers = [500]
    with transaction():
        for n in (1, 2):
            webhooks.happened("client:add", factories.create_client(last_name=f"{n}").id, {})

    run()

    assert len(listener.told) == 2
    assert sorted(each.state for each in deliveries()) == ["taken", "waiting"]


def test_news_that_is_never_taken_is_given_up_and_a_person_hears_of_it(
    therapist: Resource, listener: Listener, time: Clock
) -> None:
    listen(listener, Event.CLIENT_ADDED)
    listener.answers = [503] * 2 * TRIES
    with transaction():
        webhooks.happened("client:add", factories.create_client().id, {})

    for _ in range(TRIES):
        run()
        time.now += timedelta(hours=5)

    (given_up,) = deliveries()
    assert (given_up.state, given_up.tries) == (DeliveryState.GIVEN_UP, TRIES)
    tasks = db.session.scalars(sa.select(Task.kind)).all()
    assert tasks == ["webhook-failed"]
    with transaction():
        listener.answers.clear()
        webhooks.send_again(queries.get_delivery(given_up.id), by=OWNER)
    run()
    assert [(each.state, each.tries, each.problem) for each in deliveries()] == [
        (DeliveryState.TAKEN, 1, None)
    ]
    assert len({body for _, body in listener.got}) == 1


def test_both_secrets_sign_for_a_day(therapist: Resource, listener: Listener, time: Clock) -> None:
    webhook, old = listen(listener, Event.CLIENT_ADDED)
    with transaction():
        new = webhooks.rotate(queries.get_webhook(webhook.id), by=OWNER)
    for _ in range(2):
        with transaction():
            webhooks.happened("client:add", factories.create_client().id, {})
        run()
        time.now += timedelta(hours=25)

    signers = []
    for headers, body in listener.got:
        stamp, *macs = headers["Sanctuary-Signature"].split(",")
        signed = stamp.removeprefix("t=").encode() + b"." + body
        signers.append(
            [
                secret == new
                for mac in macs
                for secret in (old, new)
                if mac == f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
            ]
        )
    assert signers == [[True, False], [True]]


def test_an_address_that_wants_no_more_gets_no_more(
    therapist: Resource, listener: Listener, practice: Practice
) -> None:
    webhook, _ = listen(listener, Event.CLIENT_ADDED)
    with transaction():
        webhooks.happened("client:add", factories.create_client().id, {})
    with transaction():
        webhooks.end(queries.get_webhook(webhook.id), by=OWNER)

    run()

    assert (listener.got, [each.state for each in deliveries()]) == ([], [DeliveryState.GIVEN_UP])
    with pytest.raises(Conflict), transaction():
        webhooks.end(queries.get_webhook(webhook.id), by=OWNER)
    read_again()
    assert db.session.scalars(sa.select(Practice.has_webhooks)).all() == [False]


def test_where_nobody_listens_nothing_is_written(therapist: Resource) -> None:
    book_and_move()

    assert deliveries() == []


# Where nothing is sent ---------------------------------------------------------------------------


def test_an_address_that_leads_inside_is_not_listened_to(therapist: Resource) -> None:
    refused = (
        "",
        "ftp://www.example.com/",
        "file:///etc/passwd",
        "http://www.example.com/",
        "https://www.example.com:8443/",
        "https://me:secret@www.example.com/",
        "https://www.example.com/#here",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://224.0.0.1/",
        "https://exa mple.com/",
        "https://www.example.com/\x00",
        "https://[",
        "javascript:alert(1)",
        "//www.example.com/",
    )
    for url in refused:
        with pytest.raises(Invalid), transaction():
            webhooks.listen(url, Event, by=OWNER)
    assert queries.webhooks() == []


@pytest.mark.database("sqlite")
def test_a_name_that_leads_inside_is_found_out_before_anything_is_sent(
    therapist: Resource, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener.server.server_port

    def resolve(*_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)

    with pytest.raises(outside.Unreachable, match="inside"):
        outside.post("https://rebound.example/", b"{}", {})
    assert listener.got == []


@pytest.mark.database("sqlite")
def test_a_redirect_is_an_answer_and_not_a_way(therapist: Resource, listener: Listener) -> None:
    listener.answers = [307]

    assert outside.post(listener.url, b"{}", {}) == 307
    assert len(listener.got) == 1


@pytest.mark.database("sqlite")
def test_what_answers_without_end_is_left(
    therapist: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket  # noqa: PLC0415  a server of one line

    monkeypatch.setattr(outside, "LONGEST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(outside.Unreachable):
            outside.post(f"http://127.0.0.1:{port}/", b"{}", {})


# Over the API ------------------------------------------------------------------------------------


def test_a_program_manages_webhooks_by_itself(
    program: Program, listener: Listener, time: Clock
) -> None:
    sent = {"url": listener.url, "events": ["client.added"]}
    made = program.post("/webhooks", sent, key="one").get_json()
    again = program.post("/webhooks", sent, key="one").get_json()
    path = f"/webhooks/{made['id']}"
    client = {"first_name": "A", "last_name": "B", "email": "a@b.example", "phone": "7575550123"}

    program.post("/clients", client)
    run()
    (delivery,) = program.get(f"{path}/deliveries").get_json()["items"]
    sent_again = program.post(f"/deliveries/{delivery['id']}/send-again").get_json()
    rotated = program.post(f"{path}/rotate").get_json()
    changed = program.ask("PUT", path, sent | {"events": ["payment.paid"]}).get_json()
    ended = program.ask("DELETE", path).get_json()

    assert made == again
    assert made["secret"].startswith("whsec_")
    assert (delivery["state"], delivery["status"], delivery["tries"]) == ("taken", 200, 1)
    assert sent_again["state"] == "waiting"
    assert rotated["secret"] != made["secret"]
    assert changed["events"] == ["payment.paid"]
    assert ended["ended_at"] is not None
    assert program.get("/webhooks").get_json() == {"items": []}
    assert problem(program.ask("DELETE", path)) == (409, "Conflict")
    wrong = program.post("/webhooks", {"url": "https://10.0.0.1/", "events": ["client.added"]})
    assert problem(wrong) == (422, "Invalid")
