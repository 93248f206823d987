"""Reading messages and tasks of the practice."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.core.errors import NotFound
from practice.outbox.models import Job, Message, Task
from practice.outbox.rules import MAIL_JOB, JobState, MessageState, mail_key

PAGE = 50


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


def letters_to(client_id: UUID, names: Collection[str], most: int) -> list[Message]:
    """Return the last mails of some kinds that were sent to a client, newest first."""
    return list(
        db.session.scalars(
            sa.select(Message)
            .where(
                Message.client_id == client_id,
                Message.name.in_(names),
                Message.state == MessageState.SENT,
            )
            .order_by(Message.sent_at.desc(), Message.id)
            .limit(most)
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


def list_messages(
    *, states: Collection[MessageState], name: str | None, given_up: bool | None, page: int
) -> tuple[list[Message], int]:
    """Return a page of the messages in some states, the newest first, and how many there are.

    ``given_up`` asks for those whose delivery was given up besides, or for none of them.
    """
    parked = Message.id.in_(
        sa.select(Job.subject_id).where(Job.kind == MAIL_JOB, Job.state == JobState.PARKED)
    )
    which: sa.ColumnElement[bool] = Message.state.in_(states)
    if given_up is not None:
        which = sa.or_(which, parked) if given_up else sa.and_(which, ~parked)
    if name is not None:
        which = sa.and_(which, Message.name == name)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Message).where(which)) or 0
    found = db.session.scalars(
        sa.select(Message)
        .where(which)
        .order_by(Message.created_at.desc(), Message.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return list(found), total


def jobs_of(messages: Iterable[Message]) -> dict[UUID, Job]:
    """Return the jobs that deliver some messages, by message: those not forgotten yet."""
    keys = [mail_key(message.id) for message in messages]
    found = db.session.scalars(sa.select(Job).where(Job.key.in_(keys)))
    return {job.subject_id: job for job in found if job.subject_id is not None}


def get_message(message_id: UUID) -> Message:
    """Return one message.

    Raises:
        NotFound: if there is none, or it is another practice's.
    """
    message = db.session.scalar(sa.select(Message).where(Message.id == message_id))
    if message is None:
        raise NotFound("There is no such message.")
    return message
