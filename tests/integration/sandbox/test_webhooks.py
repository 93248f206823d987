"""Events on their way: signed, in any order, twice, late, never; and what a reset stops."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from tests.integration.sandbox.conftest import SECRET, Ear
from tests.stripe_sandbox import DECLINED_CARD, GOOD_CARD, Sandbox

Open = Callable[..., stripe.checkout.Session]
Paid = Callable[..., Any]

OF_A_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


def test_a_payment_is_told_in_signed_events(sandbox: Sandbox, ear: Ear, paid_session: Paid) -> None:
    session = paid_session(GOOD_CARD)

    sandbox.wait_for_deliveries()

    told = {event.type: event for event in ear.events()}
    assert sorted(told) == sorted(OF_A_PAYMENT)
    event: Any = told["checkout.session.completed"]
    assert event.data.object.id == session.id
    assert event.data.object.payment_intent == session.payment_intent.id
    assert (event.api_version, event.livemode) == ("2026-08-26.dahlia", False)
    assert [one["state"] for one in sandbox.deliveries()] == ["delivered"] * 4


def test_a_decline_is_told_with_its_reason(sandbox: Sandbox, ear: Ear, open_session: Open) -> None:
    sandbox.pay(open_session().id, card=DECLINED_CARD)

    sandbox.wait_for_deliveries()

    told: Any = {event.type: event.data.object for event in ear.events()}
    assert sorted(told) == [
        "charge.failed",
        "payment_intent.created",
        "payment_intent.payment_failed",
    ]
    assert told["charge.failed"].failure_code == "card_declined"
    assert told["payment_intent.payment_failed"].last_payment_error.code == "card_declined"


def test_an_event_names_the_request_that_caused_it(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    customer = client.v1.customers.create({}, {"idempotency_key": "customer:1"})

    sandbox.wait_for_deliveries()

    [event] = ear.events()
    assert customer.last_response is not None
    assert event["request"].to_dict() == {
        "id": customer.last_response.headers["Request-Id"],
        "idempotency_key": "customer:1",
    }


def test_an_event_is_sent_again_until_it_is_taken(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    ear.answers = [500, 302]
    sandbox.hold_deliveries()
    client.v1.customers.create()

    [first] = sandbox.release_deliveries()
    [second] = sandbox.retry_deliveries()
    [third] = sandbox.retry_deliveries()

    tries = [(one["state"], one["attempts"], one["last_status"]) for one in (first, second, third)]
    assert tries == [("queued", 1, 500), ("queued", 2, 302), ("delivered", 3, 200)]
    assert second["due_at"] > first["due_at"]
    assert len({event.id for event in ear.events()}) == 1
    [event] = client.v1.events.list().data
    assert event.pending_webhooks == 0


def test_an_event_waits_while_nobody_listens(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.set_webhook("http://127.0.0.1:9/nobody")
    sandbox.hold_deliveries()
    client.v1.customers.create()

    [waiting] = sandbox.release_deliveries()

    assert (waiting["state"], waiting["last_error"]) == ("queued", "ConnectionError")
    undelivered = client.v1.events.list({"delivery_success": False}).data
    assert [event.id for event in undelivered] == [waiting["event"]]


def test_held_events_come_in_the_order_that_is_asked_for(
    sandbox: Sandbox, ear: Ear, paid_session: Paid
) -> None:
    sandbox.hold_deliveries()
    paid_session(GOOD_CARD)
    held = sandbox.deliveries("held")
    backwards = [one["id"] for one in held][::-1]

    released = sandbox.release_deliveries([*backwards, backwards[0]])

    assert [one["type"] for one in held] == OF_A_PAYMENT
    assert ear.types() == [*OF_A_PAYMENT[::-1], OF_A_PAYMENT[-1]]
    assert {one["state"] for one in released} == {"delivered"}


def test_events_that_come_together_really_do(
    sandbox: Sandbox, ear: Ear, paid_session: Paid
) -> None:
    sandbox.hold_deliveries()
    paid_session(GOOD_CARD)
    held = [one["id"] for one in sandbox.deliveries("held")]
    together = threading.Barrier(len(held))

    class Gate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            together.wait(timeout)
            return True

    ear.may_answer = Gate()
    sandbox.release_deliveries(held, together=True)

    assert sorted(ear.types()) == sorted(OF_A_PAYMENT)


def test_dropped_events_never_come_but_can_be_listed(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear, paid_session: Paid
) -> None:
    sandbox.hold_deliveries()
    paid_session(GOOD_CARD)

    sandbox.drop_deliveries()
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()

    assert ear.heard == []
    assert [event.type for event in client.v1.events.list().data] == OF_A_PAYMENT[::-1]


def test_one_event_can_be_sent_again(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    client.v1.customers.create()
    sandbox.wait_for_deliveries()
    [event] = client.v1.events.list().data

    sandbox.redeliver(event.id)
    sandbox.wait_for_deliveries()

    assert [one.id for one in ear.events()] == [event.id, event.id]


def test_a_reset_lets_nothing_queued_through(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    ear.answers = [500]
    sandbox.hold_deliveries()
    client.v1.customers.create()
    [queued] = sandbox.release_deliveries()
    sandbox.hold_deliveries()
    client.v1.customers.create()
    [held] = sandbox.deliveries("held")

    sandbox.reset()
    sandbox.set_webhook(ear.url, SECRET)
    sent = [*sandbox.retry_deliveries(), *sandbox.release_deliveries()]

    assert (queued["state"], held["state"]) == ("queued", "held")
    assert (sent, len(ear.heard)) == ([], 1)
    assert sandbox.deliveries() == []


def test_a_reset_waits_for_what_is_in_flight(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    ear.may_answer.clear()
    client.v1.customers.create()
    ear.arrived.wait(30)
    done = threading.Event()

    def reset() -> None:
        sandbox.reset()
        done.set()

    thread = threading.Thread(target=reset)
    thread.start()
    early = done.wait(0.2)
    ear.may_answer.set()
    thread.join()

    assert (early, done.is_set(), len(ear.heard)) == (False, True, 1)
    assert sandbox.deliveries() == []


def test_the_last_second_is_decided_by_the_session_alone(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear, open_session: Open
) -> None:
    session = open_session()

    sandbox.expire_session(session.id)
    late = sandbox.pay(session.id)
    sandbox.wait_for_deliveries()

    assert late.status_code == 410
    assert ear.types() == ["checkout.session.expired"]
    assert client.v1.payment_intents.list().data == []


def test_an_endpoint_made_by_the_api_has_a_secret_of_its_own(
    client: stripe.StripeClient, sandbox: Sandbox, ear: Ear
) -> None:
    sandbox.set_webhook(None)
    endpoint = client.v1.webhook_endpoints.create(
        {"url": ear.url, "enabled_events": ["customer.created"]}
    )
    customer = client.v1.customers.create()
    client.v1.customers.update(customer.id, {"name": "Pat"})

    sandbox.wait_for_deliveries()

    [(header, body)] = ear.heard
    assert endpoint.secret is not None
    assert stripe.WebhookSignature.verify_header(body.decode(), header, endpoint.secret)
    assert json.loads(body)["type"] == "customer.created"
    client.v1.webhook_endpoints.delete(endpoint.id)
    assert client.v1.webhook_endpoints.list().data == []


def test_an_endpoint_elsewhere_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="loopback") as refusal:
        client.v1.webhook_endpoints.create(
            {"url": "https://example.com/hook", "enabled_events": ["*"]}
        )

    assert refusal.value.param == "url"


def test_events_are_listed_by_kind_and_from_a_cursor_on(
    client: stripe.StripeClient, paid_session: Paid
) -> None:
    paid_session(GOOD_CARD)

    newest = client.v1.events.list({"limit": 1})
    rest = client.v1.events.list({"starting_after": newest.data[0].id})
    wild = client.v1.events.list({"type": "payment_intent.*"})
    some = client.v1.events.list({"types": ["charge.succeeded", "charge.failed"]})

    assert [event.type for event in newest.data] == OF_A_PAYMENT[3:]
    assert newest.has_more
    assert [event.type for event in rest.data] == OF_A_PAYMENT[2::-1]
    assert [event.type for event in wild.data] == [OF_A_PAYMENT[2], OF_A_PAYMENT[0]]
    assert [event.type for event in some.data] == ["charge.succeeded"]


def test_control_is_json_and_says_what_is_wrong(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.base_url}/_sandbox/deliveries/release", json={"order": ["dlv_no"]}, timeout=30
    )

    assert answer.status_code == 400
    assert "dlv_no" in answer.json()["error"]["message"]
