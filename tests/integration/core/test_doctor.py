"""`flask doctor` names what is missing or weak."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import make_url

from config import Config
from practice import doctor
from practice.billing import pdf
from practice.core import clock
from practice.core.db import db
from practice.core.settings import KEY
from practice.doctor import Finding
from practice.health import BEHIND
from practice.outbox.models import Job
from practice.outbox.rules import JobState
from practice.outbox.service import enqueue
from tests import factories
from tests.integration.core.conftest import House


@pytest.fixture
def app(app_of_its_own: Flask) -> Flask:
    """Migrations open the database for themselves."""
    return app_of_its_own


@pytest.fixture
def sound(app: Flask, config: Config) -> Flask:
    """An installation with nothing to mend and nothing to note."""
    app.extensions[KEY] = replace(
        config,
        base_url="https://book.example.com",
        stripe_secret_key="sk_live_of_the_tests",
        stripe_webhook_secrets=("whsec_of_the_tests",),
        smtp_url="smtps://mail.example.com",
    )
    path = make_url(config.database_url).database
    if config.database_url.startswith("sqlite") and path:
        for file in Path(path).parent.glob("practice.sqlite3*"):
            file.chmod(0o600)
    return app


def set_up(app: Flask, **changed: object) -> None:
    app.extensions[KEY] = replace(app.extensions[KEY], **changed)


def run(app: Flask) -> tuple[int, list[str]]:
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output.splitlines()


def test_a_sound_installation_has_nothing_to_mend(sound: Flask) -> None:
    assert run(sound) == (0, ["All is well."])


@pytest.mark.parametrize(
    ("changed", "said", "ended"),
    [
        (
            {"base_url": "http://book.example.com"},
            "mend: BASE_URL is not https: passwords and links would cross the net readable",
            1,
        ),
        ({"payments_sandbox": True}, "mend: PAYMENTS_SANDBOX is on: no card is charged", 1),
        ({"smtp_url": None}, "mend: no SMTP_URL: mail waits and nobody is told anything", 1),
        (
            {"stripe_secret_key": None},
            "note: no STRIPE_SECRET_KEY: bookings are paid at the visit",
            0,
        ),
        (
            {"secret_key": "a" * 32},
            "mend: SECRET_KEY is hardly random: make one with `openssl rand -hex 32`",
            1,
        ),
        (
            {"field_keys": {1: bytes(range(32)), 2: bytes(32)}},
            "mend: key 2 of FIELD_KEYS is hardly random: make a new one",
            1,
        ),
    ],
)
@pytest.mark.database("sqlite")
def test_a_weak_setting_is_named(
    sound: Flask, changed: dict[str, object], said: str, ended: int
) -> None:
    set_up(sound, **changed)

    assert run(sound) == (ended, [said])


@pytest.mark.database("sqlite")
def test_on_ones_own_machine_the_sandbox_and_plain_http_are_fine(sound: Flask) -> None:
    set_up(sound, base_url="http://127.0.0.1:5000", payments_sandbox=True, smtp_url=None)

    assert run(sound) == (
        0,
        [
            "note: PAYMENTS_SANDBOX is on: no card is charged",
            "note: no SMTP_URL: mail waits and nobody is told anything",
        ],
    )


@pytest.mark.database("sqlite")
def test_debug_mode_is_named(sound: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")

    ended, said = run(sound)

    assert ended == 1
    assert said[0].startswith("mend: debug mode is on")


def test_a_database_behind_its_migrations_is_named(sound: Flask) -> None:
    with sound.app_context():
        db.engine.dispose()
    sound.test_cli_runner().invoke(args=["db", "downgrade", "0003"])

    assert run(sound) == (1, [f"mend: {BEHIND}"])


def test_a_missing_guard_is_named(sound: Flask) -> None:
    with sound.app_context(), db.engine.begin() as connection:
        drop = {
            "sqlite": "DROP TRIGGER clients_stays_in_practice_update",
            "postgresql": "SET LOCAL ROLE NONE; DROP POLICY clients_stays_in_practice ON clients",
        }
        connection.exec_driver_sql(drop[connection.dialect.name])

    name = "clients_stays_in_practice"
    name += "_update" if sound.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite") else ""
    words = f"mend: the database lacks its guard {name}: make it as the migrations do"
    assert run(sound) == (1, [words])


@pytest.mark.database("sqlite")
def test_data_that_everybody_can_read_is_named(sound: Flask, database_url: str) -> None:
    file = Path(database_url.removeprefix("sqlite:///"))
    file.parent.chmod(0o755)
    file.chmod(0o644)

    ended, said = run(sound)

    assert ended == 1
    assert said[0] == f"mend: every account of this machine can read {file}: run `chmod 600` on it"


@pytest.mark.database("sqlite")
def test_data_in_a_closed_folder_is_closed(sound: Flask, database_url: str) -> None:
    file = Path(database_url.removeprefix("sqlite:///"))
    file.parent.chmod(0o700)
    file.chmod(0o644)

    assert run(sound) == (0, ["All is well."])


@pytest.mark.database("sqlite")
def test_missing_pango_is_a_note(sound: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "missing", lambda: "WeasyPrint cannot load Pango")

    words = "note: WeasyPrint cannot load Pango: papers are printed from the browser instead"
    assert run(sound) == (0, [words])


# The worker --------------------------------------------------------------------------------------


def due(house: House, *, minutes_ago: int) -> None:
    at = clock.now() - timedelta(minutes=minutes_ago)
    with factories.made(house.practice):
        enqueue("mail", key=f"mail:{minutes_ago}", at=at)


def mark(house: House, **values: object) -> None:
    with factories.made(house.practice):
        db.session.execute(sa.update(Job).where(Job.key == "mail:20").values(**values))


def silent() -> list[Finding]:
    return [found for found in doctor.examine() if "worker" in found.words]


def test_a_worker_that_finishes_nothing_is_named(sound: Flask, here: House) -> None:
    due(here, minutes_ago=20)

    (found,) = silent()

    assert found.must
    assert found.words.startswith("the worker is silent: 1 jobs are due, the oldest since ")


def test_a_worker_that_finished_something_lately_only_has_much_to_do(
    sound: Flask, here: House
) -> None:
    due(here, minutes_ago=20)
    due(here, minutes_ago=10)
    mark(here, state=JobState.DONE, finished_at=clock.now())

    assert silent() == []


@pytest.mark.parametrize("minutes_ago", [4, -60])
def test_what_is_hardly_due_or_not_yet_is_no_reason_to_worry(
    sound: Flask, here: House, minutes_ago: int
) -> None:
    due(here, minutes_ago=minutes_ago)

    assert silent() == []


def test_a_parked_job_is_a_note(sound: Flask, here: House) -> None:
    due(here, minutes_ago=20)
    mark(here, state=JobState.PARKED)

    assert run(sound)[1] == ["note: 1 jobs failed too often and wait for a person"]
