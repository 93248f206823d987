"""Tokens, answers that were given, and the addresses that want news."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value


class DeliveryState(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"  # the other side said so
    GIVEN_UP = "given_up"


class ApiToken(PracticeOwned, Base):
    """What another program brings to be let in. Its digest is its door."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "made_by"], ["users.practice_id", "users.id"]),
    )

    label: Mapped[str] = mapped_column(sa.String(80))
    scopes: Mapped[list[str]]
    made_by: Mapped[UUID]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiAnswer(PracticeOwned, Base):
    """What a write was answered, so that the same write sent again is answered the same.

    ``holder`` and ``key`` are digests: of who asked, and of the key that came along. ``asked``
    is that of the request itself.
    """

    __tablename__ = "api_answers"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "holder", "key"),
        sa.Index("ix_api_answers_made", "practice_id", "made_at"),
    )

    holder: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(64))
    asked: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int]
    body_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    made_at: Mapped[datetime]

    body = Sealed("body_sealed")


class Webhook(PracticeOwned, Base):
    """An address that wants news. The secret signs; the former one does so for a day more."""

    __tablename__ = "webhooks"

    url: Mapped[str] = mapped_column(sa.String(500))
    events: Mapped[list[str]]
    secret_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    old_secret_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    rotated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    secret = Sealed("secret_sealed")
    old_secret = Sealed("old_secret_sealed")


class Delivery(PracticeOwned, Base):
    """One piece of news for one address. ``ordinal`` counts those about the same subject.

    ``body`` is written when it is first sent, and stays: ids and states, nothing else.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "webhook_id"], ["webhooks.practice_id", "webhooks.id"]
        ),
        sa.Index(
            "ix_webhook_deliveries_subject", "practice_id", "webhook_id", "subject_id", "ordinal"
        ),
        sa.Index("ix_webhook_deliveries_made", "practice_id", "webhook_id", "created_at"),
    )

    webhook_id: Mapped[UUID]
    event: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[UUID]
    ordinal: Mapped[int]
    body: Mapped[str | None] = mapped_column(sa.Text)
    state: Mapped[DeliveryState] = mapped_column(enum_by_value(DeliveryState))
    tries: Mapped[int]
    status: Mapped[int | None]  # of the last answer
    problem: Mapped[str | None] = mapped_column(sa.String(200))
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
