"""The application on a database of its own, for tests that go through more than one layer."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from config import Config
from practice.app import create_app
from practice.core.db import db
from tests import databases
from tests.browsers import Browser


@pytest.fixture
def config(database_url: str) -> Config:
    return Config.from_env(databases.settings(database_url))


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    app.test_client_class = Browser
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser without scripts. Nobody is signed in."""
    return app.test_client()


UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ", "SELECT SET_CONFIG")


@pytest.fixture
def count_statements() -> Iterator[Callable[[Callable[[], object]], int]]:
    """Count what some work asks of the database: every statement but those that frame others."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip().upper().startswith(UNCOUNTED):
            seen.append(statement)

    def count(work: Callable[[], object]) -> int:
        seen.clear()
        work()
        return len(seen)

    event.listen(Engine, "before_cursor_execute", note)
    yield count
    event.remove(Engine, "before_cursor_execute", note)
