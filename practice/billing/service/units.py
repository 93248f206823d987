"""The sessions that are left of a sale: granted, reserved, used, restored, expired.

A ledger of its own, only ever added to. Each entry says how many are left after it; the database
refuses one that does not follow from the entry before, or leaves less than none. Call inside
``transaction()``. Asked again for the same booking, everything here changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.billing.rules.selling import Item, Moved, UnitKind, Worth, worth
from practice.billing.sale_models import Sale, UnitEntry
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, NotFound

K = UnitKind
HOLDS = frozenset({K.RESERVED, K.USED})
"""The last word on a booking that has its unit."""


class NoUnitLeft(Conflict):
    """All sessions of that name were booked or had already."""


def lock(sale_id: UUID) -> Sale:
    """Return a sale as it is now, kept still until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    found: Sale | None = db.session.scalars(
        sa.select(Sale)
        .where(Sale.id == sale_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("There is nothing at this address.")
    return found


def grant(sale: Sale, items: Iterable[Item], by: Actor) -> None:
    """Put what was sold into the ledger, once."""
    for each in items:
        if _last(sale.id, each.what) is None:
            _add(sale.id, each.what, K.GRANTED, each.count, None, by=by)


def reserve(sale_id: UUID, what: str, for_id: UUID, by: Actor) -> None:
    """Take one session of a name for a booking.

    Raises:
        NoUnitLeft: if none is left.
    """
    lock(sale_id)
    if _word_on(sale_id, for_id) in HOLDS:
        return
    last = _last(sale_id, what)
    if last is None or last.left_after < 1:
        raise NoUnitLeft("No session of this kind is left of the package.")
    _add(sale_id, what, K.RESERVED, -1, for_id, by=by, after=last)


def restore(sale_id: UUID, what: str, for_id: UUID, by: Actor) -> None:
    """Give a booking's session back. One that was used stays used."""
    lock(sale_id)
    if _word_on(sale_id, for_id) is K.RESERVED:
        _add(sale_id, what, K.RESTORED, 1, for_id, by=by)


def forgive(sale_id: UUID, what: str, for_id: UUID, by: Actor) -> bool:
    """Give a session back that counted as used, as if it had not; say whether it did."""
    lock(sale_id)
    if _word_on(sale_id, for_id) is not K.USED:
        return False
    _add(sale_id, what, K.RESTORED, 1, for_id, by=by)
    return True


def use(sale: Sale, item: Item, for_id: UUID, by: Actor) -> int | None:
    """Use up a booking's session; return its share in cents. ``None`` if it was used before.

    Raises:
        NoUnitLeft: if nothing was reserved for it.
    """
    lock(sale.id)
    word = _word_on(sale.id, for_id)
    if word is K.USED:
        return None
    if word is not K.RESERVED:
        raise NoUnitLeft("No session of the package was kept for this booking.")
    _add(sale.id, item.what, K.USED, 0, for_id, by=by)
    return worth_of(sale.id, item).used[for_id]


def expire(sale: Sale, by: Actor) -> list[tuple[UnitEntry, int]]:
    """Let go of all that is left of a sale and not booked; return it with its worth in cents."""
    lock(sale.id)
    found = []
    for each in sale.contents:
        last = _last(sale.id, each.what)
        if last is not None and last.left_after:
            gone = _add(sale.id, each.what, K.EXPIRED, -last.left_after, None, by=by, after=last)
            found.append((gone, worth_of(sale.id, each).expired[-1]))
    return found


def expired(sale: Sale) -> list[UnitEntry]:
    """Return the movements by which sessions of a sale expired and stayed so, the last first."""
    moves = db.session.scalars(
        sa.select(UnitEntry)
        .where(UnitEntry.sale_id == sale.id, UnitEntry.kind.in_([K.EXPIRED, K.GRANTED]))
        .order_by(UnitEntry.what, UnitEntry.number)
    )
    found: list[UnitEntry] = []
    for each in moves:
        if each.kind is K.EXPIRED:
            found.append(each)
        elif found and found[-1].what == each.what:  # granted again
            found.pop()
    return found[::-1]


def grant_again(sale: Sale, expired: UnitEntry, by: Actor) -> None:
    """Give back what expired: of each name what did so last comes first."""
    _add(sale.id, expired.what, K.GRANTED, -expired.delta, None, by=by)


def worth_of(sale_id: UUID, item: Item) -> Worth:
    """Return what the sessions of one name are worth that are gone."""
    rows = db.session.execute(
        sa.select(UnitEntry.kind, UnitEntry.delta, UnitEntry.for_id)
        .where(UnitEntry.sale_id == sale_id, UnitEntry.what == item.what)
        .order_by(UnitEntry.number)
    )
    return worth(item, (Moved(*each) for each in rows))


def held_by(for_id: UUID) -> tuple[UUID, str] | None:
    """Return the sale and the name of the session that a booking has, used or not."""
    row = db.session.execute(
        sa.select(UnitEntry.sale_id, UnitEntry.what, UnitEntry.kind)
        .where(UnitEntry.for_id == for_id)
        .order_by(UnitEntry.made_at.desc(), UnitEntry.number.desc())
        .limit(1)
    ).one_or_none()
    return (row.sale_id, row.what) if row is not None and row.kind in HOLDS else None


def _last(sale_id: UUID, what: str) -> UnitEntry | None:
    found: UnitEntry | None = db.session.scalar(
        sa.select(UnitEntry)
        .where(UnitEntry.sale_id == sale_id, UnitEntry.what == what)
        .order_by(UnitEntry.number.desc())
        .limit(1)
    )
    return found


def _word_on(sale_id: UUID, for_id: UUID) -> UnitKind | None:
    """Return the last thing that was written about a booking."""
    found: UnitKind | None = db.session.scalar(
        sa.select(UnitEntry.kind)
        .where(UnitEntry.sale_id == sale_id, UnitEntry.for_id == for_id)
        .order_by(UnitEntry.number.desc())
        .limit(1)
    )
    return found


def _add(
    sale_id: UUID,
    what: str,
    kind: UnitKind,
    delta: int,
    for_id: UUID | None,
    *,
    by: Actor,
    after: UnitEntry | None = None,
) -> UnitEntry:
    last = after or _last(sale_id, what)
    entry = UnitEntry(
        sale_id=sale_id,
        what=what,
        number=last.number + 1 if last else 1,
        kind=kind,
        delta=delta,
        left_after=(last.left_after if last else 0) + delta,
        for_id=for_id,
        made_at=clock.now(),
        made_by=by.id,
    )
    db.session.add(entry)
    db.session.flush()
    return entry
