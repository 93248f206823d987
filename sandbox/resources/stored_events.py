"""Events as the API lists them, for thirty days."""

from fnmatch import fnmatchcase

from sandbox.errors import invalid
from sandbox.handlers import Handler
from sandbox.paging import page
from sandbox.store import Context, Json

KEPT_SECONDS = 30 * 24 * 3600


def retrieve(context: Context, _params: Json, wanted: str) -> Json:
    return context.account.get("event", wanted)


def listed(context: Context, params: Json) -> Json:
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.")
    wanted = params.get("types") or [params.get("type", "*")]
    delivered = params.get("delivery_success")
    found = [
        event
        for event in context.account.all("event")
        if any(fnmatchcase(event["type"], pattern) for pattern in wanted)
        and event["created"] > context.now - KEPT_SECONDS
        and (delivered is None or delivered == (event["pending_webhooks"] == 0))
    ]
    return page(found, params, url="/v1/events")


HANDLERS = {
    "GetEvents": Handler(listed, ("created", "delivery_success", "type", "types")),
    "GetEventsId": Handler(retrieve),
}
