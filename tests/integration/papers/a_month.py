"""A month of a practice with one of everything that touches its books: March 2026."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from unittest import mock
from uuid import UUID, uuid4

from practice.billing.book_models import Payout, ProcessorMove
from practice.billing.models import Invoice, Payment, Refund
from practice.billing.rules.books import PayoutState
from practice.billing.rules.invoices import Line
from practice.billing.rules.ledger import paid_out
from practice.billing.rules.payments import PaymentMethod, PaymentState, RefundState
from practice.billing.service import ledger as books
from practice.billing.service import openings, papers
from practice.billing.service.openings import Opening
from practice.core import clock
from practice.core.db import db, transaction
from practice.core.money import Money
from practice.people.models import Client
from tests import factories

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
ARRIVED = date(2026, 3, 25)


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 17, tzinfo=UTC)


@contextmanager
def going(day: int) -> Iterator[None]:
    """Be in a transaction on a day whose clock goes on, so that journals have an order."""
    ticks = (at(day) + timedelta(seconds=n) for n in count())
    with mock.patch.object(clock, "now", side_effect=ticks), transaction():
        yield


@dataclass
class Month:
    """Who was there, and what may go on afterwards."""

    ada: Client
    mallory: Client
    half_paid: Invoice
    half_paid_for: UUID


def live() -> Month:
    """Let the month go by. Call inside the practice, outside transactions."""
    with going(2):
        ada = factories.create_client(first_name="Ada", last_name="Ortiz")
        mallory = factories.create_client(first_name="=HYPERLINK(1)", last_name='"Mal" Lory')
        openings.bring(
            [Opening(ada.id, "OLD-7", date(2025, 12, 20), 30_000, 10_000)], by=factories.OWNER
        )
        half_paid_for = uuid4()
        pay(ada, 20_000, half_paid_for)
    with going(10):
        half_paid = bill(ada, 40_000, half_paid_for, "Lozenge session, 3 h")
        bill(mallory, 20_000, uuid4(), "Cancellation fee", key="fee:1")
    with going(12):
        session = uuid4()
        card = pay(mallory, 17_500, session, method=PaymentMethod.CARD_ONLINE, fee_minor=538)
        wrong = bill(mallory, 17_500, session, "Preparation, 60 min")
        bill(ada, 45_000, uuid4(), "3 × Integration", key="sale:1")
    with going(20):
        papers.credit(wrong, reason="Not held", by=factories.OWNER)
        books.give_back(refund(card, 5_000, "re_1"), card)
        failed = refund(card, 2_500, "re_2")
        books.give_back(failed, card)
        failed.state = RefundState.FAILED
        books.undo_give_back(failed)
    with going(26):
        payout(card, 11_962)
    return Month(ada, mallory, half_paid, half_paid_for)


def bill(client: Client, minor: int, for_id: UUID, words: str, *, key: str = "") -> Invoice:
    today = clock.now().date()
    return papers.issue_invoice(
        client,
        for_id=for_id,
        source_key=key or f"session:{for_id}",
        lines=[Line(today, words, 1, Money(minor, "USD"))],
        by=factories.OWNER,
    )


def pay(
    client: Client,
    minor: int,
    for_id: UUID,
    *,
    method: PaymentMethod = PaymentMethod.CASH,
    fee_minor: int = 0,
) -> Payment:
    payment = Payment(
        client_id=client.id,
        for_id=for_id,
        amount=Money(minor, "USD"),
        label="Appointment payment",
        method=method,
        state=PaymentState.PAID,
        charge_id="ch_1" if method is PaymentMethod.CARD_ONLINE else None,
        fee_minor=fee_minor,
        created_at=clock.now(),
        paid_at=clock.now(),
    )
    db.session.add(payment)
    db.session.flush()
    papers.issue_receipt(payment)
    return payment


def refund(payment: Payment, minor: int, processor_id: str) -> Refund:
    made = Refund(
        payment_id=payment.id,
        amount=Money(minor, "USD"),
        state=RefundState.SUCCEEDED,
        reason="cancelled",
        processor_id=processor_id,
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def payout(card: Payment, minor: int) -> Payout:
    made = Payout(
        account="",
        processor_id=f"po_{minor}",
        state=PayoutState.PAID,
        amount=Money(minor, "USD"),
        made_at=clock.now(),
        arrives_on=ARRIVED,
    )
    db.session.add(made)
    db.session.flush()
    for n, (kind, amount, fee) in enumerate((("charge", 17_500, 538), ("refund", -5_000, 0))):
        db.session.add(
            ProcessorMove(
                account="",
                processor_id=f"txn_{minor}_{n}",
                kind=kind,
                category=kind,
                amount_minor=amount,
                fee_minor=fee,
                currency="USD",
                payment_id=card.id,
                payout_id=made.id,
                made_at=clock.now(),
            )
        )
    books.post(f"payout:{made.id}", paid_out(minor), on=made.arrives_on)
    return made
