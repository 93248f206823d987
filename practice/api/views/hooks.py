"""Addresses that want news, and what became of the news for them."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from practice.api import queries, schemas
from practice.api.models import Webhook
from practice.api.operations import operation
from practice.api.rules.scopes import Scope
from practice.api.service import webhooks as service
from practice.api.views.asking import this_program, write
from practice.api.views.blueprint import bp

HOOKS = "Webhooks"
MANAGE = Scope.WEBHOOKS_MANAGE


@bp.get("/webhooks")
@operation(schemas.Webhooks, scope=MANAGE, about=HOOKS)
def webhooks() -> schemas.Webhooks:
    """List the addresses that want news, newest first."""
    return schemas.Webhooks(
        items=[schemas.Webhook.model_validate(each) for each in queries.webhooks()]
    )


@bp.post("/webhooks")
@operation(schemas.WebhookWithSecret, scope=MANAGE, about=HOOKS, status=201)
def create_webhook(json: schemas.WebhookSent) -> Response:
    """Have news sent to an address. The secret that signs it is shown this once."""
    return write(
        lambda: _with_secret(*service.listen(json.url, json.events, by=this_program())), status=201
    )


@bp.get("/webhooks/<uuid:webhook_id>")
@operation(schemas.Webhook, scope=MANAGE, about=HOOKS)
def webhook(webhook_id: UUID) -> schemas.Webhook:
    """Read one address that wants news, or did."""
    return schemas.Webhook.model_validate(queries.get_webhook(webhook_id))


@bp.put("/webhooks/<uuid:webhook_id>")
@operation(schemas.Webhook, scope=MANAGE, about=HOOKS)
def change_webhook(webhook_id: UUID, json: schemas.WebhookSent) -> Response:
    """Have news sent elsewhere, or other news. The secret stays."""

    def work() -> schemas.Webhook:
        found = queries.get_webhook(webhook_id)
        service.change(found, json.url, json.events, by=this_program())
        return schemas.Webhook.model_validate(found)

    return write(work)


@bp.post("/webhooks/<uuid:webhook_id>/rotate")
@operation(schemas.WebhookWithSecret, scope=MANAGE, about=HOOKS)
def rotate_webhook(webhook_id: UUID) -> Response:
    """Make a new secret. The former one signs beside it for a day."""

    def work() -> schemas.WebhookWithSecret:
        found = queries.get_webhook(webhook_id)
        return _with_secret(found, service.rotate(found, by=this_program()))

    return write(work)


@bp.delete("/webhooks/<uuid:webhook_id>")
@operation(schemas.Webhook, scope=MANAGE, about=HOOKS)
def end_webhook(webhook_id: UUID) -> Response:
    """Send no more news there, not even what is waiting."""

    def work() -> schemas.Webhook:
        found = queries.get_webhook(webhook_id)
        service.end(found, by=this_program())
        return schemas.Webhook.model_validate(found)

    return write(work)


@bp.get("/webhooks/<uuid:webhook_id>/deliveries")
@operation(schemas.Deliveries, scope=MANAGE, about=HOOKS)
def deliveries(webhook_id: UUID) -> schemas.Deliveries:
    """List the latest 50 pieces of news for an address, newest first."""
    found = queries.deliveries(queries.get_webhook(webhook_id).id)
    return schemas.Deliveries(items=[schemas.Delivery.model_validate(each) for each in found])


@bp.post("/deliveries/<uuid:delivery_id>/send-again")
@operation(schemas.Delivery, scope=MANAGE, about=HOOKS)
def send_again(delivery_id: UUID) -> Response:
    """Send a piece of news again: the same body under the same id."""

    def work() -> schemas.Delivery:
        found = queries.get_delivery(delivery_id)
        service.send_again(found, by=this_program())
        return schemas.Delivery.model_validate(found)

    return write(work)


def _with_secret(webhook: Webhook, secret: str) -> schemas.WebhookWithSecret:
    shown = schemas.Webhook.model_validate(webhook)
    return schemas.WebhookWithSecret(**shown.model_dump(), secret=secret)
