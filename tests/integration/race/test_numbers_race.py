"""Eight processes issue invoices at once, and some of them change their mind at the last moment."""

from random import Random
from uuid import uuid4

import sqlalchemy as sa

from practice.billing.models import Invoice, Journal
from practice.billing.rules.invoices import Line
from practice.billing.service import papers, verifying
from practice.calendar.models import Resource
from practice.core import clock
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.models import Practice
from practice.people.queries import get_client
from tests import factories
from tests.factories import OWNER
from tests.integration.race.claiming import deadlocks
from tests.integration.race.crowd import crowd
from tests.integration.sessions.conftest import practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

PROCESSES = 8
ATTEMPTS = 5


class ChangedMind(Conflict):
    """The transaction is rolled back after it had its number."""


def test_a_crowd_leaves_no_gap_in_the_numbers_of_invoices(
    practice: Practice, therapist: Resource
) -> None:
    here = practice.id
    with transaction():
        client_id = factories.create_client().id

    def attempt(random: Random) -> str:
        session_id = uuid4()
        with practice_scope(here), transaction():
            papers.issue_invoice(
                get_client(client_id),
                for_id=session_id,
                source_key=f"session:{session_id}",
                lines=[Line(clock.now().date(), "Session", 1, Money(17_500, "USD"))],
                by=OWNER,
            )
            if random.random() < 0.3:
                raise ChangedMind("No.")
        return "issued"

    found = [each.words for each in crowd(attempt, processes=PROCESSES, attempts=ATTEMPTS)]

    assert set(found) == {"issued", "ChangedMind"}
    with practice_scope(here):
        numbers = db.session.scalars(sa.select(Invoice.number).order_by(Invoice.number)).all()
        assert numbers == [f"INV-2027-{n:05d}" for n in range(1, found.count("issued") + 1)]
        journals = db.session.scalar(sa.select(sa.func.count(Journal.id)))
        assert journals == len(numbers)
        assert verifying.problems() == []
    assert deadlocks() == 0
