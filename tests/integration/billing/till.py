"""Asks the payer for money in tests, and looks at what became of it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing import queries
from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import Label, RefundState
from practice.billing.service import checkout, refunds
from practice.core import clock
from practice.core.db import db, in_transaction, read_again
from practice.core.money import Money
from practice.people.models import Client
from tests import factories

PRICE = Money(18_000, "USD")


@dataclass
class Till:
    """Asks the payer for money and looks at what became of it."""

    payer: Client
    address: str

    def ask(self, for_id: UUID | None = None, amount: Money = PRICE, minutes: int = 31) -> UUID:
        """Ask in a transaction, as booking does; return the payment's id."""
        for_id = for_id or uuid4()
        link = f"{self.address}/bookings/a-token-of-the-booking"
        return in_transaction(
            lambda: checkout.ask(
                self.payer,
                for_id=for_id,
                amount=amount,
                label=Label.APPOINTMENT,
                ends_at=clock.now() + timedelta(minutes=minutes),
                success_url=f"{link}/paid",
                cancel_url=f"{link}/",
                by=factories.OWNER,
            )
        ).id

    def open(self, for_id: UUID | None = None, amount: Money = PRICE) -> UUID:
        """Ask, and start the checkout, so that it can be paid."""
        payment_id = self.ask(for_id, amount)
        checkout.start(payment_id)
        return payment_id

    def see(self, payment_id: UUID) -> Payment:
        """Read a payment as it is now, whoever moved it."""
        read_again()
        return queries.get_payment(payment_id)

    def url(self, payment_id: UUID) -> str:
        url = self.see(payment_id).checkout_url
        assert url is not None
        return url

    def refunds(self) -> list[Refund]:
        """Read every refund as it is now, oldest first."""
        read_again()
        return list(db.session.scalars(sa.select(Refund).order_by(Refund.created_at, Refund.id)))

    def seen(self) -> list[tuple[Money, RefundState]]:
        """Return what goes back, or went, and whether it did."""
        return [(refund.amount, refund.state) for refund in self.refunds()]

    def give_back(self) -> None:
        """Carry out every refund that waits, as the worker does."""
        for refund_id in [refund.id for refund in self.refunds()]:
            refunds.carry_out(refund_id)
