"""Giving back what was paid for a cancelled session: at once, or once nobody can undo it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor
from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentState
from practice.billing.service import ledger as books
from practice.billing.service import refunds
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.outbox import service as outbox
from practice.outbox.rules import UNDO_FOR
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import undoing
from practice.sessions.service.taking import lock

GIVE_BACK_JOB = "give-back"

OFF = frozenset({AppointmentState.CANCELLED, AppointmentState.NO_SHOW})


def lock_payments(appointment: Appointment) -> Sequence[Payment]:
    """Lock payments before their session, as the news of a payment does."""
    return db.session.scalars(
        sa.select(Payment)
        .where(Payment.for_id == appointment.id)
        .order_by(Payment.id)
        .with_for_update()
    ).all()


def give_back(payment: Payment, by: Actor) -> None:
    """Decide that all that is left for its session of a payment goes back.

    Call inside ``transaction()``.
    """
    if payment.state is not PaymentState.PAID:
        # Nobody should be able to pay for it any longer; whoever still does gets it back.
        outbox.enqueue("settle-payment", key=f"settle-now:{payment.id}", subject_id=payment.id)
        return
    if left := refunds.left_for(payment):
        refunds.decide(payment, left, reason="cancelled", by=by)


def have_it_given_back(appointment: Appointment) -> None:
    """Have a worker give back what was paid, once the cancellation cannot be undone any more.

    Call in the transaction that cancels.
    """
    outbox.enqueue(
        GIVE_BACK_JOB,
        key=f"{GIVE_BACK_JOB}:{appointment.id}:{appointment.sequence}",
        subject_id=appointment.id,
        at=clock.now() + UNDO_FOR,
    )


def give_back_later(appointment_id: UUID) -> None:
    """Give back what was paid for a session that stayed cancelled. The worker's part.

    Outside transactions; doing it twice gives it back once. Cancelled, restored and cancelled
    again, it waits for the last job.
    """

    def work() -> None:
        payments = lock_payments(get_appointment(appointment_id))
        appointment = lock(appointment_id)
        is_final = not undoing.may_be_undone(appointment_id)
        if appointment.state in OFF and is_final and appointment.rest_is_credit:
            books.set_free(appointment_id, by=PROGRAM)
        elif appointment.state in OFF and is_final:
            for payment in payments:
                give_back(payment, PROGRAM)

    in_transaction(work)
