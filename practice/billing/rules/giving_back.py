"""What giving a payment back does: how much goes where, and what is owed or taken back then.

All amounts are cents of one currency, none negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

LONGEST_REASON = 300


class How(StrEnum):
    """How much of a payment goes back."""

    ALL = "all"
    PART = "part"  # an amount
    LINES = "lines"  # what some lines of its invoices came to


class Way(StrEnum):
    """Where it goes."""

    BACK = "back"  # the way it came: to the card, or handed over
    CREDIT = "credit"  # it stays, and settles anything of its client from now on


class CannotGiveBack(Exception):
    """It cannot be given back like that. ``field`` is the question whose answer is wrong."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


@dataclass(frozen=True, slots=True)
class Settled:
    """An invoice that a payment settles with ``minor`` cents, newest of them first in a list.

    ``open_minor`` is owed on it still, and ``standing_minor`` was not taken back of its total.
    ``may_lose_lines`` is false for what is sold ahead: that ends by a page of its own.
    """

    id: UUID
    number: str
    minor: int
    open_minor: int
    standing_minor: int
    may_lose_lines: bool


@dataclass(frozen=True, slots=True)
class Stands:
    """How a payment stands: ``left_minor`` of it neither went back nor is to go.

    Of that ``held_minor`` waits for the one thing that it was paid for, ``free_minor`` for
    anything; the rest settles invoices, or balances that were brought along.
    """

    left_minor: int
    held_minor: int
    free_minor: int
    settles: Sequence[Settled]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one invoice: owed anew, or taken back with a credit note, in cents."""

    id: UUID
    number: str
    minor: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done. ``reopened`` are invoices to pay once more, ``taken_back`` credited.

    ``let_go`` is what of each credited invoice this payment settles no more.
    """

    amount_minor: int
    way: Way
    unused_minor: int
    reopened: tuple[Change, ...] = ()
    taken_back: tuple[Change, ...] = ()
    let_go: tuple[Change, ...] = ()

    def mark(self) -> tuple[object, ...]:
        """Return what has to be the same when the plan is carried out as when it was shown."""
        return (
            self.amount_minor,
            self.way.value,
            *(f"{each.number}:{each.minor}" for each in (*self.reopened, *self.taken_back)),
        )


def plan(
    stands: Stands,
    how: How,
    way: Way,
    *,
    wanted_minor: int = 0,
    lines: Mapping[UUID, int] | None = None,
) -> Plan:
    """Return what giving back does.

    Args:
        stands: how the payment stands now.
        how: all of it, the ``wanted_minor``, or the ``lines``.
        way: where it goes.
        wanted_minor: how many cents, for a part.
        lines: the invoices of the lines that were chosen, and what these come to.

    Raises:
        CannotGiveBack: with the question that was answered wrong, and words for beside it.
    """
    if not stands.left_minor:
        raise CannotGiveBack(
            "how", "Nothing is left of this payment: all of it went back, or is to go."
        )
    if how is How.LINES:
        return _by_line(stands, way, lines or {})
    most = stands.left_minor if way is Way.BACK else min(stands.held_minor, stands.left_minor)
    if not most:
        raise CannotGiveBack(
            "way",
            "Nothing of this payment waits to be used. Choose lines of its invoice to turn what "
            "paid them into credit.",
        )
    amount = most if how is How.ALL else wanted_minor
    if amount <= 0:
        raise CannotGiveBack("amount", "Enter an amount of more than zero")
    if amount > most:
        what = "is left of this payment" if way is Way.BACK else "of this payment is unused"
        raise CannotGiveBack("amount", f"Only {_dollars(most)} {what}")
    unused = min(amount, stands.held_minor + stands.free_minor)
    return Plan(amount, way, unused, reopened=_reopened(stands.settles, amount - unused))


def _reopened(settles: Sequence[Settled], over: int) -> tuple[Change, ...]:
    found = []
    for each in settles:
        part = min(over, each.minor)
        if part > 0:
            found.append(Change(each.id, each.number, part))
            over -= part
    return tuple(found)


def _by_line(stands: Stands, way: Way, lines: Mapping[UUID, int]) -> Plan:
    if not any(lines.values()):
        raise CannotGiveBack("lines", "Choose at least one line")
    taken_back, let_go = [], []
    for each in stands.settles:
        minor = lines.get(each.id, 0)
        if not minor:
            continue
        if not each.may_lose_lines:
            raise CannotGiveBack(
                "lines", f"{each.number} is for something sold ahead. End that instead."
            )
        if minor > each.standing_minor:
            raise CannotGiveBack("lines", f"Part of this was taken back from {each.number} already")
        goes = minor - each.open_minor
        if goes <= 0:
            raise CannotGiveBack(
                "lines", f"Nothing was paid for this yet. Take {each.number} back instead."
            )
        if goes > each.minor:
            raise CannotGiveBack(
                "lines",
                f"This payment paid only {_dollars(each.minor)} of {each.number}. "
                "Choose fewer lines, or give back the payment that paid the rest.",
            )
        taken_back.append(Change(each.id, each.number, minor))
        let_go.append(Change(each.id, each.number, goes))
    if len(taken_back) != len([minor for minor in lines.values() if minor]):
        raise CannotGiveBack("lines", "This payment does not pay for a line that was chosen")
    amount = sum(each.minor for each in let_go)
    if amount > stands.left_minor:
        raise CannotGiveBack("lines", f"Only {_dollars(stands.left_minor)} is left of this payment")
    return Plan(amount, way, 0, taken_back=tuple(taken_back), let_go=tuple(let_go))


def _dollars(minor: int) -> str:
    return f"${minor // 100:,}.{minor % 100:02d}"
