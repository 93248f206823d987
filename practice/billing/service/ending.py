"""How a sale ends: early, with what comes back of it, or session by session when its time is up.

Everything is called inside ``transaction()`` unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import fees as reading
from practice.billing import ledger, queries, sales
from practice.billing.fee_models import Fee as LateFee
from practice.billing.models import Payment
from practice.billing.rules import selling
from practice.billing.rules.ledger import Credit, Owed, package_ended, package_used
from practice.billing.rules.selling import Ending, ExpiryRule, Fee, Had
from practice.billing.sale_models import Sale, UnitEntry
from practice.billing.service import bundles, papers, refunds, units
from practice.billing.service import ledger as books
from practice.billing.service.selling import lose
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people import queries as people
from practice.people.queries import today_here

MAIL = "package-ends"
LONGEST_REASON = 200


# Early -------------------------------------------------------------------------------------------


def preview(sale: Sale, fees: Sequence[Fee] = ()) -> Ending:
    """Return what ending a sale now comes to, line by line.

    A session that counts as used because it was missed late is had, whether or not that can still
    be undone. Fees that are open for its sessions are settled from what would come back.
    """
    moves = sales.moves_of([sale.id])
    had, lost = [], []
    for item in sale.contents:
        found = selling.worth(item, moves.get((sale.id, item.what), ()))
        had += [Had(item.label, item.list_minor, minor) for minor in found.used.values()]
        if sum(found.expired) and sale.expiry_rule is ExpiryRule.FORFEITED and not sale.ended_at:
            lost.append(Had(f"Not used in time: {item.label}", minor := sum(found.expired), minor))
    for fee in _waiting(sale):
        lost_item = sale.item(what) if (what := _what(fee.for_id)) else None
        if lost_item is not None:
            share = lost_item.total_minor // lost_item.count
            had.append(Had(lost_item.label, lost_item.list_minor, share))
    open_fees = [reading.open_of(each).minor for each in reading.due_for(_bookings(sale))]
    return selling.ending(
        sale.charged_minor,
        sales.paid_minor([sale])[sale.id],
        [*had, *lost],
        sale.refund_rule,
        fees,
        owed_minor=sum(open_fees),
    )


def end(sale_id: UUID, *, fees: Sequence[Fee] = (), seen: int | None = None, by: Actor) -> Ending:
    """End a sale: what is left expires, the invoice is corrected, and what is too much goes back.

    Bookings on it are cancelled before. ``seen`` is what the page said would come back or, below
    zero, be owed, in cents. Ended again, it changes nothing.

    Raises:
        Conflict: if that is no longer what it comes to.
    """
    sale = units.lock(sale_id)
    found = preview(sale, fees)
    if sale.ended_at is not None:
        return found
    if seen is not None and seen != found.refund_minor - found.open_minor:
        raise Conflict("Something was paid or took place meanwhile. Look at the amounts again.")
    others = []
    if sale.invoice_id is not None:
        owed = Owed(sale.client_id, invoice_id=sale.invoice_id)
        others = bundles.settling(owed, besides=sale.id)
    for fee in _waiting(sale):
        lose(fee, by=by)
    earned_before = _earned(sale)
    units.expire(sale, by)
    sale.ended_at = clock.now()
    sale.charged_minor = found.charged_minor
    db.session.flush()
    audit.record(
        "sale:end",
        by=by,
        subject_id=sale.id,
        charged_minor=found.charged_minor,
        refund_minor=found.refund_minor,
    )
    if sale.invoice_id is not None and found.undone_minor:
        key = f"sale-end:{sale.id}"
        _take_back(sale, found.undone_minor, key, words="Not used", why="ended early", by=by)
    earned = package_ended(
        sale.client_id,
        found.charged_minor - found.fees_minor - earned_before,
        found.fees_minor,
        sale.invoice_id,
    )
    if earned:
        books.post(f"sale-end:{sale.id}", earned, by=by)
    _settle_fees(sale, [payment for payment, _ in others], found.settled_minor)
    freed = bundles.give_back_freed(others, found.refund_minor, reason="ended", by=by)
    _give_back(sale, found.refund_minor - freed, by)
    return found


def _bookings(sale: Sale) -> list[UUID]:
    return sales.bookings_of(sale.id)


def _waiting(sale: Sale) -> list[LateFee]:
    """Return what makes sessions of a sale count as used, and can still be undone."""
    return [] if sale.ended_at else reading.waiting_units(_bookings(sale))


def _what(for_id: UUID) -> str | None:
    held = units.held_by(for_id)
    return held[1] if held else None


def _earned(sale: Sale) -> int:
    """Return what of a sale was earned so far, in cents."""
    moves = sales.moves_of([sale.id])
    found = [selling.worth(each, moves.get((sale.id, each.what), ())) for each in sale.contents]
    keeps = sale.expiry_rule is ExpiryRule.FORFEITED
    return sum(sum(each.used.values()) + sum(each.expired) * keeps for each in found)


def _take_back(sale: Sale, minor: int, key: str, *, words: str, why: str, by: Actor) -> None:
    if sale.invoice_id is not None:
        papers.credit_part(
            sale.invoice_id,
            Money(minor, sale.price.currency),
            words=words,
            source_key=key,
            reason=why,
            by=by,
        )


def _settle_fees(sale: Sale, others: Sequence[Payment], minor: int) -> None:
    """Settle fees for sessions of a sale from what had paid for it, the oldest first."""
    credits_ = [credit for credit, _ in ledger.credits_for(sale.id)]
    credits_ += [Credit(each.client_id, each.id, None) for each in others]
    for fee in reversed(reading.due_for(_bookings(sale))):
        open_minor = reading.open_of(fee).minor
        if not open_minor or fee.invoice_id is None or minor <= 0:
            continue
        owed = Owed(fee.client_id, invoice_id=fee.invoice_id)
        books.settle(owed, credits_, f"fee-of-sale:{fee.id}", at_most=minor)
        minor -= open_minor - reading.open_of(fee).minor


def _give_back(sale: Sale, minor: int, by: Actor) -> None:
    """Decide refunds of the payments for a sale, the newest first."""
    for payment in reversed(queries.payments_for(sale.id)):
        part = min(minor, refunds.left_for(payment).minor)
        if part > 0:
            refunds.decide(payment, Money(part, sale.price.currency), reason="ended", by=by)
            minor -= part


# When its time is up -----------------------------------------------------------------------------


def expire_due(_practice_id: UUID) -> None:
    """Tell of packages that end soon, and let go of what is left of those that have ended.

    A job of every day, outside transactions. Doing it again changes nothing.
    """
    today = today_here()
    for sale_id in sales.near_their_end(today + selling.EXPIRY_NOTICE):
        in_transaction(partial(_look, sale_id, today))


def _look(sale_id: UUID, today: date) -> None:
    sale = units.lock(sale_id)
    on = sale.expires_on
    [standing] = sales.standings([sale])
    if on is None or sale.ended_at is not None or not any(each.free for each in standing.left):
        return
    if on < today:
        _expire(sale)
    elif sale.noticed_on != on and on - today <= selling.EXPIRY_NOTICE:
        sale.noticed_on = on
        outbox.post(
            MAIL,
            key=f"{MAIL}:{sale.id}:{on.isoformat()}",
            to=people.get_client(sale.client_id).email,
            about_id=sale.id,
            client_id=sale.client_id,
            facts={"on": on.isoformat()},
        )


def _expire(sale: Sale) -> None:
    """Let go of what is left of a sale: earned, or the client's credit, as was agreed."""
    gone = units.expire(sale, PROGRAM)
    minor = sum(worth for _, worth in gone)
    audit.record("sale:expire", by=PROGRAM, subject_id=sale.id, amount_minor=minor)
    if sale.expiry_rule is ExpiryRule.FORFEITED:
        for entry, worth in gone:
            if worth:
                lines = package_used(sale.client_id, worth, sale.invoice_id)
                books.post(_key(entry), lines)
        return
    if not minor:
        return
    sale.charged_minor -= minor
    key = _key(gone[0][0])
    _take_back(sale, minor, key, words="Not used in time", why="kept as credit", by=PROGRAM)
    over = sales.paid_minor([sale])[sale.id] - sale.charged_minor
    books.set_free(sale.id, by=PROGRAM, most=max(0, min(over, minor)))


def extend(sale_id: UUID, until_on: date, reason: str, *, by: Actor) -> Sale:
    """Let a package be good for longer, for a reason. What expired of it is there again.

    Raises:
        Invalid: without a reason, or for a day that is no later one, or years ahead.
        Conflict: if it has ended, never ends, or what expired of it is credit by now.
    """
    why, today = reason.strip(), today_here()
    if not 0 < len(why) <= LONGEST_REASON:
        raise Invalid(f"Give the reason in at most {LONGEST_REASON} characters.")
    sale = units.lock(sale_id)
    if sale.ended_at is not None or sale.expires_on is None:
        raise Conflict("This does not expire any more.")
    if sale.expires_on == until_on:
        return sale
    if until_on < today or until_on < sale.expires_on:
        raise Invalid("Choose a later day than it ends on now.")
    if (until_on - today).days > selling.LONGEST_DAYS:
        raise Invalid(f"Choose a day within {selling.LONGEST_DAYS // 365} years.")
    gone, [standing] = units.expired(sale), sales.standings([sale])
    if sale.expiry_rule is ExpiryRule.CREDIT:
        if gone and not any(each.free for each in standing.left):
            raise Conflict("What was paid for the sessions not used is credit by now.")
        gone = []
    for entry in gone:
        books.reverse(_key(entry), new_key=f"extend:{entry.id}", by=by, memo="extended")
        units.grant_again(sale, entry, by)
    was, sale.expires_on = sale.expires_on, until_on
    db.session.flush()
    audit.record(
        "sale:extend",
        by=by,
        subject_id=sale.id,
        old=was.isoformat(),
        new=until_on.isoformat(),
        why=why,
    )
    return sale


def _key(entry: UnitEntry) -> str:
    return f"expire:{entry.id}"
