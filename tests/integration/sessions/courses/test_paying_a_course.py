"""A course has one price: its sessions are units of a sale, and ending it early is exact."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from practice.audit.rules import Actor
from practice.billing import ledger, owing, sales
from practice.billing.models import Invoice, LedgerEntry, Refund
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentMethod
from practice.billing.rules.prices import Agreed, PriceWay
from practice.billing.rules.selling import UnitKind
from practice.billing.sale_models import Sale, UnitEntry
from practice.billing.service.selling import NothingToPay
from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind
from practice.core.db import db, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import today_here
from practice.sessions.models import Course
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.late import Why
from practice.sessions.service import (
    booking,
    course_ends,
    course_money,
    course_price,
    courses,
    readiness,
)
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.courses.conftest import first_choice, get_course, session
from tests.integration.sessions.test_course import hold_session, put_on_file

CASH = PaymentMethod.CASH


def dollars(amount: int) -> Money:
    return Money(amount * 100, "USD")


def sale_of(course: Course) -> Sale:
    with transaction():
        found = sales.sale_for(course.id)
    assert found is not None
    return found


def standing_of(course: Course) -> sales.Standing:
    sale = sale_of(course)
    with transaction():
        return sales.standings([sale])[0]


def pay(course: Course, cents: int, by: Actor) -> None:
    sale = sale_of(course)
    with transaction():
        course_money.take_payment(sale.id, Money(cents, "USD"), CASH, payment_id=uuid4(), by=by)


def books(client: Client) -> ledger.Balance:
    with transaction():
        return ledger.balances([client.id])[client.id]


def totals() -> dict[Account, int]:
    summed = sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.minor))
    rows = db.session.execute(summed.group_by(LedgerEntry.account))
    return {account: int(minor) for account, minor in rows if minor}


def test_booking_a_course_sells_it_once_for_its_price(
    booked: Course, alex: Client, owner: Actor
) -> None:
    found = standing_of(booked)

    assert (found.sale.price, found.paid, found.open) == (dollars(3875), dollars(0), dollars(3875))
    assert sum(each.total_minor for each in found.sale.contents) == 387_500
    assert {each.what: (each.free, each.booked) for each in found.left if each.free} == {}
    assert [each.amount_minor for each in found.dues] == [193_750, 193_750]
    assert found.dues[1].on is not None
    with transaction():
        invoice = db.session.scalars(sa.select(Invoice)).one()
        assert invoice.total == dollars(3875)
    assert books(alex) == ledger.Balance(owed_minor=387_500, packages_minor=387_500)
    assert all(not session(booked, key).to_pay for key in ("prep_1", "dose_1", "dose_6", "intake"))


def test_a_client_owes_what_is_due_by_now_and_no_more(
    booked: Course, alex: Client, owner: Actor, time: Clock
) -> None:
    second = standing_of(booked).dues[1].on
    assert second is not None
    found = []
    for cents, days in ((0, 0), (100_000, 0), (93_751, 0), (0, 1)):
        if cents:
            pay(booked, cents, owner)
        if days:
            time.now = zones.day_start("America/New_York", second)
        shown = standing_of(booked)
        with transaction():
            due = owing.due_minor([alex.id])[alex.id]
            assert due == shown.due(today_here()).minor
            assert dict(db.session.execute(sa.select(owing.owed_by_client())).all()) == {
                alex.id: due
            }
        found.append(due)

    assert found == [193_750, 93_750, 0, 193_749]


@pytest.mark.database("sqlite")
def test_a_course_is_sold_at_the_price_agreed_on_with_its_client(
    course: Course, owner: Actor
) -> None:
    with transaction():
        agreed = Agreed(PriceWay.PERCENT, 80, "Sliding scale")
        course_price.agree(course.id, agreed, seen=course.version, by=owner)
    now = get_course(course.id)
    with transaction():
        courses.confirm(now.id, first_choice(now), seen=now.version, by=owner)

    found = sale_of(now)
    assert (found.price, found.list_minor, found.price_why) == (
        dollars(3100),
        387_500,
        "Sliding scale",
    )
    assert sum(each.total_minor for each in found.contents) == 310_000
    assert [each.amount_minor for each in standing_of(now).dues] == [155_000, 155_000]
    with pytest.raises(Conflict, match="settled"), transaction():
        course_price.agree(now.id, agreed, seen=now.version + 1, by=owner)


def test_a_dosing_waits_for_the_instalment_that_is_due_and_no_more(
    booked: Course, owner: Actor
) -> None:
    def waits(key: str) -> bool:
        closed = readiness.closed(session(get_course(booked.id), key))
        return Gate.PAYMENT_READY in {each.gate for each in closed}

    assert waits("dose_1")
    pay(booked, 193_750, owner)

    assert not waits("dose_1")
    assert not waits("dose_6")
    with pytest.raises(NothingToPay, match=r"Only \$1,937\.50 is still to pay"):
        pay(booked, 193_751, owner)


def test_ending_early_gives_back_to_the_cent_what_was_not_used(
    booked: Course, alex: Client, owner: Actor, time: Clock
) -> None:
    pay(booked, 193_750, owner)
    put_on_file(alex, PaperKind.CONSENT_TREATMENT, owner)
    for key in ("intake", "prep_1", "prep_2"):
        hold_session(session(get_course(booked.id), key), owner, time)
    assert books(alex).packages_minor == 387_500 - 21_395 - 16_641 * 2
    free = session(get_course(booked.id), "integration_6")
    with transaction():
        booking.cancel(free, by=owner)
    assert {each.what for each in standing_of(booked).left if each.free} == {"integration_6"}

    now = get_course(booked.id)
    with transaction():
        shown = course_money.preview(now, course_ends.still_to_come(now), Why.CLIENT)
    assert shown is not None
    assert (shown.charged_minor, shown.refund_minor) == (57_500, 136_250)
    with pytest.raises(Conflict, match="Look at the amounts again"), transaction():
        course_ends.stop(now.id, "Moves away", seen=now.version, by=owner, expected=1)
    with transaction():
        course_ends.stop(
            now.id, "Moves away", seen=now.version, by=owner, why=Why.CLIENT, expected=136_250
        )

    with transaction():
        assert [each.amount.minor for each in db.session.scalars(sa.select(Refund))] == [136_250]
        assert totals() == {
            Account.CASH: 57_500,
            Account.REVENUE: -57_500,
        }
        assert db.session.scalar(sa.select(sa.func.sum(UnitEntry.delta))) == 0


def test_the_database_lets_nobody_take_more_than_there_is(booked: Course, owner: Actor) -> None:
    sale = sale_of(booked)

    def write(number: int, left: int) -> None:
        with transaction():
            db.session.add(
                UnitEntry(
                    sale_id=sale.id,
                    what="dose_1",
                    number=number,
                    kind=UnitKind.RESERVED,
                    delta=-1,
                    left_after=left,
                    for_id=uuid4(),
                    made_at=sale.sold_at,
                )
            )
            db.session.flush()

    for number, left in ((3, -1), (3, 0), (9, 5), (2, 0)):
        with pytest.raises(DBAPIError):
            write(number, left)
