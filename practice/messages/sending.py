"""What became of the practice's mail, and having it sent again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.settings import settings
from practice.messages.kinds import KINDS
from practice.messages.rules.standing import (
    Handling,
    Standing,
    may_go_again,
    reason,
    standing_of,
)
from practice.outbox import queries
from practice.outbox import service as outbox
from practice.outbox.models import Job, Message
from practice.outbox.rules import MessageState
from practice.people.queries import get_client

STATES: dict[Standing | None, tuple[frozenset[MessageState], bool | None]] = {
    None: (frozenset(MessageState), None),
    Standing.WAITING: (frozenset({MessageState.WAITING}), False),
    Standing.SENT: (frozenset({MessageState.SENT}), None),
    Standing.FAILED: (frozenset({MessageState.FAILED}), True),
    Standing.NOT_SENT: (frozenset({MessageState.STALE}), None),
}
"""The states of messages behind what a person filters by, and whether those given up belong."""


@dataclass(frozen=True, slots=True)
class Which:
    """What the outbox shows."""

    standing: Standing | None = None
    name: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One mail of the outbox, with how it stands."""

    message: Message
    title: str
    standing: Standing
    handling: Handling | None
    reason: str
    may_go_again: bool


def listed(which: Which) -> tuple[list[Line], int]:
    """Return a page of the outbox, the newest first, and how many mails there are.

    Three statements.
    """
    states, given_up = STATES[which.standing]
    found, total = queries.list_messages(
        states=states, name=which.name, given_up=given_up, page=which.page
    )
    jobs = queries.jobs_of(found)
    return [_line(message, jobs.get(message.id)) for message in found], total


def _line(message: Message, job: Job | None) -> Line:
    handling = _handling(job) if job else None
    title = KINDS[message.name].title if message.name in KINDS else message.name.replace("-", " ")
    has_server = settings().smtp_url is not None
    return Line(
        message,
        f"{title} (a test)" if message.facts.get("is_test") else title,
        standing_of(message.state, handling),
        handling,
        reason(message.state, message.error, handling, has_server=has_server),
        may_go_again(message.state, handling, now=clock.now()) and message.name in KINDS,
    )


def _handling(job: Job) -> Handling:
    return Handling(job.state, job.at, job.attempts, job.error, job.lease is not None)


def send_again(message_id: UUID, *, form_token: str, by: Actor) -> None:
    """Send a mail again, to where its reader is reached now. Inside ``transaction()``.

    Raises:
        NotFound: if there is no such mail.
        Conflict: if it is no longer to be sent, or is being handed over just now.
    """
    message = queries.get_message(message_id)
    kind = KINDS.get(message.name)
    to = message.to or ""
    if kind is not None and not kind.to_staff and message.client_id is not None:
        to = get_client(message.client_id).email
    outbox.send_again(message, to=to, key=f"again:{form_token}")
    audit.record("message:again", by=by, subject_id=message.id)
