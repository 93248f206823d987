"""What was charged for some things, and what of it is paid."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.billing.archive import OPEN_MINOR
from practice.billing.models import Invoice, InvoiceKind
from practice.billing.rules.fees import SOURCE as FEE
from practice.core.db import db
from practice.core.money import Money


@dataclass(frozen=True, slots=True)
class Charge:
    """What one thing was charged with, credit notes taken off, and what of that is paid."""

    fee: Money
    paid: Money


def charges_for(for_ids: Collection[UUID]) -> Mapping[UUID, Charge]:
    """Return what was charged for some things; those without an invoice are left out.

    What was taken back as a whole is left out too, and so are fees: nobody was treated for them.
    One statement.
    """
    note = sa.orm.aliased(Invoice)
    credited = (
        sa.select(sa.func.coalesce(sa.func.sum(note.total_minor), 0))
        .where(note.practice_id == Invoice.practice_id, note.corrects_id == Invoice.id)
        .correlate(Invoice)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(
            Invoice.for_id,
            Invoice.currency,
            (Invoice.total_minor + credited).label("fee"),
            OPEN_MINOR.label("open"),
        )
        .where(
            Invoice.for_id.in_(for_ids),
            Invoice.kind == InvoiceKind.INVOICE,
            ~Invoice.source_key.startswith(FEE),
        )
        .order_by(Invoice.issued_at)
    )
    found: dict[UUID, Charge] = {}
    for row in rows:
        if row.fee <= 0:
            continue
        fee = Money(int(row.fee), row.currency)
        charge = Charge(fee, fee - Money(int(row.open), row.currency))
        before = found.get(row.for_id)
        if before is not None:
            charge = Charge(before.fee + charge.fee, before.paid + charge.paid)
        found[row.for_id] = charge
    return found
