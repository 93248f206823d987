"""Fees for sessions that did not take place as booked."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column

from practice.billing.rules.fees import FeeFor, FeeState
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money


class Fee(PracticeOwned, Base):
    """What cancelling, moving or missing one session costs its client, by the terms of its booking.

    ``for_id`` is the session; what that is, is not this room's to know. ``change`` is which of its
    changes the fee is for: one change costs once. ``settles_id`` is what payments of the fee are
    for: the session itself, whose money settles it, or the fee alone where the session goes on.
    With ``takes_unit`` nothing is asked for: a session that was sold ahead counts as used.
    """

    __tablename__ = "fees"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.UniqueConstraint("practice_id", "for_id", "change"),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.Index("ix_fees_client", "practice_id", "client_id"),
        sa.Index("ix_fees_settles", "practice_id", "settles_id"),
    )

    client_id: Mapped[UUID]
    for_id: Mapped[UUID]
    change: Mapped[int]
    settles_id: Mapped[UUID]
    fee_for: Mapped[FeeFor] = mapped_column(enum_by_value(FeeFor))
    state: Mapped[FeeState] = mapped_column(enum_by_value(FeeState))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    takes_unit: Mapped[bool] = mapped_column(default=False)
    rest_is_credit: Mapped[bool]  # what is paid beyond it stays here, and does not go back
    service_on: Mapped[date]  # the local day of the session
    page: Mapped[str] = mapped_column(sa.String(400))  # where the client pays it
    decided_at: Mapped[datetime]
    falls_due_at: Mapped[datetime]
    invoice_id: Mapped[UUID | None]
    waived_at: Mapped[datetime | None]
    waived_by: Mapped[UUID | None]
    waived_why: Mapped[str | None] = mapped_column(sa.String(300))
