"""The processor's books beside ours, account by account.

What is missing here is looked up and put right; what still differs becomes a task.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from practice.billing import book_gateway, books, linked
from practice.billing.gateway import NoAccess, Refused
from practice.billing.rules.books import (
    Difference,
    Move,
    Ours,
    Source,
    differences,
    ledger_differences,
    payout_differences,
    source_of,
)
from practice.billing.service import attention, checkout, disputes, payouts
from practice.core import clock
from practice.core.db import in_transaction, read_again, require_practice_id
from practice.core.settings import settings
from practice.people import doors
from practice.people.queries import get_practice
from practice.people.rules import DoorKind

log = logging.getLogger(__name__)

FAR_BACK = timedelta(days=35)
"""How far the nightly comparison looks: a month and the days that payouts take."""

NEWS_TAKES = timedelta(hours=1)
"""What is younger may not have reached the processor's books yet, or ours."""


def compare_here(_practice_id: UUID) -> None:
    """Compare the current practice's books of the last weeks with the processor's, as a job."""
    if settings().takes_cards:
        with suppress(NoAccess):  # who linked the account has ended it, and knows
            compare(clock.now() - FAR_BACK, clock.now())


def compare(first_at: datetime, last_at: datetime) -> list[str]:
    """Compare the processor's books with ours from ``first_at``; return differences in words.

    Call outside transactions, as often as you like, several at once: each difference is one task.

    Raises:
        NoAccess: the account in use is not ours to read any more.
        Unavailable: if the processor cannot be asked. What was put right stays.
    """
    account = linked.in_use()
    if settings().is_platform and account == linked.OWN:
        return []  # nothing is linked yet
    if not settings().is_platform and len(doors.every_practice()) > 1:
        return []  # one account for several practices: nobody can say whose its books are
    first_at = _from(account, first_at)
    moves = book_gateway.moves_since(first_at, account)
    _look_up(moves, account, first_at)
    in_transaction(lambda: payouts.take_down(moves, account))
    read_again()
    currency = get_practice().currency
    kept = books.moves_between(account, first_at, last_at)
    found = differences(
        kept,
        _ours(kept, account, first_at),
        first_at=first_at,
        last_at=last_at - NEWS_TAKES,
        currency=currency,
    )
    found += payout_differences(*books.lines_by_payout(account, first_at))
    found += ledger_differences(
        *books.left_of_payments(account, first_at, last_at - NEWS_TAKES), currency
    )
    if found:
        in_transaction(lambda: _tell(found))
    return [one.what for one in found]


def _from(account: str, first_at: datetime) -> datetime:
    """Return since when on to read: the first time it is since the first payment."""
    first_paid = None if books.has_moves(account) else books.first_paid_at(account)
    read_again()
    return min(first_at, first_paid - NEWS_TAKES) if first_paid else first_at


def _look_up(moves: Iterable[Move], account: str, first_at: datetime) -> None:
    """Read whatever the processor's books name and ours do not have, or have otherwise."""
    moves = list(moves)
    known = _ours(moves, account, first_at)
    wanted = {
        (source, one.source_id): None
        for one in moves
        if one.source_id and (source := source_of(one)) and one.source_id not in known
    }
    read_again()
    for source, source_id in wanted:
        with suppress(Refused):  # it is gone there too: a difference will say so
            _read(source, source_id, account)


def _read(source: Source, source_id: str, account: str) -> None:
    if source is Source.PAYOUT:
        payouts.sync(source_id, account)
    elif source is Source.DISPUTE:
        disputes.sync(source_id, account)
    else:
        sent = book_gateway.payment_behind(source_id, account)
        door = doors.find(DoorKind.PAYMENT, sent) if sent else None
        if door is not None and door.practice_id == require_practice_id():
            checkout.sync(door.subject_id)


def _ours(moves: Iterable[Move], account: str, first_at: datetime) -> dict[str, Ours]:
    sources = {one.source_id for one in moves if one.source_id}
    return dict(books.ours(account, sources, first_at))


def _tell(found: list[Difference]) -> None:
    for one in found:
        attention.tell_practice(
            "books-differ", key=one.key, what=one.what, about_id=require_practice_id()
        )
