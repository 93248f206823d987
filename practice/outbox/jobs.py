"""The engine of background work: jobs are rows, and workers lease them one at a time.

A worker takes the oldest job that is due by writing a lease on it: a token, and until when. It
then works with no transaction open, and finishes the job only if the lease is still its own. When
a worker dies, its lease runs out and the next worker takes the job over. So a job runs at least
once, now and then twice, and its own key must make the second time harmless. Why there is no
library in this place: docs/decisions/0002-jobs-in-our-own-table.md.
"""

import logging
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import current_app

from practice.core import clock
from practice.core.db import db, practice_scope, transaction
from practice.outbox.models import Job
from practice.outbox.rules import ATTEMPTS, LEASE, TOLD_AFTER, JobState, failure_key, pause_after
from practice.outbox.service import assign, try_again, withdraw

log = logging.getLogger(__name__)

Work = Callable[[UUID], object]

HANDLERS: dict[str, Work] = {}


class Outcome(StrEnum):
    DONE = "done"
    AGAIN = "again"  # it failed or must wait, and has a new time
    PARKED = "parked"
    LATE = "late"  # the lease had run out, and the job was no longer this worker's


class NotYet(Exception):
    """Raised by work that must wait until ``at``. It does not count as a failure."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at


class ComesRound(NotYet):
    """Raised by work that is done, and is to be done again at ``at``: one job for ever.

    Whatever failed before is forgotten, since it went well now.
    """


class WorkerDied(Exception):
    """The last attempt took its worker along."""


def handle(kind: str, work: Work) -> None:
    """Say who does jobs of this kind.

    ``work`` is given the subject's id (the practice's, if the job has none). It runs inside the
    practice with no transaction open, should end within 45 seconds, and may run twice.
    """
    HANDLERS[kind] = work


def run_due(limit: int | None = None, *, going: Callable[[], bool] = lambda: True) -> Counter[Any]:
    """Run what is due, oldest first, until nothing is; return how many came to which ``Outcome``.

    Work that becomes due meanwhile is included. Several workers may do this at once: a job is
    leased by one of them. Stops early after ``limit`` jobs, or when ``going`` says no.

    Raises:
        SQLAlchemyError: if the database does not answer. What was leased is due again later.
    """
    ran: Counter[Outcome] = Counter()
    while going() and (limit is None or ran.total() < limit):
        with current_app.app_context():  # a session and a scope of its own for each job
            job = _lease()
            if job is None:
                break
            ran[_run(job)] += 1
    return ran


def unpark() -> None:
    """Make every parked job of every practice due again, as though it were new."""
    parked = (
        sa.select(Job.practice_id, Job.id)
        .where(Job.state == JobState.PARKED)
        .execution_options(across_practices=True)
    )
    for practice_id, job_id in db.session.execute(parked).all():
        with practice_scope(practice_id), transaction():
            try_again(job_id)


def _lease() -> Job | None:
    now = clock.now()
    due = (
        sa.select(Job)
        .where(
            Job.state == JobState.WAITING,
            Job.at <= now,
            sa.or_(Job.leased_until.is_(None), Job.leased_until <= now),
        )
        .order_by(Job.at, Job.id)
        .limit(1)
        .execution_options(across_practices=True)
    )
    if db.session.scalar(due) is None:  # an idle worker only reads
        return None
    with transaction():
        job = db.session.scalar(due.with_for_update(skip_locked=True))
        if job is not None:
            # Counted now, because a job that takes its worker along cannot count afterwards.
            job.attempts += 1
            job.lease, job.leased_until = uuid4(), now + LEASE
            db.session.flush()
            db.session.expunge(job)
    return job


def _run(job: Job) -> Outcome:
    try:
        with practice_scope(job.practice_id):
            _do(job)
    except ComesRound as again:
        return _end(job, Outcome.AGAIN, at=again.at, attempts=0)
    except NotYet as wait:
        return _end(job, Outcome.AGAIN, at=wait.at, attempts=job.attempts - 1)
    except Exception as error:  # noqa: BLE001 - whatever it is, the job is tried again
        return _end_badly(job, error)
    return _end(job, Outcome.DONE, state=JobState.DONE, finished_at=clock.now())


def _end_badly(job: Job, error: Exception) -> Outcome:
    kind, now = type(error).__name__, clock.now()
    # The message and the values in it may name a person; the type and the place cannot.
    log.error(
        "%s %s failed, attempt %d: %s at %s", job.kind, job.id, job.attempts, kind, place(error)
    )
    if job.attempts >= ATTEMPTS:
        return _end(job, Outcome.PARKED, state=JobState.PARKED, error=kind, finished_at=now)
    return _end(job, Outcome.AGAIN, at=now + pause_after(job.attempts), error=kind)


def _end(job: Job, outcome: Outcome, **values: Any) -> Outcome:
    """Write down how it went, unless the lease has passed to another worker."""
    written = (
        sa.update(Job)
        .where(Job.practice_id == job.practice_id, Job.id == job.id, Job.lease == job.lease)
        .values(lease=None, leased_until=None, **values)
    )
    with practice_scope(job.practice_id), transaction():
        if cast(sa.CursorResult[Any], db.session.execute(written)).rowcount == 0:
            log.warning("%s %s was finished late: another worker has it", job.kind, job.id)
            return Outcome.LATE
        if job.attempts >= TOLD_AFTER:
            went_well = values.get("attempts") == 0
            _tell(job, JobState.DONE if went_well else values.get("state", JobState.WAITING))
    return outcome


def _do(job: Job) -> None:
    if job.attempts > ATTEMPTS:
        raise WorkerDied
    HANDLERS[job.kind](job.subject_id or job.practice_id)


def _tell(job: Job, state: JobState) -> None:
    """Let a person know of a job that keeps failing, and again once it is given up."""
    name = f"“{job.kind.replace('-', ' ').capitalize()}”"
    news = {
        JobState.WAITING: f"{name} keeps failing and is tried again.",
        JobState.PARKED: f"{name} was given up after a day.",
    }
    for one in news.keys() - {state}:
        withdraw(failure_key(job.id, one))
    if state in news:
        key, what = failure_key(job.id, state), f"{news[state]} Tell whoever runs the program."
        assign("job-failed", key=key, what=what, due_at=clock.now(), about_id=job.id)


def place(error: BaseException) -> str:
    """Say where an error came from, without a word of what it says."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
