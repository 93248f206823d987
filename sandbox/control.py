"""Controls for tests and the demo: look inside, and upset the order of things.

Everything here is under ``/_sandbox`` and answers this machine alone. JSON in, JSON out.
"""

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from sandbox.errors import ApiError, invalid, missing
from sandbox.events import enqueue
from sandbox.recorder import Recorder
from sandbox.resources import checkout, refunds, webhook_endpoints
from sandbox.store import PLATFORM, Context, Delivery, Json, World
from sandbox.timetable import catch_up
from sandbox.webhooks import Courier, check_loopback

bp = Blueprint("control", __name__, url_prefix="/_sandbox")

WAIT_SECONDS = 30.0
_BEAT_SECONDS = 0.25


@dataclass
class Hooks:
    """The webhook endpoints given at the start; a reset brings them back."""

    urls: list[str] = field(default_factory=list)
    secret: str | None = None

    def install(self, world: World) -> None:
        """Put the endpoints in place, each once however often this runs."""
        platform = world.account(PLATFORM)
        known = {one["url"]: one["id"] for one in platform.all("webhook_endpoint")}
        for url in self.urls:
            if url not in known:
                webhook_endpoints.make(platform, url=url, now=world.clock(), secret=self.secret)
            elif self.secret:
                platform.hidden[known[url]]["secret"] = self.secret


@bp.before_request
def only_this_machine() -> tuple[str, int] | None:
    near = request.remote_addr is not None and ipaddress.ip_address(request.remote_addr).is_loopback
    return None if near else ("Only from this machine.", 403)


@bp.errorhandler(ApiError)
def refuse(error: ApiError) -> tuple[Response, int]:
    return jsonify(error.body), error.status


@bp.get("/requests")
def list_requests() -> Response:
    """Every API request of the run and its answer; ``?since=`` leaves out the first ones."""
    return jsonify(_recorder().requests(request.args.get("since", 0, int)))


@bp.get("/violations")
def list_violations() -> Response:
    """Where our own answers broke Stripe's specification. Should always be empty."""
    return jsonify(_recorder().violations())


@bp.get("/deliveries")
def list_deliveries() -> Response:
    """Every delivery since the last reset, in the order in which they were queued."""
    return _shown(list(_world().deliveries.values()))


@bp.post("/deliveries/wait")
def wait() -> Response | tuple[Response, int]:
    """Answer once nothing is queued and nothing is in flight; 504 if that takes too long.

    Held deliveries do not count; those that wait for a retry do. ``timeout`` is in seconds.
    """
    world = _world()
    with world.lock:
        catch_up(world)
        if _wait_for(world, ("queued", "in_flight"), _given().get("timeout", WAIT_SECONDS)):
            return jsonify(idle=True)
        return jsonify(idle=False), 504


@bp.post("/deliveries/hold")
def hold() -> Response:
    """Keep back every delivery from now on, until ``release`` is asked for all of them."""
    world = _world()
    with world.lock:
        world.holding = True
    return jsonify(holding=True)


@bp.post("/deliveries/release")
def release() -> Response:
    """Send held deliveries now and answer when all have been attempted.

    ``order`` lists delivery ids, sent one after another; an id that is named again is sent
    again. ``together`` sends all at once. Without ``order`` everything held is sent, and
    holding ends.
    """
    world, given = _world(), _given()
    with world.lock:
        chosen = _chosen(world, given.get("order"))
        if "order" not in given:
            world.holding = False
        _take(chosen)
    _courier().send(chosen, together=bool(given.get("together")))
    return _shown(chosen)


@bp.post("/deliveries/drop")
def drop() -> Response:
    """Lose held deliveries for good: those in ``order``, or all."""
    world = _world()
    with world.lock:
        chosen = _chosen(world, _given().get("order"))
        for delivery in chosen:
            delivery.state = "dropped"
    return _shown(chosen)


@bp.post("/deliveries/retry")
def retry() -> Response:
    """Attempt everything that waits for its next attempt; answer when all has been tried."""
    world = _world()
    with world.lock:
        waiting = [one for one in world.deliveries.values() if one.state == "queued"]
        _take(waiting)
    _courier().send(waiting, together=True)
    return _shown(waiting)


@bp.post("/events/<wanted>/redeliver")
def redeliver(wanted: str) -> Response:
    """Send an event again to every endpoint, as the dashboard's Resend button does."""
    with _place("event", wanted) as (context, event):
        platform = context.world.account(PLATFORM)
        sent = [
            enqueue(context.world, context.account.id, event, endpoint)
            for endpoint in platform.all("webhook_endpoint")
            if platform.hidden[endpoint["id"]]["connect"] == (context.account.id != PLATFORM)
        ]
        return _shown(sent)


@bp.post("/refunds")
def refund_by_dashboard() -> Response:
    """Refund a ``charge`` (all of it, or ``amount`` cents) without the application's doing."""
    given = _given()
    with _place("charge", given.get("charge", "")) as (context, charge):
        return jsonify(refunds.give_back(context, charge, amount=given.get("amount")))


@bp.post("/refunds/<wanted>/settle")
def settle_refund(wanted: str) -> Response:
    """Bring a pending refund, or one to a failing card, to its end now."""
    with _place("refund", wanted) as (context, refund):
        return jsonify(refunds.settle(context, refund["id"]))


@bp.post("/sessions/<wanted>/expire")
def expire_session(wanted: str) -> Response:
    """Let an open Checkout Session expire now, as if its time had come."""
    with _place("checkout.session", wanted) as (context, session):
        checkout.end(context, session)
        return jsonify(session)


@bp.put("/webhook")
def set_webhook() -> Response:
    """Send everything to ``url`` alone, signed with ``secret``; no ``url`` means nowhere."""
    world, given = _world(), _given()
    url = given.get("url")
    if url:
        check_loopback(url)
    with world.lock:
        platform = world.account(PLATFORM)
        for endpoint in platform.all("webhook_endpoint"):
            platform.remove(endpoint)
        if url:
            webhook_endpoints.make(platform, url=url, now=world.clock(), secret=given.get("secret"))
        return jsonify(platform.all("webhook_endpoint"))


@bp.post("/reset")
def reset() -> Response | tuple[Response, int]:
    """Forget everything but the record of the run, and answer once nothing is in flight.

    Deliveries that are queued or held are lost with the rest, so that none of them reaches
    whoever listens at the same address next.
    """
    world = _world()
    hooks: Hooks = current_app.extensions["hooks"]
    with world.lock:
        world.clear()
        hooks.install(world)
        if _wait_for(world, ("in_flight",), WAIT_SECONDS):
            return jsonify(requests=len(_recorder().requests()))
        return jsonify(error="a delivery is still in flight"), 504


@contextmanager
def _place(kind: str, wanted: str) -> Iterator[tuple[Context, Json]]:
    """Hold the lock, with an object and the context of the account that has it."""
    world = _world()
    with world.lock:
        catch_up(world)
        found = world.locate(kind, wanted)
        if found is None:
            raise missing(kind, wanted)
        account, body = found
        yield Context(world, account, world.clock()), body


def _chosen(world: World, order: list[str] | None) -> list[Delivery]:
    """Return the held deliveries that are named, or all; a second naming makes a copy."""
    held = {key: one for key, one in world.deliveries.items() if one.state == "held"}
    chosen: list[Delivery] = []
    for wanted in list(held) if order is None else order:
        if wanted not in held:
            raise invalid(f"No delivery {wanted} is held.")
        delivery = held[wanted]
        if any(delivery is one for one in chosen):
            event = world.account(delivery.account).get("event", delivery.event)
            endpoint = world.account(PLATFORM).get("webhook_endpoint", delivery.endpoint)
            delivery = enqueue(world, delivery.account, event, endpoint)
            delivery.state = "held"  # Whoever chose it sends it.
        chosen.append(delivery)
    return chosen


def _take(deliveries: list[Delivery]) -> None:
    """Take deliveries out of the courier's sight, to be sent by whoever calls."""
    for delivery in deliveries:
        delivery.state = "in_flight"


def _shown(deliveries: list[Delivery]) -> Response:
    with _world().lock:
        return jsonify([asdict(delivery) for delivery in deliveries])


def _wait_for(world: World, states: tuple[str, ...], seconds: float) -> bool:
    """Wait, under the lock, until no delivery is in any of the states."""
    ends = time.monotonic() + seconds
    while any(delivery.state in states for delivery in world.deliveries.values()):
        if time.monotonic() >= ends:
            return False
        world.changed.wait(_BEAT_SECONDS)
    return True


def _given() -> Json:
    given: Any = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _world() -> World:
    world: World = current_app.extensions["world"]
    return world


def _courier() -> Courier:
    courier: Courier = current_app.extensions["courier"]
    return courier


def _recorder() -> Recorder:
    recorder: Recorder = current_app.extensions["recorder"]
    return recorder
