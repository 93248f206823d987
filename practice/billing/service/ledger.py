"""Writing the books. Everything here is called inside ``transaction()``.

A journal is written once for its key, and the database refuses one that does not add up to
nothing, and every change of one that stands. What puts a mistake right is a journal of its own.
A locked month and all before it never change: what comes late counts to the first day after it,
and its memo says of which day it is. The database refuses it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor
from practice.billing import ledger, locks, queries
from practice.billing.models import Invoice, Journal, LedgerEntry, OpeningBalance, Payment, Refund
from practice.billing.rules.ledger import (
    Account,
    Credit,
    Entry,
    Owed,
    brought_along,
    credit_applied,
    credit_moved,
    given_back,
    invoiced,
    money_came_in,
    problem,
    processor_kept,
    reversed_of,
)
from practice.billing.rules.months import counts_to, first_of
from practice.billing.rules.payments import PaymentMethod, RefundState
from practice.billing.sale_models import Sale
from practice.core import clock
from practice.core.db import db, require_practice_id
from practice.people.queries import get_practice


def post(
    source_key: str,
    entries: Sequence[Entry],
    *,
    by: Actor = PROGRAM,
    on: date | None = None,
    memo: str = "",
    is_first: bool = False,
) -> Journal:
    """Write a journal once for its key; asked again, it returns the one that stands.

    Args:
        source_key: what it comes of, like ``charge:`` and the payment's id.
        entries: in cents of the practice's currency.
        by: who did it.
        on: the practice's local day that it counts to, or the first open day after that; today if
            left out.
        memo: words for the bookkeeper, nothing clinical.
        is_first: that what it comes of was made in this very transaction, so that none can stand.

    Raises:
        ValueError: if the entries are no journal.
    """
    if not is_first and (standing := ledger.find(source_key)) is not None:
        return standing
    if wrong := problem(entries):
        raise ValueError(f"{source_key}: {wrong}")
    practice, now = get_practice(), clock.now()
    today = now.astimezone(ZoneInfo(practice.time_zone)).date()
    on_day = _open_day(on, today) if on else today
    if on and on_day != on:
        memo = f"{memo} (of {on:%b %-d, %Y}, which is locked)".strip()[:200]
    journal = Journal(
        source_key=source_key,
        on_day=on_day,
        posted_at=now,
        currency=practice.currency,
        memo=memo,
        made_by=str(by.id) if by.id else by.kind.value,
    )
    db.session.flush()
    # The lines first: the journal seals them, and the database adds them up before it does.
    db.session.execute(
        sa.insert(LedgerEntry),
        [
            {
                "practice_id": require_practice_id(),
                "id": uuid4(),
                "journal_id": journal.id,
                "position": position,
                "on_day": journal.on_day,
                "account": each.account,
                "minor": each.minor,
                "client_id": each.client_id,
                "payment_id": each.payment_id,
                "invoice_id": each.invoice_id,
                "for_id": each.for_id,
            }
            for position, each in enumerate(entries, start=1)
        ],
    )
    db.session.add(journal)
    db.session.flush()
    return journal


def _open_day(on: date, today: date) -> date:
    """Return the day that something of a day counts to. A month that goes on is never locked."""
    return on if on >= first_of(today) else counts_to(on, locks.locked())


def reverse(
    source_key: str, *, new_key: str, by: Actor = PROGRAM, memo: str = ""
) -> Journal | None:
    """Undo a journal with another; ``None`` if there is nothing to undo."""
    standing = ledger.find(source_key)
    if standing is None:
        return None
    return post(new_key, reversed_of(ledger.entries_of(standing.id)), by=by, memo=memo)


# What happens ------------------------------------------------------------------------------------


def take_in(payment: Payment, *, by: Actor = PROGRAM) -> None:
    """Write down money that came in."""
    minor = payment.amount.minor
    post(f"charge:{payment.id}", money_came_in(_holds(payment), _credit_of(payment), minor), by=by)
    keep_fee(payment)


def keep_fee(payment: Payment) -> None:
    """Write down what the processor kept of a payment, once it has said so."""
    if payment.fee_minor:
        post(f"fee:{payment.id}", processor_kept(payment.id, payment.fee_minor))


def bill(
    invoice: Invoice, *, owed: Owed | None = None, earned: Account = Account.REVENUE, by: Actor
) -> None:
    """Write down what a document just issued makes its client owe: less, for a credit note.

    ``owed`` is the invoice that a credit note takes back.
    """
    if invoice.total.minor:
        target = owed or Owed(invoice.client_id, invoice_id=invoice.id)
        entries = invoiced(target, invoice.total.minor, invoice.id, earned)
        post(f"invoice:{invoice.id}", entries, by=by, on=invoice.issued_on, is_first=True)


def bring(opening: OpeningBalance, *, by: Actor) -> None:
    """Write down what a client still owed when the practice moved in."""
    if minor := opening.amount_minor - opening.paid_minor:
        owed = Owed(opening.client_id, opening_id=opening.id)
        post(f"opening:{opening.id}", brought_along(owed, minor), by=by, on=opening.dated_on)


def settle(owed: Owed, credits_: Sequence[Credit], key: str, *, at_most: int | None = None) -> int:
    """Let credit settle what is owed, in the order given, as far as it goes or ``at_most``.

    Returns with how many cents it did.
    """
    if not credits_:
        return 0
    open_minor = ledger.open_minor_of(owed)
    open_minor = wanted = open_minor if at_most is None else min(open_minor, at_most)
    for credit in credits_:
        part = min(open_minor, ledger.free_minor_of(credit) - promised_minor(credit.payment_id))
        if part > 0:
            times = ledger.times_settled(owed, credit.payment_id)
            post(f"{key}:{credit.payment_id}:{times}", credit_applied(credit, owed, part))
            open_minor -= part
    return wanted - open_minor


def unsettle(owed: Owed, key: str) -> None:
    """Give all that settles something back to be the credit that it was: free, or for one thing."""
    left = dict(ledger.settled_by(owed))
    for payment_id, for_id, minor in ledger.credits_in(owed):
        part = min(minor, left.get(payment_id, 0))
        if part > 0:
            payment = queries.get_payment(payment_id)
            credit = Credit(payment.client_id, payment_id, for_id)
            was_freed = "" if credit == _credit_of(payment) else ":free"
            post(f"{key}:{payment_id}{was_freed}", credit_applied(credit, owed, -part))
            left[payment_id] -= part


def set_free(for_id: UUID, *, by: Actor, most: int | None = None) -> int:
    """Let what is left of the payments for something settle anything; return how much it was.

    ``most`` is how many cents of it at most.
    """
    freed = 0
    for credit, minor in ledger.credits_for(for_id):
        part = minor if most is None else min(minor, most - freed)
        if part > 0:
            key = f"free:{credit.payment_id}:{for_id}:{uuid4().hex[:8]}"
            post(key, credit_moved(credit, None, part), by=by)
            freed += part
    return freed


def follow(away_from: UUID, to: UUID, *, key: str, by: Actor) -> None:
    """Let what was paid ahead stand with whom its payments and sales belong to now.

    Call where two clients became one, or two again, after these were turned from one to other.
    """
    rows = db.session.execute(
        sa.select(
            LedgerEntry.account,
            LedgerEntry.payment_id,
            LedgerEntry.invoice_id,
            LedgerEntry.for_id,
            sa.func.sum(LedgerEntry.minor),
        )
        .where(
            LedgerEntry.client_id == away_from,
            sa.or_(
                sa.and_(
                    LedgerEntry.account == Account.CLIENT_CREDIT,
                    LedgerEntry.payment_id.in_(
                        sa.select(Payment.id).where(Payment.client_id == to)
                    ),
                ),
                sa.and_(
                    LedgerEntry.account == Account.PACKAGES,
                    LedgerEntry.invoice_id.in_(
                        sa.select(Sale.invoice_id).where(Sale.client_id == to)
                    ),
                ),
            ),
        )
        .group_by(
            LedgerEntry.account,
            LedgerEntry.payment_id,
            LedgerEntry.invoice_id,
            LedgerEntry.for_id,
        )
        .order_by(LedgerEntry.account, LedgerEntry.payment_id, LedgerEntry.invoice_id)
    )
    here = [
        Entry(account, -int(minor), away_from, payment_id, invoice_id, for_id)
        for account, payment_id, invoice_id, for_id, minor in rows
        if minor
    ]
    if here:
        there = [replace(each, minor=-each.minor, client_id=to) for each in here]
        post(key, [*here, *there], by=by)


def give_back(refund: Refund, payment: Payment) -> None:
    """Write a refund down that went through.

    What nothing uses goes first, then what settles something, the newest first.
    """
    if ledger.find(f"refund:{refund.id}") is not None:
        return
    left = refund.amount.minor
    lines: list[Entry] = []
    for credit, free in _parts_of(payment, left):
        part = min(left, free)
        if part > 0:
            lines += given_back(_holds(payment), credit, part)
            left -= part
    if left:
        raise ValueError("more goes back than came in")
    post(f"refund:{refund.id}", lines)


def undo_give_back(refund: Refund) -> None:
    """Write down that a refund which had gone through came back."""
    reverse(f"refund:{refund.id}", new_key=f"refund-failed:{refund.id}")


def _parts_of(payment: Payment, wanted: int) -> Iterator[tuple[Credit, int]]:
    """Yield the credit of a payment with its cents; what settles something is let go for it."""
    own = _credit_of(payment)
    free = ledger.free_by_use(payment.id)
    for for_id, minor in sorted(free.items(), key=lambda part: part[0] != own.for_id):
        yield Credit(payment.client_id, payment.id, for_id), minor
    over = wanted - sum(free.values())
    for owed, minor in ledger.settles(payment.id, payment.client_id):
        if over <= 0:
            return
        part = min(over, minor)
        let_go(payment, owed, part, key=f"unsettle:{uuid4().hex[:8]}")
        yield own, part
        over -= part


def let_go(payment: Payment, owed: Owed, minor: int, *, key: str) -> None:
    """Let a payment settle something no more with some of its cents: they are credit again."""
    post(f"{key}:{payment.id}", credit_applied(_credit_of(payment), owed, -minor))


def turn_into_credit(payment: Payment, minor: int, *, key: str, by: Actor) -> None:
    """Let some cents that wait for what a payment was for settle anything from now on."""
    credit = _credit_of(payment)
    if credit.for_id is not None:
        post(key, credit_moved(credit, None, minor), by=by)


def _credit_of(payment: Payment) -> Credit:
    for_id = None if payment.settles_many else payment.for_id
    return Credit(payment.client_id, payment.id, for_id)


def _holds(payment: Payment) -> Account:
    is_online = payment.method is PaymentMethod.CARD_ONLINE
    return Account.CLEARING if is_online else Account.CASH


def promised_minor(payment_id: UUID) -> int:
    """Return the cents of a payment that were decided to go back and have not gone yet."""
    return int(
        db.session.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_minor), 0)).where(
                Refund.payment_id == payment_id, Refund.state == RefundState.PENDING
            )
        )
        or 0
    )
