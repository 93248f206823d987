"""Asking for work, mail and a person's attention: rows of the transaction that causes them.

Everything here is called inside ``transaction()`` and inside a practice, sends nothing, and does
nothing when its ``key`` was asked for before.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa

from practice.core import clock
from practice.core.db import db, insert_unless_there, require_practice_id
from practice.core.errors import Conflict, Invalid, NotFound
from practice.outbox.models import Job, Message, Task
from practice.outbox.rules import (
    CALENDARS_JOB,
    MAIL_JOB,
    JobState,
    MessageState,
    failure_key,
    is_address,
    mail_key,
)


def enqueue(
    kind: str, *, key: str, subject_id: UUID | None = None, at: datetime | None = None
) -> None:
    """Have a worker do ``kind`` once, at or after ``at`` (at once if it is left out).

    ``key`` names this very work, such as ``refund:<id>``, within the practice; it is remembered
    for at least 30 days after the work is done. Without a subject the work is about the practice.
    """
    now = clock.now()
    insert_unless_there(
        Job(kind=kind, key=key, subject_id=subject_id, at=at or now, created_at=now)
    )


def look_at_calendars() -> None:
    """Have calendars looked at, after a name or a place was changed that they may show."""
    enqueue(CALENDARS_JOB, key=f"{CALENDARS_JOB}:{uuid4()}")


def post(
    name: str,
    *,
    key: str,
    to: str,
    about_id: UUID,
    client_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Have one mail sent to the address ``to``, at or after ``at``.

    ``name`` is its folder under ``templates/email``. The text is made when it is sent, so facts
    (fit for JSON: ids, ISO instants, amounts; nothing clinical) hold only what rows will no
    longer say by then. ``client_id`` leads staff to the person if the address is refused.

    Raises:
        Invalid: if ``to`` is no single plain address.
    """
    if not is_address(to):
        raise Invalid("That is not an e-mail address.")
    # The id follows from the key, so that asking twice leads to one message, whatever of its
    # first job is still there.
    message_id = uuid5(require_practice_id(), key)
    insert_unless_there(
        Message(
            id=message_id,
            name=name,
            key=key,
            to=to,
            about_id=about_id,
            client_id=client_id,
            facts=facts or {},
            created_at=clock.now(),
            due_at=at,
        )
    )
    enqueue(MAIL_JOB, key=mail_key(message_id), subject_id=message_id, at=at)


def withdraw_mail(key: str) -> bool:
    """Take back the mail that was posted under ``key``; say whether it had not gone out yet.

    Call in the transaction that undoes what the mail tells of. Then either the undoing is
    committed and the mail is gone, as though it had never been asked for, or neither. A mail
    that a worker has in hand is too late to be taken back.
    """
    message_id = uuid5(require_practice_id(), key)
    job = db.session.scalar(
        sa.select(Job)
        .where(Job.key == mail_key(message_id))
        .with_for_update()  # no worker takes it
    )
    if job is None or job.state is not JobState.WAITING or job.lease is not None:
        return False
    for each in (
        sa.delete(Message).where(Message.id == message_id),
        sa.delete(Job).where(Job.id == job.id),
    ):
        db.session.execute(each.execution_options(synchronize_session=False))
    return True


def send_again(message: Message, *, to: str, key: str) -> None:
    """Have a mail go out again: at once, to the address ``to``.

    One that has not arrived yet is tried anew; of one that was sent a copy goes out, asked for
    under ``key`` of its own. Call inside ``transaction()``.

    Raises:
        Conflict: if it is no longer to be sent, or is being handed over just now.
    """
    job = db.session.scalar(sa.select(Job).where(Job.key == mail_key(message.id)).with_for_update())
    if message.state is MessageState.STALE or (job is not None and job.lease is not None):
        raise Conflict("This message cannot be sent again.")
    if message.state is MessageState.SENT:
        post(
            message.name,
            key=key,
            to=to,
            about_id=message.about_id,
            client_id=message.client_id,
            facts=message.facts,
        )
        return
    message.state, message.error, message.to = MessageState.WAITING, None, to
    db.session.flush()
    withdraw(f"mail-refused:{message.id}")
    if job is None:
        enqueue(MAIL_JOB, key=mail_key(message.id), subject_id=message.id)
        return
    job.state, job.attempts, job.at, job.finished_at = JobState.WAITING, 0, clock.now(), None
    db.session.flush()
    for state in (JobState.WAITING, JobState.PARKED):
        withdraw(failure_key(job.id, state))


def assign(
    kind: str,
    *,
    key: str,
    what: str,
    due_at: datetime,
    client_id: UUID | None = None,
    about_id: UUID | None = None,
) -> None:
    """Put something on the list of what a person of the practice must do.

    ``what`` is one sentence for staff that names nobody: the ids lead to the rest.
    """
    insert_unless_there(
        Task(
            kind=kind,
            key=key,
            what=what,
            client_id=client_id,
            about_id=about_id,
            due_at=due_at,
            created_at=clock.now(),
        )
    )


def finish(task_id: UUID, *, by: UUID | None) -> Task:
    """Mark a task as done by a member of staff, or by the program (``None``).

    A task that is done already stays as it is: the first one did it.

    Raises:
        NotFound: if there is no such task.
    """
    task = db.session.scalar(sa.select(Task).where(Task.id == task_id).with_for_update())
    if task is None:
        raise NotFound("There is no such task.")
    if task.done_at is None:
        task.done_at, task.done_by = clock.now(), by
        db.session.flush()
    return task


def withdraw(key: str) -> None:
    """Take an open task off the list again, because what it asked for is not needed now.

    Unlike a finished one it may be assigned again under its key.
    """
    db.session.execute(
        sa.delete(Task)
        .where(Task.key == key, Task.done_at.is_(None))
        .execution_options(synchronize_session=False)
    )


def withdraw_others(kinds: Collection[str], *, about_id: UUID, keys: Collection[str]) -> None:
    """Take the open tasks of some kinds about one thing off the list, but not those of ``keys``."""
    db.session.execute(
        sa.delete(Task)
        .where(
            Task.about_id == about_id,
            Task.kind.in_(kinds),
            Task.done_at.is_(None),
            Task.key.not_in(keys),
        )
        .execution_options(synchronize_session=False)
    )


def withdraw_those(prefix: str, *, but_not: Collection[str] = ()) -> None:
    """Take the open tasks whose keys begin with ``prefix`` off the list, but not some of them."""
    db.session.execute(
        sa.delete(Task)
        .where(
            Task.key.startswith(prefix, autoescape=True),
            Task.done_at.is_(None),
            Task.key.not_in(but_not),
        )
        .execution_options(synchronize_session=False)
    )


def bring_forward(kind: str, *, key: str, subject_id: UUID) -> None:
    """Have work that comes round be done at once, whenever it would have come.

    Work that a worker has in hand just now is left alone: it finds out itself.
    """
    enqueue(kind, key=key, subject_id=subject_id)
    db.session.execute(
        sa.update(Job)
        .where(Job.key == key, Job.state != JobState.PARKED, Job.lease.is_(None))
        .values(state=JobState.WAITING, at=clock.now(), finished_at=None)
        .execution_options(synchronize_session=False)
    )


def try_again(job_id: UUID) -> None:
    """Make a parked job due again, with as many attempts as a new one; any other stays as it is."""
    job = db.session.scalar(
        sa.select(Job).where(Job.id == job_id, Job.state == JobState.PARKED).with_for_update()
    )
    if job is not None:
        job.state, job.attempts, job.at, job.finished_at = JobState.WAITING, 0, clock.now(), None
        db.session.flush()
        withdraw(failure_key(job.id, JobState.PARKED))
