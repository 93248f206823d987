"""The books: written once, refused by the database where they do not add up, never changed."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from practice.billing import archive, ledger, owing, queries
from practice.billing.models import Invoice, Journal, LedgerEntry, Payment
from practice.billing.rules.invoices import InvoiceState, Line
from practice.billing.rules.ledger import Account, Credit, Entry, credit_moved
from practice.billing.rules.payments import Label, PaymentMethod, PaymentState, RefundState
from practice.billing.service import ledger as books
from practice.billing.service import openings, papers, refunds, verifying, visit
from practice.billing.service.openings import Opening
from practice.core import clock
from practice.core.db import db, in_transaction, read_again, transaction
from practice.core.money import Money
from practice.people.models import Client
from tests import factories
from tests.integration.billing.conftest import Till

A = Account
ALL_DAYS = (date(2000, 1, 1), date(2100, 1, 1))


@pytest.fixture
def stripe_address() -> str:
    return "http://127.0.0.1:1"  # nobody is asked


@pytest.fixture
def alex(till: Till) -> Client:
    return till.payer


def pay(client: Client, for_id: UUID, minor: int) -> Payment:
    return in_transaction(
        lambda: visit.record(
            client.id, for_id, Money(minor, "USD"), PaymentMethod.CASH, factories.OWNER
        )
    )


def deliver(client: Client, for_id: UUID, minor: int) -> Invoice:
    line = Line(date(2027, 3, 1), "Session", 1, Money(minor, "USD"))
    return in_transaction(
        lambda: papers.issue_invoice(
            client, for_id=for_id, source_key=f"session:{for_id}", lines=[line], by=factories.OWNER
        )
    )


def give_back(payment: Payment, minor: int) -> None:
    in_transaction(
        lambda: refunds.decide(payment, Money(minor, "USD"), "asked for", factories.OWNER)
    )


def standing() -> Mapping[Account, int]:
    """Return what stands on every account that anything happened to, debits less credits."""
    read_again()
    sums = ledger.totals(*ALL_DAYS)
    return {account: debit - credit for account, (debit, credit) in sums.items()}


def state_of(invoice_id: UUID) -> tuple[InvoiceState, int]:
    listed = archive.get_listed(invoice_id)
    return listed.state, listed.open.minor


def test_what_is_paid_ahead_is_credit_until_it_is_delivered_and_refunds_open_it_again(
    alex: Client,
) -> None:
    session = uuid4()

    payment = pay(alex, session, 10_000)
    assert standing() == {A.CASH: 10_000, A.CLIENT_CREDIT: -10_000}
    assert ledger.credit_for(session) == 10_000

    invoice = deliver(alex, session, 17_500).id
    assert standing() == {
        A.CASH: 10_000,
        A.CLIENT_CREDIT: 0,
        A.RECEIVABLE: 7_500,
        A.REVENUE: -17_500,
    }
    assert state_of(invoice) == (InvoiceState.PART_PAID, 7_500)
    assert owing.due_minor([alex.id]) == {alex.id: 7_500}

    second = pay(alex, session, 9_000)
    assert state_of(invoice) == (InvoiceState.PAID, 0)
    assert ledger.credit_for(session) == 1_500

    give_back(second, 4_000)  # 1,500 of it is free, the rest had settled the invoice
    assert state_of(invoice) == (InvoiceState.PART_PAID, 2_500)
    give_back(payment, 10_000)
    assert state_of(invoice) == (InvoiceState.PART_PAID, 12_500)
    assert standing() == {
        A.CASH: 5_000,
        A.CLIENT_CREDIT: 0,
        A.RECEIVABLE: 12_500,
        A.REVENUE: -17_500,
    }
    assert verifying.problems() == []


def test_a_credit_note_takes_the_revenue_back_and_sets_the_payment_free(alex: Client) -> None:
    session = uuid4()
    payment = pay(alex, session, 17_500)
    invoice = deliver(alex, session, 17_500)

    with transaction():
        papers.credit(invoice, reason="Not held", by=factories.OWNER)

    assert state_of(invoice.id) == (InvoiceState.CREDITED, 0)
    assert standing() == {
        A.CASH: 17_500,
        A.CLIENT_CREDIT: -17_500,
        A.RECEIVABLE: 0,
        A.REVENUE: 0,
    }
    give_back(payment, 17_500)
    assert standing()[A.CASH] == 0
    assert verifying.problems() == []


def test_credit_that_was_set_free_settles_the_next_invoice_after_its_own_money(
    alex: Client,
) -> None:
    missed, next_one = uuid4(), uuid4()
    pay(alex, missed, 17_500)
    with transaction():
        assert books.set_free(missed, by=factories.OWNER) == 17_500
    pay(alex, next_one, 5_000)
    assert (ledger.free_credit(alex.id), ledger.credit_for(next_one)) == (17_500, 5_000)

    invoice = deliver(alex, next_one, 20_000).id

    assert state_of(invoice) == (InvoiceState.PAID, 0)
    assert (ledger.free_credit(alex.id), ledger.credit_for(next_one)) == (2_500, 0)
    assert verifying.problems() == []


def test_a_balance_brought_along_is_owed_until_it_is_taken_back(alex: Client) -> None:
    brought = [Opening(alex.id, "A-1", date(2026, 12, 1), 30_000, 10_000)]
    (opening,) = in_transaction(lambda: openings.bring(brought, by=factories.OWNER))

    assert standing() == {A.RECEIVABLE: 20_000, A.OPENING: -20_000}
    assert verifying.problems() == []

    in_transaction(lambda: openings.take_back([opening], by=factories.OWNER))
    assert standing() == {A.RECEIVABLE: 0, A.OPENING: 0}
    assert verifying.problems() == []


def test_a_refund_that_comes_back_is_credit_again_and_settles_what_it_had_settled(
    alex: Client,
) -> None:
    session = uuid4()
    payment = pay(alex, session, 17_500)
    invoice = deliver(alex, session, 17_500).id
    give_back(payment, 17_500)
    assert state_of(invoice) == (InvoiceState.OPEN, 17_500)

    (refund,) = queries.refunds_of(payment.id)
    in_transaction(lambda: refunds._move(payment, refund, RefundState.FAILED))

    assert state_of(invoice) == (InvoiceState.PAID, 0)
    assert standing()[A.CASH] == 17_500
    assert verifying.problems() == []


def test_what_is_promised_to_go_back_settles_nothing_meanwhile(alex: Client) -> None:
    session, now = uuid4(), clock.now()
    online = Payment(
        client_id=alex.id,
        for_id=session,
        amount=Money(17_500, "USD"),
        label=Label.APPOINTMENT,
        method=PaymentMethod.CARD_ONLINE,
        state=PaymentState.PAID,
        created_at=now,
        paid_at=now,
    )
    with transaction():
        db.session.add(online)
        db.session.flush()
        books.take_in(online)
    give_back(online, 10_000)  # the processor has not been asked yet

    invoice = deliver(alex, session, 17_500).id

    assert state_of(invoice) == (InvoiceState.PART_PAID, 10_000)


def test_a_journal_is_written_once_for_its_key(alex: Client) -> None:
    credit = Credit(alex.id, pay(alex, uuid4(), 500).id, None)
    moved = credit_moved(credit, uuid4(), 500)

    first = in_transaction(lambda: books.post("once", moved)).id
    again = in_transaction(lambda: books.post("once", credit_moved(credit, None, 900))).id

    assert first == again
    assert len(ledger.entries_of(first)) == 2
    with pytest.raises(ValueError, match="add up to 1 cents"), transaction():
        books.post("crooked", [Entry(A.CASH, 2), Entry(A.BANK, -1)])


def crooked(journal_id: UUID, *minors: int) -> None:
    """Write a journal down past the program, as a mistake in it would."""
    for position, minor in enumerate(minors, start=1):
        db.session.add(
            LedgerEntry(
                journal_id=journal_id,
                position=position,
                on_day=date(2027, 3, 1),
                account=A.CASH,
                minor=minor,
            )
        )
        db.session.flush()
    db.session.add(
        Journal(
            id=journal_id,
            source_key=f"crooked:{journal_id}",
            on_day=date(2027, 3, 1),
            posted_at=clock.now(),
            currency="USD",
            memo="",
            made_by="program",
        )
    )
    db.session.flush()


@pytest.mark.parametrize("minors", [(), (500,), (500, -499)])
def test_the_database_refuses_a_journal_that_does_not_add_up(
    alex: Client, minors: tuple[int, ...]
) -> None:
    with pytest.raises(DBAPIError, match="adds up to nothing"), transaction():
        crooked(uuid4(), *minors)

    assert standing() == {}


def test_the_database_refuses_lines_without_a_journal_lines_that_come_late_and_every_change(
    alex: Client,
) -> None:
    pay(alex, uuid4(), 500)
    standing_one = db.session.scalars(sa.select(Journal.id)).one()
    before = standing()

    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), transaction():
        db.session.execute(sa.insert(LedgerEntry), [_line(uuid4(), 1, 5), _line(uuid4(), 2, -5)])
    with pytest.raises(DBAPIError, match="stands already"), transaction():
        db.session.execute(sa.insert(LedgerEntry), [_line(standing_one, 3, 5)])
    for statement in (
        sa.update(LedgerEntry).values(minor=LedgerEntry.minor * 2),
        sa.delete(LedgerEntry),
        sa.update(Journal).values(memo="other words"),
        sa.delete(Journal),
    ):
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"), transaction():
            db.session.execute(statement.execution_options(synchronize_session=False))

    assert standing() == before


def _line(journal_id: UUID, position: int, minor: int) -> dict[str, object]:
    practice_id = db.session.scalars(sa.select(Client.practice_id)).first()
    return {
        "practice_id": practice_id,
        "id": uuid4(),
        "journal_id": journal_id,
        "position": position,
        "on_day": date(2027, 3, 1),
        "account": A.CASH,
        "minor": minor,
    }


def test_what_the_books_do_not_know_is_told_in_words(alex: Client) -> None:
    with transaction():
        lost = Payment(
            client_id=alex.id,
            for_id=uuid4(),
            amount=Money(500, "USD"),
            label="Balance payment",
            method=PaymentMethod.CASH,
            state="paid",
            created_at=clock.now(),
            paid_at=clock.now(),
        )
        db.session.add(lost)

    assert verifying.problems() == [f"The payment {lost.id} over $5.00 is not in the books."]
