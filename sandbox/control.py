"""Controls for tests and the demo: look inside, and upset the order of things.

Everything here is under ``/_sandbox`` and answers this machine alone. JSON in, JSON out.

What there is, here and in ``dashboard``, by what it lets a test do to an application:

- see: ``GET /requests?since=N``, ``GET /violations``, ``GET /deliveries``
- wait: ``POST /deliveries/wait`` until nothing is queued and nothing is in flight
- time: ``PUT /clock {"ahead": seconds}`` moves the clock of everybody who reads ``CLOCK_FILE``
- lost answers and the like, for the next API requests: ``POST /faults``, see ``faults``. ``GET``
  shows those that are left, ``DELETE`` takes them away
- webhooks, held with ``POST /deliveries/hold`` and let go with ``POST /deliveries/release``: in an
  ``order`` (an id named twice is sent twice), all ``together``, or at random from a ``seed``:
  ``shuffled``, a share of them ``duplicated`` (0 to 1) and a share ``dropped``. The same seed over
  the same deliveries gives the same order. ``POST /deliveries/drop`` and ``/deliveries/retry``
- redelivery: ``POST /events/ID/redeliver``
- what happens without the application: ``POST /refunds``, ``/refunds/ID/settle``,
  ``/sessions/ID/expire``, ``/disputes``, ``/disputes/ID/submit``, ``/disputes/ID/close``,
  ``/payouts``, ``/payouts/ID/arrive``, ``/payouts/ID/fail``, ``/fees``, ``/accounts/ID/onboard``,
  ``/accounts/ID/switch``, ``/accounts/ID/let-go``
- begin anew: ``POST /reset`` forgets all of it, the faults too. Call it before every test: a fault
  that one has left over hits the next
"""

import ipaddress
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from sandbox import clock, faults
from sandbox.errors import ApiError, invalid, missing
from sandbox.events import enqueue
from sandbox.recorder import Recorder
from sandbox.resources import webhook_endpoints
from sandbox.store import PLATFORM, Context, Delivery, Json, World
from sandbox.timetable import catch_up
from sandbox.webhooks import Courier, check_loopback

bp = Blueprint("control", __name__, url_prefix="/_sandbox")

WAIT_SECONDS = 30.0
_BEAT_SECONDS = 0.25


@dataclass
class Hooks:
    """The webhook endpoints given at the start; a reset brings them back.

    ``connect_urls`` hear of the connected accounts, under a secret of their own.
    """

    urls: list[str] = field(default_factory=list)
    secret: str | None = None
    connect_urls: list[str] = field(default_factory=list)
    connect_secret: str | None = None

    def install(self, world: World) -> None:
        """Put the endpoints in place, each once however often this runs."""
        platform = world.account(PLATFORM)
        known = {one["url"]: one["id"] for one in platform.all("webhook_endpoint")}
        for urls, secret, connect in (
            (self.urls, self.secret, False),
            (self.connect_urls, self.connect_secret, True),
        ):
            for url in urls:
                if url not in known:
                    webhook_endpoints.make(
                        platform, url=url, now=world.clock(), secret=secret, connect=connect
                    )
                elif secret:
                    platform.hidden[known[url]]["secret"] = secret


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
    return _shown(list(world_here().deliveries.values()))


@bp.post("/deliveries/wait")
def wait() -> Response | tuple[Response, int]:
    """Answer once nothing is queued and nothing is in flight; 504 if that takes too long.

    Held deliveries do not count; those that wait for a retry do. ``timeout`` is in seconds.
    """
    world = world_here()
    with world.lock:
        catch_up(world)
        if _wait_for(world, ("queued", "in_flight"), given().get("timeout", WAIT_SECONDS)):
            return jsonify(idle=True)
        return jsonify(idle=False), 504


@bp.post("/deliveries/hold")
def hold() -> Response:
    """Keep back every delivery from now on, until ``release`` is asked for all of them."""
    world = world_here()
    with world.lock:
        world.holding = True
    return jsonify(holding=True)


@bp.post("/deliveries/release")
def release() -> Response:
    """Send held deliveries now and answer when all have been attempted.

    ``order`` lists delivery ids, sent one after another; an id that is named again is sent
    again. ``together`` sends all at once. Without ``order`` everything held is sent, and
    holding ends; with a ``seed`` shuffled, and some of it ``dropped`` or ``duplicated``.
    """
    world, asked = world_here(), given()
    with world.lock:
        order = asked.get("order")
        if "seed" in asked:
            order = _disordered(world, asked)
        chosen = _chosen(world, order)
        if "order" not in asked:
            world.holding = False
        _take(chosen)
    _courier().send(chosen, together=bool(asked.get("together")))
    return _shown(chosen)


@bp.post("/deliveries/drop")
def drop() -> Response:
    """Lose held deliveries for good: those in ``order``, or all."""
    world = world_here()
    with world.lock:
        chosen = _chosen(world, given().get("order"))
        for delivery in chosen:
            delivery.state = "dropped"
    return _shown(chosen)


@bp.post("/deliveries/retry")
def retry() -> Response:
    """Attempt everything that waits for its next attempt; answer when all has been tried."""
    world = world_here()
    with world.lock:
        waiting = [one for one in world.deliveries.values() if one.state == "queued"]
        _take(waiting)
    _courier().send(waiting, together=True)
    return _shown(waiting)


@bp.post("/events/<wanted>/redeliver")
def redeliver(wanted: str) -> Response:
    """Send an event again to every endpoint, as the dashboard's Resend button does."""
    with place("event", wanted) as (context, event):
        platform = context.world.account(PLATFORM)
        sent = [
            enqueue(context.world, context.account.id, event, endpoint)
            for endpoint in platform.all("webhook_endpoint")
            if platform.hidden[endpoint["id"]]["connect"] == (context.account.id != PLATFORM)
        ]
        return _shown(sent)


@bp.get("/faults")
def list_faults() -> Response:
    """The faults that still wait for an API request."""
    with world_here().lock:
        return jsonify([asdict(fault) for fault in world_here().faults])


@bp.post("/faults")
def add_fault() -> Response:
    """Let the next API requests go wrong, as ``faults`` says."""
    fault = faults.read(given())
    with world_here().lock:
        world_here().faults.append(fault)
    return jsonify(asdict(fault))


@bp.delete("/faults")
def clear_faults() -> Response:
    """Let everything go well from now on."""
    with world_here().lock:
        world_here().faults.clear()
    return jsonify([])


@bp.put("/clock")
def move_clock() -> Response:
    """Let the clock run ``ahead`` of real time by so many seconds, and let what is due happen."""
    file = clock.file()
    ahead = given().get("ahead")
    if file is None or not isinstance(ahead, int | float) or ahead < 0:
        raise invalid("There is no CLOCK_FILE, or `ahead` is not a number of seconds.")
    clock.set_ahead(file, ahead)
    catch_up(world_here())
    return jsonify(now=world_here().clock())


@bp.put("/webhook")
def set_webhook() -> Response:
    """Send everything to ``url`` alone, signed with ``secret``; no ``url`` means nowhere.

    What connected accounts tell goes to ``connect_url``, signed with ``connect_secret``.
    """
    world, asked = world_here(), given()
    url, connect_url = asked.get("url"), asked.get("connect_url")
    for one in filter(None, (url, connect_url)):
        check_loopback(one)
    with world.lock:
        platform = world.account(PLATFORM)
        for endpoint in platform.all("webhook_endpoint"):
            platform.remove(endpoint)
        if url:
            webhook_endpoints.make(platform, url=url, now=world.clock(), secret=asked.get("secret"))
        if connect_url:
            webhook_endpoints.make(
                platform,
                url=connect_url,
                now=world.clock(),
                secret=asked.get("connect_secret"),
                connect=True,
            )
        return jsonify(platform.all("webhook_endpoint"))


@bp.post("/reset")
def reset() -> Response | tuple[Response, int]:
    """Forget everything but the record of the run, and answer once nothing is in flight.

    Deliveries that are queued or held are lost with the rest, so that none of them reaches
    whoever listens at the same address next.
    """
    world = world_here()
    hooks: Hooks = current_app.extensions["hooks"]
    with world.lock:
        world.clear()
        hooks.install(world)
        if _wait_for(world, ("in_flight",), WAIT_SECONDS):
            return jsonify(requests=len(_recorder().requests()))
        return jsonify(error="a delivery is still in flight"), 504


@contextmanager
def place(kind: str, wanted: str) -> Iterator[tuple[Context, Json]]:
    """Hold the lock, with an object and the context of the account that has it."""
    world = world_here()
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


def _disordered(world: World, asked: Json) -> list[str]:
    """Return the ids of held deliveries in a random order, some left out and some named twice."""
    dice = random.Random(str(asked["seed"]))  # noqa: S311  nothing secret: the same every time
    order: list[str] = []
    for key, delivery in world.deliveries.items():
        if delivery.state != "held":
            continue
        if dice.random() < asked.get("dropped", 0):
            delivery.state = "dropped"
            continue
        order += [key] * (2 if dice.random() < asked.get("duplicated", 0) else 1)
    if asked.get("shuffled", True):
        dice.shuffle(order)
    world.holding = False
    return order


def _take(deliveries: list[Delivery]) -> None:
    """Take deliveries out of the courier's sight, to be sent by whoever calls."""
    for delivery in deliveries:
        delivery.state = "in_flight"


def _shown(deliveries: list[Delivery]) -> Response:
    with world_here().lock:
        return jsonify([asdict(delivery) for delivery in deliveries])


def _wait_for(world: World, states: tuple[str, ...], seconds: float) -> bool:
    """Wait, under the lock, until no delivery is in any of the states."""
    ends = time.monotonic() + seconds
    while any(delivery.state in states for delivery in world.deliveries.values()):
        if time.monotonic() >= ends:
            return False
        world.changed.wait(_BEAT_SECONDS)
    return True


def given() -> Json:
    """Return the JSON object that was sent, or an empty one."""
    sent: Any = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}


def world_here() -> World:
    """Return the world that this process keeps."""
    world: World = current_app.extensions["world"]
    return world


def _courier() -> Courier:
    courier: Courier = current_app.extensions["courier"]
    return courier


def _recorder() -> Recorder:
    recorder: Recorder = current_app.extensions["recorder"]
    return recorder
