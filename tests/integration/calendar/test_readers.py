"""Independent programs against the database: calendar.md §6, checks 1 to 3."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from practice.calendar.models import CalendarEntry, DetailLevel, Resource, ResourceKind
from practice.calendar.service import entries
from practice.core.db import db, practice_scope
from practice.people import doors
from tests import factories
from tests.around_changes import HOUR, SECOND_HALF_PAST_ONE, STARTS, ZONES
from tests.integration.calendar.feed_world import World, events, read

pytestmark = pytest.mark.database("sqlite")  # what is read is text

Instants = list[tuple[datetime, datetime]]

VDIRSYNCER = """
[general]
status_path = "{folder}/status"
"""
PAIR = """
[pair p{n}]
a = "here{n}"
b = "there{n}"
collections = null
[storage here{n}]
type = "filesystem"
path = "{folder}/calendars/{n}"
fileext = ".ics"
[storage there{n}]
type = "http"
url = "{url}"
"""
KHAL = """
[calendars]
[[all]]
path = {folder}/calendars/*
type = discover
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%dT%H:%M
longdatetimeformat = %Y-%m-%dT%H:%M
default_timezone = UTC
local_timezone = UTC
[sqlite]
path = {folder}/khal.db
"""


@pytest.fixture
def secrets(world: World) -> dict[str, str]:
    """By zone, the secret of the feed of a practice there."""
    world.now = datetime(2026, 11, 20, tzinfo=UTC)
    return {zone: feed_in(world, zone) for zone in ZONES}


def feed_in(world: World, zone: str) -> str:
    with world.app.app_context():
        practice = factories.create_practice(slug=zone.lower().replace("/", "-"), time_zone=zone)
        with factories.made(practice):
            person = Resource(kind=ResourceKind.PERSON, name="Morgan", roles=["therapist"])
            db.session.add(person)
    there = World(world.app, practice, person)
    there.now = world.now
    _, secret = there.subscribe()
    with world.app.app_context(), factories.made(practice):
        facts = [there.session(starts_at, zone=zone) for starts_at in STARTS]
        entries.write([entries.row_of(each, person.id, DetailLevel.PLAIN) for each in facts])
    return secret


def held(app: Flask) -> Instants:
    """What the database says, of all practices."""
    with app.app_context():
        found: Instants = []
        for practice_id in doors.every_practice():
            with practice_scope(practice_id):
                rows = db.session.execute(sa.select(CalendarEntry.starts_at, CalendarEntry.ends_at))
                found += [(row.starts_at, row.ends_at) for row in rows]
                db.session.rollback()
        return sorted(found)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("localhost", 0, app, threaded=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(program: str, *arguments: str, folder: Path) -> str:
    command = [str(Path(sys.executable).parent / program), *arguments]
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_check_01_and_02_vdirsyncer_and_khal_read_the_instants_that_the_database_holds(
    world: World, secrets: dict[str, str], tmp_path: Path
) -> None:
    with served(world.app) as base:
        config = VDIRSYNCER.format(folder=tmp_path)
        for n, secret in enumerate(secrets.values()):
            url = f"{base}/calendar/feeds/{secret}/calendar.ics"
            config += PAIR.format(folder=tmp_path, n=n, url=url)
            (tmp_path / "calendars" / str(n)).mkdir(parents=True)
        (tmp_path / "sync.conf").write_text(config)
        (tmp_path / "khal.conf").write_text(KHAL.format(folder=tmp_path))
        run("vdirsyncer", "-c", "sync.conf", "discover", folder=tmp_path)
        run("vdirsyncer", "-c", "sync.conf", "sync", folder=tmp_path)

    shown = run(
        "khal",
        *("-c", "khal.conf", "list", "--once", "--day-format", ""),
        *("--format", "{start-long} {end-long} {title}", "2026-10-31", "140d"),
        folder=tmp_path,
    )

    lines = [line.split(maxsplit=2) for line in shown.splitlines() if line.strip()]
    found = sorted(
        tuple(datetime.fromisoformat(f"{at}+00:00") for at in line[:2]) for line in lines
    )
    assert found == held(world.app)
    assert {title for *_, title in lines} == {"Session"}


@pytest.mark.parametrize("zone", ZONES)
def test_check_01_and_02_vobject_reads_the_instants_that_the_database_holds(
    world: World, client: FlaskClient, zone: str
) -> None:
    world.now = datetime(2026, 11, 20, tzinfo=UTC)

    body = read(client, feed_in(world, zone))[2]

    found = [(starts_at, ends_at) for *_, starts_at, ends_at in events(body)]
    assert found == held(world.app) == [(at, at + 3 * HOUR) for at in STARTS]


def test_check_03_the_second_half_past_one_is_its_own_instant(
    world: World, client: FlaskClient
) -> None:
    world.now = datetime(2026, 10, 20, tzinfo=UTC)
    _, secret = world.subscribe()

    world.put(world.session(SECOND_HALF_PAST_ONE))

    body = read(client, secret)[2]
    assert "DTSTART:20261101T063000Z\r\n" in body
    assert [each[3] for each in events(body)] == [SECOND_HALF_PAST_ONE]
