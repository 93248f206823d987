"""Cards on file: what their holders agreed to, how they were saved, and how they were charged."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.billing.rules.cards import Failure, SetupState
from practice.core.db import Base, PracticeOwned, enum_by_value


class CardConsent(PracticeOwned, Base):
    """What a client agreed to before their card was saved: the words, when, and from where.

    Only ever added. ``payment_id`` is the payment with which the card is saved, if one is.
    """

    __tablename__ = "card_consents"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.UniqueConstraint("practice_id", "payment_id"),
        sa.Index("ix_card_consents_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    payment_id: Mapped[UUID | None]
    uses: Mapped[list[str]]
    version: Mapped[str] = mapped_column(sa.String(20))
    text: Mapped[str] = mapped_column(sa.Text)
    text_sha256: Mapped[str] = mapped_column(sa.String(64))
    agreed_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(sa.String(45))  # the IP address it came from


class CardSetup(PracticeOwned, Base):
    """A page of the processor on which a client saves a card and pays nothing."""

    __tablename__ = "card_setups"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "consent_id"], ["card_consents.practice_id", "card_consents.id"]
        ),
        sa.Index("ix_card_setups_client", "practice_id", "client_id"),
        sa.Index("ix_card_setups_state", "practice_id", "state"),
    )

    client_id: Mapped[UUID]
    consent_id: Mapped[UUID]
    state: Mapped[SetupState] = mapped_column(enum_by_value(SetupState))
    account: Mapped[str] = mapped_column(sa.String(60), default="")
    checkout_id: Mapped[str | None] = mapped_column(sa.String(120))
    checkout_url: Mapped[str | None] = mapped_column(sa.String(2000))
    checkout_ends_at: Mapped[datetime]
    success_url: Mapped[str] = mapped_column(sa.String(400))
    cancel_url: Mapped[str] = mapped_column(sa.String(400))
    created_at: Mapped[datetime]


class Card(PracticeOwned, Base):
    """A client's card at the processor. A client has at most one on file.

    ``is_on_file`` is true or nothing, so that a key of the table can say so. ``removed_at`` is
    when it was taken off here: from then on nobody charges it. ``detached_at`` is when the
    processor had forgotten it as well. ``customer_id`` is who it belongs to there.
    """

    __tablename__ = "cards"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "consent_id"], ["card_consents.practice_id", "card_consents.id"]
        ),
        sa.UniqueConstraint("practice_id", "account", "method_id"),
        sa.UniqueConstraint("practice_id", "client_id", "account", "is_on_file"),
        sa.CheckConstraint(
            "(is_on_file IS NULL) = (removed_at IS NOT NULL)", name="removed_or_on_file"
        ),
    )

    client_id: Mapped[UUID]
    consent_id: Mapped[UUID]
    account: Mapped[str] = mapped_column(sa.String(60), default="")
    customer_id: Mapped[str] = mapped_column(sa.String(120))
    method_id: Mapped[str] = mapped_column(sa.String(120))
    brand: Mapped[str] = mapped_column(sa.String(40))
    last4: Mapped[str] = mapped_column(sa.String(4))
    exp_month: Mapped[int]
    exp_year: Mapped[int]
    saved_at: Mapped[datetime]
    is_on_file: Mapped[bool | None]
    removed_at: Mapped[datetime | None]
    detached_at: Mapped[datetime | None]


class CardCharge(PracticeOwned, Base):
    """That a payment is taken from a card on file, without its holder. Has the payment's id.

    ``attempt_key`` names this very try, for us and for the processor: ``fee:{fee}:{attempt}``.
    """

    __tablename__ = "card_charges"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "id"], ["payments.practice_id", "payments.id"]),
        sa.ForeignKeyConstraint(["practice_id", "card_id"], ["cards.practice_id", "cards.id"]),
        sa.UniqueConstraint("practice_id", "attempt_key"),
    )

    card_id: Mapped[UUID]
    attempt_key: Mapped[str] = mapped_column(sa.String(120))
    failure: Mapped[Failure | None] = mapped_column(enum_by_value(Failure))
    code: Mapped[str | None] = mapped_column(sa.String(60))  # the processor's word for it
