"""What the books say that the files of some days must add up to, in cents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from practice.billing import ledger
from practice.billing.export_rows import HOLDS
from practice.billing.rules.exporting import SHAPES, Kind
from practice.billing.rules.ledger import Account

EVENTS = ("invoice", "charge", "refund", "refund-failed", "payout", "payout-failed")
WAITING = (Account.CLIENT_CREDIT, Account.PACKAGES)


@dataclass(frozen=True, slots=True)
class Books:
    """The books of some days: debit and credit by account, and what each file adds up to.

    ``sums`` are in the order of ``Shape.summed``.
    """

    totals: Mapping[Account, tuple[int, int]]
    sums: Mapping[Kind, tuple[int, ...]]

    @property
    def debit_minor(self) -> int:
        return sum(debit for debit, _ in self.totals.values())

    @property
    def credit_minor(self) -> int:
        return sum(credit for _, credit in self.totals.values())


def of_days(first_on: date, last_on: date) -> Books:
    """Read the books of some local days, both included. Two statements."""
    moved = ledger.totals_by_event(first_on, last_on, EVENTS)
    until = ledger.totals(date.min, last_on)
    totals: dict[Account, tuple[int, int]] = {}
    for (_, account), (debit, credit) in sorted(moved.items()):
        before = totals.get(account, (0, 0))
        totals[account] = (before[0] + debit, before[1] + credit)

    def net(events: tuple[str, ...], accounts: tuple[Account, ...]) -> int:
        found = [moved.get((event, account), (0, 0)) for event in events for account in accounts]
        return sum(debit - credit for debit, credit in found)

    def stands(*accounts: Account) -> int:
        found = [until.get(account, (0, 0)) for account in accounts]
        return sum(debit - credit for debit, credit in found)

    both = tuple(sum(each[side] for each in totals.values()) for side in (0, 1))
    billed = moved.get(("invoice", Account.RECEIVABLE), (0, 0))
    sums: dict[Kind, tuple[int, ...]] = {
        Kind.INVOICES: (billed[0] - billed[1],),
        Kind.PAYMENTS: (net(("charge",), HOLDS),),
        Kind.REFUNDS: (-net(("refund", "refund-failed"), HOLDS),),
        Kind.PAYOUTS: (net(("payout", "payout-failed"), (Account.BANK,)),),
        Kind.AGING: (stands(Account.RECEIVABLE),),
        Kind.DEFERRED: (-stands(*WAITING),),
        Kind.JOURNAL: both,
        Kind.QB_INVOICES: (billed[0],),  # credit notes are what stands on the other side
        Kind.QB_JOURNAL: both,
        Kind.XERO: (billed[0] - billed[1],),
    }
    return Books(totals, {kind: sums[kind] for kind in SHAPES})


def as_text(totals: Mapping[Account, tuple[int, int]]) -> dict[str, list[int]]:
    """Return totals fit for JSON, in the order of accounts."""
    return {account.value: list(totals[account]) for account in sorted(totals)}
