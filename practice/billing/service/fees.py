"""Fees for sessions cancelled or moved late, or missed: decided, fallen due, paid or waived.

A fee is decided with the change that it is for, and falls due when that can no longer be undone:
then it has an invoice, what was paid ahead settles it, the rest goes back, and what is still owed
is taken from the card on file, if its holder agreed to that. Everything is called inside
``transaction()`` unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import archive, fees, queries
from practice.billing.fee_models import Fee
from practice.billing.models import Payment
from practice.billing.rules.cards import Use
from practice.billing.rules.fees import LINES, SOURCE, FeeFor, FeeState, goes_back
from practice.billing.rules.invoices import Line
from practice.billing.rules.ledger import Owed
from practice.billing.rules.payments import (
    LIVE,
    Label,
    PaymentOutcome,
    PaymentState,
)
from practice.billing.service import bundles, card_on_file, checkout, papers, refunds, selling
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.outbox.rules import UNDO_FOR
from practice.people import queries as people

FALL_DUE_JOB = "fee-falls-due"
LONGEST_WHY = 300
GIVEN_BACK_WHY = "cancelled"
TOO_LATE = "What it costs was charged already, so this cannot be undone. Waive the fee instead."


def decide(
    client_id: UUID,
    for_id: UUID,
    *,
    change: int,
    fee_for: FeeFor,
    amount: Money,
    service_on: date,
    page: str,
    by: Actor,
    rest_is_credit: bool = False,
    takes_unit: bool = False,
) -> Fee:
    """Decide that a change of a session costs a fee. One change costs once.

    Nothing is charged before the change can no longer be undone. A session that was moved goes
    on, so what was paid for it stays with it; otherwise that settles the fee, and the rest goes
    back, or is credit for anything else. ``service_on`` is the session's local day, ``page``
    where the client pays. With ``takes_unit`` the session, which was sold ahead, counts as used,
    and nothing is asked for.
    """
    now, fee_id = clock.now(), uuid4()
    fee = Fee(
        id=fee_id,
        client_id=client_id,
        for_id=for_id,
        change=change,
        settles_id=fee_id if fee_for is FeeFor.MOVED else for_id,
        fee_for=fee_for,
        state=FeeState.WAITING,
        amount=amount,
        takes_unit=takes_unit,
        rest_is_credit=rest_is_credit,
        service_on=service_on,
        page=page,
        decided_at=now,
        falls_due_at=now + UNDO_FOR,
    )
    db.session.add(fee)
    db.session.flush()
    audit.record("fee:decide", by=by, subject_id=for_id, amount_minor=amount.minor)
    outbox.enqueue(
        FALL_DUE_JOB, key=f"{FALL_DUE_JOB}:{fee_id}", subject_id=fee_id, at=fee.falls_due_at
    )
    return fee


def withdraw(for_id: UUID, change: int) -> None:
    """Let the fee for a change that was undone never have been, though it was waived meanwhile.

    Raises:
        Conflict: if it fell due already.
    """
    fee = fees.fee_of_change(for_id, change)
    if fee is None:
        return
    state = fees.lock_fee(fee.id).state
    if state is FeeState.DUE:
        raise Conflict(TOO_LATE)
    if state is FeeState.WAITING or (state is FeeState.WAIVED and fee.invoice_id is None):
        fee.state = FeeState.WITHDRAWN
        db.session.flush()


def fall_due(fee_id: UUID) -> None:
    """Charge a fee whose change was not undone, as a job. Outside transactions; twice is once."""

    def work() -> None:
        payments = _lock_payments(fees.get_fee(fee_id).settles_id)
        fee = fees.lock_fee(fee_id)
        if fee.state is FeeState.WAIVED and fee.invoice_id is None:
            give_back(fee.settles_id, payments, as_credit=fee.rest_is_credit)
        if fee.state is not FeeState.WAITING:
            return
        if fee.takes_unit:
            selling.lose(fee, by=PROGRAM)
            return
        fee.state = FeeState.DUE
        if not fee.rest_is_credit:
            give_back(fee.settles_id, payments, stays=fee.amount.minor)
        invoice = papers.issue_invoice(
            people.get_client(fee.client_id),
            for_id=fee.settles_id,
            source_key=f"{SOURCE}{fee.id}",
            lines=[Line(fee.service_on, LINES[fee.fee_for], 1, fee.amount)],
            by=PROGRAM,
        )
        fee.invoice_id = invoice.id
        db.session.flush()
        if fee.rest_is_credit:
            books.set_free(fee.settles_id, by=PROGRAM)
        collect(fee)

    in_transaction(work)


def collect(fee: Fee) -> Payment | None:
    """Take what is open from the card on file; without one, it waits for its client."""
    left = fees.open_of(fee)
    if not left or card_on_file.chargeable(fee.client_id, Use.FEE) is None:
        return None
    return card_on_file.charge(
        fee.client_id,
        for_id=fee.settles_id,
        amount=left,
        label=Label.CANCELLATION,
        use=Use.FEE,
        key=f"fee:{fee.id}:1",
        page=fee.page,
    )


def waive(fee_id: UUID, why: str, *, by: Actor) -> Fee:
    """Waive a fee, before or after it fell due. What was taken for it goes back.

    Raises:
        Invalid: without a reason, or with one that is longer than its place.
        Conflict: if it was waived or undone already.
    """
    why = why.strip()
    if not 0 < len(why) <= LONGEST_WHY:
        raise Invalid(f"Write down why, in at most {LONGEST_WHY} characters.")
    seen = fees.get_fee(fee_id)
    payments = _lock_payments(seen.settles_id)
    others = []
    if seen.invoice_id is not None:
        owed = Owed(seen.client_id, invoice_id=seen.invoice_id)
        settling = bundles.settling(owed, besides=seen.settles_id)
        others = [each for each in settling if each[0].settles_many]  # the rest was credit, and is
    fee = fees.lock_fee(fee_id)
    if fee.state is FeeState.WAIVED:
        raise Conflict("This fee was waived already.")
    if fee.state is FeeState.WITHDRAWN:
        raise Conflict("What this fee was for was undone. Nothing is charged.")
    fee.state, fee.waived_at, fee.waived_by, fee.waived_why = (
        FeeState.WAIVED,
        clock.now(),
        by.id,
        why,
    )
    db.session.flush()
    audit.record("appointment:waive", by=by, subject_id=fee.for_id)
    if fee.takes_unit:
        selling.forgive(fee, by=by)
        return fee
    if fee.invoice_id is not None:
        papers.credit(archive.get_invoice(fee.invoice_id), reason=f"Fee waived: {why}", by=by)
        give_back(fee.settles_id, payments, by=by)
        bundles.give_back_freed(others, fee.amount.minor, reason=GIVEN_BACK_WHY, by=by)
    return fee


def start_checkout(
    fee_id: UUID,
    *,
    ends_at: datetime,
    success_url: str,
    cancel_url: str,
    by: Actor,
) -> Payment:
    """Ask for what is open of a fee by card: as for a session, ``checkout.start`` comes next.

    Raises:
        Conflict: if nothing is open of it, or a card on file is being charged for it just now.
        CardsOff: if no processor is set up.
    """
    fee = fees.lock_fee(fee_id)
    left = fees.open_of(fee)
    if not left:
        raise Conflict("Nothing is to pay for this any more.")
    if is_being_charged(fee):
        raise Conflict("Your card on file is being charged for this now. Look again in a minute.")
    return checkout.ask(
        people.get_client(fee.client_id),
        for_id=fee.settles_id,
        amount=left,
        label=Label.CANCELLATION,
        ends_at=ends_at,
        success_url=success_url,
        cancel_url=cancel_url,
        by=by,
    )


def is_being_charged(fee: Fee) -> bool:
    """Say whether a charge of the card on file is on its way for a fee."""
    return any(
        each.is_off_session and each.state in LIVE for each in queries.payments_for(fee.settles_id)
    )


def is_for_fee(payment: Payment) -> bool:
    """Say whether a payment is for a fee."""
    return payment.label == Label.CANCELLATION


def paid(payment: Payment) -> PaymentOutcome:
    """Say what a payment of a fee did, in the transaction that makes it paid.

    What comes in beyond what is open by then goes back: paid twice, or waived meanwhile.
    """
    fee = fees.settled_by(payment.for_id)
    left = fees.open_of(fee) if fee else None
    if not left:
        return PaymentOutcome.DUPLICATE
    refunds.give_back_over(payment, left.minor)
    return PaymentOutcome.CONFIRMED


def _lock_payments(settles_id: UUID) -> Sequence[Payment]:
    """Lock payments before their fee, as the news of a payment does; oldest first."""
    found = db.session.scalars(
        sa.select(Payment)
        .where(Payment.for_id == settles_id, Payment.state == PaymentState.PAID)
        .order_by(Payment.id)
        .with_for_update()
    )
    return sorted(found, key=lambda each: (each.paid_at or each.created_at, each.id))


def give_back(
    for_id: UUID,
    payments: Sequence[Payment],
    *,
    stays: int = 0,
    as_credit: bool = False,
    by: Actor = PROGRAM,
) -> None:
    """Give back what is left for something of its payments, but for ``stays`` cents.

    The oldest stay. ``as_credit`` lets all of it settle anything of the client from now on.
    """
    if as_credit:
        books.set_free(for_id, by=by)
        return
    lefts = [refunds.left_for(each).minor for each in payments]
    for payment, back in zip(payments, goes_back(lefts, stays), strict=True):
        if back:
            refunds.decide(
                payment, Money(back, payment.amount.currency), reason=GIVEN_BACK_WHY, by=by
            )
