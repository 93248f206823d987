"""Codes for a lower price, and each time that one was used."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from practice.billing.rules.prices import PriceWay
from practice.billing.rules.promos import Promo
from practice.core.db import Base, Json, PracticeOwned, enum_by_value


class PromoCode(PracticeOwned, Base):
    """A code of the practice: how much is taken off, when, how often, and for what.

    ``service_ids`` are the services it is for; none are all of them. ``used`` counts uses that
    stand: the database lets it pass ``most_uses`` for nobody.
    """

    __tablename__ = "promo_codes"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "code"),
        sa.CheckConstraint("value > 0 AND (way = 'amount' OR value <= 100)", name="value"),
        sa.CheckConstraint(
            "used >= 0 AND (most_uses IS NULL OR used <= most_uses)", name="never_too_often"
        ),
    )

    code: Mapped[str] = mapped_column(sa.String(40))
    way: Mapped[PriceWay] = mapped_column(enum_by_value(PriceWay))
    value: Mapped[int]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    most_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0)
    once_per_client: Mapped[bool]
    service_ids: Mapped[list[str]] = mapped_column(Json)
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]

    @property
    def rule(self) -> Promo:
        return Promo(self.way, self.value, self.from_on, self.until_on, frozenset(self.service_ids))


class PromoUse(PracticeOwned, Base):
    """That a booking has its price by a code. ``is_used`` is nothing once it was let go.

    ``once`` is true where a client may use the code once and this stands: a key sees to it.
    """

    __tablename__ = "promo_uses"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "code_id"], ["promo_codes.practice_id", "promo_codes.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.UniqueConstraint("practice_id", "for_id", "is_used"),
        sa.UniqueConstraint("practice_id", "code_id", "client_id", "once"),
    )

    code_id: Mapped[UUID]
    client_id: Mapped[UUID]
    for_id: Mapped[UUID]
    list_minor: Mapped[int]
    price_minor: Mapped[int]
    once: Mapped[bool | None]
    is_used: Mapped[bool | None]
    used_at: Mapped[datetime]
