"""The month at a glance: sums over the books, in a number of statements that never changes.

Everything is a sum over ledger entries, so that the report is what the books say, and each of its
tables adds up to them. Which session an entry was for is asked upward, for its kind's name alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.billing import ports, sales
from practice.billing.models import Invoice, Journal, LedgerEntry, OpeningBalance, Payment
from practice.billing.rules import selling
from practice.billing.rules.ledger import Account
from practice.billing.rules.months import Month
from practice.billing.rules.reports import (
    FLOWS,
    NOTHING,
    Aged,
    Books,
    Earned,
    Flow,
    Part,
    Turnover,
    Way,
    aged,
    earned_by_kind,
    run_on,
    split_open,
)
from practice.billing.sale_models import Sale
from practice.core.db import db
from practice.people.queries import get_practice

MONTHS = 12
HELD = (Account.CLEARING, Account.CASH)
"""Where money comes in and goes out."""

STANDING = tuple(account for account in Account if account.value < Account.REVENUE.value)
"""Accounts that carry over from month to month; the others begin at nothing each."""

MINOR = LedgerEntry.minor


@dataclass(frozen=True, slots=True)
class Report:
    """A month beside those before it. ``books`` are the oldest first, and end with the month."""

    month: Month
    currency: str
    books: Sequence[Books]
    earned: Sequence[Earned]
    ways: Sequence[Way]
    flows: Mapping[Flow, int]
    flows_before: Mapping[Flow, int]
    ages: Sequence[Aged]

    @property
    def now(self) -> Books:
        return self.books[-1]

    @property
    def before(self) -> Books:
        return self.books[-2]


def first_month() -> Month | None:
    """Return the month of the first entry, if there is one."""
    first_on = db.session.scalar(sa.select(sa.func.min(LedgerEntry.on_day)))
    return Month.of(first_on) if first_on else None


def report_of(month: Month) -> Report:
    """Return the report of a month."""
    first = first_month() or month
    start = min(max(month.moved(1 - MONTHS), first), month.moved(-1))
    months = [start]
    while months[-1] < month:
        months.append(months[-1].moved(1))
    flows = _flows(month)
    return Report(
        month=month,
        currency=get_practice().currency,
        books=run_on(months, _standing_before(start.first_on), _turnovers(start, month)),
        earned=_earned(month),
        ways=_ways(flows),
        flows=_summed(flows, is_before=False),
        flows_before=_summed(flows, is_before=True),
        ages=aged(_open_parts(month.last_on), month.last_on),
    )


def _standing_before(day: date) -> Mapping[Account, int]:
    rows = db.session.execute(
        sa.select(LedgerEntry.account, sa.func.sum(MINOR))
        .where(LedgerEntry.account.in_(STANDING), LedgerEntry.on_day < day)
        .group_by(LedgerEntry.account)
    )
    return {account: int(minor) for account, minor in rows}


def _turnovers(first: Month, last: Month) -> Mapping[Month, Mapping[Account, Turnover]]:
    """Sum by account and day, which an index has in this order, and add the days up here."""
    rows = db.session.execute(
        sa.select(
            LedgerEntry.account,
            LedgerEntry.on_day,
            sa.func.sum(sa.case((MINOR > 0, MINOR), else_=0)),
            -sa.func.sum(sa.case((MINOR < 0, MINOR), else_=0)),
        )
        .where(
            LedgerEntry.account.in_(list(Account)),
            LedgerEntry.on_day.between(first.first_on, last.last_on),
        )
        .group_by(LedgerEntry.account, LedgerEntry.on_day)
    )
    found: dict[Month, dict[Account, Turnover]] = {}
    for account, day, debit, credit in rows:
        of_month = found.setdefault(Month.of(day), {})
        of_month[account] = of_month.get(account, NOTHING) + Turnover(int(debit), int(credit))
    return found


def _first_word() -> sa.ColumnElement[str]:
    """The first word of a journal's source key: what it comes of."""
    words = (*FLOWS, "invoice", "unit", "sale-end")
    return sa.case(
        *((Journal.source_key.startswith(f"{word}:"), sa.literal(word)) for word in words),
        else_="",
    )


_OF_JOURNAL = sa.and_(
    Journal.practice_id == LedgerEntry.practice_id, Journal.id == LedgerEntry.journal_id
)


def _in_two_months(month: Month) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[int]]:
    """Return what lets the entries of a month and of the one before through, and which it is."""
    days = LedgerEntry.on_day.between(month.moved(-1).first_on, month.last_on)
    return days, sa.case((LedgerEntry.on_day < month.first_on, 1), else_=0)


def _earned(month: Month) -> list[Earned]:
    days, is_before = _in_two_months(month)
    delivered = ports.delivered()
    key = _first_word()
    rows = db.session.execute(
        sa.select(delivered.c.name, key, is_before, -sa.func.sum(MINOR))
        .select_from(LedgerEntry)
        .join(Journal, _OF_JOURNAL)
        .outerjoin(
            Invoice,
            sa.and_(
                Invoice.practice_id == LedgerEntry.practice_id,
                Invoice.id == LedgerEntry.invoice_id,
            ),
        )
        .outerjoin(
            delivered,
            sa.and_(
                delivered.c.practice_id == LedgerEntry.practice_id,
                delivered.c.id == sa.func.coalesce(LedgerEntry.for_id, Invoice.for_id),
            ),
        )
        .where(LedgerEntry.account == Account.REVENUE, days)
        .group_by(delivered.c.name, key, is_before)
    )
    return earned_by_kind(
        Part(name, word, bool(before), int(minor)) for name, word, before, minor in rows
    )


@dataclass(frozen=True, slots=True)
class _Flowed:
    flow: Flow
    method: str
    is_before: bool
    minor: int


def _flows(month: Month) -> list[_Flowed]:
    days, is_before = _in_two_months(month)
    key = _first_word()
    rows = db.session.execute(
        sa.select(key, Payment.method, is_before, sa.func.sum(MINOR))
        .select_from(LedgerEntry)
        .join(Journal, _OF_JOURNAL)
        .outerjoin(
            Payment,
            sa.and_(
                Payment.practice_id == LedgerEntry.practice_id,
                Payment.id == LedgerEntry.payment_id,
            ),
        )
        .where(LedgerEntry.account.in_(HELD), days)
        .group_by(key, Payment.method, is_before)
    )
    return [
        _Flowed(FLOWS.get(word, Flow.OTHER), method.value if method else "", bool(old), int(minor))
        for word, method, old, minor in rows
    ]


def _summed(flows: Sequence[_Flowed], *, is_before: bool) -> Mapping[Flow, int]:
    sums = dict.fromkeys(Flow, 0)
    for each in flows:
        if each.is_before == is_before:
            sums[each.flow] += each.minor
    return sums


def _ways(flows: Sequence[_Flowed]) -> list[Way]:
    rows: dict[str, list[int]] = {}
    for each in flows:
        if each.flow in {Flow.IN, Flow.BACK}:
            row = rows.setdefault(each.method, [0, 0, 0])
            if not each.is_before:
                row[0 if each.flow is Flow.IN else 1] += each.minor
            elif each.flow is Flow.IN:
                row[2] += each.minor
    found = [Way(name, row[0], -row[1], row[2]) for name, row in rows.items() if any(row)]
    return sorted(found, key=lambda way: (-way.came_in, way.name))


def _open_parts(on: date) -> list[tuple[UUID, date | None, int]]:
    """Return what was open by the end of a day: whose, since when it is due, and cents.

    What was sold with instalments is due as they are, with their days as they stand now.
    """
    owed = (
        sa.select(
            LedgerEntry.practice_id,
            LedgerEntry.invoice_id,
            LedgerEntry.for_id,
            sa.func.sum(MINOR).label("minor"),
        )
        .where(LedgerEntry.account == Account.RECEIVABLE, LedgerEntry.on_day <= on)
        .group_by(LedgerEntry.practice_id, LedgerEntry.invoice_id, LedgerEntry.for_id)
        .having(sa.func.sum(MINOR) != 0)
        .subquery("owed")
    )
    rows = db.session.execute(
        sa.select(
            sa.func.coalesce(Invoice.client_id, OpeningBalance.client_id),
            sa.func.coalesce(Invoice.due_on, OpeningBalance.dated_on),
            owed.c.minor,
            Sale,
        )
        .select_from(owed)
        .outerjoin(
            Invoice,
            sa.and_(Invoice.practice_id == owed.c.practice_id, Invoice.id == owed.c.invoice_id),
        )
        .outerjoin(
            OpeningBalance,
            sa.and_(
                OpeningBalance.practice_id == owed.c.practice_id,
                OpeningBalance.id == owed.c.for_id,
            ),
        )
        .outerjoin(
            Sale, sa.and_(Sale.practice_id == Invoice.practice_id, Sale.id == Invoice.for_id)
        )
    ).all()
    dues = sales.dues_of([sale for *_, sale in rows if sale is not None])
    zone = ZoneInfo(get_practice().time_zone)
    found: list[tuple[UUID, date | None, int]] = []
    for client_id, due_on, minor, sale in rows:
        if sale is None or not dues[sale.id]:
            found.append((client_id, due_on, int(minor)))
            continue
        if sale.ended_at is not None:
            is_over = sale.ended_at.astimezone(zone).date() <= on
        else:  # what was not used in time is off its invoice from the day after
            is_over = sale.expires_on is not None and sale.expires_on < on
        charged = sale.charged_minor if is_over else sale.price.minor
        asked = selling.poured(dues[sale.id], 0, charged)
        parts = split_open(int(minor), [(each.on, each.open_minor) for each in asked])
        found += [(client_id, day, part) for day, part in parts]
    return found
