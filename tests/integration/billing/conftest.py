"""A practice that takes cards: the application on a port, the sandbox, and one clock for both."""

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import make_server

from config import Config
from practice.billing import ports, queries
from practice.billing.models import Payment, Receipt
from practice.billing.rules.payments import (
    GIVEN_BACK,
    LIVE,
    PaymentOutcome,
    PaymentState,
)
from practice.core.db import db, in_transaction, practice_scope, read_again
from practice.outbox.models import Message, Task
from practice.people.models import Client, Practice
from tests import databases, factories, leaks
from tests.integration.billing.line import Line, laid_to
from tests.integration.billing.till import PRICE, Till
from tests.integration.billing.wallet import Wallet
from tests.stripe_sandbox import Sandbox

__all__ = ["PRICE", "Till"]

SECRET = "whsec_that_is_in_use"
FORMER_SECRET = "whsec_that_is_going"
CONNECT_SECRET = "whsec_of_linked_accounts"


@pytest.fixture
def sandbox(sandbox_process: Sandbox, clock_file: Path) -> Iterator[Sandbox]:
    clock_file.write_text("0")
    sandbox_process.reset()
    sandbox_process.set_webhook(None)
    yield sandbox_process
    sandbox_process.set_webhook(None)
    clock_file.write_text("0")


@pytest.fixture
def later(clock_file: Path) -> "Later":
    return Later(clock_file)


@dataclass
class Later:
    """Moves the one clock that application, worker and sandbox share."""

    file: Path
    moved: timedelta = timedelta()

    def __call__(self, **delta: float) -> None:
        self.moved += timedelta(**delta)
        self.file.write_text(str(self.moved.total_seconds()))


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    """One port for all tests: an application that has another address is another application."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(scope="session")
def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def line(sandbox: Sandbox) -> Iterator[Line]:
    """A test that asks for it has it between its application and the sandbox."""
    with laid_to(sandbox.base_url) as line:
        yield line


@pytest.fixture
def stripe_address(request: pytest.FixtureRequest, sandbox: Sandbox) -> str:
    if "line" in request.fixturenames:
        line: Line = request.getfixturevalue("line")
        return line.url
    return sandbox.base_url


@pytest.fixture
def environment(
    database_url: str, stripe_address: str, address: str, clock_file: Path
) -> dict[str, str]:
    return databases.settings(database_url) | {
        "BASE_URL": address,
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_WEBHOOK_SECRETS": f"{FORMER_SECRET},{SECRET}",
        "STRIPE_API_BASE": stripe_address,
        "PAYMENTS_SANDBOX": "1",
        "CLOCK_FILE": str(clock_file),
    }


@pytest.fixture
def config(environment: dict[str, str]) -> Config:
    return Config.from_env(environment)


@pytest.fixture
def on_a_platform(environment: dict[str, str]) -> None:
    """A test that asks for it first has an application in which practices link accounts."""
    environment["STRIPE_CONNECT_WEBHOOK_SECRETS"] = CONNECT_SECRET


@pytest.fixture
def without_a_key(environment: dict[str, str]) -> None:
    """A test that asks for it first has an application without a processor."""
    for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_API_BASE"):
        del environment[name]
    del environment["PAYMENTS_SANDBOX"], environment["CLOCK_FILE"]


@pytest.fixture
def served(app: Flask, listener: socket.socket, address: str, sandbox: Sandbox) -> Iterator[str]:
    """The application at its address, and the sandbox told where to send its events."""
    host, port = listener.getsockname()
    server = make_server(host, port, app, threaded=True, fd=os.dup(listener.fileno()))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hook = f"{address}/billing/webhooks/stripe"
    sandbox.set_webhook(hook, SECRET, connect_url=f"{hook}/connect", connect_secret=CONNECT_SECRET)
    yield address
    sandbox.set_webhook(None)
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Shelf:
    """What is paid for here: things, each of which can be sold once. Stands above billing."""

    let_go: set[UUID] = field(default_factory=set)
    sold_to_another: set[UUID] = field(default_factory=set)

    def paid(self, payment: Payment) -> PaymentOutcome:
        others = [one for one in queries.payments_for(payment.for_id) if one.id != payment.id]
        if any(one.state is PaymentState.PAID and one.outcome not in GIVEN_BACK for one in others):
            return PaymentOutcome.DUPLICATE
        if payment.for_id in self.sold_to_another:
            return PaymentOutcome.SLOT_LOST
        if payment.for_id in self.let_go:
            self.let_go.remove(payment.for_id)
            return PaymentOutcome.REACQUIRED
        return PaymentOutcome.CONFIRMED

    def checkout_ended(self, payment: Payment) -> None:
        if not any(one.state in LIVE for one in queries.payments_for(payment.for_id)):
            self.let_go.add(payment.for_id)


@pytest.fixture
def shelf(app: Flask) -> Shelf:
    shelf = Shelf()
    ports.paid.bind(shelf.paid)
    ports.checkout_ended.bind(shelf.checkout_ended)
    return shelf


@pytest.fixture
def practice(app: Flask) -> Iterator[Practice]:
    """A practice that the rest of the test is inside of."""
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield practice


@pytest.fixture
def payer(practice: Practice) -> Client:
    """A client of whom the practice knows more than the processor may."""

    def create() -> Client:
        client = factories.create_client()
        client.birth_on, client.address = leaks.BORN, leaks.LIVES
        return client

    return in_transaction(create)


def mails() -> list[str]:
    """Name the mails that were posted, whoever did it."""
    read_again()
    return list(db.session.scalars(sa.select(Message.name).order_by(Message.name)))


def tasks() -> list[tuple[str, str]]:
    """Return what a person was asked to do: kind and sentence."""
    read_again()
    return [
        (task.kind, task.what)
        for task in db.session.scalars(sa.select(Task).order_by(Task.kind, Task.what))
    ]


def receipts() -> int:
    """Count the receipts that were given out."""
    read_again()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Receipt)) or 0


@pytest.fixture
def till(payer: Client, shelf: Shelf, address: str) -> Till:
    return Till(payer, address)


@pytest.fixture
def wallet(till: Till, sandbox: Sandbox) -> Wallet:
    return Wallet(till, sandbox)
