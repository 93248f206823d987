"""How often something may be done by whoever comes: counted in the database, for all processes.

What is asked so often that its count would cost more than its answer is counted in memory.
"""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock

import sqlalchemy as sa
from flask import current_app

from practice.core import clock, tokens
from practice.core.db import db, insert_unless_there
from practice.core.errors import TooMany
from practice.people.models import Throttle
from practice.people.rules import LIMITS, Often


def count(what: Often, who: str) -> None:
    """Count once more what ``who`` (an address, a network) does. Call inside ``transaction()``.

    Raises:
        TooMany: if it was done as often as it may be in this period.
    """
    limit, now = LIMITS[what], clock.now()
    key = {"kind": what.value, "hash": tokens.digest(who)}
    insert_unless_there(Throttle(**key, failures=0, last_at=now))
    row = db.session.scalars(sa.select(Throttle).filter_by(**key).with_for_update()).one()
    if now - row.last_at >= limit.period:  # its first use stands for the period
        row.failures, row.last_at = 0, now
    if row.failures >= limit.most:
        raise _too_many(math.ceil((row.last_at + limit.period - now).total_seconds()))
    row.failures += 1


def count_here(does: Mapping[Often, str]) -> None:
    """Count once more what somebody does, in this process alone and without the database.

    Of several processes each lets through as many. The period is the clock's own: all counts
    begin anew with it, so that what is remembered stays as little as what a period brings.

    Raises:
        TooMany: if any of it was done as often as it may be in this period.
    """
    now = int(clock.now().timestamp())
    tally: Tally = current_app.extensions.setdefault(KEY, Tally())
    for what, who in does.items():
        limit = LIMITS[what]
        seconds = limit.period // SECOND
        if tally.count(what, who, period=now // seconds) > limit.most:
            raise _too_many(seconds - now % seconds)


KEY = "sanctuary.tally"
SECOND = timedelta(seconds=1)


class Tally:
    """How often each did something in the present period of it; what was before is forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[Often, tuple[int, Counter[str]]] = {}

    def count(self, what: Often, who: str, *, period: int) -> int:
        """Count once more, and return how often it was by now."""
        with self._lock:
            counted, counts = self._counts.get(what, (None, None))
            if counts is None or counted != period:
                counts = Counter()
                self._counts[what] = period, counts
            counts[who] += 1
            return counts[who]


def _too_many(seconds: int) -> TooMany:
    return TooMany(
        "That is more than may be asked from one place. Try again in a minute.",
        retry_after_seconds=max(seconds, 1),
    )
