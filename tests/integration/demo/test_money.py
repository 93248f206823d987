"""Payments, refunds, invoices and receipts of the demo add up, to the cent."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from practice.billing import archive, invoice_rows, ledger
from practice.billing.archive import Filter
from practice.billing.models import (
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
    Receipt,
    Refund,
)
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentMethod, PaymentState, RefundState
from practice.billing.sale_models import Sale
from practice.billing.service import verifying
from practice.core.db import db
from practice.people.models import Practice
from practice.sessions.rules.lifecycle import AppointmentState
from tests.integration.demo.conftest import TUESDAY, appointments

S = AppointmentState
SETTLED = sa.select(LedgerEntry).where(
    LedgerEntry.account == Account.RECEIVABLE, LedgerEntry.payment_id.is_not(None)
)


def total(amounts: Iterable[int]) -> int:
    return sum(amounts)


def test_the_books_of_the_demo_are_whole(tidewater: Practice) -> None:
    assert verifying.problems() == []


def test_all_that_came_in_settles_something_or_went_back_or_waits(tidewater: Practice) -> None:
    came_in = {p.id: p.amount.minor for p in db.session.scalars(sa.select(Payment))}
    settles, went_back = Counter[object](), Counter[object]()
    for one in db.session.scalars(SETTLED):
        settles[one.payment_id] -= one.minor
    for refund in db.session.scalars(sa.select(Refund)):
        assert refund.state is RefundState.SUCCEEDED
        went_back[refund.payment_id] += refund.amount.minor
    ahead = {each: sum(ledger.free_by_use(each).values()) for each in came_in}

    assert total(came_in.values()) == settles.total() + went_back.total() + total(ahead.values())
    assert all(
        came_in[each] == settles[each] + went_back[each] + ahead.get(each, 0) for each in came_in
    )
    assert min(settles.total(), went_back.total(), total(ahead.values())) > 0


def test_all_that_was_delivered_is_invoiced_once_and_nothing_else(tidewater: Practice) -> None:
    delivered = Counter(
        (each.id, each.to_pay.minor)
        for each in appointments()
        if each.state is S.COMPLETED and each.to_pay
    )
    delivered.update((each.id, each.price.minor) for each in db.session.scalars(sa.select(Sale)))
    invoices = db.session.scalars(sa.select(Invoice)).all()

    assert Counter((each.for_id, each.total.minor) for each in invoices) == delivered
    assert set(delivered.values()) == {1}


def test_invoices_are_the_sums_of_their_lines(tidewater: Practice) -> None:
    lines: dict[object, int] = defaultdict(int)
    for line in db.session.scalars(sa.select(InvoiceLine)):
        lines[line.invoice_id] += line.amount_minor

    assert {each.id: each.total.minor for each in db.session.scalars(sa.select(Invoice))} == lines


def test_the_lists_totals_are_those_of_the_rows(tidewater: Practice) -> None:
    shown = archive.totals(Filter(), "USD")
    settled = -total(one.minor for one in db.session.scalars(SETTLED))
    issued = total(db.session.scalars(sa.select(Invoice.total_minor)))
    rows = list(invoice_rows.export_rows(Filter()))

    assert (shown.total.minor, shown.paid.minor) == (issued, settled)
    assert shown.open.minor == issued - settled > 0
    assert total(row.amount_minor for row in rows) == issued
    assert total(row.paid_minor for row in rows) == settled


def test_every_payment_has_its_receipt(tidewater: Practice) -> None:
    payments = db.session.scalars(sa.select(Payment)).all()
    receipts = db.session.scalars(sa.select(Receipt)).all()

    assert {each.state for each in payments} == {PaymentState.PAID}
    assert {(each.id, each.amount.minor) for each in payments} == {
        (each.payment_id, each.facts["amount_minor"]) for each in receipts
    }


def test_money_comes_in_more_ways_than_one(tidewater: Practice) -> None:
    methods = set(db.session.scalars(sa.select(Payment.method).distinct()))

    assert methods == set(PaymentMethod) - {PaymentMethod.CARD_ONLINE}  # no cards are taken here


def test_numbers_have_no_gaps_and_follow_the_days(tidewater: Practice) -> None:
    issued = db.session.execute(
        sa.select(Invoice.number, Invoice.issued_on).order_by(Invoice.number)
    ).all()
    given = db.session.scalars(sa.select(Receipt.number).order_by(Receipt.number)).all()

    assert [number for number, _ in issued] == _counted([number for number, _ in issued])
    assert list(given) == _counted(given)
    assert [on for _, on in issued] == sorted(on for _, on in issued)
    assert {on.year for _, on in issued} == {TUESDAY.year - 1, TUESDAY.year}
    assert issued[0].issued_on < TUESDAY - timedelta(weeks=11)


def _counted(numbers: Iterable[str]) -> list[str]:
    """Return as many numbers of each series and year, counted from 1."""
    starts = Counter(number.rpartition("-")[0] for number in numbers)
    return [f"{start}-{n:05d}" for start in sorted(starts) for n in range(1, starts[start] + 1)]
