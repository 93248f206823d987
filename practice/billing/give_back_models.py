"""Money given back by a person, with a reason; and several things that are paid at once."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column

from practice.billing.rules.giving_back import Way
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money


class GiveBack(PracticeOwned, Base):
    """What somebody of the practice gave back of a payment: to where it came from, or as credit.

    Its id is made with the form, so that sending that twice gives back once.
    """

    __tablename__ = "give_backs"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "refund_id"], ["refunds.practice_id", "refunds.id"]
        ),
        sa.UniqueConstraint("practice_id", "refund_id"),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.CheckConstraint("(way = 'back') = (refund_id IS NOT NULL)", name="has_its_refund"),
        sa.Index("ix_give_backs_payment", "practice_id", "payment_id"),
    )

    payment_id: Mapped[UUID]
    refund_id: Mapped[UUID | None]
    way: Mapped[Way] = mapped_column(enum_by_value(Way))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    reason: Mapped[str] = mapped_column(sa.String(300))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]


class GiveBackLine(PracticeOwned, Base):
    """A line of an invoice that was taken back with it, and the credit note that says so.

    A line is taken back once.
    """

    __tablename__ = "give_back_lines"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "give_back_id"], ["give_backs.practice_id", "give_backs.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "line_id"], ["invoice_lines.practice_id", "invoice_lines.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "note_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.UniqueConstraint("practice_id", "line_id"),
    )

    give_back_id: Mapped[UUID]
    line_id: Mapped[UUID]
    note_id: Mapped[UUID]


class Bundle(PracticeOwned, Base):
    """Several things of one client that one payment settles: what that payment is for."""

    __tablename__ = "bundles"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.Index("ix_bundles_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    made_at: Mapped[datetime]


class BundleItem(PracticeOwned, Base):
    """One of them, an invoice or a balance that was brought along, and how much is for it."""

    __tablename__ = "bundle_items"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "bundle_id"], ["bundles.practice_id", "bundles.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "opening_id"],
            ["opening_balances.practice_id", "opening_balances.id"],
        ),
        sa.UniqueConstraint("practice_id", "bundle_id", "position"),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.CheckConstraint("(invoice_id IS NULL) <> (opening_id IS NULL)", name="one_of_two"),
    )

    bundle_id: Mapped[UUID]
    position: Mapped[int]
    invoice_id: Mapped[UUID | None]
    opening_id: Mapped[UUID | None]
    amount_minor: Mapped[int]
