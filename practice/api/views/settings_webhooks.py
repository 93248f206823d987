"""Webhooks: who gets news, what became of it, and sending it again."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.api import queries
from practice.api.forms import WebhookForm
from practice.api.models import DeliveryState
from practice.api.rules.events import WORDS, Event
from practice.api.service import webhooks as service
from practice.api.views.blueprint import settings
from practice.core.db import in_transaction, transaction
from practice.core.errors import Conflict
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.rules import Permission

LOOKS = {
    DeliveryState.WAITING: ("Waiting", "wait", "clock"),
    DeliveryState.TAKEN: ("Taken", "good", "check"),
    DeliveryState.GIVEN_UP: ("Given up", "bad", "cross"),
}


@settings.route("/webhooks", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def webhooks() -> ResponseReturnValue:
    """List the addresses that get news, and add one."""
    form = WebhookForm()
    if form.is_submitted() and form.validate():
        try:
            webhook, secret = in_transaction(
                lambda: service.listen(
                    form.url.data or "", form.events.data or [], by=current_staff()
                )
            )
        except Conflict as refused:
            form.form_errors = [refused.message]
        else:
            return render_template("api/webhook_secret.html", webhook=webhook, secret=secret)
    page = render_template("api/webhooks.html", form=form, webhooks=queries.webhooks(), words=WORDS)
    return page, 422 if form.is_submitted() else 200


@settings.get("/webhooks/<uuid:webhook_id>")
@requires(Permission.PRACTICE_MANAGE)
def webhook(webhook_id: UUID) -> ResponseReturnValue:
    """Show what became of the latest news for an address."""
    found = queries.get_webhook(webhook_id)
    return render_template(
        "api/webhook.html",
        webhook=found,
        deliveries=queries.deliveries(found.id),
        words={event.value: words for event, words in WORDS.items()},
        wanted=[WORDS[Event(each)] for each in found.events],
        looks=LOOKS,
        form=PlainForm(),
    )


@settings.post("/webhooks/<uuid:webhook_id>/rotate")
@requires(Permission.PRACTICE_MANAGE)
def rotate_webhook(webhook_id: UUID) -> ResponseReturnValue:
    """Make a new secret, shown once."""
    with transaction():
        found = queries.get_webhook(webhook_id)
        secret = service.rotate(found, by=current_staff())
    return render_template("api/webhook_secret.html", webhook=found, secret=secret)


@settings.post("/webhooks/<uuid:webhook_id>/end")
@requires(Permission.PRACTICE_MANAGE)
def end_webhook(webhook_id: UUID) -> ResponseReturnValue:
    """Send no more news there."""
    with transaction():
        service.end(queries.get_webhook(webhook_id), by=current_staff())
    flash("That address gets no more news.")
    return redirect(url_for(".webhooks"))


@settings.post("/webhooks/deliveries/<uuid:delivery_id>/send-again")
@requires(Permission.PRACTICE_MANAGE)
def send_again(delivery_id: UUID) -> ResponseReturnValue:
    """Send a piece of news again."""
    with transaction():
        delivery = queries.get_delivery(delivery_id)
        service.send_again(delivery, by=current_staff())
    flash("It is on its way again.")
    return redirect(url_for(".webhook", webhook_id=delivery.webhook_id))
