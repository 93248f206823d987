"""Reading the books. Every balance is a sum over entries; each function is one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing.models import Journal, LedgerEntry
from practice.billing.rules.ledger import Account, Credit, Entry, Owed
from practice.core.db import db
from practice.core.often import Often

MINOR = LedgerEntry.minor
CHUNK = 500
_DEBIT_AND_CREDIT = (
    sa.func.sum(sa.case((MINOR > 0, MINOR), else_=0)),
    -sa.func.sum(sa.case((MINOR < 0, MINOR), else_=0)),
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Where a client stands, in cents, none negative in books that are whole."""

    owed_minor: int = 0
    credit_minor: int = 0
    packages_minor: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as the books show it."""

    on_day: date
    source_key: str
    journal_id: UUID
    account: Account
    minor: int
    currency: str
    client_id: UUID | None
    memo: str


def find(source_key: str) -> Journal | None:
    """Return the journal of a key, if one stands."""
    return db.session.scalar(sa.select(Journal).where(Journal.source_key == source_key))


def entries_of(journal_id: UUID) -> list[Entry]:
    """Return the entries of a journal in their order."""
    rows = db.session.scalars(
        sa.select(LedgerEntry)
        .where(LedgerEntry.journal_id == journal_id)
        .order_by(LedgerEntry.position)
    )
    return [
        Entry(
            each.account, each.minor, each.client_id, each.payment_id, each.invoice_id, each.for_id
        )
        for each in rows
    ]


def balances(client_ids: Collection[UUID]) -> Mapping[UUID, Balance]:
    """Return where some clients stand. Who never had an entry is left out."""
    rows = _BALANCES.rows(clients=list(client_ids))
    return {row[0]: Balance(*map(int, row[1:])) for row in rows if row[0]}


def open_minor(invoice_id: UUID) -> int:
    """Return what is still owed on an invoice, in cents."""
    return _sum(LedgerEntry.account == Account.RECEIVABLE, LedgerEntry.invoice_id == invoice_id)


def open_minor_of(owed: Owed) -> int:
    """Return what is still owed of something, in cents."""
    return _sum(*_is_owed(owed))


def settled_by(owed: Owed) -> list[tuple[UUID, int]]:
    """Return the payments that settle something and with how many cents, the newest first."""
    return _settled(LedgerEntry.payment_id, *_is_owed(owed))


def credits_in(owed: Owed) -> list[tuple[UUID, UUID | None, int]]:
    """Return what settles something by the credit that it was: payment, what for, cents.

    A journal that lets credit settle something has both, one line of each.
    """
    credit = sa.orm.aliased(LedgerEntry)
    rows = db.session.execute(
        sa.select(credit.payment_id, credit.for_id, sa.func.sum(credit.minor))
        .join(
            LedgerEntry,
            sa.and_(
                LedgerEntry.practice_id == credit.practice_id,
                LedgerEntry.journal_id == credit.journal_id,
                LedgerEntry.payment_id == credit.payment_id,
            ),
        )
        .where(credit.account == Account.CLIENT_CREDIT, *_is_owed(owed))
        .group_by(credit.payment_id, credit.for_id)
        .order_by(credit.payment_id, credit.for_id)
    )
    return [(payment, for_id, int(minor)) for payment, for_id, minor in rows if minor and payment]


def times_settled(owed: Owed, payment_id: UUID) -> int:
    """Return how often a payment settled something, or was let go from it."""
    count = sa.select(sa.func.count()).where(LedgerEntry.payment_id == payment_id, *_is_owed(owed))
    return db.session.scalar(count) or 0


def settles(payment_id: UUID, client_id: UUID) -> list[tuple[Owed, int]]:
    """Return what a payment settles and with how many cents, the newest first."""
    newest = sa.func.max(Journal.posted_at)
    rows = db.session.execute(
        sa.select(LedgerEntry.invoice_id, LedgerEntry.for_id, -sa.func.sum(MINOR))
        .join(Journal, _JOURNAL)
        .where(LedgerEntry.account == Account.RECEIVABLE, LedgerEntry.payment_id == payment_id)
        .group_by(LedgerEntry.invoice_id, LedgerEntry.for_id)
        .order_by(newest.desc(), LedgerEntry.invoice_id, LedgerEntry.for_id)
    )
    return [
        (Owed(client_id, invoice_id=invoice_id, opening_id=for_id), int(minor))
        for invoice_id, for_id, minor in rows
        if minor
    ]


def credit_for(for_id: UUID) -> int:
    """Return what was paid ahead for something and nothing has used yet, in cents."""
    return -_sum(LedgerEntry.account == Account.CLIENT_CREDIT, LedgerEntry.for_id == for_id)


def credits_for(for_id: UUID) -> list[tuple[Credit, int]]:
    """Return what was paid ahead for something, a payment at a time, the oldest first."""
    return _credits(LedgerEntry.for_id == for_id)


def free_credit(client_id: UUID) -> int:
    """Return what a client paid that may settle anything of theirs, in cents."""
    return -_sum(
        LedgerEntry.account == Account.CLIENT_CREDIT,
        LedgerEntry.client_id == client_id,
        LedgerEntry.for_id.is_(None),
    )


def usable_credits(client_id: UUID, for_id: UUID) -> list[tuple[Credit, int]]:
    """Return what was paid ahead for something, then what is free of a client's, the oldest first.

    One statement: every invoice asks it.
    """
    is_free = sa.and_(LedgerEntry.client_id == client_id, LedgerEntry.for_id.is_(None))
    found = _credits(sa.or_(LedgerEntry.for_id == for_id, is_free))
    return sorted(found, key=lambda each: each[0].for_id is None)


def free_minor_of(credit: Credit) -> int:
    """Return how much there is of some credit, in cents."""
    return -_sum(
        LedgerEntry.account == Account.CLIENT_CREDIT,
        LedgerEntry.payment_id == credit.payment_id,
        LedgerEntry.for_id.is_(None)
        if credit.for_id is None
        else LedgerEntry.for_id == credit.for_id,
    )


def free_by_use(payment_id: UUID) -> dict[UUID | None, int]:
    """Return what nothing has used of a payment, in cents, by what it is for."""
    rows = db.session.execute(
        sa.select(LedgerEntry.for_id, -sa.func.sum(MINOR))
        .where(LedgerEntry.account == Account.CLIENT_CREDIT, LedgerEntry.payment_id == payment_id)
        .group_by(LedgerEntry.for_id)
    )
    return {for_id: int(minor) for for_id, minor in rows if minor}


def totals(first_on: date, last_on: date) -> Mapping[Account, tuple[int, int]]:
    """Return debits and credits by account over some local days, both included, in cents."""
    rows = db.session.execute(
        sa.select(LedgerEntry.account, *_DEBIT_AND_CREDIT)
        .where(LedgerEntry.on_day.between(first_on, last_on))
        .group_by(LedgerEntry.account)
    )
    return {account: (int(debit), int(credit)) for account, debit, credit in rows}


def totals_by_event(
    first_on: date, last_on: date, events: Collection[str]
) -> Mapping[tuple[str, Account], tuple[int, int]]:
    """Return the same by what happened too: how keys of journals begin, ``""`` for all others."""
    begins = [(Journal.source_key.startswith(f"{event}:"), event) for event in events]
    event = sa.case(*begins, else_="")
    rows = db.session.execute(
        sa.select(event, LedgerEntry.account, *_DEBIT_AND_CREDIT)
        .join(Journal, _JOURNAL)
        .where(LedgerEntry.on_day.between(first_on, last_on))
        .group_by(event, LedgerEntry.account)
    )
    return {(name, account): (int(debit), int(credit)) for name, account, debit, credit in rows}


def entries(first_on: date, last_on: date) -> Iterator[Written]:
    """Yield every entry of some local days, both included, in the order they were written."""
    rows = db.session.execute(
        sa.select(
            LedgerEntry.on_day,
            Journal.source_key,
            Journal.id,
            LedgerEntry.account,
            LedgerEntry.minor,
            Journal.currency,
            LedgerEntry.client_id,
            Journal.memo,
        )
        .join(Journal, _JOURNAL)
        .where(LedgerEntry.on_day.between(first_on, last_on))
        .order_by(LedgerEntry.on_day, Journal.posted_at, Journal.id, LedgerEntry.position)
        .execution_options(yield_per=CHUNK)
    )
    for row in rows:
        yield Written(*row)


_JOURNAL = sa.and_(
    Journal.practice_id == LedgerEntry.practice_id, Journal.id == LedgerEntry.journal_id
)


def _of(account: Account) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((LedgerEntry.account == account, MINOR), else_=0))


_SUMS: list[Any] = [
    _of(Account.RECEIVABLE),
    -_of(Account.CLIENT_CREDIT),
    -_of(Account.PACKAGES),
]
_BALANCES = Often(
    sa.select(LedgerEntry.client_id, *_SUMS)
    .where(LedgerEntry.client_id.in_(sa.bindparam("clients", expanding=True)))
    .group_by(LedgerEntry.client_id)
)


def _sum(*conditions: sa.ColumnElement[bool]) -> int:
    return int(
        db.session.scalar(sa.select(sa.func.coalesce(sa.func.sum(MINOR), 0)).where(*conditions))
        or 0
    )


def _is_owed(owed: Owed) -> tuple[sa.ColumnElement[bool], ...]:
    which = (
        LedgerEntry.invoice_id == owed.invoice_id
        if owed.invoice_id is not None
        else LedgerEntry.for_id == owed.opening_id
    )
    return LedgerEntry.account == Account.RECEIVABLE, which


def _settled(
    key: sa.orm.attributes.InstrumentedAttribute[UUID | None], *conditions: sa.ColumnElement[bool]
) -> list[tuple[UUID, int]]:
    rows = db.session.execute(
        sa.select(key, -sa.func.sum(MINOR))
        .join(Journal, _JOURNAL)
        .where(key.is_not(None), *conditions)
        .group_by(key)
        .order_by(sa.func.max(Journal.posted_at).desc(), key)
    )
    return [(one, int(minor)) for one, minor in rows if minor and one]


def _credits(*conditions: sa.ColumnElement[bool]) -> list[tuple[Credit, int]]:
    rows = db.session.execute(
        sa.select(
            LedgerEntry.client_id,
            LedgerEntry.payment_id,
            LedgerEntry.for_id,
            -sa.func.sum(MINOR),
        )
        .join(Journal, _JOURNAL)
        .where(LedgerEntry.account == Account.CLIENT_CREDIT, *conditions)
        .group_by(LedgerEntry.client_id, LedgerEntry.payment_id, LedgerEntry.for_id)
        .order_by(sa.func.min(Journal.posted_at), LedgerEntry.payment_id)
    )
    return [
        (Credit(client_id, payment_id, for_id), int(minor))
        for client_id, payment_id, for_id, minor in rows
        if minor and client_id and payment_id
    ]
