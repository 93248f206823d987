"""Addresses that want news, and the news for them as rows. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import has_request_context

from practice.api.models import Delivery, DeliveryState, Webhook
from practice.api.rules.events import Event, news_in
from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core import clock, outside, tokens
from practice.core.db import db, insert_unless_there, require_practice_id
from practice.core.errors import Conflict, Invalid
from practice.outbox.service import enqueue
from practice.people.models import Practice
from practice.people.queries import get_practice

DELIVER_JOB = "deliver-webhook"
MOST_WEBHOOKS = 20


def listen(url: str, events: Iterable[Event], *, by: Actor) -> tuple[Webhook, str]:
    """Send news to an address from now on; return it and its secret, which is shown once.

    Raises:
        Invalid: for an address that nothing is sent to, or without a kind of news.
        Conflict: if so many listen already that a booking would be slow.
    """
    outside.target_of(url)
    chosen = _chosen(events)
    count = db.session.scalar(
        sa.select(sa.func.count()).select_from(Webhook).where(Webhook.ended_at.is_(None))
    )
    if count is not None and count >= MOST_WEBHOOKS:
        raise Conflict(f"At most {MOST_WEBHOOKS} addresses can get news. End one first.")
    secret = _new_secret()
    webhook = Webhook(url=url, events=chosen, secret=secret, created_at=clock.now())
    db.session.add(webhook)
    db.session.flush()
    _mark(has_any=True)
    record("webhook:listen", by=by, subject_id=webhook.id, events=chosen)
    return webhook, secret


def change(webhook: Webhook, url: str, events: Iterable[Event], *, by: Actor) -> None:
    """Send news elsewhere, or other news. The secret stays.

    Raises:
        Invalid: as for a new one.
        Conflict: if it was ended.
    """
    _check_live(webhook)
    outside.target_of(url)
    webhook.url, webhook.events = url, _chosen(events)
    db.session.flush()
    record("webhook:change", by=by, subject_id=webhook.id, events=webhook.events)


def rotate(webhook: Webhook, *, by: Actor) -> str:
    """Return a new secret. The former one signs beside it for a day.

    Raises:
        Conflict: if it was ended.
    """
    _check_live(webhook)
    webhook.old_secret, webhook.rotated_at = webhook.secret, clock.now()
    webhook.secret = secret = _new_secret()
    db.session.flush()
    record("webhook:rotate", by=by, subject_id=webhook.id)
    return secret


def end(webhook: Webhook, *, by: Actor) -> None:
    """Send no more news there, not even what is waiting.

    Raises:
        Conflict: if it was ended already.
    """
    _check_live(webhook)
    webhook.ended_at = clock.now()
    db.session.flush()
    left = db.session.scalar(sa.select(Webhook.id).where(Webhook.ended_at.is_(None)).limit(1))
    _mark(has_any=left is not None)
    record("webhook:end", by=by, subject_id=webhook.id)


def send_again(delivery: Delivery, *, by: Actor) -> None:
    """Try a piece of news again from the beginning: the same body, the same id."""
    if delivery.state is DeliveryState.WAITING:
        raise Conflict("This is on its way already.")
    delivery.state, delivery.tries = DeliveryState.WAITING, 0
    delivery.ended_at = delivery.next_at = delivery.problem = None
    db.session.flush()
    record("webhook:send_again", by=by, subject_id=delivery.id)
    at = clock.now()
    enqueue(DELIVER_JOB, key=f"again:{delivery.id}:{at.isoformat()}", subject_id=delivery.id)


def _chosen(events: Iterable[Event]) -> list[str]:
    wanted = set(events)
    chosen = [event.value for event in Event if event in wanted]
    if not chosen:
        raise Invalid("Choose at least one kind of news.")
    return chosen


def _check_live(webhook: Webhook) -> None:
    if webhook.ended_at is not None:
        raise Conflict("That address gets no more news.")


def _new_secret() -> str:
    return f"whsec_{tokens.new()}"


def _mark(*, has_any: bool) -> None:
    db.session.execute(
        sa.update(Practice).where(Practice.id == require_practice_id()).values(has_webhooks=has_any)
    )


# News ------------------------------------------------------------------------------------------


def happened(verb: str, subject_id: UUID, detail: dict[str, Any]) -> None:
    """Put news of a deed on its way, in the deed's own transaction.

    Bound to ``audit.ports.recorded``. Costs no statement where nobody wants news.
    """
    news = news_in(verb, detail)
    if not news or not _anybody_listens():
        return
    webhooks = db.session.scalars(
        sa.select(Webhook).where(Webhook.ended_at.is_(None)).order_by(Webhook.id)
    ).all()
    for webhook in webhooks:
        for event in news:
            if event in webhook.events:
                _put_on_its_way(webhook, event, subject_id)


def _anybody_listens() -> bool:
    if has_request_context():  # read once for this request, by whoever entered the practice
        return get_practice().has_webhooks
    practice = db.session.get(Practice, require_practice_id())
    return practice is not None and practice.has_webhooks


def _put_on_its_way(webhook: Webhook, event: Event, subject_id: UUID) -> None:
    before = db.session.scalar(
        sa.select(sa.func.max(Delivery.ordinal)).where(
            Delivery.webhook_id == webhook.id, Delivery.subject_id == subject_id
        )
    )
    delivery = Delivery(
        webhook_id=webhook.id,
        event=event.value,
        subject_id=subject_id,
        ordinal=(before or 0) + 1,
        state=DeliveryState.WAITING,
        tries=0,
        created_at=clock.now(),
    )
    insert_unless_there(delivery)
    enqueue(DELIVER_JOB, key=f"{DELIVER_JOB}:{delivery.id}", subject_id=delivery.id)
