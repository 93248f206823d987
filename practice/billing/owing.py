"""What clients owe by now, for lists of many of them.

What was sold with instalments is owed as these fall due, and until then is not asked for. Each
function is one statement, or a part of one, whatever the number of clients.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.billing import ports
from practice.billing.models import LedgerEntry
from practice.billing.rules.ledger import Account
from practice.billing.sale_models import Instalment, Sale
from practice.core.db import db
from practice.people.queries import get_practice, today_here

Cents = sa.ColumnElement[int]


def due_minor(client_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return what some clients owe by now, in cents: on invoices, and of what they brought along.

    Who never had either is left out.
    """
    owed = owed_by_client(client_ids)
    return {client_id: int(minor) for client_id, minor in db.session.execute(sa.select(owed))}


def owed_by_client(client_ids: Collection[UUID] | None = None) -> sa.Subquery:
    """Select ``client_id`` and the ``minor`` they owe by now; of everybody, or of some clients."""
    owed = sa.select(LedgerEntry.client_id, sa.func.sum(LedgerEntry.minor).label("minor")).where(
        LedgerEntry.account == Account.RECEIVABLE
    )
    later = _not_due_yet()
    not_due = sa.select(later.c.client_id, -sa.func.sum(later.c.minor))
    if client_ids is not None:
        owed = owed.where(LedgerEntry.client_id.in_(client_ids))
        not_due = not_due.where(later.c.client_id.in_(client_ids))
    both = sa.union_all(
        owed.group_by(LedgerEntry.client_id), not_due.group_by(later.c.client_id)
    ).subquery("due_and_not")
    return (
        sa.select(
            both.c.client_id, sa.cast(sa.func.sum(both.c.minor), sa.BigInteger).label("minor")
        )
        .group_by(both.c.client_id)
        .subquery("owed")
    )


def _not_due_yet() -> sa.Subquery:
    """Select ``client_id`` and the ``minor`` of instalments that are open and not due by today.

    What was paid fills the instalments in their order, as ``rules.selling.poured`` has it: an
    instalment lies between what the former ones add up to and what it adds to them, and is open
    above what is settled.
    """
    days = ports.days_to_join()
    until = sa.func.sum(Instalment.amount_minor).over(
        partition_by=(Instalment.practice_id, Instalment.sale_id), order_by=Instalment.position
    )
    laid_out = (
        sa.select(
            Sale.client_id,
            Sale.charged_minor,
            _open_of_sale().label("open"),
            (until - Instalment.amount_minor).label("after"),
            until.label("until"),
            _is_due(days).label("is_due"),
        )
        .select_from(Instalment)
        .join(
            Sale,
            sa.and_(Sale.practice_id == Instalment.practice_id, Sale.id == Instalment.sale_id),
        )
        .outerjoin(
            days,
            sa.and_(
                days.c.practice_id == Sale.practice_id,
                days.c.for_id == Sale.for_id,
                days.c.key == Instalment.due_key,
            ),
        )
        .subquery("laid_out")
    )
    charged, settled = laid_out.c.charged_minor, laid_out.c.charged_minor - laid_out.c.open
    top = _less(laid_out.c.until, charged)
    bottom = -_less(-_less(laid_out.c["after"], charged), -settled)
    return (
        sa.select(laid_out.c.client_id, (top - bottom).label("minor"))
        .where(laid_out.c.is_due == 0, laid_out.c.open > 0, top > bottom)
        .subquery("not_due_yet")
    )


def _is_due(days: sa.Subquery) -> sa.ColumnElement[int]:
    today = today_here()
    zone = ZoneInfo(get_practice().time_zone)
    tomorrow = datetime.combine(today + timedelta(days=1), time(), zone)
    return sa.case(
        (Instalment.due_on <= today, 1),
        (Instalment.due_on.is_not(None), 0),
        (sa.and_(Instalment.at_booking, days.c.key.is_not(None)), 1),
        (sa.and_(~Instalment.at_booking, days.c.starts_at < tomorrow), 1),
        else_=0,
    )


def _open_of_sale() -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.func.coalesce(sa.func.sum(LedgerEntry.minor), 0))
        .where(
            LedgerEntry.practice_id == Sale.practice_id,
            LedgerEntry.account == Account.RECEIVABLE,
            LedgerEntry.invoice_id == Sale.invoice_id,
        )
        .correlate(Sale)
        .scalar_subquery()
    )


def _less(one: Cents, other: Cents) -> Cents:
    return sa.case((one < other, one), else_=other)
