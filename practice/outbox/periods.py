"""What is done for every practice once in each period of so many hours or days.

The jobs of a period are rows with a key, so that several workers do not double them. It costs a
row for each practice and period: meant for what has no moment of its own. Whatever waits for a
moment (a hold's end) is a job at that moment.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from flask import current_app

from practice.core import clock
from practice.core.db import db, insert_unless_there, transaction
from practice.outbox import jobs, ports
from practice.outbox.models import Job
from practice.outbox.rules import KEPT_FOR, PERIODIC_KEPT_FOR, JobState, slot_of

HOUR = 3600
DAY = 24 * HOUR

PERIODS: dict[str, int] = {}

Slot = tuple[str, int]


def every(seconds: int, kind: str, work: jobs.Work) -> None:
    """Say what is done for each practice once in every period of so many seconds."""
    jobs.handle(kind, work)
    PERIODS[kind] = seconds


def lay_out(known: Collection[Slot] = ()) -> set[Slot]:
    """Make the jobs of the periods that have begun; return these periods.

    Whoever comes first makes them. ``known`` are periods that need no look. The practices take
    their turns spread over the period.
    """
    now = clock.now()
    slots = {(kind, slot_of(now, seconds)) for kind, seconds in PERIODS.items()}
    new = slots - set(known)
    if new:
        with current_app.app_context():
            practices = ports.every_practice()
            with transaction():
                for kind, slot in sorted(new):
                    for practice_id in practices:
                        insert_unless_there(_job(kind, slot, practice_id, now))
    return slots


def _job(kind: str, slot: int, practice_id: UUID, now: datetime) -> Job:
    seconds = PERIODS[kind]
    at = datetime.fromtimestamp(slot * seconds + practice_id.int % seconds, UTC)
    return Job(practice_id=practice_id, kind=kind, key=f"{kind}:{slot}", at=at, created_at=now)


def tidy(practice_id: UUID) -> None:
    """Forget the practice's jobs that were done long ago: 30 days, periodic ones a day.

    Parked ones stay.
    """
    now = clock.now()
    long_ago = sa.or_(
        Job.finished_at < now - KEPT_FOR,
        sa.and_(Job.kind.in_(PERIODS), Job.finished_at < now - PERIODIC_KEPT_FOR),
    )
    with transaction():
        db.session.execute(
            sa.delete(Job).where(
                Job.practice_id == practice_id, Job.state == JobState.DONE, long_ago
            )
        )
