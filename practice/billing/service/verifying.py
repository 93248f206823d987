"""Whether the books are whole: what they say against the rows that they were written of.

The database refuses a journal that does not add up. What is looked for here is what nobody wrote:
a payment without its journal, an invoice that owes another sum than it says, credit that was used
twice, a number that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import sqlalchemy as sa

from practice.billing import export_ties, ledger, locks
from practice.billing.document_models import Document
from practice.billing.models import (
    Invoice,
    Journal,
    LedgerEntry,
    NumberSeries,
    OpeningBalance,
    Payment,
    Receipt,
    Refund,
)
from practice.billing.rules.invoices import (
    SERIES_OF_CREDIT_NOTES,
    SERIES_OF_INVOICES,
    SERIES_OF_RECEIPTS,
    number,
)
from practice.billing.rules.ledger import NAMES, Account
from practice.billing.rules.months import last_of
from practice.billing.rules.payments import PaymentState, RefundState
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.money import Money
from practice.outbox.service import assign
from practice.people.queries import get_practice


def problems() -> list[str]:
    """Say in words all that is wrong with the books of this practice; nothing, if they are whole.

    Reads everything once: minutes for a million entries.
    """
    return [words for look in LOOKS for words in look()]


def _unbalanced() -> Iterator[str]:
    rows = db.session.execute(
        sa.select(Journal.source_key, sa.func.coalesce(sa.func.sum(LedgerEntry.minor), 0))
        .outerjoin(LedgerEntry, _OF_JOURNAL)
        .group_by(Journal.practice_id, Journal.id, Journal.source_key)
        .having(
            sa.or_(
                sa.func.coalesce(sa.func.sum(LedgerEntry.minor), 0) != 0,
                sa.func.count(LedgerEntry.id) < 2,
            )
        )
        .order_by(Journal.source_key)
    )
    for key, minor in rows:
        yield f"The journal {key} adds up to {_money(minor)} instead of nothing."


def _not_written() -> Iterator[str]:
    """Look for money and papers that the books do not know, or know with another sum."""
    expected: list[tuple[str, str, sa.Select[UUID, int], Account]] = [
        (
            "payment",
            "charge",
            sa.select(Payment.id, Payment.amount_minor).where(Payment.state == PaymentState.PAID),
            Account.CLIENT_CREDIT,
        ),
        (
            "refund",
            "refund",
            sa.select(Refund.id, -Refund.amount_minor).where(Refund.state == RefundState.SUCCEEDED),
            Account.CLIENT_CREDIT,
        ),
        (
            "document",
            "invoice",
            sa.select(Invoice.id, -Invoice.total_minor).where(Invoice.total_minor != 0),
            Account.RECEIVABLE,
        ),
        (
            "balance brought along",
            "opening",
            sa.select(
                OpeningBalance.id, OpeningBalance.paid_minor - OpeningBalance.amount_minor
            ).where(OpeningBalance.paid_minor != OpeningBalance.amount_minor),
            Account.RECEIVABLE,
        ),
    ]
    for what, prefix, wanted, account in expected:
        written = _written(prefix, account)
        for subject_id, minor in db.session.execute(wanted):
            found = written.get(f"{prefix}:{subject_id}")
            if found is None:
                yield f"The {what} {subject_id} over {_money(abs(minor))} is not in the books."
            elif found != -minor:
                yield (
                    f"The {what} {subject_id} is over {_money(abs(minor))}, "
                    f"and the books say {_money(abs(found))}."
                )


def _written(prefix: str, account: Account) -> dict[str, int]:
    rows = db.session.execute(
        sa.select(Journal.source_key, sa.func.sum(LedgerEntry.minor))
        .join(LedgerEntry, _OF_JOURNAL)
        .where(Journal.source_key.startswith(f"{prefix}:"), LedgerEntry.account == account)
        .group_by(Journal.source_key)
    )
    return {key: int(minor) for key, minor in rows}


def _used_twice() -> Iterator[str]:
    """Look for credit below nothing, and for what was paid beyond what was owed."""
    minors = sa.func.sum(LedgerEntry.minor)
    whose = sa.func.min(LedgerEntry.client_id.cast(sa.String))
    for account, sign, columns in (
        (Account.CLIENT_CREDIT, -1, (LedgerEntry.payment_id, LedgerEntry.for_id)),
        (Account.RECEIVABLE, 1, (LedgerEntry.invoice_id, LedgerEntry.for_id)),
        (Account.PACKAGES, -1, (LedgerEntry.for_id,)),
    ):
        rows = db.session.execute(
            sa.select(whose, minors)
            .where(LedgerEntry.account == account)
            .group_by(*columns)
            .having(sign * minors < 0)
        )
        for client_id, minor in rows:
            yield f"{NAMES[account]} of client {client_id}: {_money(sign * minor)}, below nothing."


def _numbers_missing() -> Iterator[str]:
    for series in db.session.scalars(sa.select(NumberSeries)):
        table = TABLES.get(series.series, Document)
        given = set(
            db.session.scalars(
                sa.select(table.number).where(
                    table.number.startswith(f"{series.series}-{series.year}-")
                )
            )
        )
        wanted = {number(series.series, series.year, n) for n in range(1, series.last + 1)}
        for one in sorted(wanted ^ given):
            yield f"{one} is {'missing' if one in wanted else 'beyond the last number given'}."


def _locked_months() -> Iterator[str]:
    for lock in locks.all_locks():
        totals = ledger.totals(lock.first_on, last_of(lock.first_on))
        if lock.unlocked_at is None and export_ties.as_text(totals) != lock.totals:
            yield f"The books of {lock.first_on:%B %Y} are not what they were when it was locked."


TABLES: dict[str, type[Invoice | Receipt]] = {
    SERIES_OF_INVOICES: Invoice,
    SERIES_OF_CREDIT_NOTES: Invoice,
    SERIES_OF_RECEIPTS: Receipt,
}
"""Where the papers of a series lie; those of the others are documents."""

LOOKS: tuple[Callable[[], Iterator[str]], ...] = (
    _unbalanced,
    _not_written,
    _used_twice,
    _numbers_missing,
    _locked_months,
)
_OF_JOURNAL = sa.and_(
    LedgerEntry.practice_id == Journal.practice_id, LedgerEntry.journal_id == Journal.id
)


def _money(minor: int) -> Money:
    return Money(int(minor), get_practice().currency)


def look_here(practice_id: UUID) -> None:
    """Look at one practice's books, and ask a person to where they are not whole. A job."""
    del practice_id  # the worker has entered it
    found = problems()
    if found:
        now = clock.now()
        in_transaction(
            lambda: assign(
                "books",
                key=f"books:{now:%Y-%m-%d}",
                what=f"The books do not balance: {len(found)} differences. Whoever runs the "
                "program sees them with flask verify.",
                due_at=now,
            )
        )
