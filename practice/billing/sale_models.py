"""What a practice sells ahead, what was sold, and its units: only ever added to."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column

from practice.billing.rules.prices import Own, PriceWay
from practice.billing.rules.selling import (
    ExpiryRule,
    Item,
    LateRule,
    RefundRule,
    UnitKind,
    from_terms,
)
from practice.core.db import Base, Json, PracticeOwned, enum_by_value
from practice.core.money import Money


class Package(PracticeOwned, Base):
    """Sessions that are sold together. ``items`` are their names, labels and counts.

    ``parts`` are the instalments: percent, and days after the sale. ``version`` grows with every
    change, and what was before is kept.
    """

    __tablename__ = "packages"
    __table_args__ = (sa.CheckConstraint("price_minor >= 0", name="price"),)

    title: Mapped[str] = mapped_column(sa.String(120))
    items: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    price: Mapped[Money] = composite(
        mapped_column("price_minor"), mapped_column("currency", sa.String(3))
    )
    parts: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    expires_days: Mapped[int | None]
    refund_rule: Mapped[RefundRule] = mapped_column(enum_by_value(RefundRule))
    expiry_rule: Mapped[ExpiryRule] = mapped_column(enum_by_value(ExpiryRule))
    late_rule: Mapped[LateRule] = mapped_column(enum_by_value(LateRule))
    version: Mapped[int] = mapped_column(default=1)
    position: Mapped[int]
    ended_at: Mapped[datetime | None]


class PackageVersion(PracticeOwned, Base):
    """What a package was until somebody changed it. ``terms`` are its fields, as JSON."""

    __tablename__ = "package_versions"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "package_id"], ["packages.practice_id", "packages.id"]
        ),
        sa.UniqueConstraint("practice_id", "package_id", "number"),
    )

    package_id: Mapped[UUID]
    number: Mapped[int]
    until_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]
    terms: Mapped[dict[str, Any]]


class Sale(PracticeOwned, Base):
    """What one client bought ahead, with everything that was agreed copied onto it.

    ``for_id`` is what it was sold for (a client's course), if it was for one thing.
    ``charged_minor`` is what it comes to: the price, less once it ended early. ``list_minor`` is
    what it costs everybody else, and ``price_why`` why, where a price of the client's own was
    agreed on. ``noticed_on`` is the last day for which the client was told that it ends.
    """

    __tablename__ = "sales"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "package_id"], ["packages.practice_id", "packages.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.UniqueConstraint("practice_id", "for_id"),
        sa.UniqueConstraint("practice_id", "form_token"),
        sa.CheckConstraint("price_minor >= 0", name="price"),
        sa.CheckConstraint("charged_minor BETWEEN 0 AND price_minor", name="charged"),
        sa.Index("ix_sales_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    package_id: Mapped[UUID | None]
    for_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    form_token: Mapped[str | None] = mapped_column(sa.String(64))
    title: Mapped[str] = mapped_column(sa.String(120))
    items: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    price: Mapped[Money] = composite(
        mapped_column("price_minor"), mapped_column("currency", sa.String(3))
    )
    charged_minor: Mapped[int]
    refund_rule: Mapped[RefundRule] = mapped_column(enum_by_value(RefundRule))
    expiry_rule: Mapped[ExpiryRule] = mapped_column(enum_by_value(ExpiryRule))
    late_rule: Mapped[LateRule] = mapped_column(enum_by_value(LateRule))
    list_minor: Mapped[int | None]
    price_why: Mapped[str | None] = mapped_column(sa.String(240))
    sold_at: Mapped[datetime]
    sold_by: Mapped[UUID | None]
    expires_on: Mapped[date | None]
    noticed_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]

    @property
    def charged(self) -> Money:
        return Money(self.charged_minor, self.price.currency)

    @property
    def contents(self) -> tuple[Item, ...]:
        return from_terms(self.items)

    def item(self, what: str) -> Item | None:
        """Return what was sold under a name, if anything was."""
        return next((each for each in self.contents if each.what == what), None)

    def share(self, what: str) -> Money | None:
        """Return what one session of a name is worth, but for the cents that the last one takes."""
        found = self.item(what)
        return Money(found.total_minor // found.count, self.price.currency) if found else None


class UnitEntry(PracticeOwned, Base):
    """One movement of the sessions that are left of a sale, by their name. Append-only.

    ``number`` counts the movements of one name, and ``left_after`` is how many sessions are free
    after it: the database refuses one that does not follow from the entry before, or that would
    leave less than none. ``for_id`` is the booking that reserves, uses or gives back.
    """

    __tablename__ = "unit_entries"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "sale_id"], ["sales.practice_id", "sales.id"]),
        sa.UniqueConstraint("practice_id", "sale_id", "what", "number"),
        sa.CheckConstraint("left_after >= 0", name="never_negative"),
        sa.CheckConstraint(
            "(kind = 'granted' AND delta > 0) OR (kind = 'reserved' AND delta = -1) OR "
            "(kind = 'restored' AND delta = 1) OR (kind = 'used' AND delta = 0) OR "
            "(kind = 'expired' AND delta < 0)",
            name="kind_and_delta",
        ),
        sa.CheckConstraint(
            "(for_id IS NULL) = (kind IN ('granted', 'expired'))", name="for_a_booking"
        ),
        sa.Index("ix_unit_entries_for", "practice_id", "for_id"),
    )

    sale_id: Mapped[UUID]
    what: Mapped[str] = mapped_column(sa.String(60))
    number: Mapped[int]
    kind: Mapped[UnitKind] = mapped_column(enum_by_value(UnitKind))
    delta: Mapped[int]
    left_after: Mapped[int]
    for_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]


class Instalment(PracticeOwned, Base):
    """A part of a sale's price, and when it is due: on a day, or with what ``due_key`` names.

    What is paid of it follows from what was paid for the sale. The rest is how far collecting it
    has come: ``noticed_on`` for which day the client was told, ``tries`` and ``tried_on``, and
    ``stopped_at`` once a person has to decide.
    """

    __tablename__ = "instalments"
    __table_args__ = (
        sa.ForeignKeyConstraint(["practice_id", "sale_id"], ["sales.practice_id", "sales.id"]),
        sa.UniqueConstraint("practice_id", "sale_id", "position"),
        sa.CheckConstraint("amount_minor >= 0", name="amount"),
        sa.CheckConstraint("(due_on IS NULL) <> (due_key IS NULL)", name="due_somehow"),
    )

    sale_id: Mapped[UUID]
    position: Mapped[int]
    amount_minor: Mapped[int]
    due_on: Mapped[date | None]
    due_key: Mapped[str | None] = mapped_column(sa.String(60))
    at_booking: Mapped[bool] = mapped_column(default=False)
    noticed_on: Mapped[date | None]
    tries: Mapped[int] = mapped_column(default=0)
    tried_on: Mapped[date | None]
    stopped_at: Mapped[datetime | None]


class ClientPrice(PracticeOwned, Base):
    """A client's own price: for one thing (``for_id``), or for everything. Never changed, ended.

    ``value`` is in cents or percent. Holds from one local day to another.
    """

    __tablename__ = "client_prices"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.CheckConstraint("value >= 0", name="value"),
        sa.CheckConstraint("way <> 'percent' OR value <= 100", name="percent"),
        sa.CheckConstraint("until_on IS NULL OR until_on >= from_on", name="days"),
        sa.Index("ix_client_prices_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    for_id: Mapped[UUID | None]
    way: Mapped[PriceWay] = mapped_column(enum_by_value(PriceWay))
    value: Mapped[int]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(sa.String(200))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID]
    ended_at: Mapped[datetime | None]

    @property
    def own(self) -> Own:
        return Own(self.for_id, self.way, self.value, self.from_on, self.until_on, self.reason)
