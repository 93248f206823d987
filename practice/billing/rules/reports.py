"""What a month comes to: from sums over the books to the figures of the report.

Amounts are cents. Every table is made so that its rows add up to what the books say: what cannot
be told apart has a row of its own, with a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from practice.billing.rules.ledger import Account
from practice.billing.rules.months import Month

KEPT_OF_ENDED = "Kept of what ended early"
NOT_TOLD = "Other sessions"


class Flow(StrEnum):
    """Why money came or went, by the first word of the journal's source key."""

    IN = "charge"
    BACK = "refund"
    KEPT = "fee"
    DISPUTED = "dispute"
    PAID_OUT = "payout"
    OTHER = ""


FLOWS: Mapping[str, Flow] = {
    "charge": Flow.IN,
    "refund": Flow.BACK,
    "refund-failed": Flow.BACK,
    "fee": Flow.KEPT,
    "dispute": Flow.DISPUTED,
    "payout": Flow.PAID_OUT,
    "payout-failed": Flow.PAID_OUT,
}
"""What the first words of source keys say. Any other is ``Flow.OTHER``."""


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was written on one account over some days. Both are positive."""

    debit: int = 0
    credit: int = 0

    @property
    def net(self) -> int:
        return self.debit - self.credit

    def __add__(self, other: Turnover) -> Turnover:
        return Turnover(self.debit + other.debit, self.credit + other.credit)


NOTHING = Turnover()


@dataclass(frozen=True, slots=True)
class Books:
    """The accounts at the end of a month, and what was written on them in it."""

    month: Month
    turnovers: Mapping[Account, Turnover]
    closing: Mapping[Account, int]

    def turnover(self, account: Account) -> Turnover:
        return self.turnovers.get(account, NOTHING)

    def opening(self, account: Account) -> int:
        """Return what an account stood at when the month began."""
        return self.closing.get(account, 0) - self.turnover(account).net

    @property
    def revenue(self) -> int:
        return -self.turnover(Account.REVENUE).net

    @property
    def fee_income(self) -> int:
        return -self.turnover(Account.FEE_INCOME).net

    @property
    def earned(self) -> int:
        return self.revenue + self.fee_income

    @property
    def processor_fees(self) -> int:
        return self.turnover(Account.PROCESSOR_FEES).net

    @property
    def bad_debt(self) -> int:
        return self.turnover(Account.BAD_DEBT).net

    @property
    def result(self) -> int:
        """What is left of what was earned."""
        return self.earned - self.processor_fees - self.bad_debt

    @property
    def outstanding(self) -> int:
        return self.closing.get(Account.RECEIVABLE, 0)

    @property
    def credit(self) -> int:
        return -self.closing.get(Account.CLIENT_CREDIT, 0)

    @property
    def packages(self) -> int:
        return -self.closing.get(Account.PACKAGES, 0)


def run_on(
    months: Sequence[Month],
    before: Mapping[Account, int],
    turnovers: Mapping[Month, Mapping[Account, Turnover]],
) -> list[Books]:
    """Carry what the accounts stood at ``before`` the first month through all of them."""
    standing, found = dict(before), []
    for month in months:
        moved = turnovers.get(month, {})
        for account, turnover in moved.items():
            standing[account] = standing.get(account, 0) + turnover.net
        found.append(Books(month, moved, dict(standing)))
    return found


@dataclass(frozen=True, slots=True)
class Earned:
    """What sessions of one kind earned in a month, billed alone and as part of what was sold."""

    name: str
    alone: int = 0
    of_packages: int = 0
    before: int = 0  # all of it, the month before

    @property
    def minor(self) -> int:
        return self.alone + self.of_packages


@dataclass(frozen=True, slots=True)
class Part:
    """A sum of revenue entries. ``name`` is the kind of session, where the books lead to one."""

    name: str | None
    key: str  # the first word of the source key
    is_before: bool
    minor: int


def earned_by_kind(parts: Iterable[Part]) -> list[Earned]:
    """Return what each kind of session earned, the most first and what has no kind last."""
    sums: dict[str, list[int]] = {}
    for each in parts:
        name = KEPT_OF_ENDED if each.key == "sale-end" else each.name or NOT_TOLD
        row = sums.setdefault(name, [0, 0, 0])
        row[2 if each.is_before else 0 if each.key == "invoice" else 1] += each.minor
    rows = [Earned(name, *row) for name, row in sums.items() if any(row)]
    nameless = {KEPT_OF_ENDED: 1, NOT_TOLD: 2}
    return sorted(rows, key=lambda row: (nameless.get(row.name, 0), -row.minor, row.name))


@dataclass(frozen=True, slots=True)
class Way:
    """What came in one way in a month, and what went back that way."""

    name: str
    came_in: int = 0
    went_back: int = 0
    before: int = 0  # what came in the month before

    @property
    def kept(self) -> int:
        return self.came_in - self.went_back


# Ageing ------------------------------------------------------------------------------------------


class Age(StrEnum):
    """How long something has been due."""

    NOT_DUE = "Not due yet"
    MONTH = "Up to 30 days"
    TWO_MONTHS = "31 to 60 days"
    THREE_MONTHS = "61 to 90 days"
    LONGER = "More than 90 days"


_AGES = ((30, Age.MONTH), (60, Age.TWO_MONTHS), (90, Age.THREE_MONTHS))


def age(due_on: date | None, on: date) -> Age:
    """Say how long something has been due by a day. What has no day yet is not due."""
    if due_on is None or due_on > on:
        return Age.NOT_DUE
    days = (on - due_on).days
    return next((name for most, name in _AGES if days <= most), Age.LONGER)


@dataclass(frozen=True, slots=True)
class Aged:
    """What is outstanding of one age, of how many clients."""

    age: Age
    clients: int
    minor: int


def aged(open_parts: Iterable[tuple[object, date | None, int]], on: date) -> list[Aged]:
    """Sort what is open by its age on a day. Each is a client, the day it is due, and cents."""
    sums = dict.fromkeys(Age, 0)
    clients: dict[Age, set[object]] = {each: set() for each in Age}
    for client, due_on, minor in open_parts:
        which = age(due_on, on)
        sums[which] += minor
        clients[which].add(client)
    return [Aged(each, len(clients[each]), sums[each]) for each in Age]


def split_open(
    open_minor: int, dues: Sequence[tuple[date | None, int]]
) -> list[tuple[date | None, int]]:
    """Share what is open of something out over its instalments: the last ones are open first.

    What is more than they ask for counts as due with the first.
    """
    found: list[tuple[date | None, int]] = []
    for on, asked in reversed(dues):
        part = min(open_minor, asked)
        if part > 0:
            found.append((on, part))
            open_minor -= part
    if open_minor and dues:
        found.append((dues[0][0], open_minor))
    return found[::-1]
