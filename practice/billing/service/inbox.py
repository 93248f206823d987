"""The processor's events: kept first, worked on after. They only say what to look up."""

from datetime import timedelta
from uuid import UUID

from practice.billing import cards, queries
from practice.billing.models import ProcessorEvent
from practice.billing.rules.news import Event
from practice.billing.service import card_keeping, card_on_file, checkout
from practice.core import clock
from practice.core.db import insert_unless_there
from practice.outbox import service as outbox
from practice.people import doors
from practice.people.doors import Found
from practice.people.rules import DoorKind

TRIED_AGAIN_AFTER = timedelta(seconds=30)
"""Whoever keeps an event tries it at once; the job is for when that failed."""


def find(event: Event) -> Found | None:
    """Return the practice and the payment that an event is about, or ``None``: not ours."""
    found = doors.find(DoorKind.PAYMENT, event.payment) if event.payment else None
    for one in event.objects:
        found = found or doors.find(DoorKind.PROCESSOR, one)
    return found


def keep(event: Event, payment_id: UUID) -> ProcessorEvent:
    """Write an event down, once, with a job that sees to it. Call inside ``transaction()``."""
    insert_unless_there(
        ProcessorEvent(
            account=event.account,
            processor_id=event.id,
            kind=event.kind,
            object_id=event.objects[0] if event.objects else "",
            payment_id=payment_id,
            received_at=clock.now(),
        )
    )
    kept = queries.get_event_by(event.account, event.id)
    outbox.enqueue(
        "processor-event",
        key=f"event:{kept.id}",
        subject_id=kept.id,
        at=kept.received_at + TRIED_AGAIN_AFTER,
    )
    return kept


def handle(event_id: UUID) -> None:
    """Do what an event asks for, unless it is done. Call outside transactions.

    Raises:
        Unavailable: if the processor cannot be asked. Try again later.
    """
    event = queries.get_event(event_id)
    if event.handled_at is None:
        look(event.payment_id, event_id=event_id)


def look(subject_id: UUID, *, event_id: UUID | None = None) -> None:
    """Read the truth of whatever an event is about: a payment, a card, or a page to save one.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    if queries.find_payment(subject_id) is not None:
        checkout.sync(subject_id, event_id=event_id)
    elif cards.find_setup(subject_id) is not None:
        card_on_file.sync_setup(subject_id, event_id=event_id)
    else:
        card_keeping.sync_card(subject_id, event_id=event_id)
