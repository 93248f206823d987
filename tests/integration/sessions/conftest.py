"""A furnished practice, on a Monday morning that stays."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from practice.calendar.models import Resource
from practice.core import clock
from practice.core.db import practice_scope, transaction
from practice.people.models import Practice
from tests import factories

MONDAY_EIGHT = datetime(2027, 3, 1, 13, tzinfo=UTC)  # 8:00 in New York


class Clock:
    """The clock of a test. It stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stands = Clock(MONDAY_EIGHT)
    monkeypatch.setattr(clock, "now", lambda: stands.now)
    return stands


@pytest.fixture
def practice(app: Flask, time: Clock) -> Iterator[Practice]:
    """A practice with everything that is shipped, whose scope the test is in."""
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield practice


@pytest.fixture
def therapist(practice: Practice) -> Resource:
    with transaction():
        (therapist,) = factories.furnish()
    return therapist
