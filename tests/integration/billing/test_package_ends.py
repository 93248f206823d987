"""What is left of a package when its time is up: told of, lost or credit, or good for longer."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.billing import ledger, sales
from practice.billing.models import LedgerEntry
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentMethod
from practice.billing.rules.prices import Agreed, PriceWay
from practice.billing.rules.selling import AT_ONCE, ExpiryRule, Item, LateRule, RefundRule
from practice.billing.sale_models import Sale
from practice.billing.service import ending, packages, selling, units, verifying
from practice.calendar.models import Resource
from practice.core.db import db, transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox.models import Message
from tests import factories
from tests.factories import OWNER
from tests.integration.sessions.conftest import Clock, practice, therapist, time

__all__ = ["practice", "therapist", "time"]  # fixtures

PREP = "prep_60"
LAST = date(2027, 3, 31)


def sell(rule: ExpiryRule, own: Agreed | None = None) -> Sale:
    """Sell three preparations for $100, good for thirty days."""
    client = factories.create_client()
    offered = packages.Offered(
        title="Three",
        items=(Item(PREP, "Preparation", 3, 17_500),),
        price=Money(10_000, "USD"),
        parts=AT_ONCE,
        expires_days=30,
        rule=RefundRule.PRO_RATA,
        expiry_rule=rule,
        late_rule=LateRule.FEE,
    )
    made = packages.add(offered, by=OWNER)
    return packages.sell_to(client, made.id, seen=1, form_token=uuid4().hex, by=OWNER, own=own)


def pay(sale: Sale, minor: int) -> None:
    amount = Money(minor, "USD")
    selling.take_payment(sale.id, amount, PaymentMethod.CASH, payment_id=uuid4(), by=OWNER)


def totals() -> dict[Account, int]:
    summed = sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.minor))
    rows = db.session.execute(summed.group_by(LedgerEntry.account))
    return {account: int(minor) for account, minor in rows if minor}


def days_later(time: Clock, days: int, here: Resource) -> None:
    time.now += timedelta(days=days)
    for _ in range(2):  # again changes nothing
        ending.expire_due(here.practice_id)


def mails() -> int:
    wanted = sa.select(sa.func.count()).where(Message.name == ending.MAIL)
    return db.session.scalar(wanted) or 0


def sell_and_book() -> tuple[Sale, UUID]:
    """Sell a package, paid in part, and book the first session of it."""
    booked = uuid4()
    with transaction():
        sale = sell(ExpiryRule.FORFEITED)
        pay(sale, 10_000)
        units.reserve(sale.id, PREP, booked, OWNER)
    return sale, booked


def test_what_is_not_used_in_time_is_earned_and_a_booked_session_stays(
    therapist: Resource, time: Clock
) -> None:
    sale, booked = sell_and_book()
    days_later(time, 0, therapist)
    with transaction():
        assert (mails(), sale.expires_on) == (1, LAST)

    days_later(time, 30, therapist)  # its last day
    with transaction():
        assert Account.REVENUE not in totals()
    days_later(time, 1, therapist)

    with transaction():
        assert totals() == {
            Account.CASH: 10_000,
            Account.PACKAGES: -3_334,
            Account.REVENUE: -6_666,
        }
        assert mails() == 1
        selling.deliver(sale.id, PREP, booked, by=OWNER)
        assert totals() == {Account.CASH: 10_000, Account.REVENUE: -10_000}
        found = ending.preview(sales.get_sale(sale.id))
        assert (found.charged_minor, found.refund_minor) == (10_000, 0)
        assert verifying.problems() == []


def test_what_was_paid_for_sessions_not_used_may_be_kept_as_credit(
    therapist: Resource, time: Clock
) -> None:
    one = uuid4()
    with transaction():
        sale = sell(ExpiryRule.CREDIT)
        pay(sale, 9_000)
        units.reserve(sale.id, PREP, one, OWNER)
        selling.deliver(sale.id, PREP, one, by=OWNER)
    days_later(time, 31, therapist)

    with transaction():
        assert ledger.free_credit(sale.client_id) == 9_000 - 3_333
        assert totals() == {
            Account.CASH: 9_000,
            Account.CLIENT_CREDIT: -(9_000 - 3_333),
            Account.REVENUE: -3_333,
        }
        [standing] = sales.standings([sales.get_sale(sale.id)])
        assert (standing.paid.minor, standing.open.minor) == (3_333, 0)
        found = ending.preview(sales.get_sale(sale.id))
        assert (found.refund_minor, found.open_minor) == (0, 0)
        assert verifying.problems() == []
    with pytest.raises(Conflict, match="is credit by now"), transaction():
        ending.extend(sale.id, LAST + timedelta(days=90), "She was ill", by=OWNER)


def test_a_package_is_good_for_longer_for_a_reason(therapist: Resource, time: Clock) -> None:
    with transaction():
        sale = sell(ExpiryRule.FORFEITED)
        pay(sale, 10_000)
    for until, why in ((LAST - timedelta(days=1), "Ill"), (LAST + timedelta(days=9_999), "Ill")):
        with pytest.raises(Invalid), transaction():
            ending.extend(sale.id, until, why, by=OWNER)
    with pytest.raises(Invalid, match="Give the reason"), transaction():
        ending.extend(sale.id, LAST + timedelta(days=30), " ", by=OWNER)
    days_later(time, 31, therapist)

    with transaction():
        ending.extend(sale.id, LAST + timedelta(days=30), "She was ill", by=OWNER)
        ending.extend(sale.id, LAST + timedelta(days=30), "She was ill", by=OWNER)
        assert totals() == {Account.CASH: 10_000, Account.PACKAGES: -10_000}
        [standing] = sales.standings([sales.get_sale(sale.id)])
        assert [(each.free, each.used) for each in standing.left] == [(3, 0)]
        entry = db.session.scalars(
            sa.select(AuditEntry).where(AuditEntry.verb == "sale:extend")
        ).one()
        assert entry.detail["why"] == "She was ill"
    days_later(time, 0, therapist)
    days_later(time, 31, therapist)
    with transaction():
        assert totals() == {Account.CASH: 10_000, Account.REVENUE: -10_000}
        assert mails() == 1


def test_all_that_expired_is_there_again_whatever_was_given_back_meanwhile(
    therapist: Resource, time: Clock
) -> None:
    sale, booked = sell_and_book()
    days_later(time, 31, therapist)
    with transaction():
        units.restore(sale.id, PREP, booked, OWNER)
    days_later(time, 1, therapist)

    for days in (60, 90):
        with transaction():
            ending.extend(sale.id, LAST + timedelta(days=days), "She was ill", by=OWNER)

    with transaction():
        assert totals() == {Account.CASH: 10_000, Account.PACKAGES: -10_000}
        [standing] = sales.standings([sales.get_sale(sale.id)])
        assert [each.free for each in standing.left] == [3]
        assert verifying.problems() == []


@pytest.mark.database("sqlite")
def test_a_package_is_sold_at_a_price_agreed_on_with_one_client(therapist: Resource) -> None:
    with transaction():
        sale = sell(ExpiryRule.FORFEITED, Agreed(PriceWay.PERCENT, 80, "Sliding scale"))
        assert (sale.price.minor, sale.list_minor, sale.price_why) == (
            8_000,
            10_000,
            "Sliding scale",
        )
        assert [each.total_minor for each in sale.contents] == [8_000]
        assert ledger.balances([sale.client_id])[sale.client_id].owed_minor == 8_000
    for way, value, why in (
        (PriceWay.PERCENT, 101, "Too much"),
        (PriceWay.AMOUNT, -1, "Less than nothing"),
        (PriceWay.AMOUNT, 5_000, " "),
    ):
        with pytest.raises(Invalid):
            Agreed(way, value, why)
