"""Bring events to webhook endpoints: signed, in parallel, retried with longer and longer waits."""

import hashlib
import hmac
import ipaddress
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from urllib.parse import urlsplit

import requests

from sandbox.errors import invalid
from sandbox.store import PLATFORM, Delivery, Json, World

RETRY_AFTER_SECONDS = (5, 30, 120, 600, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)
"""Waits between attempts, on the sandbox's clock; about three days in all."""
TIMEOUT_SECONDS = 10
AT_ONCE = 8
_BEAT_SECONDS = 0.25
"""How soon a moved clock is noticed."""


def signature(payload: str, secret: str, at: int) -> str:
    """Return the ``Stripe-Signature`` header for a payload sent at ``at`` (Unix seconds)."""
    signed = f"{at}.{payload}".encode()
    return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def check_loopback(url: str) -> None:
    """Raise ``ApiError`` 400 unless the URL points back at this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not near or parts.scheme not in ("http", "https"):
        raise invalid(
            "The sandbox sends webhooks to this machine alone; use a loopback URL.", param="url"
        )


class Courier:
    """Takes due deliveries from the world and attempts them, ``AT_ONCE`` at a time.

    ``tick`` is called about four times a second, so that things that happen by themselves
    happen without a request.
    """

    def __init__(self, world: World, tick: Callable[[], None]) -> None:
        self._world = world
        self._tick = tick
        self._stopping = False
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._thread = Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no new deliveries; return when those in flight have ended."""
        with self._world.lock:
            self._stopping = True
            self._world.changed.notify_all()
        self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        world = self._world
        while True:
            self._tick()
            with world.lock:
                if self._stopping:
                    return
                now = world.clock()
                for delivery in list(world.deliveries.values()):
                    if delivery.state == "queued" and delivery.due_at <= now:
                        delivery.state = "in_flight"
                        self._pool.submit(self.attempt, delivery)
                world.changed.wait(_BEAT_SECONDS)

    def send(self, deliveries: list[Delivery], *, together: bool) -> None:
        """Attempt deliveries that are in flight: one after another, or all at once.

        Call without the lock. Returns when all have been attempted.
        """
        if together:
            list(self._pool.map(self.attempt, deliveries))
        else:
            for delivery in deliveries:
                self.attempt(delivery)

    def attempt(self, delivery: Delivery) -> None:
        """Post one delivery that is in flight, and note how it went."""
        world = self._world
        with world.lock:
            generation = world.generation
            parcel = _parcel(world, delivery)
            delivery.attempts += 1
            delivery.first_at = delivery.first_at or world.clock()
        status, error = _post(*parcel) if parcel else (None, "the endpoint is gone")
        with world.lock:
            delivery.last_status, delivery.last_error = status, error
            if world.generation != generation:
                world.deliveries.pop(delivery.id, None)  # A reset came in between: no retry.
            elif parcel is None:
                delivery.state = "dropped"
            elif status is not None and 200 <= status < 300:
                delivery.state = "delivered"
                event = world.account(delivery.account).find("event", delivery.event)
                if event is not None:
                    event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            else:
                _put_back(delivery, world.clock())
            world.touch()
            world.changed.notify_all()


def _put_back(delivery: Delivery, now: int) -> None:
    if delivery.attempts > len(RETRY_AFTER_SECONDS):
        delivery.state = "given_up"
        return
    delivery.state = "queued"
    delivery.due_at = now + RETRY_AFTER_SECONDS[delivery.attempts - 1]


def _parcel(world: World, delivery: Delivery) -> tuple[str, str, str] | None:
    """Return URL, secret and payload, or None if event or endpoint no longer exist."""
    platform = world.account(PLATFORM)
    endpoint = platform.find("webhook_endpoint", delivery.endpoint)
    event: Json | None = world.account(delivery.account).find("event", delivery.event)
    if endpoint is None or event is None or endpoint["status"] != "enabled":
        return None
    secret: str = platform.hidden[endpoint["id"]]["secret"]
    return endpoint["url"], secret, json.dumps(event, indent=2)


def _post(url: str, secret: str, payload: str) -> tuple[int | None, str | None]:
    # Receivers compare the signature's time with their own real clock.
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(payload, secret, int(time.time())),
        "User-Agent": "Stripe/1.0 (sandbox)",
    }
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url,
                data=payload.encode(),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
    except requests.RequestException as error:
        return None, type(error).__name__
    return answer.status_code, None
