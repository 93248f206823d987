"""The lives of jobs, messages and tasks, and when a failed job is tried again."""

from datetime import datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum
from uuid import UUID


class JobState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    PARKED = "parked"  # tried too often; a person must look


class MessageState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # the address was refused; a person must look
    STALE = "stale"  # what it was to say was no longer so; it was not sent


MAIL_JOB = "mail"

CALENDARS_JOB = "look-at-calendars"
"""Have what calendars show of sessions to come compared with what is so."""

UNDO_FOR = timedelta(minutes=3)
"""How long the news of a deed waits, because whoever did it may undo it: nobody is told of both."""

LEASE = timedelta(seconds=45)
"""How long a worker may be silent about a job before another takes it over."""

TOLD_AFTER = 10
"""Failures until a person hears of it: within the first hour."""

ATTEMPTS = 36
"""Failures until a job is parked: after about a day, so that no outage of a night loses mail."""

KEPT_FOR = timedelta(days=30)
"""How long a finished job is kept, and with it the memory of its key."""

PERIODIC_KEPT_FOR = timedelta(days=1)
"""The same for a job that comes again by itself: its key is of no use after its period."""

LONGEST_ADDRESS = 254


def pause_after(attempt: int) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure: 5 s, doubling, at most an hour."""
    return min(timedelta(seconds=5 * 2 ** min(attempt - 1, 10)), timedelta(hours=1))


def mail_key(message_id: UUID) -> str:
    """Name the job that delivers a message."""
    return f"{MAIL_JOB}:{message_id}"


def failure_key(job_id: UUID, state: JobState) -> str:
    """Name the task that tells of a failing job: one while it is waiting, another once parked."""
    return f"job:{job_id}:{state}"


def slot_of(now: datetime, seconds: int) -> int:
    """Return the number of the period of ``seconds`` that ``now`` falls into, since 1970."""
    return int(now.timestamp()) // seconds


def is_address(text: str) -> bool:
    """Say whether mail can be handed over for ``text`` without reading anything else into it.

    It is one address without a name, in printable ASCII: neither a line break nor a comma can
    add a header or a second recipient. Whether it exists, only its server knows.
    """
    if not (text.isascii() and text.isprintable()) or set(text) & set(' ,;:<>()[]"'):
        return False
    try:
        read = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):
        return False
    return bool(read.username and read.domain) and len(text) <= LONGEST_ADDRESS
