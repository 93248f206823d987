"""Sending news: the worker's part, outside transactions.

News about one subject is sent in order: a later piece waits until the earlier one was taken or
given up. A piece that was taken twice (its answer was lost) has the same id both times.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.api import queries
from practice.api.models import Delivery, DeliveryState, Webhook
from practice.api.rules import events
from practice.api.rules.events import OLD_SECRET_LASTS, TRIES, Event
from practice.core import clock, outside
from practice.core.db import db, in_transaction
from practice.core.errors import Invalid, PracticeError
from practice.outbox.jobs import NotYet
from practice.outbox.service import assign

AFTER_THE_EARLIER = timedelta(seconds=2)


def deliver(delivery_id: UUID) -> None:
    """Send one piece of news, unless it was taken already.

    Raises:
        NotYet: if an earlier one about the same subject is still waiting, or this one is to be
            tried again.
    """
    delivery = queries.get_delivery(delivery_id)
    if delivery.state is not DeliveryState.WAITING:
        return
    webhook = queries.get_webhook(delivery.webhook_id)
    if webhook.ended_at is not None:
        in_transaction(lambda: _end(delivery_id, DeliveryState.GIVEN_UP, "No more news is wanted."))
        return
    if delivery.next_at is not None and delivery.next_at > clock.now():
        raise NotYet(delivery.next_at)
    if (earlier := queries.earlier_waiting(delivery)) is not None:
        raise NotYet(max(earlier.next_at or clock.now(), clock.now()) + AFTER_THE_EARLIER)
    body = delivery.body or in_transaction(lambda: _write(delivery_id))
    try:
        status = outside.post(webhook.url, body.encode(), _headers(webhook, delivery, body))
    except (outside.Unreachable, Invalid) as problem:
        _note(delivery_id, None, problem)
        return
    _note(delivery_id, status, None)


def _headers(webhook: Webhook, delivery: Delivery, body: str) -> dict[str, str]:
    now = clock.now()
    secrets = [webhook.secret or ""]
    if webhook.rotated_at and webhook.old_secret and now - webhook.rotated_at < OLD_SECRET_LASTS:
        secrets.append(webhook.old_secret)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Sanctuary-Webhooks/1",
        "Sanctuary-Event-Id": str(delivery.id),
        "Sanctuary-Signature": events.signature(body.encode(), now, secrets),
    }


def _write(delivery_id: UUID) -> str:
    """Write the body, once: a later try sends the same."""
    delivery = _lock(delivery_id)
    if delivery.body is None:
        event = Event(delivery.event)
        delivery.body = json.dumps(
            {
                "id": str(delivery.id),
                "type": event.value,
                "created_at": _written(delivery.created_at),
                "data": {
                    "object": event.value.partition(".")[0],
                    "id": str(delivery.subject_id),
                    "state": queries.state_of(event, delivery.subject_id),
                    "ordinal": delivery.ordinal,
                },
            }
        )
        db.session.flush()
    return delivery.body


def _written(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _note(delivery_id: UUID, status: int | None, problem: PracticeError | None) -> None:
    """Write down how a try went.

    Raises:
        NotYet: if there is to be another.
    """
    if status is not None and events.is_taken(status):
        in_transaction(lambda: _end(delivery_id, DeliveryState.TAKEN, None, status=status))
        return
    words = problem.message if problem else "It did not take the news."
    again_at = in_transaction(lambda: _failed(delivery_id, status, words))
    if again_at is not None:
        raise NotYet(again_at)


def _failed(delivery_id: UUID, status: int | None, words: str) -> datetime | None:
    delivery = _lock(delivery_id)
    if delivery.tries + 1 >= TRIES:
        _end(delivery_id, DeliveryState.GIVEN_UP, words, status=status)
        assign(
            "webhook-failed",
            key=f"webhook-failed:{delivery.webhook_id}:{clock.now():%Y-%m-%d}",
            what="An address that wants news has not taken it for a day. See Settings, Webhooks.",
            due_at=clock.now(),
            about_id=delivery.webhook_id,
        )
        return None
    delivery.tries += 1
    delivery.status, delivery.problem = status, words
    delivery.next_at = clock.now() + events.pause_after(delivery.tries)
    db.session.flush()
    return delivery.next_at


def _end(
    delivery_id: UUID, state: DeliveryState, problem: str | None, *, status: int | None = None
) -> None:
    delivery = _lock(delivery_id)
    delivery.state, delivery.problem, delivery.status = state, problem, status
    delivery.tries += status is not None or problem is not None
    delivery.next_at, delivery.ended_at = None, clock.now()
    db.session.flush()


def _lock(delivery_id: UUID) -> Delivery:
    return db.session.scalars(
        sa.select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    ).one()


def tidy(_practice_id: UUID) -> None:
    """Forget news that was taken or given up a month ago."""
    long_ago = clock.now() - KEPT_FOR

    def work() -> None:
        db.session.execute(
            sa.delete(Delivery)
            .where(Delivery.ended_at < long_ago)
            .execution_options(synchronize_session=False)
        )

    in_transaction(work)


KEPT_FOR = timedelta(days=30)
