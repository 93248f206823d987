"""32 processes after the same hours of three resources: how long the slowest of them waits.

The tests run the same race for a few seconds; here it is long enough for a tail to show.
"""

from __future__ import annotations

from collections import Counter
from statistics import quantiles

from bench import seed
from bench.measure import at_most, show
from practice.core.db import practice_scope
from tests import databases, factories
from tests.integration.race.claiming import (
    deadlocks,
    live_claims,
    overlapping,
    partial,
    taking,
    three_resources,
)
from tests.integration.race.crowd import crowd

ATTEMPTS = 150  # each
PIECES = 600  # half hours that are fought for: some three in four attempts lose


def run() -> None:
    for kind in databases.KINDS:
        with databases.fresh(kind) as url, seed.application(url):
            practice = factories.create_practice()
            members = three_resources(practice)
            attempt = taking(practice.id, members, pieces=PIECES)
            outcomes = crowd(attempt, attempts=ATTEMPTS)
            with practice_scope(practice.id):
                rows = live_claims()
                twice, halves = overlapping(rows), partial(rows, len(members))
            untied = deadlocks()
        counted = Counter(outcome.words for outcome in outcomes)
        seconds = [outcome.seconds for outcome in outcomes]
        print(f" {kind}: {', '.join(f'{n} {words}' for words, n in counted.most_common())}")
        show("times that were taken twice", len(twice), at_most(0), unit="")
        show("bookings that are not whole", len(halves), at_most(0), unit="")
        show("deadlocks", untied, at_most(0), unit="")
        show("answers besides success, refusal and 503", _odd(counted), at_most(0), unit="")
        show("99 of 100 attempts end within", quantiles(seconds, n=100)[98], at_most(2), unit="s")
        show("the slowest ends after", max(seconds), unit="s")


def _odd(counted: Counter[str]) -> int:
    return sum(n for words, n in counted.items() if words not in {"taken", "refused", "Busy"})
