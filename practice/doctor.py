"""`flask doctor`: what is missing or weak in this installation, and what to do about it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.engine import make_url

from config import LOOPBACK, Config
from practice import guards, health
from practice.billing import pdf
from practice.core import clock
from practice.core.connections import RUNTIME_ROLE
from practice.core.db import db
from practice.core.settings import settings
from practice.outbox.models import Job
from practice.outbox.rules import JobState

WORKER_MAY_BE_LATE = timedelta(minutes=5)
EVERYBODY = stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. ``must`` be mended, or only known."""

    words: str
    must: bool = True


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """List what is missing or weak. Ends with 1 if something must be mended."""
    findings = examine()
    for finding in findings:
        click.echo(f"{'mend' if finding.must else 'note'}: {finding.words}")
    if not findings:
        click.echo("All is well.")
    if any(finding.must for finding in findings):
        raise SystemExit(1)


def examine() -> list[Finding]:
    """Return all that is not as it should be, what must be mended first."""
    findings = [finding for look in LOOKS for finding in look()]
    return sorted(findings, key=lambda finding: not finding.must)


# Settings --------------------------------------------------------------------------------------


def look_at_settings() -> Iterator[Finding]:
    """Find what works here but would be weak where other people reach it."""
    config = settings()
    is_local = urlsplit(config.base_url).hostname in LOOPBACK
    if current_app.debug:
        yield Finding("debug mode is on: tracebacks and code would be shown to visitors")
    if not config.is_https and not is_local:
        yield Finding("BASE_URL is not https: passwords and links would cross the net readable")
    if config.payments_sandbox:
        yield Finding("PAYMENTS_SANDBOX is on: no card is charged", must=not is_local)
    elif not config.takes_cards:
        yield Finding("no STRIPE_SECRET_KEY: bookings are paid at the visit", must=False)
    if config.smtp_url is None:
        yield Finding("no SMTP_URL: mail waits and nobody is told anything", must=not is_local)
    yield from _weak_secrets(config)


def _weak_secrets(config: Config) -> Iterator[Finding]:
    if len(set(config.secret_key)) < 10:
        yield Finding("SECRET_KEY is hardly random: make one with `openssl rand -hex 32`")
    for number, key in config.field_keys.items():
        if len(set(key)) < 10:
            yield Finding(f"key {number} of FIELD_KEYS is hardly random: make a new one")


# Database --------------------------------------------------------------------------------------


def look_at_the_database() -> Iterator[Finding]:
    """Find out whether the database answers, is migrated, and refuses what it must refuse."""
    reason = health.why_not_ready()
    if reason is not None and reason != health.UNGUARDED:
        yield Finding(reason)
        return
    with db.engine.connect() as connection:
        for name in guards.missing(connection):
            yield Finding(f"the database lacks its guard {name}: make it as the migrations do")
        if connection.dialect.name == "postgresql":
            role = connection.execute(sa.text(WHO)).one()
            if role.name != RUNTIME_ROLE or role.passes_walls:
                yield Finding(f"the program acts as {role.name}, whom no wall may hold")
    yield from _silent_worker()
    yield from _parked_jobs()


WHO = """
    SELECT rolname AS name, rolsuper OR rolbypassrls AS passes_walls
    FROM pg_roles WHERE rolname = current_user
"""


def _silent_worker() -> Iterator[Finding]:
    """Find jobs that have been due for a while although none is being finished."""
    late = clock.now() - WORKER_MAY_BE_LATE
    count, oldest = db.session.execute(
        sa.select(sa.func.count(), sa.func.min(Job.at))
        .where(Job.state == JobState.WAITING, Job.at < late)
        .execution_options(across_practices=True)
    ).one()
    if count == 0:
        return
    finished_at = db.session.scalar(
        sa.select(sa.func.max(Job.finished_at)).execution_options(across_practices=True)
    )
    if finished_at is None or finished_at < late:
        yield Finding(
            f"the worker is silent: {count} jobs are due, the oldest since "
            f"{oldest:%Y-%m-%d %H:%M} UTC. Start `flask --app wsgi worker`"
        )


def _parked_jobs() -> Iterator[Finding]:
    parked = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Job)
        .where(Job.state == JobState.PARKED)
        .execution_options(across_practices=True)
    )
    if parked:
        yield Finding(f"{parked} jobs failed too often and wait for a person", must=False)


# The machine -----------------------------------------------------------------------------------


def look_at_files() -> Iterator[Finding]:
    """Find files of the installation that every account of this machine could read."""
    url = make_url(settings().database_url)
    if url.drivername != "sqlite" or url.database is None:
        return
    data = Path(url.database).resolve()
    if not data.parent.stat().st_mode & stat.S_IXOTH:
        return
    for name in (data.name, f"{data.name}-wal", f"{data.name}-shm", "env"):
        file = data.with_name(name)
        if file.exists() and file.stat().st_mode & EVERYBODY:
            yield Finding(f"every account of this machine can read {file}: run `chmod 600` on it")


def look_at_libraries() -> Iterator[Finding]:
    """Find libraries without which a part of the program does less."""
    lacking = pdf.missing()
    if lacking:
        yield Finding(f"{lacking}: papers are printed from the browser instead", must=False)


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    look_at_settings,
    look_at_the_database,
    look_at_files,
    look_at_libraries,
)
