"""Packages are sold as they were shown; their sessions are booked on them, and never too many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.billing import sales
from practice.billing.rules.prices import PriceWay
from practice.billing.service import instalments, packages, units
from practice.billing.service.packages import ChangedMeanwhile
from practice.billing.service.units import NoUnitLeft
from practice.calendar.models import Resource
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox.models import Message, Task
from practice.sessions.models import Service
from practice.sessions.queries import of_client
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking, late, pricing
from practice.sessions.service.asking_for import cost_of
from tests import factories
from tests.factories import OWNER
from tests.integration.sessions.conftest import Clock, practice, therapist, time
from tests.integration.sessions.test_course import book

__all__ = ["practice", "therapist", "time"]  # fixtures


def at(day: int) -> datetime:
    """Nine in the morning of a day in March."""
    return datetime(2027, 3, day, 14, tzinfo=UTC)


def integration() -> Service:
    return db.session.scalars(sa.select(Service).where(Service.slug == "integration_60")).one()


def test_a_package_is_sold_at_the_terms_that_were_shown(therapist: Resource) -> None:
    with transaction():
        client, service = factories.create_client(), integration()
        sold = factories.sell_package(client, service)
        package = sales.get_package(sold.package_id or uuid4())
        terms = packages.Offered(
            title=package.title,
            items=sold.contents,
            price=Money(60_000, "USD"),
            parts=tuple(packages.parts_of(package)),
            expires_days=None,
            rule=package.refund_rule,
        )
        packages.change(package.id, terms, seen=1, by=OWNER)

    with pytest.raises(ChangedMeanwhile), transaction():
        packages.sell_to(client, package.id, seen=1, form_token="again", by=OWNER)
    with transaction():
        first = packages.sell_to(client, package.id, seen=2, form_token="twice", by=OWNER)
        second = packages.sell_to(client, package.id, seen=2, form_token="twice", by=OWNER)
        assert (first.id, first.price) == (second.id, Money(60_000, "USD"))
        assert sales.get_sale(sold.id).price == Money(45_000, "USD")
        assert [each.number for each in sales.versions_of(package.id)] == [1]


def test_an_instalment_is_told_asked_for_and_then_left_to_a_person(
    therapist: Resource, time: Clock
) -> None:
    with transaction():
        sale = factories.sell_package(factories.create_client(), integration())
    found = []
    for days in (0, 1, 3, 6, 7, 11, 20):
        noon = time.now.astimezone(zones.zone("America/New_York")).replace(hour=12)
        before = time.now
        time.now = noon + timedelta(days=days)
        for _ in range(2):  # a second worker of the same hour changes nothing
            instalments.collect(therapist.practice_id)
        with transaction():
            mails = db.session.scalar(
                sa.select(sa.func.count()).where(Message.name == instalments.MAIL)
            )
            tasks = db.session.scalar(
                sa.select(sa.func.count()).where(Task.kind == instalments.STOPPED)
            )
            found.append((days, mails, tasks))
        time.now = before

    assert found == [
        (0, 1, 0),
        (1, 1, 0),
        (3, 2, 0),
        (6, 2, 0),
        (7, 3, 0),
        (11, 3, 1),
        (20, 3, 1),
    ]
    assert sale.charged_minor == 45_000


def test_the_last_session_of_a_package_is_had_by_one(therapist: Resource) -> None:
    with transaction():
        sale = factories.sell_package(factories.create_client(), integration(), count=1)
        one, other = uuid4(), uuid4()
        units.reserve(sale.id, "integration_60", one, OWNER)
    with pytest.raises(NoUnitLeft), transaction():
        units.reserve(sale.id, "integration_60", other, OWNER)
    with transaction():
        units.restore(sale.id, "integration_60", one, OWNER)
        units.reserve(sale.id, "integration_60", other, OWNER)
        item = sale.contents[0]
        assert units.use(sale, item, other, OWNER) == 45_000
        assert units.use(sale, item, other, OWNER) is None
        units.restore(sale.id, "integration_60", other, OWNER)
        [standing] = sales.standings([sales.get_sale(sale.id)])
        assert [(each.free, each.booked, each.used) for each in standing.left] == [(0, 0, 1)]


def test_own_prices_and_complimentary_sessions_are_what_is_asked(therapist: Resource) -> None:
    assert therapist.user_id is not None
    by = Actor(ActorKind.STAFF, therapist.user_id)
    with transaction():
        client = factories.create_client()
        today = zones.local_date(clock.now(), "America/New_York")
        pricing.agree(
            client,
            service_id=None,
            way=PriceWay.PERCENT,
            value=60,
            from_on=today,
            until_on=None,
            reason="Sliding scale",
            by=by,
        )
    session = book(client, "prep_60", at(8), by)
    assert (session.to_pay, session.price_why) == (
        Money(10_500, "USD"),
        "Own price: Sliding scale",
    )
    with transaction():
        free = pricing.change(session, Money(0, "USD"), "Supervision hour", by=OWNER)
        assert (free.to_pay, free.price_why) == (Money(0, "USD"), "Supervision hour")
    assert today == date(2027, 3, 1)


def test_a_session_is_booked_on_a_package_while_one_is_left(therapist: Resource) -> None:
    with transaction():
        client = factories.create_client()
        sale = factories.sell_package(client, prep(), count=1)
    first, second = (book(client, "prep_60", at(day), OWNER) for day in (8, 9))
    assert (first.sale_id, first.to_pay.minor) == (sale.id, 0)
    assert (second.sale_id, second.to_pay.minor) == (None, 17_500)

    with pytest.raises(Conflict, match="paid with a package"), transaction():
        pricing.change(first, Money(0, "USD"), "No", by=OWNER)
    with transaction():
        booking.cancel(first, by=OWNER)
    third = book(client, "prep_60", at(10), OWNER)
    assert third.sale_id == sale.id


def prep() -> Service:
    return db.session.scalars(sa.select(Service).where(Service.slug == "prep_60")).one()


def test_what_will_be_paid_is_said_before_and_nothing_else_is_booked(therapist: Resource) -> None:
    with transaction():
        client = factories.create_client()
        factories.sell_package(client, prep(), count=1)

    def says(*days: int) -> tuple[str, int]:
        found = cost_of(client, prep(), [at(day) for day in days])
        return found.words, found.to_pay.minor

    assert says(8) == ("Paid with A package", 0)
    two = "1 paid with A package, none is left then: the other costs $175.00"
    assert says(8, 9) == (two, 17_500)
    book(client, "prep_60", at(8), OWNER)  # somebody else was quicker
    assert says(9) == ("$175.00. No session is left of what was bought ahead", 17_500)
    with pytest.raises(late.CostsOtherwise, match=r"By now \$175\.00 is to pay"), transaction():
        booking.book(
            client,
            prep(),
            starts_at=at(9),
            modality=Modality.IN_PERSON,
            by=OWNER,
            pays=Money(0, "USD"),
        )
    with transaction():
        assert [each.starts_at for each in of_client(client.id)] == [at(8)]
