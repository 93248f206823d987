"""A session that was marked missed by mistake stands again: as though it had never been marked."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.billing import fees
from practice.billing.rules.fees import FeeState
from practice.billing.rules.selling import Item, RefundRule
from practice.billing.service import fees as service
from practice.billing.service import selling, units
from practice.core.db import db, in_transaction, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, covering, day, late, taking, undoing
from tests import factories
from tests.browsers import send, sign_in
from tests.integration.billing.conftest import mails
from tests.integration.billing.test_fees import House, house
from tests.integration.billing.test_with_sessions import INTAKE, kept, see
from tests.integration.sessions.test_booking import claimed

__all__ = ["house"]  # a fixture

S = AppointmentState


def miss(house: House, why: Why = Why.CLIENT) -> None:
    wish = late.Wish(why)
    session = queries.get_appointment(house.session.id)
    in_transaction(lambda: day.miss(session, by=factories.OWNER, wish=wish))


def undo(house: House) -> None:
    session = queries.get_appointment(house.session.id)
    in_transaction(lambda: undoing.undo(session, by=factories.OWNER, deed=undoing.MISS))


def test_staff_undo_that_a_session_was_missed(house: House) -> None:
    house.pay()
    house.close_to(-0.5)
    sign_in(house.browser, in_transaction(lambda: factories.create_user(Role.THERAPIST)))
    url, before = f"/sessions/{house.session.id}", claimed(see(house.session))
    send(house.browser, f"{url}/missed", {"why": f"client:{INTAKE.minor}"})
    assert "Marked as missed just now" in house.browser.get(url).text

    send(house.browser, f"{url}/missed/take-back")
    house.work()

    session = see(house.session)
    assert (session.state, session.off_why, claimed(session)) == (S.CONFIRMED, None, before)
    assert (fees.fees_of(session.id), kept(session)) == ([], INTAKE.minor)
    assert "missed" not in mails()
    entry = sa.select(AuditEntry.detail).where(AuditEntry.verb == "appointment:undo")
    assert db.session.scalars(entry).all() == [{"deed": "miss"}]

    miss(house)
    house.work()
    assert (house.fee().state, "missed" in mails()) == (FeeState.DUE, True)


def test_it_is_refused_in_words_once_the_fee_was_charged(house: House) -> None:
    house.close_to(-0.5)
    miss(house)
    service.fall_due(house.fee().id)

    with pytest.raises(Conflict, match="charged already"):
        undo(house)
    house.work()
    with pytest.raises(undoing.TooLateToUndo):
        undo(house)

    assert see(house.session).state is S.NO_SHOW


@pytest.mark.database("sqlite")
def test_its_session_of_a_package_is_kept_for_it_again(house: House) -> None:
    house.close_to(-0.5)
    terms = selling.Terms(
        title="Two",
        items=(Item("intake", "Intake", 2, 30_000),),
        price=Money(40_000, "USD"),
        rule=RefundRule.PRO_RATA,
    )
    with transaction():
        sale = selling.sell(house.till.payer, terms, by=factories.OWNER)
        selling.bill(sale, house.till.payer, by=factories.OWNER)
        assert covering.cover_by_package(taking.lock(house.session.id), by=factories.OWNER)
    for why in (Why.CLIENT, Why.PRACTICE):  # used, and given back
        miss(house, why)
        undo(house)
    house.work()

    with transaction():
        assert units.held_by(house.session.id) == (sale.id, "intake")
        left = units.worth_of(sale.id, sale.contents[0])
    assert left.used == {}


@pytest.mark.database("sqlite")
def test_what_was_waived_and_then_undone_gives_nothing_back(house: House) -> None:
    house.pay()
    house.close_to()
    house.cancel()
    in_transaction(lambda: service.waive(house.fee().id, "A mistake", by=factories.OWNER))
    session = queries.get_appointment(house.session.id)
    in_transaction(lambda: undoing.undo(session, by=factories.OWNER))

    house.work()

    assert (see(house.session).state, kept(house.session)) == (S.CONFIRMED, INTAKE.minor)


@pytest.mark.database("sqlite")
def test_a_session_that_was_moved_late_and_then_missed_costs_both(house: House) -> None:
    house.close_to()
    session, wish = queries.get_appointment(house.session.id), late.Wish(Why.CLIENT)
    intake = queries.get_service("intake")
    first = session.starts_at.date() + timedelta(days=1)
    later = queries.free_times(intake, session.modality, first, 9, as_staff=True)[0].starts_at
    in_transaction(lambda: booking.move(session, starts_at=later, by=factories.OWNER, wish=wish))
    house.work()
    house.close_to(-0.5)
    miss(house)
    house.work()

    assert sorted(each.fee_for for each in fees.fees_of(house.session.id)) == ["missed", "moved"]
