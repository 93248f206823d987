"""32 processes give the same payment back, each by a form of its own, and one form twice over."""

from collections import Counter
from random import Random
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing import queries
from practice.billing.models import Payment, Refund
from practice.billing.rules.giving_back import CannotGiveBack, How, Way
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import give_backs, verifying, visit
from practice.billing.service.give_backs import Asked
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.core.money import Money
from practice.people.models import Practice
from tests import factories
from tests.factories import OWNER
from tests.integration.race.claiming import deadlocks
from tests.integration.race.crowd import crowd
from tests.integration.sessions.conftest import practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

PAID = Money(10_000, "USD")
FORMS = 20


def test_no_crowd_gives_back_more_than_was_paid_or_one_form_twice(practice: Practice) -> None:
    here = practice.id
    with transaction():
        client = factories.create_client()
        payment_id = visit.record(client.id, uuid4(), PAID, PaymentMethod.CASH, OWNER).id
    forms = [UUID(int=number + 1) for number in range(FORMS)]

    def attempt(random: Random) -> str:
        form = random.choice(forms)
        asked = Asked(How.PART, random.choice(list(Way)), "A test", 700 + form.int)
        with practice_scope(here):

            def work() -> None:
                payment = queries.lock_payment(payment_id)
                seen = give_backs.mark(give_backs.look(payment, asked))
                give_backs.carry_out(form, payment_id, asked, seen=seen, by=OWNER)

            try:
                in_transaction(work)
            except CannotGiveBack as refused:
                return refused.field
        return "given back"

    found = Counter(each.words for each in crowd(attempt, attempts=3))

    assert found.keys() <= {"given back", "amount", "way", "how", "Busy"}
    with practice_scope(here):
        payment = db.session.scalars(sa.select(Payment)).one()
        went = db.session.scalar(sa.select(sa.func.sum(Refund.amount_minor))) or 0
        stands = give_backs.stands(payment)
        assert 0 < went <= PAID.minor
        assert stands.left_minor == stands.held_minor + stands.free_minor == PAID.minor - went
        assert verifying.problems() == []
    assert deadlocks() == 0
