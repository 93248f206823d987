"""32 processes want the same hours of the same three resources, asked for in any order."""

from collections import Counter

from flask import Flask

from practice.core.db import practice_scope
from tests import factories
from tests.integration.race.claiming import (
    deadlocks,
    live_claims,
    overlapping,
    partial,
    taking,
    three_resources,
)
from tests.integration.race.crowd import crowd


def test_no_crowd_takes_a_time_twice_or_half_a_booking(app: Flask) -> None:
    with app.app_context():
        practice = factories.create_practice()
        members = three_resources(practice)

        outcomes = crowd(taking(practice.id, members), attempts=12)

        counted = Counter(outcome.words for outcome in outcomes)
        assert counted.keys() <= {"taken", "refused", "Busy"}
        assert counted["refused"] > 0
        with practice_scope(practice.id):
            rows = live_claims()
            assert (overlapping(rows), partial(rows, len(members))) == ([], [])
            assert counted["taken"] == len(rows) / len(members)
        assert deadlocks() == 0
