"""Reading messages and tasks of the practice."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.core.errors import NotFound
from practice.outbox.models import Message, Task
from practice.outbox.rules import MessageState


def open_tasks() -> list[Task]:
    """Return what a person must still do, the most urgent first."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(Task.done_at.is_(None))
            .order_by(Task.due_at, Task.created_at, Task.id)
        )
    )


def open_tasks_about(client_id: UUID) -> list[Task]:
    """Return what must still be done that concerns a client, the most urgent first."""
    return list(
        db.session.scalars(
            sa.select(Task)
            .where(
                Task.done_at.is_(None),
                sa.or_(Task.client_id == client_id, Task.about_id == client_id),
            )
            .order_by(Task.due_at, Task.created_at, Task.id)
        )
    )


def messages_about(about_id: UUID, name: str) -> list[Message]:
    """Return the messages of one kind about one thing, newest first, sent or waiting."""
    return list(
        db.session.scalars(
            sa.select(Message)
            .where(Message.about_id == about_id, Message.name == name)
            .order_by(Message.created_at.desc(), Message.id)
        )
    )


def messages_to_come(about_id: UUID, names: Iterable[str], *, now: datetime) -> list[Message]:
    """Return the messages about one thing whose time has not come, the oldest first."""
    return list(
        db.session.scalars(
            sa.select(Message)
            .where(
                Message.about_id == about_id,
                Message.name.in_(names),
                Message.state == MessageState.WAITING,
                Message.due_at > now,
            )
            .order_by(Message.created_at, Message.due_at, Message.id)
        )
    )


def get_message(message_id: UUID) -> Message:
    """Return one message.

    Raises:
        NotFound: if there is none, or it is another practice's.
    """
    message = db.session.scalar(sa.select(Message).where(Message.id == message_id))
    if message is None:
        raise NotFound("There is no such message.")
    return message
