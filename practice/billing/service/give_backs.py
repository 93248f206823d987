"""Giving a payment back by hand: looked at first, then done once, to the cent that was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import archive, given, ledger, queries
from practice.billing.give_back_models import GiveBack, GiveBackLine
from practice.billing.models import Payment
from practice.billing.rules import giving_back as rules
from practice.billing.rules.giving_back import CannotGiveBack, How, Plan, Settled, Stands, Way
from practice.billing.service import ledger as books
from practice.billing.service import papers, refunds
from practice.core import clock
from practice.core.db import db
from practice.core.money import Money
from practice.people.seen import ChangedMeanwhile, mark_of

REFUND_REASON = "given back"
CHANGED = "Something changed since you looked. This is what it comes to now: look at it again."


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to give back, where to, and why."""

    how: How
    way: Way
    reason: str
    minor: int = 0
    line_ids: Sequence[UUID] = ()


def stands(payment: Payment) -> Stands:
    """Return how a payment stands: what is left, what waits to be used, and what it settles."""
    own = None if payment.settles_many else payment.for_id
    unused = ledger.free_by_use(payment.id)
    held = unused.pop(own, 0) if own is not None else 0
    free, going = sum(unused.values()), books.promised_minor(payment.id)
    held, going = max(0, held - going), max(0, going - held)
    free, going = max(0, free - going), max(0, going - free)
    settles = []
    for each in given.settled_by(payment):
        stays = max(0, each.minor - going)
        going -= each.minor - stays
        settles.append(
            Settled(
                each.id,
                each.number,
                stays,
                each.open_minor,
                each.standing_minor,
                each.may_lose_lines,
            )
        )
    return Stands(refunds.left_of(payment).minor, held, free, settles)


def look(payment: Payment, asked: Asked) -> Plan:
    """Return what giving back would do, changing nothing.

    Raises:
        CannotGiveBack: where it cannot be done like that.
    """
    standing = stands(payment)
    by_invoice: dict[UUID, int] = {}
    wanted = set(asked.line_ids) if asked.how is How.LINES else set()
    if wanted:
        for each in given.lines_to_take_back(standing.settles):
            if each.line.id in wanted:
                wanted.remove(each.line.id)
                minor = by_invoice.get(each.line.invoice_id, 0) + each.line.amount_minor
                by_invoice[each.line.invoice_id] = minor
        if wanted:
            raise CannotGiveBack("lines", "A line that was chosen was taken back already")
    return rules.plan(standing, asked.how, asked.way, wanted_minor=asked.minor, lines=by_invoice)


def mark(plan: Plan) -> str:
    """Return the mark of what a page showed."""
    return mark_of(*plan.mark())


def carry_out(
    give_back_id: UUID, payment_id: UUID, asked: Asked, *, seen: str, by: Actor
) -> GiveBack:
    """Give back what was looked at. The same form gives back once. Call inside ``transaction()``.

    Raises:
        CannotGiveBack: where it cannot be done like that, or not any more.
        ChangedMeanwhile: where it would do something else than ``seen``. Nothing is changed.
    """
    payment = queries.lock_payment(payment_id)
    if (done := given.find(give_back_id)) is not None:
        return done
    queries.take_turns_on_client(payment.client_id)
    plan = look(payment, asked)
    if seen != mark(plan):
        raise ChangedMeanwhile(CHANGED)
    notes = _take_back(give_back_id, payment, asked, plan, by)
    amount, refund_id = Money(plan.amount_minor, payment.amount.currency), None
    if plan.way is Way.BACK:
        refund_id = refunds.decide(payment, amount, REFUND_REASON, by).id
    else:
        books.turn_into_credit(payment, amount.minor, key=f"free:{give_back_id}", by=by)
    done = GiveBack(
        id=give_back_id,
        payment_id=payment_id,
        refund_id=refund_id,
        way=plan.way,
        amount=amount,
        reason=asked.reason,
        made_at=clock.now(),
        made_by=by.id,
    )
    db.session.add(done)
    db.session.flush()
    db.session.add_all(notes)
    db.session.flush()
    audit.record(
        "payment:give_back",
        by=by,
        subject_id=payment_id,
        amount_minor=amount.minor,
        way=plan.way.value,
    )
    return done


def _take_back(
    give_back_id: UUID, payment: Payment, asked: Asked, plan: Plan, by: Actor
) -> list[GiveBackLine]:
    found = []
    for change in plan.let_go:
        invoice = archive.get_invoice(change.id)
        lines = [each for each in papers.lines_of(invoice) if each.id in set(asked.line_ids)]
        note = papers.take_back(
            invoice,
            lines,
            payment=payment,
            let_go_minor=change.minor,
            source_key=f"give-back:{give_back_id}:{invoice.id}",
            reason=asked.reason,
            by=by,
        )
        found += [
            GiveBackLine(give_back_id=give_back_id, line_id=each.id, note_id=note.id)
            for each in lines
        ]
    return found
