"""The application on a database of its own, for tests that go through more than one layer."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Dialect, event, make_url
from sqlalchemy.engine import Engine

from config import Config
from practice.app import bind_ports, create_app
from practice.core import connections
from practice.core.db import db
from practice.core.settings import KEY
from practice.people import limits
from tests import databases
from tests.browsers import Browser


@pytest.fixture
def config(database_url: str) -> Config:
    return Config.from_env(databases.settings(database_url))


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application on this test's database.

    It served earlier tests too, where these were configured alike: compiling pages, statements and
    addresses anew would be most of what a test costs. Who answers at its ports, and how Flask is
    set, is as it was made. A test that changes more of the application itself, and not only what
    is in its database or configuration, makes one of its own.
    """
    app, as_made = _served_before(config)
    bind_ports()
    app.config.clear()
    app.config.update(as_made)
    app.extensions[KEY] = config
    app.extensions.pop("sanctuary.stripe", None)
    for tally in [name for name in app.extensions if name.startswith(limits.KEY)]:
        del app.extensions[tally]
    app.test_client_class = Browser
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app_of_its_own(config: Config) -> Iterator[Flask]:
    """An application that no other test has seen, for tests of what it is made of."""
    app = create_app(config)
    app.test_client_class = Browser
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


NOWHERE = {"sqlite": "sqlite:////nowhere", "postgresql+psycopg": "postgresql+psycopg:///nowhere"}
MADE_WITH = ("secret_key", "base_url", "payments_sandbox", "log_level", "proxy_hops", "sign_up")
"""What the application reads while it is put together; the rest it reads when it is asked."""

_applications: dict[tuple[object, ...], tuple[Flask, dict[str, Any]]] = {}


def _served_before(config: Config) -> tuple[Flask, dict[str, Any]]:
    """Make an application, once, that connects to whatever database its configuration names.

    Returns it with Flask's settings as they were when it was made.
    """
    kind = make_url(config.database_url).drivername
    alike = (kind, *(getattr(config, name) for name in MADE_WITH))
    if alike in _applications:
        return _applications[alike]
    app = create_app(replace(config, database_url=NOWHERE[kind]))
    _applications[alike] = app, dict(app.config)

    def connect(dialect: Dialect, *_: object) -> Any:
        arguments, named = dialect.create_connect_args(make_url(app.extensions[KEY].database_url))
        return dialect.connect(*arguments, **named)

    with app.app_context():
        event.listen(db.engine, "do_connect", connect)
    return _applications[alike]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser without scripts. Nobody is signed in."""
    return app.test_client()


UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ", "SELECT SET_CONFIG")


@pytest.fixture
def count_statements(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[Callable[[], object]], int]]:
    """Count what some work asks of the database: every statement but those that frame others."""
    seen: list[str] = []
    row_alone = connections.row_alone

    def note_alone(engine: Engine, words: str, given: object) -> object:
        seen.append(words)
        return row_alone(engine, words, given)

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip().upper().startswith(UNCOUNTED):
            seen.append(statement)

    def count(work: Callable[[], object]) -> int:
        seen.clear()
        work()
        return len(seen)

    monkeypatch.setattr(connections, "row_alone", note_alone)
    event.listen(Engine, "before_cursor_execute", note)
    yield count
    event.remove(Engine, "before_cursor_execute", note)
