"""What is sold ahead: how its price breaks down, what ending it early gives back, what is due.

A sale knows its sessions as units of opaque names; what they are, is not this room's to know. All
amounts are whole cents of one currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from practice.core.errors import Invalid

MOST_UNITS = 99
MOST_KINDS = 20
LONGEST_DAYS = 5 * 365
DEAREST_MINOR = 10_000_000
MOST_INSTALMENTS = 12


class RefundRule(StrEnum):
    """What ending a sale early gives back, agreed when it was sold."""

    AT_LIST = "at_list"  # used sessions at their single price; never below zero
    PRO_RATA = "pro_rata"  # used sessions at their share of the price


RULE_WORDS: Mapping[RefundRule, str] = {
    RefundRule.AT_LIST: "Ended early, the sessions you had count at their single price; "
    "what you paid above that comes back to you.",
    RefundRule.PRO_RATA: "Ended early, the sessions you had count at their share of the package "
    "price; what you paid above that comes back to you.",
}
"""As clients read it."""


class ExpiryRule(StrEnum):
    """What becomes of sessions that were not used in time, agreed when they were sold."""

    FORFEITED = "forfeited"  # earned by the practice
    CREDIT = "credit"  # what was paid for them settles anything else


EXPIRY_WORDS: Mapping[ExpiryRule, str] = {
    ExpiryRule.FORFEITED: "Sessions that you have not had by then are lost.",
    ExpiryRule.CREDIT: "What you paid for sessions that you have not had by then stays with us as "
    "credit, for anything else.",
}


class LateRule(StrEnum):
    """What a session costs that is cancelled so late, or missed, that all of it is to be paid."""

    UNIT_USED = "unit_used"  # it counts as had
    FEE = "fee"  # its fee is asked for, and the session is not lost


LATE_WORDS: Mapping[LateRule, str] = {
    LateRule.UNIT_USED: "A session that you miss, or cancel so late that all of it would be to "
    "pay, counts as used. Nothing more is charged for it.",
    LateRule.FEE: "A session that you cancel late or miss costs a fee, and is not lost.",
}


class UnitKind(StrEnum):
    GRANTED = "granted"
    RESERVED = "reserved"  # a session is booked on it
    USED = "used"  # that session took place, or counts as if it had
    RESTORED = "restored"  # that session was cancelled free of charge, or is forgiven
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Item:
    """``count`` sessions of one name, each with its single price and all with their share."""

    what: str
    label: str
    count: int
    list_minor: int
    total_minor: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement of the units of a name: how many it let go of or gave back, for what, when."""

    kind: UnitKind
    delta: int
    for_id: UUID | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """What each booking's unit of a name is worth that was used, and what was worth that expired.

    ``expired`` has one amount for each time that units did.
    """

    used: Mapping[UUID, int]
    expired: tuple[int, ...] = ()

    @property
    def minor(self) -> int:
        """All that is earned of the name so far, in cents."""
        return sum(self.used.values()) + sum(self.expired)


def worth(item: Item, history: Iterable[Moved]) -> Worth:
    """Follow the units of a name, oldest first, and say what those are worth that are gone.

    Each is worth its share, and whichever goes last takes the cents left, so that once all are
    gone they were worth all of it. A used one that was given back is worth nothing again.
    """
    each = item.total_minor // item.count if item.count else 0
    used: dict[UUID, int] = {}
    expired: list[int] = []
    gone = 0
    for moved in history:
        earned = sum(used.values()) + sum(expired)
        if moved.kind is UnitKind.USED and moved.for_id is not None:
            gone += 1
            used[moved.for_id] = each if gone < item.count else item.total_minor - earned
        elif moved.kind is UnitKind.RESTORED and moved.for_id in used:
            gone -= 1
            del used[moved.for_id]
        elif moved.kind is UnitKind.EXPIRED:
            gone -= moved.delta
            whole = item.total_minor - earned
            expired.append(each * -moved.delta if gone < item.count else whole)
        elif moved.kind is UnitKind.GRANTED and expired:
            gone -= moved.delta
            expired.pop()
    return Worth(used, tuple(expired))


def shared(price_minor: int, items: Sequence[Item]) -> tuple[Item, ...]:
    """Break a price down over what is sold, in proportion to the single prices.

    Every name gets its share rounded down; the last one takes the cents left, so that the parts
    are always the whole. Where nothing has a single price, each session weighs the same.

    Raises:
        Invalid: without a session, or for a price below zero.
    """
    if not items or any(each.count < 1 for each in items):
        raise Invalid("A package has at least one session of each kind that it names.")
    if price_minor < 0:
        raise Invalid("A price is nothing or more.")
    weights = [each.count * each.list_minor for each in items]
    if not any(weights):
        weights = [each.count for each in items]
    whole, left, found = sum(weights), price_minor, []
    for number, (each, weight) in enumerate(zip(items, weights, strict=True), start=1):
        share = left if number == len(items) else price_minor * weight // whole
        left -= share
        found.append(Item(each.what, each.label, each.count, each.list_minor, share))
    return tuple(found)


def list_total(items: Iterable[Item]) -> int:
    """Return what all of it would cost one by one."""
    return sum(each.count * each.list_minor for each in items)


def as_terms(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Return items as rows keep them."""
    return [
        {
            "what": each.what,
            "label": each.label,
            "count": each.count,
            "list_minor": each.list_minor,
            "total_minor": each.total_minor,
        }
        for each in items
    ]


def from_terms(terms: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Return the items that a row keeps."""
    return tuple(Item(**each) for each in terms)


# Ending early ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Had:
    """A session that was used: its name in words, its single price and its share."""

    label: str
    list_minor: int
    share_minor: int


@dataclass(frozen=True, slots=True)
class Fee:
    """What cancelling one session so late costs by its own terms, in words."""

    label: str
    minor: int


@dataclass(frozen=True, slots=True)
class Ending:
    """What a sale comes to when it ends early.

    ``lines`` are the words and amounts that make ``charged_minor`` up, before the cap.
    ``used_minor`` is what was earned already, ``fees_minor`` what is charged for cancelling late.
    ``owed_minor`` is what is open of fees that its sessions cost before.
    """

    price_minor: int
    paid_minor: int
    lines: tuple[tuple[str, int], ...]
    used_minor: int
    charged_minor: int
    fees_minor: int
    owed_minor: int = 0

    @property
    def settled_minor(self) -> int:
        """What of those fees is settled from money that would come back."""
        return min(self.owed_minor, max(0, self.paid_minor - self.charged_minor))

    @property
    def refund_minor(self) -> int:
        """What comes back to the client."""
        return max(0, self.paid_minor - self.charged_minor) - self.settled_minor

    @property
    def open_minor(self) -> int:
        """What the client still owes."""
        return max(0, self.charged_minor - self.paid_minor)

    @property
    def undone_minor(self) -> int:
        """What is taken off the invoice: sold, and never to be paid."""
        return self.price_minor - self.charged_minor


def ending(
    price_minor: int,
    paid_minor: int,
    had: Sequence[Had],
    rule: RefundRule,
    fees: Sequence[Fee] = (),
    *,
    owed_minor: int = 0,
) -> Ending:
    """Return what ending a sale early comes to. Nobody pays more than its price.

    ``owed_minor``: what is open of fees for its sessions, which have invoices of their own.
    """
    at_list = rule is RefundRule.AT_LIST
    lines = [(each.label, each.list_minor if at_list else each.share_minor) for each in had]
    for_sessions = min(price_minor, sum(minor for _, minor in lines))
    late = [(each.label, each.minor) for each in fees if each.minor]
    fees_minor = min(price_minor - for_sessions, sum(minor for _, minor in late))
    return Ending(
        price_minor=price_minor,
        paid_minor=paid_minor,
        lines=(*lines, *late),
        used_minor=sum(each.share_minor for each in had),
        charged_minor=for_sessions + fees_minor,
        fees_minor=fees_minor,
        owed_minor=owed_minor,
    )


# Instalments -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a price: its percentage, and when it is due.

    ``key`` is the opaque name of what makes it due: when that is booked (``at_booking``), else on
    its day. Without one it is due so many days after the sale.
    """

    percent: int
    key: str | None = None
    at_booking: bool = False
    days: int = 0


AT_ONCE = (Part(100),)


def check_parts(parts: Sequence[Part]) -> None:
    """Refuse parts that do not make a whole.

    Raises:
        Invalid: saying what is wrong.
    """
    if not 1 <= len(parts) <= MOST_INSTALMENTS:
        raise Invalid(f"A price is paid in 1 to {MOST_INSTALMENTS} parts.")
    if any(not 1 <= each.percent <= 100 for each in parts):
        raise Invalid("Each part is between 1 and 100 percent.")
    if sum(each.percent for each in parts) != 100:
        raise Invalid("The parts have to make 100 percent.")
    if any(not 0 <= each.days <= LONGEST_DAYS for each in parts):
        raise Invalid("A part is due today or later.")


def amounts(price_minor: int, parts: Sequence[Part]) -> list[int]:
    """Return what each part comes to; the last takes the cents left.

    Raises:
        Invalid: for parts that do not make a whole.
    """
    check_parts(parts)
    first = [price_minor * each.percent // 100 for each in parts[:-1]]
    return [*first, price_minor - sum(first)]


@dataclass(frozen=True, slots=True)
class Due:
    """One instalment with its day, if that is known, and what is still open of it."""

    position: int
    amount_minor: int
    open_minor: int
    on: date | None
    key: str | None = None
    at_booking: bool = False


def poured(dues: Sequence[Due], paid_minor: int, charged_minor: int) -> list[Due]:
    """Let what was paid fill the instalments in order, and return what is open of each.

    Instalments never ask for more than ``charged_minor`` in all: a sale that ended early.
    """
    found = []
    for each in dues:
        asked = min(each.amount_minor, charged_minor)
        charged_minor -= asked
        settled = min(asked, max(0, paid_minor))
        paid_minor -= settled
        found.append(
            Due(
                each.position,
                each.amount_minor,
                asked - settled,
                each.on,
                each.key,
                each.at_booking,
            )
        )
    return found


def due_minor(dues: Iterable[Due], today: date) -> int:
    """Return what is due by the end of a local day and not paid."""
    return sum(each.open_minor for each in dues if each.on is not None and each.on <= today)


def missing_minor(dues: Iterable[Due], today: date) -> int:
    """Return what stands in the way of a session: due at booking, or since yesterday."""
    return sum(
        each.open_minor
        for each in dues
        if each.on is not None and (each.on < today or (each.at_booking and each.on <= today))
    )


# Its time ---------------------------------------------------------------------------------------

EXPIRY_NOTICE = timedelta(days=30)
"""How long before its last day a client is told that a package ends."""


# Collecting --------------------------------------------------------------------------------------

NOTICE_DAYS = 3
RETRY_DAYS = (3, 4)
"""How many days after a try that failed the next one comes; then a person decides."""


def next_try_on(tries: int, last_on: date | None, due_on: date) -> date | None:
    """Return the local day of the next try to collect an instalment; ``None``: no more."""
    if tries == 0 or last_on is None:
        return due_on
    if tries > len(RETRY_DAYS):
        return None
    return last_on + timedelta(days=RETRY_DAYS[tries - 1])
