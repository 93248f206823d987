"""What was charged for some things, and what of it is paid."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.billing.archive import OPEN_MINOR
from practice.billing.models import Invoice, InvoiceKind
from practice.billing.rules.fees import SOURCE as FEE
from practice.billing.rules.invoices import pour
from practice.billing.rules.selling import Moved, RefundRule, UnitKind, worth
from practice.billing.sale_models import Sale, UnitEntry
from practice.billing.sales import moves_of, paid_minor
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
    What is part of something sold ahead was charged with its share of that. One statement, and
    three more where something is.
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
    found = dict(_shares(for_ids))
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


def _shares(for_ids: Collection[UUID]) -> Mapping[UUID, Charge]:
    """Return what sessions of things sold ahead were charged with, once they were used.

    That is their share, or the single price where the sale ended early by that rule. What was paid
    for a sale pays its sessions in the order in which they were used. What was missed counts as
    used too, and is left out by whoever asks for sessions that took place.
    """
    ids = db.session.scalars(
        sa.select(UnitEntry.sale_id)
        .where(UnitEntry.for_id.in_(for_ids), UnitEntry.kind == UnitKind.USED)
        .distinct()
    ).all()
    if not ids:
        return {}
    sales = db.session.scalars(sa.select(Sale).where(Sale.id.in_(ids))).all()
    moves, paid = moves_of(ids), paid_minor(sales)
    found: dict[UUID, Charge] = {}
    for sale in sales:
        fees = _fees(sale, moves)
        kept = pour(paid[sale.id], [*fees.values()])
        for (for_id, minor), part in zip(fees.items(), kept, strict=True):
            if for_id in for_ids and minor > 0:
                currency = sale.price.currency
                found[for_id] = Charge(Money(minor, currency), Money(part, currency))
    return found


def _fees(sale: Sale, moves: Mapping[tuple[UUID, str], Sequence[Moved]]) -> Mapping[UUID, int]:
    """Return what each session of a sale was charged with that was used, in their order."""
    at_list = sale.ended_at is not None and sale.refund_rule is RefundRule.AT_LIST
    used: list[tuple[datetime, UUID, int]] = []
    for item in sale.contents:
        history = moves.get((sale.id, item.what), ())
        shares = worth(item, history).used
        last_at = {each.for_id: each.at for each in history if each.kind is UnitKind.USED}
        used += [
            (last_at[for_id] or sale.sold_at, for_id, item.list_minor if at_list else share)
            for for_id, share in shares.items()
        ]
    used.sort(key=lambda each: each[:2])
    minors = [minor for _, _, minor in used]
    charged = pour(sale.charged_minor, minors) if at_list else minors
    return {for_id: minor for (_, for_id, _), minor in zip(used, charged, strict=True)}
