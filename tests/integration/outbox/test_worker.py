"""Workers as they are at work: processes of their own, that are stopped, killed and cut off."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from practice.core import clock, connections
from practice.core.db import db, read_again, transaction
from practice.outbox import jobs, periods, queries, service, worker
from practice.outbox.rules import KEPT_FOR, LEASE, JobState
from practice.people.models import Practice
from tests import factories
from tests.integration.outbox.conftest import kill, the_jobs, until, working

Later = Callable[[timedelta], None]

ROOT = Path(__file__).parents[3]


def leave_a_mark(runs: Path, subject_id: UUID) -> None:
    """Have an effect by its key, and write down every time that it was tried."""
    with runs.open("a") as file:
        file.write(f"{subject_id}\n")
    with transaction():
        service.assign("mark", key=f"mark:{subject_id}", what="x", due_at=clock.now())


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    file = tmp_path / "runs"
    file.touch()
    jobs.handle("mark", partial(leave_a_mark, file))
    return file


def ask_for_marks(amount: int) -> list[UUID]:
    subjects = sorted(uuid4() for _ in range(amount))
    with transaction():
        for subject_id in subjects:
            service.enqueue("mark", key=str(subject_id), subject_id=subject_id)
    return subjects


def marks() -> list[UUID]:
    read_again()
    return sorted(UUID(task.key.removeprefix("mark:")) for task in queries.open_tasks())


def has_lines(file: Path, amount: int) -> bool:
    return len(file.read_text().splitlines()) >= amount


def all_done() -> bool:
    return {state for (state,) in the_jobs("state")} == {JobState.DONE}


def test_eight_workers_do_each_of_two_hundred_jobs_once(
    practice: Practice, app: Flask, runs: Path
) -> None:
    subjects = ask_for_marks(200)

    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(working(app))
        until(all_done)

    assert marks() == subjects
    # Once each, but for what had to be tried again because the database was too busy.
    assert Counter(runs.read_text().split()) == dict(the_jobs("key", "attempts"))


def test_nothing_is_lost_when_workers_are_killed(
    practice: Practice, app: Flask, runs: Path, later: Later
) -> None:
    subjects = ask_for_marks(60)

    for done in (10, 20, 30):
        with working(app) as process:
            until(partial(has_lines, runs, done))
            kill(process)
        later(LEASE)
    with working(app):
        until(all_done)

    assert marks() == subjects


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_finishes_the_job_at_hand(
    practice: Practice, app: Flask, tmp_path: Path, wanted: signal.Signals
) -> None:
    begun, may_end = tmp_path / "begun", tmp_path / "may-end"

    def work(_subject: UUID) -> None:
        begun.touch()
        until(may_end.exists)

    jobs.handle("work", work)
    with transaction():
        service.enqueue("work", key="a")
        service.enqueue("work", key="b", at=clock.now())

    with working(app) as process:
        until(begun.exists)
        assert process.pid is not None
        os.kill(process.pid, wanted)
        may_end.touch()
        process.join(60)

        assert process.exitcode == 0
    assert the_jobs("key", "state") == [("a", JobState.DONE), ("b", JobState.WAITING)]


def test_an_idle_worker_takes_what_is_asked_for_later(
    practice: Practice, app: Flask, runs: Path
) -> None:
    with working(app):
        for _ in range(3):
            ask_for_marks(1)
            until(all_done)

    assert len(marks()) == 3


@pytest.mark.database("postgresql")
def test_a_worker_outlives_the_connections_of_its_database(
    practice: Practice, app: Flask, runs: Path, database_url: str
) -> None:
    with working(app):
        ask_for_marks(1)
        until(all_done)
        cut_all_connections(database_url)
        ask_for_marks(1)
        until(all_done)

    assert len(marks()) == 2


def cut_all_connections(database_url: str) -> None:
    """Do to every client what a restart of the server does."""
    db.session.remove()
    db.engine.dispose()
    url = sa.make_url(database_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND usename = current_user "
            "AND pid <> pg_backend_pid()"
        )


@pytest.mark.database("sqlite")
def test_a_worker_waits_for_a_database_that_another_program_holds(
    practice: Practice,
    app: Flask,
    runs: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "WRITER_WAITS_MS", 20)
    [subject] = ask_for_marks(1)
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    with engine.connect() as holder, working(app) as process:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        process.join(1)  # many times as long as a writer waits here
        assert process.is_alive()
        assert the_jobs("state") == [(JobState.WAITING,)]
        holder.rollback()
        until(all_done)

    assert marks() == [subject]


def lose_connection() -> None:
    raise ConnectionError("no connection for Alex")


def test_a_trouble_that_lasts_is_written_down_once_and_names_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trouble = ""
    for _ in range(2):
        with pytest.raises(ConnectionError) as raised:
            lose_connection()
        trouble = worker.note(raised.value, trouble)

    assert [line.getMessage() for line in caplog.records] == [f"waiting: {trouble}"]
    assert trouble.startswith("ConnectionError at test_worker.py:")


# Periods ---------------------------------------------------------------------------------------


@pytest.fixture
def hourly(runs: Path) -> None:
    periods.every(periods.HOUR, "hourly", partial(leave_a_mark, runs))


def test_what_is_periodic_is_done_once_a_period_for_every_practice(
    practice: Practice, hourly: None, runs: Path, later: Later
) -> None:
    other = factories.create_practice(slug="harbor")

    for _ in range(4):
        periods.lay_out()
        periods.lay_out()
        jobs.run_due()
        later(timedelta(hours=1))
    jobs.run_due()

    assert sorted(runs.read_text().split()) == sorted([str(practice.id), str(other.id)] * 4)


def test_a_period_that_is_known_costs_no_look(
    practice: Practice, hourly: None, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    known = periods.lay_out()

    assert count_statements(lambda: periods.lay_out(known)) == 0
    assert len(the_jobs("id")) == 1


def test_jobs_that_were_done_a_month_ago_are_forgotten(
    practice: Practice, runs: Path, later: Later
) -> None:
    [_] = ask_for_marks(1)
    jobs.run_due()
    later(KEPT_FOR)
    [new] = ask_for_marks(1)
    jobs.run_due()
    later(timedelta(seconds=1))
    [waiting] = ask_for_marks(1)

    periods.tidy(practice.id)

    assert sorted(str(key) for (key,) in the_jobs("key")) == sorted([str(new), str(waiting)])


def test_periodic_jobs_are_forgotten_after_a_day(
    practice: Practice, hourly: None, later: Later
) -> None:
    for pause in (timedelta(), timedelta(days=1)):
        later(pause)
        periods.lay_out()
        later(timedelta(hours=1))
        jobs.run_due()
    assert the_jobs("state") == [(JobState.DONE,)] * 2

    periods.tidy(practice.id)

    assert the_jobs("state") == [(JobState.DONE,)]


# Commands --------------------------------------------------------------------------------------


def test_drain_does_what_is_due_and_says_so(app: Flask, practice: Practice, runs: Path) -> None:
    ask_for_marks(2)
    with transaction():
        service.enqueue("nobody does this", key="x")
        service.enqueue("mark", key="tomorrow", at=clock.now() + timedelta(days=1))

    said = app.test_cli_runner().invoke(args=["drain"])

    assert said.output == "2 done, 0 parked, 1 to be tried again\n"
    assert app.test_cli_runner().invoke(args=["drain"]).output == "0 done, 0 parked\n"


def test_the_worker_command_runs_until_it_is_asked_to_stop(
    practice: Practice, environment: dict[str, str]
) -> None:
    with transaction():
        service.enqueue("tidy-jobs", key="by a real program")

    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment) as process:
        until(lambda: ("by a real program", JobState.DONE) in the_jobs("key", "state"))
        process.terminate()

        assert process.wait(60) == 0
