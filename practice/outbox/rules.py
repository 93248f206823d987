"""The lives of jobs, messages and tasks, and when a failed one is tried again."""

from datetime import timedelta
from enum import StrEnum


class JobState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    PARKED = "parked"  # tried too often; a person must look


class MessageState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # the address was refused; a person must look


LEASE = timedelta(seconds=45)
"""How long a worker may be silent about a job before another takes it over."""

ATTEMPTS = 12


def pause_after(attempt: int) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure: 5 s, doubling, at most an hour.

    Twelve attempts span about six hours.
    """
    return min(timedelta(seconds=5 * 2 ** (attempt - 1)), timedelta(hours=1))
