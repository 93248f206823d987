"""A practice with work to do, a clock that can be moved, and workers that are real processes."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from config import Config
from practice.core.db import db, practice_scope, read_again
from practice.outbox import jobs, periods, worker
from practice.outbox.models import Job
from practice.people.models import Practice
from tests import databases, factories

FORK = multiprocessing.get_context("fork")  # a child knows what the test has said
PATIENCE_SECONDS = 60


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    return tmp_path / "clock"


@pytest.fixture
def later(clock_file: Path) -> Callable[[timedelta], None]:
    """Moves the clock of all processes of a test onward."""
    moved = timedelta()

    def move(by: timedelta) -> None:
        nonlocal moved
        moved += by
        clock_file.write_text(str(moved.total_seconds()))

    return move


@pytest.fixture
def environment(database_url: str, clock_file: Path) -> dict[str, str]:
    return databases.settings(database_url) | {
        "PAYMENTS_SANDBOX": "1",
        "STRIPE_SECRET_KEY": "sk_test_nobody",
        "STRIPE_WEBHOOK_SECRETS": "whsec_nobody_at_all",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "CLOCK_FILE": str(clock_file),
        "MAIL_FROM": "Appointments <appointments@mail.example>",
    }


@pytest.fixture
def config(environment: dict[str, str]) -> Config:
    return Config.from_env(environment)


@pytest.fixture
def practice(app: Flask) -> Iterator[Practice]:
    """A practice that the rest of the test is inside of."""
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield practice


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """Jobs are what a test says they are, and nothing is done without being asked for."""
    monkeypatch.setattr(jobs, "HANDLERS", dict(jobs.HANDLERS))
    monkeypatch.setattr(periods, "PERIODS", {})


def the_jobs(*columns: str) -> list[tuple[Any, ...]]:
    """Return these columns of all jobs of all practices, in the order of their keys."""
    read_again()
    wanted = [getattr(Job, column) for column in columns]
    rows = db.session.execute(
        sa.select(*wanted).order_by(Job.key).execution_options(across_practices=True)
    )
    return [tuple(row) for row in rows]


def at_of(key: str) -> datetime:
    read_again()
    return db.session.scalars(sa.select(Job.at).where(Job.key == key)).one()


@contextmanager
def working(app: Flask) -> Iterator[BaseProcess]:
    """Let a process of its own work while the block runs; it is killed at the end if it is left."""
    db.session.remove()
    db.engine.dispose()  # nobody inherits a connection
    process = FORK.Process(target=_work, args=(app,))
    process.start()
    try:
        yield process
    finally:
        kill(process)


def _work(app: Flask) -> None:
    with app.app_context():
        worker.run()


def kill(process: BaseProcess) -> None:
    """End a process with SIGKILL, whoever else has just done so."""
    process.kill()
    process.join(PATIENCE_SECONDS)


def until(true: Callable[[], object]) -> None:
    """Wait for what another process is about to do."""
    for _ in range(PATIENCE_SECONDS * 50):
        if true():
            return
        Event().wait(0.02)
    pytest.fail("waited in vain")
