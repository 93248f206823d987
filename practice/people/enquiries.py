"""People who ask to be called before they are clients: how to reach them, and nothing clinical."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from practice.audit.rules import VISITOR, Actor
from practice.audit.service import record
from practice.core import clock
from practice.core.db import db, insert_unless_there, require_practice_id, transaction
from practice.core.errors import NotFound
from practice.core.settings import settings
from practice.outbox import service as outbox
from practice.outbox.models import Message, Task
from practice.people.models import Enquiry
from practice.people.queries import get_practice
from practice.people.rules import Attempt, network_of
from practice.people.signing_in import spend

CALL_WITHIN = timedelta(days=1)
KEPT_FOR = timedelta(days=180)
TASK = "call-back"


@dataclass(frozen=True, slots=True)
class CallBack:
    """Whom to call and when. At least one of ``phone`` (E.164) and ``email`` is given."""

    name: str
    phone: str
    email: str
    when: str


def ask_for_call(wish: CallBack, *, form_token: str, address: str | None) -> None:
    """Write an enquiry down, with a task for staff and a mail to the practice.

    Call inside ``transaction()``. The same form sent again changes nothing.

    Raises:
        TooMany: if this network asked too often.
    """
    enquiry_id = uuid5(require_practice_id(), f"enquiry {form_token}")
    if find(enquiry_id) is not None:
        return
    spend([(Attempt.ENQUIRIES, network_of(address))])
    enquiry = Enquiry(id=enquiry_id, created_at=clock.now())
    enquiry.name = wish.name
    enquiry.phone, enquiry.email = wish.phone or None, wish.email or None
    enquiry.when = wish.when or None
    insert_unless_there(enquiry)
    record("enquiry:add", by=VISITOR, subject_id=enquiry_id)
    outbox.assign(
        TASK,
        key=_task_key(enquiry_id),
        what="Somebody who may become a client asks to be called.",
        due_at=clock.now() + CALL_WITHIN,
        about_id=enquiry_id,
    )
    outbox.post(
        "staff-call-back",
        key=f"staff-call-back:{enquiry_id}",
        to=get_practice().email,
        about_id=enquiry_id,
        facts={"path": f"/enquiries/{enquiry_id}"},
    )


def compose(message: Message) -> dict[str, Any]:
    """Tell staff that somebody waits for a call, and where it says who."""
    return {"page": settings().base_url + message.facts["path"]}


def find(enquiry_id: UUID) -> Enquiry | None:
    """Return an enquiry, if it is there."""
    return db.session.scalar(sa.select(Enquiry).where(Enquiry.id == enquiry_id))


def get(enquiry_id: UUID) -> Enquiry:
    """Return an enquiry.

    Raises:
        NotFound: if there is none, or it was forgotten after half a year.
    """
    enquiry = find(enquiry_id)
    if enquiry is None:
        raise NotFound("There is no such enquiry.")
    return enquiry


def task_of(enquiry_id: UUID) -> Task | None:
    """Return the task to call somebody back, done or not."""
    return db.session.scalar(sa.select(Task).where(Task.key == _task_key(enquiry_id)))


def called(enquiry_id: UUID, *, by: Actor) -> None:
    """Note that somebody was called back. Call inside ``transaction()``; twice is harmless.

    Raises:
        NotFound: if there is no such enquiry.
    """
    get(enquiry_id)
    task = task_of(enquiry_id)
    if task is not None and task.done_at is None:
        outbox.finish(task.id, by=by.id)
        record("enquiry:call", by=by, subject_id=enquiry_id)


def tidy(_practice_id: UUID) -> None:
    """Forget enquiries of half a year ago: whoever came is a client by now."""
    with transaction():
        db.session.execute(sa.delete(Enquiry).where(Enquiry.created_at < clock.now() - KEPT_FOR))


def _task_key(enquiry_id: UUID) -> str:
    return f"{TASK}:{enquiry_id}"
