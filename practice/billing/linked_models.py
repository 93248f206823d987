"""The accounts that practices have at the processor, and the news of accounts that nobody has."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.billing.rules.linked import Standing
from practice.core.db import Base, PracticeOwned, enum_by_value


class ProcessorAccount(PracticeOwned, Base):
    """An account at the processor that a practice has linked, or begun to.

    ``processor_id`` is nothing until the processor has answered; the row's id is the key under
    which it was asked. ``is_current`` is true or nothing, so that a key of the table can say that
    a practice uses one at a time. ``name`` is what cardholders see.
    """

    __tablename__ = "processor_accounts"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "processor_id"),
        sa.UniqueConstraint("practice_id", "is_current"),
    )

    processor_id: Mapped[str | None] = mapped_column(sa.String(60))
    is_current: Mapped[bool | None]
    standing: Mapped[Standing] = mapped_column(enum_by_value(Standing))
    payouts_enabled: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]


class ParkedEvent(Base):
    """Signed news of an account that no practice here has. Outside the practices, like a door.

    Only ids are kept: whoever links the account later asks the processor for what is true.
    """

    __tablename__ = "parked_events"
    __table_args__ = (sa.UniqueConstraint("account", "processor_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account: Mapped[str] = mapped_column(sa.String(120))
    processor_id: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(120))
    received_at: Mapped[datetime]
