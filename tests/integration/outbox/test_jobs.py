import logging
import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.core import clock
from practice.core.db import db, practice_scope, read_again, require_practice_id, transaction
from practice.outbox import jobs, queries, service, worker
from practice.outbox.jobs import NotYet, Outcome
from practice.outbox.models import Job
from practice.outbox.rules import ATTEMPTS, LEASE, TOLD_AFTER, JobState, pause_after
from practice.people.models import Practice
from tests import factories
from tests.integration.outbox.conftest import at_of, kill, the_jobs, until, working

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

Later = Callable[[timedelta], None]


class Lost(Exception):
    """What a job of these tests fails with."""


def ask(kind: str = "note", key: str = "a", **more: object) -> None:
    with transaction():
        service.enqueue(kind, key=key, **more)  # type: ignore[arg-type]  # as enqueue takes it


def note(runs: Path, subject_id: UUID) -> None:
    """Leave a line behind, in one write, so that no other process's comes between."""
    with runs.open("a") as file:
        file.write(f"{subject_id}\n")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """What the jobs named ``note`` were about, a line each."""
    file = tmp_path / "runs"
    file.touch()
    jobs.handle("note", partial(note, file))
    return file


def lines(runs: Path) -> list[str]:
    return runs.read_text().splitlines()


# Asking ----------------------------------------------------------------------------------------


def test_a_job_exists_if_its_transaction_does(practice: Practice, runs: Path) -> None:
    def lose() -> None:
        with transaction():
            service.enqueue("note", key="a")
            raise Lost

    with pytest.raises(Lost):
        lose()
    ask(key="b")

    assert jobs.run_due() == {Outcome.DONE: 1}
    assert the_jobs("key", "state") == [("b", JobState.DONE)]
    assert lines(runs) == [str(practice.id)]


def test_asking_again_with_the_same_key_does_nothing(practice: Practice, runs: Path) -> None:
    first, second = uuid4(), uuid4()
    ask(key="a", subject_id=first)
    ask(key="a", subject_id=second)
    jobs.run_due()
    ask(key="a", subject_id=second)

    assert jobs.run_due() == {}
    assert lines(runs) == [str(first)]


def test_two_practices_may_use_the_same_key(practice: Practice, runs: Path) -> None:
    other = factories.create_practice(slug="harbor")
    ask(key="a")
    with factories.made(other):
        service.enqueue("note", key="a")

    jobs.run_due()

    assert sorted(lines(runs)) == sorted([str(practice.id), str(other.id)])


# Running ---------------------------------------------------------------------------------------


def test_work_runs_inside_its_practice_with_no_transaction_open(practice: Practice) -> None:
    seen = []

    def look(_subject: UUID) -> None:
        seen.append((require_practice_id(), db.session().in_transaction()))

    jobs.handle("look", look)
    ask("look")
    with practice_scope(factories.create_practice(slug="harbor").id):
        jobs.run_due()

    assert seen == [(practice.id, False)]


def test_the_oldest_comes_first_and_a_limit_is_kept(practice: Practice, runs: Path) -> None:
    now = clock.now()
    older, newer, newest = (uuid4() for _ in range(3))
    ask(key="a", subject_id=newest, at=now - 1 * SECOND)
    ask(key="b", subject_id=older, at=now - 3 * SECOND)
    ask(key="c", subject_id=newer, at=now - 2 * SECOND)

    assert jobs.run_due(limit=2) == {Outcome.DONE: 2}
    assert lines(runs) == [str(older), str(newer)]


def test_what_becomes_due_through_a_job_is_run_too(practice: Practice, runs: Path) -> None:
    def pass_on(_subject: UUID) -> None:
        ask(key="b")

    jobs.handle("pass-on", pass_on)
    ask("pass-on")

    assert jobs.run_due() == {Outcome.DONE: 2}
    assert lines(runs) == [str(practice.id)]


def test_a_wait_is_kept_by_our_clock(practice: Practice, runs: Path, later: Later) -> None:
    ask(at=clock.now() + HOUR)

    assert jobs.run_due() == {}
    later(HOUR)
    assert jobs.run_due() == {Outcome.DONE: 1}


def test_work_that_must_wait_has_not_failed(practice: Practice, later: Later) -> None:
    in_an_hour = clock.now() + HOUR

    def wait(_subject: UUID) -> None:
        if clock.now() < in_an_hour:
            raise NotYet(in_an_hour)

    jobs.handle("wait", wait)
    ask("wait")

    assert jobs.run_due() == {Outcome.AGAIN: 1}
    assert the_jobs("at", "attempts", "error") == [(in_an_hour, 0, None)]
    later(HOUR)
    assert jobs.run_due() == {Outcome.DONE: 1}


# Failing ---------------------------------------------------------------------------------------


def fail(_subject: UUID) -> None:
    raise Lost("Alex Bell was here")


def test_a_failed_job_is_tried_again_after_a_pause(practice: Practice, later: Later) -> None:
    jobs.handle("fail", fail)
    ask("fail")

    before = clock.now()
    assert jobs.run_due() == {Outcome.AGAIN: 1}
    assert jobs.run_due() == {}
    assert the_jobs("state", "attempts", "error", "lease") == [(JobState.WAITING, 1, "Lost", None)]
    assert before + pause_after(1) <= at_of("a") <= clock.now() + pause_after(1)

    later(pause_after(1))
    jobs.handle("fail", lambda _: None)
    assert jobs.run_due() == {Outcome.DONE: 1}
    assert the_jobs("state", "attempts") == [(JobState.DONE, 2)]


def test_a_failed_job_leaves_nothing_of_its_transaction(practice: Practice) -> None:
    def half(_subject: UUID) -> None:
        with transaction():
            service.enqueue("note", key="left behind")
            fail(_subject)

    jobs.handle("half", half)
    ask("half")
    jobs.run_due()

    assert the_jobs("key") == [("a",)]


def test_what_an_error_says_is_written_nowhere(
    practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.handle("fail", fail)
    ask("fail")

    with caplog.at_level(logging.DEBUG):
        jobs.run_due()

    assert "fail" in caplog.text
    assert "Lost at test_jobs.py:" in caplog.text
    assert "Alex" not in caplog.text
    assert the_jobs("error") == [("Lost",)]


def test_a_job_that_nobody_handles_is_tried_again(practice: Practice) -> None:
    ask("of a newer release")

    assert jobs.run_due() == {Outcome.AGAIN: 1}
    assert the_jobs("error") == [("KeyError",)]


def test_a_job_that_fails_too_often_is_parked_and_a_person_told(
    practice: Practice, later: Later
) -> None:
    jobs.handle("fail", fail)
    ask("fail")

    told: list[int] = []
    ran: Counter[Outcome] = Counter()
    for _ in range(ATTEMPTS + 3):
        ran += jobs.run_due()
        read_again()
        told.append(len(queries.open_tasks()))
        later(HOUR)

    assert ran == {Outcome.AGAIN: ATTEMPTS - 1, Outcome.PARKED: 1}
    assert the_jobs("state", "attempts", "error") == [(JobState.PARKED, ATTEMPTS, "Lost")]
    assert told == [0] * (TOLD_AFTER - 1) + [1] * (ATTEMPTS + 4 - TOLD_AFTER)
    assert [task.what for task in queries.open_tasks()] == [
        "“Fail” was given up after a day. Tell whoever runs the program."
    ]


def test_a_job_that_succeeds_at_last_takes_its_task_off_the_list(
    practice: Practice, later: Later
) -> None:
    jobs.handle("fail", fail)
    ask("fail")
    for _ in range(TOLD_AFTER):
        jobs.run_due()
        later(HOUR)
    assert len(queries.open_tasks()) == 1

    jobs.handle("fail", lambda _: None)
    jobs.run_due()

    read_again()
    assert queries.open_tasks() == []


def test_drain_can_be_asked_to_try_again_what_was_given_up(
    app: Flask, practice: Practice, later: Later
) -> None:
    jobs.handle("fail", fail)
    ask("fail")
    for _ in range(ATTEMPTS):
        jobs.run_due()
        later(HOUR)
    jobs.handle("fail", lambda _: None)
    assert len(queries.open_tasks()) == 1

    assert drain(app) == "0 done, 0 parked\n"
    with practice_scope(factories.create_practice(slug="harbor").id):
        assert drain(app, "--parked") == "1 done, 0 parked\n"

    read_again()
    assert queries.open_tasks() == []


def drain(app: Flask, *options: str) -> str:
    return app.test_cli_runner().invoke(args=["drain", *options]).output


# Leases ----------------------------------------------------------------------------------------


def stick(pid_file: Path, _subject: UUID) -> None:
    """Say who is at it, and never end."""
    pid_file.write_text(str(os.getpid()))
    signal.pause()


def test_the_job_of_a_killed_worker_is_done_by_another(
    practice: Practice, app: Flask, later: Later, runs: Path, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    jobs.handle("stick", partial(stick, pid_file))
    ask("stick")
    with working(app) as process:
        until(pid_file.exists)
        kill(process)
    assert pid_file.read_text() == str(process.pid)
    jobs.handle("stick", partial(note, runs))

    later(LEASE - 10 * SECOND)
    assert jobs.run_due() == {}
    later(10 * SECOND)
    assert jobs.run_due() == {Outcome.DONE: 1}

    assert lines(runs) == [str(practice.id)]
    assert the_jobs("state", "attempts") == [(JobState.DONE, 2)]


def test_a_lease_and_the_longest_look_away_are_less_than_a_minute() -> None:
    assert LEASE.total_seconds() + worker.LONGEST_PAUSE_SECONDS < 60


def test_a_worker_that_is_late_does_not_finish_the_job_of_another(
    practice: Practice, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    others: list[Counter[Outcome]] = []

    def slow(_subject: UUID) -> None:
        if not others:
            later(LEASE)
            others.append(Counter())
            others[0] += jobs.run_due()
            raise Lost

    jobs.handle("slow", slow)
    ask("slow")

    assert jobs.run_due() == {Outcome.LATE: 1}
    assert others == [{Outcome.DONE: 1}]
    assert the_jobs("state", "attempts", "error") == [(JobState.DONE, 2, None)]


def test_a_job_that_kills_its_workers_is_parked(
    practice: Practice, later: Later, runs: Path
) -> None:
    ask()
    with transaction():
        job = db.session.scalars(sa.select(Job)).one()
        job.attempts = ATTEMPTS
        job.lease, job.leased_until = uuid4(), clock.now() + LEASE

    later(LEASE)

    assert jobs.run_due() == {Outcome.PARKED: 1}
    assert the_jobs("error") == [("WorkerDied",)]
    assert lines(runs) == []
