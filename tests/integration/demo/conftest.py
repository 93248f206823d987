"""The demo, made once for all of these tests on each kind of database, on a day that stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from config import Config
from practice.app import create_app
from practice.core import clock
from practice.core.db import db
from practice.demo import stage
from practice.demo.cast import HOUSES
from practice.people.models import Practice
from practice.people.queries import enter_by_slug
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import WITH_ALL
from tests import databases
from tests.missing import cannot_run
from tests.postgres import NoServer

TUESDAY = date(2027, 3, 2)
"""Behind it lies a new year, ahead of it a change of clocks."""

NOON = datetime(2027, 3, 2, 17, tzinfo=UTC)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "staged" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--db")
        kinds = [kind for kind in databases.KINDS if chosen in {kind, "both"}]
        metafunc.parametrize("staged", kinds, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests on one database on one worker, so that it is filled once."""
    for item in items:
        if isinstance(item, pytest.Function) and "staged" in item.fixturenames:
            kind = item.callspec.params["staged"]
            item.add_marker(pytest.mark.xdist_group(f"demo-{kind}"))


@contextmanager
def program(database_url: str, **more: str) -> Iterator[Flask]:
    """Open the application on a database, with these settings besides."""
    app = create_app(Config.from_env(databases.settings(database_url) | more))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def told() -> list[tuple[object, ...]]:
    """Return all that people would notice of the appointments of a practice."""
    return sorted(
        (
            each.starts_at,
            each.ends_at,
            each.client.name if each.client else "",
            each.label,
            each.modality,
            each.state,
            each.price.minor,
        )
        for each in appointments()
    )


def appointments() -> list[Appointment]:
    """Return every appointment of the practice, with client and service, by its start."""
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .options(*WITH_ALL)
            .order_by(Appointment.starts_at, Appointment.label)
        )
    )


@pytest.fixture(scope="session")
def staged(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that has the whole demo, for tests that leave it as it is."""
    try:
        with databases.fresh(request.param) as url:
            with program(url), clock.pretend(NOON):
                stage.make(HOUSES)
            yield url
    except NoServer as error:
        cannot_run(str(error))


@pytest.fixture
def app(staged: str) -> Iterator[Flask]:
    """The application with the demo in it, at noon of the day on which it was made."""
    with program(staged) as app, clock.pretend(NOON):
        yield app


@pytest.fixture
def tidewater(app: Flask) -> Practice:
    return enter_by_slug("tidewater")


@pytest.fixture
def harbor(app: Flask) -> Practice:
    return enter_by_slug("harbor")
