"""What was sold ahead, for pages: what is left of it, what was paid, what is due and when.

Every function asks the database a fixed number of times, whatever the number of sales.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.billing import ports
from practice.billing.accounts import kept_minor
from practice.billing.rules import selling
from practice.billing.rules.selling import Due, Moved, UnitKind
from practice.billing.sale_models import Instalment, Package, PackageVersion, Sale, UnitEntry
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.money import Money


@dataclass(frozen=True, slots=True)
class Left:
    """How many sessions of one name were sold, are free, booked, and were had."""

    what: str
    label: str
    sold: int
    free: int
    booked: int
    used: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A sale with what was paid of it, its instalments, and what is left."""

    sale: Sale
    paid: Money
    dues: tuple[Due, ...]
    left: tuple[Left, ...]

    @property
    def open(self) -> Money:
        """What is still to pay, now or later."""
        minor = max(0, self.sale.charged_minor - self.paid.minor)
        return Money(minor, self.paid.currency)

    def due(self, today: date) -> Money:
        """What is to be paid by the end of a local day."""
        return Money(selling.due_minor(self.dues, today), self.paid.currency)

    @property
    def next_due(self) -> Due | None:
        """The first instalment of which something is open."""
        return next((each for each in self.dues if each.open_minor), None)

    def free(self, what: str) -> int:
        """Return how many sessions of a name are left and not booked."""
        return sum(each.free for each in self.left if each.what == what)

    def lasts(self, on: date) -> bool:
        """Say whether it is good on a local day."""
        return self.sale.expires_on is None or on <= self.sale.expires_on

    @property
    def is_live(self) -> bool:
        return self.sale.ended_at is None


def get_sale(sale_id: UUID) -> Sale:
    """Return a sale of this practice, or raise ``NotFound``."""
    found: Sale | None = db.session.scalar(sa.select(Sale).where(Sale.id == sale_id))
    if found is None:
        raise NotFound("There is nothing at this address.")
    return found


def sale_for(for_id: UUID) -> Sale | None:
    """Return what was sold for one thing, if it was."""
    found: Sale | None = db.session.scalar(sa.select(Sale).where(Sale.for_id == for_id))
    return found


def sales_of(client_id: UUID) -> Sequence[Sale]:
    """Return all that a client bought ahead, the newest first."""
    return db.session.scalars(
        sa.select(Sale).where(Sale.client_id == client_id).order_by(Sale.sold_at.desc(), Sale.id)
    ).all()


def sales_by_id(sale_ids: Collection[UUID], for_ids: Collection[UUID] = ()) -> Sequence[Sale]:
    """Return some sales, and those for some things. One statement, none for none."""
    if not sale_ids and not for_ids:
        return []
    either = sa.or_(Sale.id.in_(sale_ids), Sale.for_id.in_(for_ids))
    return db.session.scalars(sa.select(Sale).where(either)).all()


def standings(sales: Collection[Sale]) -> list[Standing]:
    """Return where some sales stand, in their order. Four statements, none for none."""
    if not sales:
        return []
    ids = [each.id for each in sales]
    paid, dues, counted = paid_minor(sales), dues_of(sales), _units(ids)
    return [
        Standing(
            each,
            Money(paid.get(each.id, 0), each.price.currency),
            tuple(selling.poured(dues[each.id], paid.get(each.id, 0), each.charged_minor)),
            tuple(
                Left(item.what, item.label, item.count, *counted.get((each.id, item.what), NONE))
                for item in each.contents
            ),
        )
        for each in sales
    ]


def paid_minor(sales: Collection[Sale]) -> Mapping[UUID, int]:
    """Return what was paid for some sales and is still theirs, in cents. One statement."""
    kept = kept_minor([each.id for each in sales])
    return {each.id: kept.get(each.id, 0) for each in sales}


def missing(sale_ids: Collection[UUID], today: date) -> Mapping[UUID, int]:
    """Return what of some sales stands in the way of their sessions, in cents."""
    if not sale_ids:
        return {}
    sales = db.session.scalars(sa.select(Sale).where(Sale.id.in_(sale_ids))).all()
    paid, dues = paid_minor(sales), dues_of(sales)
    return {
        each.id: selling.missing_minor(
            selling.poured(dues[each.id], paid.get(each.id, 0), each.charged_minor), today
        )
        for each in sales
    }


def dues_of(sales: Collection[Sale]) -> dict[UUID, list[Due]]:
    """Return the instalments of some sales with their days. Two statements at most."""
    found: dict[UUID, list[Due]] = {each.id: [] for each in sales}
    for_ids = {each.id: each.for_id for each in sales}
    rows = db.session.scalars(
        sa.select(Instalment).where(Instalment.sale_id.in_(found)).order_by(Instalment.position)
    ).all()
    keyed = {for_ids[each.sale_id] for each in rows if each.due_key is not None} - {None}
    days = ports.due_days([each for each in keyed if each]) if keyed else {}
    for each in rows:
        for_id, on = for_ids[each.sale_id], each.due_on
        if each.due_key is not None and for_id is not None:
            when = days.get(for_id, {}).get(each.due_key)
            on = (when.booked_on if each.at_booking else when.on) if when else None
        found[each.sale_id].append(
            Due(
                each.position,
                each.amount_minor,
                each.amount_minor,
                on,
                each.due_key,
                each.at_booking or (each.due_key is None and each.position == 1),
            )
        )
    return found


NONE = (0, 0, 0)


def _units(sale_ids: Collection[UUID]) -> Mapping[tuple[UUID, str], tuple[int, int, int]]:
    """Count what is free, booked and used, by sale and name. One statement.

    A booking that has its unit is used once that was written, and else booked.
    """

    def count(kind: UnitKind) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((UnitEntry.kind == kind, 1), else_=0))

    has = count(UnitKind.RESERVED) > count(UnitKind.RESTORED)
    was_used = count(UnitKind.USED) > 0
    each = (
        sa.select(
            UnitEntry.sale_id,
            UnitEntry.what,
            sa.func.sum(UnitEntry.delta).label("delta"),
            sa.case((sa.and_(has, sa.not_(was_used)), 1), else_=0).label("booked"),
            sa.case((sa.and_(has, was_used), 1), else_=0).label("used"),
        )
        .where(UnitEntry.sale_id.in_(sale_ids))
        .group_by(UnitEntry.sale_id, UnitEntry.what, UnitEntry.for_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(
            each.c.sale_id,
            each.c.what,
            *(sa.func.sum(each.c[name]) for name in ("delta", "booked", "used")),
        ).group_by(each.c.sale_id, each.c.what)
    )
    return {(sale, what): (int(a), int(b), int(c)) for sale, what, a, b, c in rows}


def bookings_of(sale_id: UUID) -> list[UUID]:
    """Return the bookings that had a session of a sale at any time."""
    rows = db.session.scalars(
        sa.select(UnitEntry.for_id)
        .where(UnitEntry.sale_id == sale_id, UnitEntry.kind == UnitKind.RESERVED)
        .distinct()
    )
    return [each for each in rows if each is not None]


def near_their_end(last_on: date) -> list[UUID]:
    """Return the sales that are not over and end up to a local day, and have something left."""
    free = (
        sa.select(sa.func.coalesce(sa.func.sum(UnitEntry.delta), 0))
        .where(UnitEntry.practice_id == Sale.practice_id, UnitEntry.sale_id == Sale.id)
        .correlate(Sale)
        .scalar_subquery()
    )
    return list(
        db.session.scalars(
            sa.select(Sale.id)
            .where(Sale.ended_at.is_(None), Sale.expires_on <= last_on, free > 0)
            .order_by(Sale.id)
        )
    )


def moves_of(sale_ids: Collection[UUID]) -> Mapping[tuple[UUID, str], list[Moved]]:
    """Return how the units of some sales moved, by sale and name, oldest first. One statement."""
    rows = db.session.execute(
        sa.select(
            UnitEntry.sale_id,
            UnitEntry.what,
            UnitEntry.kind,
            UnitEntry.delta,
            UnitEntry.for_id,
            UnitEntry.made_at,
        )
        .where(UnitEntry.sale_id.in_(sale_ids))
        .order_by(UnitEntry.sale_id, UnitEntry.what, UnitEntry.number)
    )
    found: dict[tuple[UUID, str], list[Moved]] = {}
    for sale_id, what, kind, delta, for_id, made_at in rows:
        found.setdefault((sale_id, what), []).append(Moved(kind, delta, for_id, made_at))
    return found


def free_units(client_id: UUID, what: str, today: date) -> list[Sale]:
    """Return a client's sales with a free session of a name, the one that expires first first.

    ``today`` is the local day on which the session is to be had.
    """
    free = (
        sa.select(sa.func.coalesce(sa.func.sum(UnitEntry.delta), 0))
        .where(UnitEntry.practice_id == Sale.practice_id, UnitEntry.sale_id == Sale.id)
        .where(UnitEntry.what == what)
        .correlate(Sale)
        .scalar_subquery()
    )
    lives = sa.or_(Sale.expires_on.is_(None), Sale.expires_on >= today)
    return list(
        db.session.scalars(
            sa.select(Sale)
            .where(Sale.client_id == client_id, Sale.ended_at.is_(None), Sale.for_id.is_(None))
            .where(lives, free > 0)
            .order_by(Sale.expires_on.is_(None), Sale.expires_on, Sale.sold_at, Sale.id)
        )
    )


# Packages ----------------------------------------------------------------------------------------


def get_package(package_id: UUID) -> Package:
    """Return a package of this practice, or raise ``NotFound``."""
    found: Package | None = db.session.scalar(sa.select(Package).where(Package.id == package_id))
    if found is None:
        raise NotFound("There is no such package.")
    return found


def packages(*, all_of_them: bool = False) -> Sequence[Package]:
    """Return the packages that are sold, in their order; the others last, if asked for."""
    wanted = sa.select(Package).order_by(
        Package.ended_at.is_not(None), Package.position, Package.title
    )
    if not all_of_them:
        wanted = wanted.where(Package.ended_at.is_(None))
    return db.session.scalars(wanted).all()


def versions_of(package_id: UUID) -> Sequence[PackageVersion]:
    """Return what a package was before, the newest first."""
    return db.session.scalars(
        sa.select(PackageVersion)
        .where(PackageVersion.package_id == package_id)
        .order_by(PackageVersion.number.desc())
    ).all()
