"""The processor's own books as it tells them: disputes, payouts, and every move of its balance."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column

from practice.billing.rules.books import DisputeState, PayoutState
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money


class Dispute(PracticeOwned, Base):
    """A payment that its cardholder's bank takes back, or asks about.

    ``due_at`` is when an answer comes too late. ``reason`` is the processor's word.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.UniqueConstraint("practice_id", "account", "processor_id"),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.Index("ix_disputes_payment", "practice_id", "payment_id"),
        sa.Index("ix_disputes_opened", "practice_id", "opened_at"),
    )

    payment_id: Mapped[UUID]
    account: Mapped[str] = mapped_column(sa.String(60))
    processor_id: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[DisputeState] = mapped_column(enum_by_value(DisputeState))
    reason: Mapped[str] = mapped_column(sa.String(60))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]


class Payout(PracticeOwned, Base):
    """Money that the processor sends to the practice's bank. ``arrives_on`` is the bank's day."""

    __tablename__ = "payouts"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "account", "processor_id"),
        sa.Index("ix_payouts_arrives", "practice_id", "arrives_on"),
    )

    account: Mapped[str] = mapped_column(sa.String(60))
    processor_id: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[PayoutState] = mapped_column(enum_by_value(PayoutState))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    made_at: Mapped[datetime]
    arrives_on: Mapped[date]


class ProcessorMove(PracticeOwned, Base):
    """One line of the processor's books. Only ``payment_id`` and ``payout_id`` come later.

    Amounts are in minor units, negative where money left the balance; the net is the amount less
    the fee.
    """

    __tablename__ = "processor_moves"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "payout_id"], ["payouts.practice_id", "payouts.id"]
        ),
        sa.UniqueConstraint("practice_id", "account", "processor_id"),
        sa.Index("ix_processor_moves_made", "practice_id", "made_at"),
        sa.Index("ix_processor_moves_payout", "practice_id", "payout_id"),
        sa.Index("ix_processor_moves_payment", "practice_id", "payment_id"),
    )

    account: Mapped[str] = mapped_column(sa.String(60))
    processor_id: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(40))
    category: Mapped[str] = mapped_column(sa.String(60))
    amount_minor: Mapped[int]
    fee_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    source_id: Mapped[str | None] = mapped_column(sa.String(120))
    payment_id: Mapped[UUID | None]
    payout_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
