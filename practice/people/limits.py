"""How often something may be done by whoever comes: counted in the database, for all processes."""

import math

import sqlalchemy as sa

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
        left = math.ceil((row.last_at + limit.period - now).total_seconds())
        raise TooMany(
            "That is more than may be asked from one place. Try again in a minute.",
            retry_after_seconds=max(left, 1),
        )
    row.failures += 1
