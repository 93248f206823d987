"""The rows of each file, read from the books a few at a time.

A row is its cells and the amounts in cents that its file adds up. Names of clients are those that
they have now: a locked month keeps its files, and with them the names of its day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing import books, export_invoices, ledger
from practice.billing.export_asked import CHUNK, Asked, Row, Write
from practice.billing.exports import amount, safe
from practice.billing.models import (
    Invoice,
    Journal,
    LedgerEntry,
    OpeningBalance,
    Payment,
    Receipt,
    Refund,
)
from practice.billing.rules.exporting import (
    BUCKETS,
    SHAPES,
    Kind,
    bucket_of,
    event_in_words,
    journal_number,
)
from practice.billing.rules.ledger import Account
from practice.core.db import db

HOLDS = (Account.CLEARING, Account.CASH)
"""Where money that came in lies until it goes on."""


def rows_of(kind: Kind, asked: Asked) -> Iterator[Row]:
    """Yield the rows of a file that has some."""
    return ROWS[kind](asked, asked.ways.writes_date(SHAPES[kind].program))


# The journal -------------------------------------------------------------------------------------


def _journal(asked: Asked, on: Write) -> Iterator[Row]:
    names = {each: (safe(asked.ways.code(each)), safe(asked.ways.name(each))) for each in Account}
    for each in ledger.entries(asked.first_on, asked.last_on):
        debit, credit = max(each.minor, 0), max(-each.minor, 0)
        yield (
            [
                on(each.on_day),
                str(each.journal_id),
                each.source_key,
                *names[each.account],
                amount(debit) if debit else "",
                amount(credit) if credit else "",
                each.currency,
                str(each.client_id or ""),
                safe(each.memo) or event_in_words(each.source_key),
            ],
            (debit, credit),
        )


def _quickbooks_journal(asked: Asked, on: Write) -> Iterator[Row]:
    names = {each: safe(asked.ways.name(each)) for each in Account}
    for day, of_the_day in groupby(
        ledger.entries(asked.first_on, asked.last_on), key=lambda each: each.on_day
    ):
        written, nth, last = on(day), 0, None
        for each in of_the_day:
            if each.journal_id != last:
                nth, last = nth + 1, each.journal_id
            debit, credit = max(each.minor, 0), max(-each.minor, 0)
            is_owed = each.account is Account.RECEIVABLE
            yield (
                [
                    journal_number(day, nth),
                    written,
                    names[each.account],
                    amount(debit) if debit else "",
                    amount(credit) if credit else "",
                    safe(each.memo) or event_in_words(each.source_key),
                    asked.names.get(each.client_id, "") if is_owed else "",
                ],
                (debit, credit),
            )


# Money that came and went ------------------------------------------------------------------------

_JOURNAL = sa.and_(
    Journal.practice_id == LedgerEntry.practice_id, Journal.id == LedgerEntry.journal_id
)


def _moves(
    asked: Asked, accounts: tuple[Account, ...], *events: str
) -> sa.Select[*tuple[Any, ...]]:
    """Ask for the entries on some accounts of journals whose keys begin so, in their order."""
    return (
        sa.select(LedgerEntry.on_day, LedgerEntry.minor, Journal.id, Journal.source_key)
        .join(Journal, _JOURNAL)
        .where(
            LedgerEntry.on_day.between(asked.first_on, asked.last_on),
            LedgerEntry.account.in_(accounts),
            sa.or_(*(Journal.source_key.startswith(f"{event}:") for event in events)),
        )
        .order_by(LedgerEntry.on_day, Journal.posted_at, Journal.id, LedgerEntry.position)
        .execution_options(yield_per=CHUNK)
    )


def _of_payments(asked: Asked, *events: str) -> sa.Select[*tuple[Any, ...]]:
    return (
        _moves(asked, HOLDS, *events)
        .join(
            Payment,
            sa.and_(
                Payment.practice_id == LedgerEntry.practice_id,
                Payment.id == LedgerEntry.payment_id,
            ),
        )
        .join(
            Receipt,
            sa.and_(Receipt.practice_id == Payment.practice_id, Receipt.payment_id == Payment.id),
            isouter=True,
        )
        .add_columns(
            Payment.id.label("payment_id"),
            Payment.client_id,
            Payment.method,
            Payment.charge_id,
            Receipt.number.label("receipt"),
        )
    )


def _payments(asked: Asked, on: Write) -> Iterator[Row]:
    for row in db.session.execute(_of_payments(asked, "charge")):
        yield (
            [
                on(row.on_day),
                str(row.payment_id),
                row.receipt or "",
                asked.names.get(row.client_id, ""),
                str(row.client_id),
                row.method.value,
                row.charge_id or "",
                amount(row.minor),
                asked.currency,
                str(row.id),
            ],
            (row.minor,),
        )


def _refunds(asked: Asked, on: Write) -> Iterator[Row]:
    found = db.session.execute(_of_payments(asked, "refund", "refund-failed"))
    for rows in found.partitions():
        ids = [UUID(row.source_key.partition(":")[2]) for row in rows]
        told: dict[UUID, str | None] = {
            row[0]: row[1]
            for row in db.session.execute(
                sa.select(Refund.id, Refund.processor_id).where(Refund.id.in_(ids))
            )
        }
        for refund_id, row in zip(ids, rows, strict=True):
            yield (
                [
                    on(row.on_day),
                    str(refund_id),
                    str(row.payment_id),
                    row.receipt or "",
                    asked.names.get(row.client_id, ""),
                    str(row.client_id),
                    row.method.value,
                    told.get(refund_id) or "",
                    amount(-row.minor),
                    asked.currency,
                    str(row.id),
                ],
                (-row.minor,),
            )


def _payouts(asked: Asked, on: Write) -> Iterator[Row]:
    found = db.session.execute(_moves(asked, (Account.BANK,), "payout", "payout-failed"))
    for rows in found.partitions():
        ids = [UUID(row.source_key.partition(":")[2]) for row in rows]
        inside = books.paid_out(ids)
        for payout_id, row in zip(ids, rows, strict=True):
            one = inside[payout_id]
            yield (
                [
                    on(row.on_day),
                    str(payout_id),
                    safe(one.payout.processor_id),
                    str(one.charges),
                    amount(one.charged.minor),
                    amount(one.refunded.minor),
                    amount(one.fees.minor),
                    amount(row.minor),
                    asked.currency,
                    str(row.id),
                ],
                (row.minor,),
            )


# As of a day -------------------------------------------------------------------------------------


def _aging(asked: Asked, on: Write) -> Iterator[Row]:
    as_of = asked.last_on
    sums = (
        sa.select(
            LedgerEntry.client_id,
            LedgerEntry.invoice_id,
            LedgerEntry.for_id,
            sa.func.sum(LedgerEntry.minor).label("minor"),
        )
        .where(LedgerEntry.account == Account.RECEIVABLE, LedgerEntry.on_day <= as_of)
        .group_by(LedgerEntry.client_id, LedgerEntry.invoice_id, LedgerEntry.for_id)
        .having(sa.func.sum(LedgerEntry.minor) != 0)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(
            sums.c.client_id,
            sums.c.minor,
            sa.func.coalesce(Invoice.number, OpeningBalance.number, "").label("number"),
            sa.func.coalesce(Invoice.issued_on, OpeningBalance.dated_on).label("issued_on"),
            sa.func.coalesce(Invoice.due_on, OpeningBalance.dated_on).label("due_on"),
        )
        .join(Invoice, Invoice.id == sums.c.invoice_id, isouter=True)
        .join(OpeningBalance, OpeningBalance.id == sums.c.for_id, isouter=True)
        .order_by("due_on", "number", sums.c.client_id)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        minor, due_on = int(row.minor), row.due_on or as_of
        days = max((as_of - due_on).days, 0)
        buckets = [0] * (len(BUCKETS) + 1)
        buckets[bucket_of(days)] = minor
        yield (
            [
                on(as_of),
                asked.names.get(row.client_id, ""),
                str(row.client_id or ""),
                safe(row.number),
                on(row.issued_on) if row.issued_on else "",
                on(due_on),
                str(days),
                *map(amount, buckets),
                amount(minor),
                asked.currency,
            ],
            (minor,),
        )


WAITING = {Account.CLIENT_CREDIT: "client credit", Account.PACKAGES: "package"}


def _deferred(asked: Asked, on: Write) -> Iterator[Row]:
    document = sa.func.coalesce(Invoice.corrects_id, LedgerEntry.invoice_id)
    sums = (
        sa.select(
            LedgerEntry.client_id,
            LedgerEntry.account,
            document.label("invoice_id"),
            sa.func.sum(LedgerEntry.minor).label("minor"),
        )
        .join(
            Invoice,
            sa.and_(
                Invoice.practice_id == LedgerEntry.practice_id,
                Invoice.id == LedgerEntry.invoice_id,
            ),
            isouter=True,
        )
        .where(LedgerEntry.account.in_(WAITING), LedgerEntry.on_day <= asked.last_on)
        .group_by(LedgerEntry.client_id, LedgerEntry.account, document)
        .having(sa.func.sum(LedgerEntry.minor) != 0)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(sums.c.client_id, sums.c.account, sums.c.minor, Invoice.number)
        .join(Invoice, Invoice.id == sums.c.invoice_id, isouter=True)
        .order_by(sums.c.account, sa.func.coalesce(Invoice.number, ""), sums.c.client_id)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        minor = -int(row.minor)
        yield (
            [
                on(asked.last_on),
                asked.names.get(row.client_id, ""),
                str(row.client_id or ""),
                WAITING[row.account],
                row.number or "",
                amount(minor),
                asked.currency,
            ],
            (minor,),
        )


ROWS: dict[Kind, Callable[[Asked, Write], Iterator[Row]]] = {
    Kind.INVOICES: export_invoices.invoices,
    Kind.PAYMENTS: _payments,
    Kind.REFUNDS: _refunds,
    Kind.PAYOUTS: _payouts,
    Kind.AGING: _aging,
    Kind.DEFERRED: _deferred,
    Kind.JOURNAL: _journal,
    Kind.QB_INVOICES: export_invoices.quickbooks_invoices,
    Kind.QB_JOURNAL: _quickbooks_journal,
    Kind.XERO: export_invoices.xero,
}
