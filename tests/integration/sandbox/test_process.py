"""The sandbox as a process: its clock, its restart, its end."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import stripe

from tests.integration.sandbox.conftest import SECRET, library, listening, session_params
from tests.stripe_sandbox import ROOT, start_sandbox


def test_a_payment_from_before_a_restart_can_still_be_refunded(tmp_path: Path) -> None:
    state = str(tmp_path / "sandbox.json")
    first = start_sandbox("--state", state)
    session = library(first.base_url).v1.checkout.sessions.create(session_params())
    first.pay(session.id)
    ended = first.stop()

    second = start_sandbox("--state", state)
    client = library(second.base_url)
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    refund = client.v1.refunds.create({"payment_intent": str(intent)})
    second.stop()

    assert ended == 0
    assert (refund.status, refund.amount) == ("succeeded", 12000)


def test_sessions_run_out_by_the_clock_and_say_so(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    sandbox = start_sandbox(environment={**os.environ, "CLOCK_FILE": str(clock)})
    client = library(sandbox.base_url)
    session = client.v1.checkout.sessions.create(session_params())

    clock.write_text(str(31 * 60 + 1), encoding="ascii")
    late = sandbox.pay(session.id)
    found = client.v1.checkout.sessions.retrieve(session.id)
    told = client.v1.events.list({"type": "checkout.session.expired"}).data
    sandbox.stop()

    assert (late.status_code, found.status) == (410, "expired")
    [event] = told
    expired: Any = event.data.object
    assert (expired["id"], event.created) == (session.id, session.expires_at)


def test_sessions_run_out_without_anybody_asking(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    with listening() as ear:
        sandbox = start_sandbox(
            *("--webhook-url", ear.url, "--webhook-secret", SECRET),
            environment={**os.environ, "CLOCK_FILE": str(clock)},
        )
        library(sandbox.base_url).v1.checkout.sessions.create(session_params())

        clock.write_text(str(31 * 60 + 1), encoding="ascii")
        ear.arrived.wait(30)
        sandbox.wait_for_deliveries()
        sandbox.stop()

    assert ear.types() == ["checkout.session.expired"]


def test_money_becomes_available_after_two_days(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    sandbox = start_sandbox(environment={**os.environ, "CLOCK_FILE": str(clock)})
    client = library(sandbox.base_url)
    sandbox.pay(client.v1.checkout.sessions.create(session_params()).id)
    [before] = client.v1.balance_transactions.list().data

    clock.write_text(str(2 * 24 * 3600 + 1), encoding="ascii")
    [after] = client.v1.balance_transactions.list().data
    sandbox.stop()

    assert (before.status, after.status) == ("pending", "available")


def test_endpoints_of_the_command_line_come_back_after_a_reset() -> None:
    sandbox = start_sandbox(
        "--webhook-url", "http://127.0.0.1:9/one", "--webhook-url", "http://127.0.0.1:9/two"
    )
    sandbox.set_webhook(None)

    sandbox.reset()
    endpoints = library(sandbox.base_url).v1.webhook_endpoints.list().data
    sandbox.stop()

    assert [endpoint.url for endpoint in endpoints] == [
        "http://127.0.0.1:9/two",
        "http://127.0.0.1:9/one",
    ]


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Cannot listen on port {port}: Address already in use.\n"


def test_the_library_reads_what_it_is_sent_as_its_own_kinds(
    client: stripe.StripeClient,
) -> None:
    customer = client.v1.customers.create()

    assert type(customer) is stripe.Customer
