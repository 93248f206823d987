"""What tests of feeds share."""

import pytest
from flask import Flask

from practice.calendar import ports
from practice.calendar.models import Resource, ResourceKind
from practice.core import clock
from practice.core.db import db
from tests import factories
from tests.integration.calendar.feed_world import NOW, World


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(clock, "now", lambda: made.now if made else NOW)
    made: World | None = None
    with app.app_context():
        practice = factories.create_practice()
        with factories.made(practice):
            therapist = Resource(kind=ResourceKind.PERSON, name="Morgan", roles=["therapist"])
            db.session.add(therapist)
    made = World(app, practice, therapist)
    bound = made
    ports.entries_of.bind(lambda *_: bound.held)
    return made
