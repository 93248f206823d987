"""The application on a database of its own, for tests that go through more than one layer."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Config
from practice.app import create_app
from practice.core.db import db
from tests import databases


@pytest.fixture
def config(database_url: str) -> Config:
    return Config.from_env(databases.settings(database_url))


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser without scripts. Nobody is signed in."""
    return app.test_client()
