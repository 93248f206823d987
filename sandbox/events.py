"""Tell of a change: an event in the account, and a delivery to every endpoint that wants it."""

from copy import deepcopy

from sandbox.contract import API_VERSION
from sandbox.store import PLATFORM, Context, Delivery, Json, World, new_id


def emit(context: Context, kind: str, subject: Json, previous: Json | None = None) -> Json:
    """Record that ``kind`` (such as ``charge.succeeded``) happened; return the event.

    ``data.object`` is a snapshot: later changes do not reach it. Call under the lock.
    """
    world, account = context.world, context.account
    data: Json = {"object": deepcopy(subject)}
    if previous is not None:
        data["previous_attributes"] = deepcopy(previous)
    event: Json = {
        "id": new_id("evt_"),
        "object": "event",
        "api_version": API_VERSION,
        "created": context.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": context.request_id, "idempotency_key": context.idempotency_key},
        "type": kind,
    }
    if account.id != PLATFORM:
        event["account"] = account.id
    account.add(event)
    for endpoint in listeners(world, account.id, kind):
        enqueue(world, account.id, event, endpoint)
    return event


def enqueue(world: World, account: str, event: Json, endpoint: Json) -> Delivery:
    """Put one event on its way to one endpoint; hold it while deliveries are held."""
    delivery = Delivery(
        id=new_id("dlv_"),
        event=event["id"],
        type=event["type"],
        account=account,
        endpoint=endpoint["id"],
        due_at=world.clock(),
        state="held" if world.holding else "queued",
    )
    event["pending_webhooks"] += 1
    world.deliveries[delivery.id] = delivery
    world.changed.notify_all()
    return delivery


def listeners(world: World, account: str, kind: str) -> list[Json]:
    """Return the endpoints that want events of a kind from an account.

    A platform's endpoints made with ``connect`` hear its connected accounts, the others
    hear the platform itself.
    """
    platform = world.account(PLATFORM)
    return [
        endpoint
        for endpoint in platform.all("webhook_endpoint")
        if endpoint["status"] == "enabled"
        and platform.hidden[endpoint["id"]]["connect"] == (account != PLATFORM)
        and ("*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"])
    ]
