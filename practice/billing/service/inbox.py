"""The processor's events: kept first, worked on after. They only say what to look up."""

from datetime import timedelta
from uuid import UUID

from practice.billing import cards, queries
from practice.billing.gateway import NoAccess
from practice.billing.models import ProcessorEvent
from practice.billing.rules.news import About, Event, about
from practice.billing.service import (
    card_keeping,
    card_on_file,
    checkout,
    disputes,
    linking,
    payouts,
)
from practice.core import clock
from practice.core.db import insert_unless_there
from practice.core.settings import settings
from practice.outbox import service as outbox
from practice.people import doors
from practice.people.doors import Found
from practice.people.rules import DoorKind

TRIED_AGAIN_AFTER = timedelta(seconds=30)
"""Whoever keeps an event tries it at once; the job is for when that failed."""


def find(event: Event) -> Found | None:
    """Return the practice and the thing of ours that an event is about, or ``None``: not ours.

    That is a payment (of a dispute too), a card, the page on which one is saved, or the account
    (for payouts too; of an installation with one practice and no linked account the practice).
    """
    home = doors.find(DoorKind.PROCESSOR, event.account) if event.account else None
    if event.account and home is None:
        return None
    thing = about(event.kind)
    if thing is About.ACCOUNT:
        return home
    if thing is About.PAYOUT:
        return home or _only_practice()
    found = doors.find(DoorKind.PAYMENT, event.payment) if event.payment else None
    for one in event.objects:
        found = found or doors.find(DoorKind.PROCESSOR, one)
    if found and home and found.practice_id != home.practice_id:
        return None  # an account tells of what is another's: nothing of it is believed
    return found


def _only_practice() -> Found | None:
    """Return the practice whose the installation's own account is, if there can be no other."""
    practices = doors.every_practice()
    if settings().is_platform or len(practices) != 1:
        return None
    return Found(practices[0], practices[0])


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
    if event.handled_at is not None:
        return
    kind, account, object_id = event.kind, event.account, event.object_id
    subject_id = event.payment_id
    try:
        follow(kind, account, object_id, subject_id, event_id=event_id)
    except NoAccess:  # the account is closed to us: reading it says so, and nothing else can be
        home = doors.find(DoorKind.PROCESSOR, account)
        if home is None:
            raise
        linking.sync(home.subject_id, event_id=event_id)


def follow(
    kind: str, account: str, object_id: str, subject_id: UUID, *, event_id: UUID | None = None
) -> None:
    """Read the truth of what an event of that kind is about.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    thing = about(kind)
    if thing is About.ACCOUNT:
        linking.sync(subject_id, event_id=event_id)
    elif thing is About.PAYOUT:
        payouts.sync(object_id, account, event_id=event_id)
    elif thing is About.DISPUTE:
        if queries.find_payment(subject_id) is not None:
            checkout.sync(subject_id)  # a dispute may be quicker than its own payment
        disputes.sync(object_id, account, event_id=event_id)
    else:
        look(subject_id, event_id=event_id)


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
