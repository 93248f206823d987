from datetime import timedelta

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.billing import ledger
from practice.billing.models import Invoice, InvoiceLine, Payment
from practice.billing.rules.ledger import Owed
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import visit
from practice.calendar.models import Resource
from practice.core.db import db, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.models import Client
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, day
from practice.sessions.service.day import TooEarly
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import claimed
from tests.integration.sessions.test_course import PREP, alex, book, owner
from tests.integration.sessions.test_free_times import at, clocks

__all__ = ["alex", "owner"]  # fixtures

S = AppointmentState
MINUTE = timedelta(minutes=1)


@pytest.fixture
def prep(alex: Client, owner: Actor) -> Appointment:
    return book(alex, "prep_60", at(PREP, 10), owner)


def test_a_session_goes_from_arrival_to_completion(
    prep: Appointment, owner: Actor, time: Clock
) -> None:
    states = []
    for minutes, deed in [(-5, day.arrive), (0, day.start), (60, day.complete)]:
        time.now = at(PREP, 10) + minutes * MINUTE
        with transaction():
            states.append(deed(prep, by=owner).state)

    assert states == [S.ARRIVED, S.IN_SESSION, S.COMPLETED]
    assert (prep.arrived_at, prep.completed_at) == (at(PREP, 9, 55), at(PREP, 11))


def test_completing_issues_one_invoice_for_what_was_delivered(
    prep: Appointment, owner: Actor, time: Clock
) -> None:
    time.now = at(PREP, 11)
    for deed in (day.arrive, day.complete):
        with transaction():
            deed(prep, by=owner)

    line = db.session.scalars(sa.select(InvoiceLine)).one()
    invoice = db.session.scalars(sa.select(Invoice)).one()
    assert (line.service_on, line.service, line.amount_minor) == (
        PREP, "Preparation session, 60 min", 17500,
    )  # fmt: skip
    assert (invoice.for_id, invoice.source_key) == (prep.id, f"session:{prep.id}")
    with pytest.raises(Conflict), transaction():
        day.complete(prep, by=owner)


def test_what_was_paid_ahead_settles_the_invoice(
    prep: Appointment, alex: Client, owner: Actor, time: Clock
) -> None:
    with transaction():
        visit.record(alex.id, prep.id, Money(17500, "USD"), PaymentMethod.CASH, owner)
    time.now = at(PREP, 11)
    for deed in (day.arrive, day.complete):
        with transaction():
            deed(prep, by=owner)

    payment = db.session.scalars(sa.select(Payment)).one()
    invoice = db.session.scalars(sa.select(Invoice)).one()
    assert ledger.settled_by(Owed(alex.id, invoice_id=invoice.id)) == [(payment.id, 17500)]


def test_a_free_session_has_no_invoice(alex: Client, owner: Actor, time: Clock) -> None:
    call = book(alex, "consult", at(PREP, 10), owner, modality=Modality.TELEHEALTH)
    time.now = at(PREP, 11)
    for deed in (day.arrive, day.complete):
        with transaction():
            deed(call, by=owner)

    assert db.session.scalars(sa.select(Invoice)).all() == []


def test_nobody_arrives_before_the_day_or_is_missed_before_the_hour(
    prep: Appointment, owner: Actor, time: Clock
) -> None:
    time.now = at(PREP, 0) - MINUTE
    with pytest.raises(TooEarly), transaction():
        day.arrive(prep, by=owner)
    time.now = at(PREP, 10) - MINUTE
    with pytest.raises(TooEarly), transaction():
        day.miss(prep, by=owner)


def test_a_missed_session_frees_its_time(
    prep: Appointment, owner: Actor, therapist: Resource, time: Clock
) -> None:
    time.now = at(PREP, 10)
    with transaction():
        day.miss(prep, by=owner)

    assert (prep.state, claimed(prep)) == (S.NO_SHOW, {})
    assert clocks("consult", PREP, Modality.TELEHEALTH, as_staff=True)[0] == "10:00"


@pytest.mark.parametrize("deed", [day.start, day.complete])
def test_nothing_begins_or_ends_before_the_client_is_here(
    prep: Appointment, owner: Actor, time: Clock, deed: object
) -> None:
    time.now = at(PREP, 10)

    with pytest.raises(Conflict), transaction():
        deed(prep, by=owner)  # type: ignore[operator]  # one of the two above

    assert prep.state is S.CONFIRMED


def test_what_was_cancelled_cannot_take_place(prep: Appointment, owner: Actor, time: Clock) -> None:
    with transaction():
        booking.cancel(prep, by=owner)
    time.now = at(PREP, 10)

    with pytest.raises(Conflict) as refused, transaction():
        day.arrive(prep, by=owner)

    assert refused.value.message == "A session that is cancelled cannot become arrived."
