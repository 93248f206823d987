"""What was paid one way and used another: nothing is lost, doubled, or given back twice."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from practice.billing import accounts, bundles, ledger, queries, reports, sales
from practice.billing.models import Payment
from practice.billing.rules.giving_back import How, Way
from practice.billing.rules.ledger import Credit, Owed
from practice.billing.rules.months import Month
from practice.billing.rules.payments import (
    Label,
    PaymentMethod,
    PaymentOutcome,
)
from practice.billing.rules.reports import Age
from practice.billing.rules.selling import ExpiryRule, Part
from practice.billing.service import bundles as several
from practice.billing.service import ending, openings, papers, units, verifying
from practice.billing.service import fees as charging
from practice.billing.service import give_backs as giving
from practice.billing.service import ledger as books
from practice.core.db import in_transaction, read_again, transaction
from practice.people.models import Client
from practice.people.queries import today_here
from practice.sessions.service.giving_back import give_back as give_all_back
from tests.factories import OWNER
from tests.integration.billing.shop import ON, PREP, bill, by_card, have, owe_fee, pay, sell


def went_back(payment: Payment) -> int:
    read_again()
    return sum(each.amount.minor for each in queries.refunds_of(payment.id))


def open_of(invoice_id: UUID | None) -> int:
    read_again()
    return ledger.open_minor(invoice_id) if invoice_id else 0


def test_a_package_that_credit_paid_for_is_not_owed_again_when_it_ends(payer: Client) -> None:
    called_off = uuid4()
    payment = pay(payer, called_off, 30_000)
    with transaction():
        books.set_free(called_off, by=OWNER)
    sale = sell(payer)
    have(sale)

    found = in_transaction(lambda: ending.end(sale.id, by=OWNER))

    assert (found.refund_minor, found.open_minor) == (20_000, 0)
    assert went_back(payment) == 20_000
    assert open_of(sale.invoice_id) == 0
    assert ledger.balances([payer.id])[payer.id] == ledger.Balance()
    assert verifying.problems() == []


def test_fees_are_settled_from_a_package_that_was_paid_together_with_others(
    payer: Client,
) -> None:
    sale = sell(payer)
    other = bill(payer, 5_000)
    chosen = [each.key for each in bundles.payable([payer.id])]
    payment = in_transaction(
        lambda: several.record(
            payer,
            chosen,
            None,
            PaymentMethod.CASH,
            of=[payer.id],
            payment_id=uuid4(),
            by=OWNER,
        )
    )
    fee = owe_fee(payer, have(sale), 2_500)

    found = in_transaction(lambda: ending.end(sale.id, by=OWNER))

    assert (found.settled_minor, found.refund_minor) == (2_500, 17_500)
    assert went_back(payment) == 17_500
    assert [open_of(each) for each in (sale.invoice_id, other.id, fee.invoice_id)] == [0, 0, 0]
    assert ledger.balances([payer.id])[payer.id] == ledger.Balance()
    assert verifying.problems() == []


def test_what_was_turned_into_credit_does_not_go_back_with_its_session(payer: Client) -> None:
    session = uuid4()
    payment = pay(payer, session, 30_000)
    asked = giving.Asked(How.PART, Way.CREDIT, "She asked for it", minor=20_000)
    seen = giving.mark(giving.look(payment, asked))
    in_transaction(lambda: giving.carry_out(uuid4(), payment.id, asked, seen=seen, by=OWNER))
    other = bill(payer, 20_000)
    assert (open_of(other.id), accounts.kept_minor([session])) == (0, {session: 10_000})

    in_transaction(lambda: give_all_back(payment, OWNER))

    assert (went_back(payment), open_of(other.id)) == (10_000, 0)
    assert ledger.balances([payer.id])[payer.id] == ledger.Balance()


def test_a_waived_fee_leaves_the_rest_that_became_credit_where_it_is(payer: Client) -> None:
    session = uuid4()
    payment = pay(payer, session, 20_000)
    fee = owe_fee(payer, session, 5_000, rest_is_credit=True)
    other = bill(payer, 15_000)
    assert [open_of(each) for each in (fee.invoice_id, other.id)] == [0, 0]

    in_transaction(lambda: charging.waive(fee.id, "Sorry", by=OWNER))

    assert (went_back(payment), open_of(other.id)) == (5_000, 0)
    assert ledger.balances([payer.id])[payer.id] == ledger.Balance()
    assert verifying.problems() == []


def test_a_package_that_ends_after_some_expired_gives_back_what_is_still_its_own(
    payer: Client,
) -> None:
    sale = sell(payer, expiry=ExpiryRule.CREDIT)
    first, second = (pay(payer, sale.id, 15_000, Label.PACKAGE) for _ in range(2))
    booking = uuid4()
    with transaction():
        units.reserve(sale.id, PREP, booking, OWNER)
        sale.expires_on = ON - timedelta(days=9999)
    ending.expire_due(payer.practice_id)
    other = bill(payer, 20_000)  # which the credit for two of three sessions settles
    assert (open_of(other.id), sales.paid_minor([sale])) == (0, {sale.id: 10_000})
    with transaction():
        units.restore(sale.id, PREP, booking, OWNER)

    found = in_transaction(lambda: ending.end(sale.id, by=OWNER))

    assert found.refund_minor == 10_000
    assert (went_back(first) + went_back(second), open_of(other.id)) == (10_000, 0)
    assert ledger.balances([payer.id])[payer.id] == ledger.Balance()
    assert verifying.problems() == []


def test_what_is_on_its_way_back_does_not_count_as_paid_beside_a_fee(payer: Client) -> None:
    sale = sell(payer)
    payment = by_card(payer, sale.id, 30_000, Label.PACKAGE)
    with transaction():
        papers.issue_receipt(payment)
    owe_fee(payer, have(sale), 2_500)

    in_transaction(lambda: ending.end(sale.id, by=OWNER))

    assert went_back(payment) == 17_500  # decided; the processor has not been asked yet
    assert sales.paid_minor([sale]) == {sale.id: 10_000}


def test_what_expired_as_credit_makes_nothing_else_due_later(payer: Client) -> None:
    halves = (Part(50), Part(50, days=300))
    sale = sell(payer, expiry=ExpiryRule.CREDIT, parts=halves)
    have(sale)
    today = today_here()
    with transaction():
        sale.expires_on = today - timedelta(days=1)
    ending.expire_due(payer.practice_id)

    aged = reports.report_of(Month.of(today)).ages

    assert open_of(sale.invoice_id) == 10_000
    assert {each.age: each.minor for each in aged if each.minor} == {Age.MONTH: 10_000}


@pytest.mark.parametrize("what", ["fee", "opening"])
def test_what_a_card_pays_beyond_what_is_open_by_then_goes_back(payer: Client, what: str) -> None:
    if what == "fee":
        fee, label = owe_fee(payer, uuid4(), 5_000), Label.CANCELLATION
        for_id, owed = fee.settles_id, Owed(payer.id, invoice_id=fee.invoice_id)
    else:
        brought = [openings.Opening(payer.id, "OLD-1", ON, 5_000, 0)]
        (for_id,) = in_transaction(lambda: openings.bring(brought, by=OWNER))
        owed, label = Owed(payer.id, opening_id=for_id), Label.BALANCE
    paid = charging.paid if what == "fee" else openings.paid
    pay(payer, for_id, 3_000, label)
    card = by_card(payer, for_id, 5_000, label)

    with transaction():
        assert paid(card) is PaymentOutcome.CONFIRMED
        papers.issue_receipt(card)

    assert (went_back(card), ledger.open_minor_of(owed)) == (3_000, 0)
    assert ledger.free_minor_of(Credit(payer.id, card.id, for_id)) == 3_000  # until it is back
