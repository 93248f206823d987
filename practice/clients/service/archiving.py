"""Putting a client away when care has ended, and bringing them back. Nothing is deleted."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.models import FeedSubscription
from practice.calendar.service import feeds
from practice.clients import ports
from practice.clients.queries import find_merge
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, NotFound
from practice.people.models import Client


def archive_client(client_id: UUID, *, by: Actor) -> None:
    """Take a client out of the list and of every search for a booking.

    They sign in no more, so that they could not end a calendar link of theirs: it ends with this.
    Call inside ``transaction()``. Doing it twice is harmless.

    Raises:
        NotFound: if there is no such client.
        Conflict: if a session is still to come.
    """
    client = lock_client(client_id)
    if ports.next_sessions([client_id]):
        raise Conflict(
            f"{client.name} has a session to come. Cancel it first, or archive them after it."
        )
    if client.archived_at is None:
        client.archived_at = clock.now()
        db.session.flush()
        feeds.end_those(FeedSubscription.resource_id == client_id, by=by)
        record("client:archive", by=by, subject_id=client_id)


def bring_back(client_id: UUID, *, by: Actor) -> None:
    """Put an archived client back into the list. Call inside ``transaction()``.

    Raises:
        NotFound: if there is no such client.
        Conflict: if they were merged into somebody else: undo that instead.
    """
    client = lock_client(client_id)
    if find_merge(client_id):
        raise Conflict(
            f"{client.name} was merged into another client. Undo the merge to bring them back."
        )
    if client.archived_at is not None:
        client.archived_at = None
        db.session.flush()
        record("client:bring_back", by=by, subject_id=client_id)


def lock_client(client_id: UUID) -> Client:
    """Read a client, and keep them still until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    client = db.session.scalar(sa.select(Client).where(Client.id == client_id).with_for_update())
    if client is None:
        raise NotFound("There is no such client.")
    return client
