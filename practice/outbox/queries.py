"""Reading messages and tasks of the practice."""

from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.core.errors import NotFound
from practice.outbox.models import Message, Task


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


def open_tasks_by_client() -> sa.Subquery:
    """Select ``client_id`` and the number of ``tasks`` for everybody whom an open one concerns."""
    concerned = sa.union_all(
        sa.select(Task.client_id.label("client_id")).where(
            Task.done_at.is_(None), Task.client_id.is_not(None)
        ),
        sa.select(Task.about_id).where(
            Task.done_at.is_(None),
            Task.about_id.is_not(None),
            sa.or_(Task.client_id.is_(None), Task.client_id != Task.about_id),
        ),
    ).subquery()
    return (
        sa.select(concerned.c.client_id, sa.func.count().label("tasks"))
        .group_by(concerned.c.client_id)
        .subquery("open_tasks")
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


def get_message(message_id: UUID) -> Message:
    """Return one message.

    Raises:
        NotFound: if there is none, or it is another practice's.
    """
    message = db.session.scalar(sa.select(Message).where(Message.id == message_id))
    if message is None:
        raise NotFound("There is no such message.")
    return message
