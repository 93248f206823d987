"""A sandbox of the test run's own, the real library to speak to it, and an ear for webhooks."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe
from stripe.params.checkout import SessionCreateParams

from tests.stripe_sandbox import Sandbox, start_sandbox

VERSION = "2026-08-26.dahlia"
SECRET = "whsec_of_the_tests"


def library(base_url: str | None, key: str = "sk_test_sandbox") -> stripe.StripeClient:
    """Return the unchanged library, speaking to a sandbox or (with no URL) to Stripe."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": base_url} if base_url else {},
        stripe_version=VERSION,
        http_client=stripe.RequestsClient(timeout=30),
        max_network_retries=2,
    )


@pytest.fixture(scope="session")
def process() -> Iterator[Sandbox]:
    sandbox = start_sandbox()
    yield sandbox
    broken = sandbox.violations()
    sandbox.stop()
    assert broken == []


@pytest.fixture
def sandbox(process: Sandbox) -> Sandbox:
    process.reset()
    process.set_webhook(None)
    return process


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return library(sandbox.base_url)


@pytest.fixture(params=["sandbox", "stripe"])
def either(request: pytest.FixtureRequest) -> stripe.StripeClient:
    """The sandbox and, when ``STRIPE_TEST_KEY`` is set, Stripe's own test mode in turn."""
    if request.param == "sandbox":
        client: stripe.StripeClient = request.getfixturevalue("client")
        return client
    key = os.environ.get("STRIPE_TEST_KEY")
    if not key:
        pytest.skip("STRIPE_TEST_KEY is not set; Stripe's own test mode is asked on request only")
    return library(None, key)


def session_params(**changes: Any) -> SessionCreateParams:
    """Return parameters of a Checkout Session over $120.00, with some of them changed."""
    params: Any = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 12000,
                    "product_data": {"name": "Appointment deposit"},
                },
            }
        ],
        "success_url": "http://127.0.0.1:1/done?checkout={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:1/back",
        "payment_method_types": ["card"],
        "expires_at": int(time.time()) + 31 * 60,
        "client_reference_id": "booking-1",
        "metadata": {"pay": "pay-1"},
        "payment_intent_data": {"metadata": {"pay": "pay-1"}},
    }
    changed: SessionCreateParams = params | changes
    return changed


@pytest.fixture
def open_session(client: stripe.StripeClient) -> Callable[..., stripe.checkout.Session]:
    """Open a Checkout Session with some parameters changed."""

    def opened(**changes: Any) -> stripe.checkout.Session:
        return client.v1.checkout.sessions.create(session_params(**changes))

    return opened


@pytest.fixture
def paid_session(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    open_session: Callable[..., stripe.checkout.Session],
) -> Callable[..., Any]:
    """Open a session, pay it with a card, and return it with its charge inside."""

    def paid(card: str, **changes: Any) -> Any:
        session = open_session(**changes)
        assert sandbox.pay(session.id, card=card).status_code == 303
        return client.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent.latest_charge"]}
        )

    return paid


@dataclass
class Ear:
    """A webhook endpoint that remembers what it was sent, and answers as it is told to."""

    url: str = ""
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    """The ``Stripe-Signature`` header and the body of each delivery."""
    answers: list[int] = field(default_factory=list)
    """Statuses for the next deliveries; then 200."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set by the first delivery, before it is answered."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """While cleared, nobody is answered."""

    def events(self) -> list[stripe.Event]:
        """Return what was heard, each checked by the library as an application would."""
        return [stripe.Webhook.construct_event(body, header, SECRET) for header, body in self.heard]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]


@contextmanager
def listening() -> Iterator[Ear]:
    """Listen on a free port."""
    ear = Ear()
    ear.may_answer.set()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.arrived.set()
            ear.may_answer.wait(30)
            with lock:
                ear.heard.append((self.headers["Stripe-Signature"], body))
                status = ear.answers.pop(0) if ear.answers else 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_parts: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    ear.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield ear
    finally:
        ear.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ear(sandbox: Sandbox) -> Iterator[Ear]:
    """Listen for every event of the sandbox."""
    with listening() as ear:
        sandbox.set_webhook(ear.url, SECRET)
        yield ear
