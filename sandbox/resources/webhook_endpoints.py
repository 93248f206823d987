"""Where events are sent to: loopback addresses only."""

from sandbox.contract import API_VERSION
from sandbox.errors import unmodelled
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import page
from sandbox.store import Account, Context, Json, new_id
from sandbox.webhooks import check_loopback


def make(
    account: Account,
    *,
    url: str,
    now: int,
    enabled_events: list[str] | None = None,
    secret: str | None = None,
    connect: bool = False,
) -> Json:
    """Add an endpoint; without ``secret`` one is made.

    Raises:
        ApiError: 400 unless the URL is a loopback one.
    """
    check_loopback(url)
    return account.add(
        {
            "id": new_id("we_"),
            "object": "webhook_endpoint",
            "api_version": API_VERSION,
            "application": None,
            "created": now,
            "description": None,
            "enabled_events": enabled_events or ["*"],
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": url,
        },
        secret=secret or new_id("whsec_", 32),
        connect=connect,
    )


def create(context: Context, params: Json) -> Json:
    """Make an endpoint. Its signing secret is in this answer and in no later one."""
    version = params.get("api_version", API_VERSION)
    if version != API_VERSION:
        raise unmodelled(f"api_version={version}")
    endpoint = make(
        context.account,
        url=params["url"],
        now=context.now,
        enabled_events=params["enabled_events"],
        connect=params.get("connect", False),
    )
    endpoint["metadata"] = merged({}, params.get("metadata"))
    endpoint["description"] = params.get("description") or None
    return endpoint | {"secret": context.account.hidden[endpoint["id"]]["secret"]}


def update(context: Context, params: Json, webhook_endpoint: str) -> Json:
    endpoint = context.account.get("webhook_endpoint", webhook_endpoint)
    if "url" in params:
        check_loopback(params["url"])
        endpoint["url"] = params["url"]
    if "enabled_events" in params:
        endpoint["enabled_events"] = params["enabled_events"]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    if "description" in params:
        endpoint["description"] = params["description"] or None
    endpoint["metadata"] = merged(endpoint["metadata"], params.get("metadata"))
    return endpoint


def delete(context: Context, _params: Json, webhook_endpoint: str) -> Json:
    context.account.remove(context.account.get("webhook_endpoint", webhook_endpoint))
    return {"id": webhook_endpoint, "object": "webhook_endpoint", "deleted": True}


def retrieve(context: Context, _params: Json, webhook_endpoint: str) -> Json:
    return context.account.get("webhook_endpoint", webhook_endpoint)


def listed(context: Context, params: Json) -> Json:
    return page(context.account.all("webhook_endpoint"), params, url="/v1/webhook_endpoints")


HANDLERS = {
    "PostWebhookEndpoints": Handler(
        create, ("api_version", "connect", "description", "enabled_events", "metadata", "url")
    ),
    "PostWebhookEndpointsWebhookEndpoint": Handler(
        update, ("description", "disabled", "enabled_events", "metadata", "url")
    ),
    "DeleteWebhookEndpointsWebhookEndpoint": Handler(delete),
    "GetWebhookEndpointsWebhookEndpoint": Handler(retrieve),
    "GetWebhookEndpoints": Handler(listed),
}
