"""Money for a session, asked for by mail or taken at the visit. Inside ``transaction()``."""

from __future__ import annotations

from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import queries as billing
from practice.billing.accounts import kept_minor
from practice.billing.models import Payment
from practice.billing.rules.payments import Label, PaymentMethod
from practice.billing.service import visit
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.sessions.models import Appointment
from practice.sessions.rules.for_staff import IS_OWED, owed
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import late, readiness
from practice.sessions.service.taking import lock

PAY_LINK = "payment-request"
"""The folder of the mail with the link to pay."""


class NothingOwed(Conflict):
    """It is paid, or nothing is to be paid for it."""


def send_pay_link(appointment: Appointment, *, sent_before: int, by: Actor) -> None:
    """Mail the client the link by which a session is paid.

    ``sent_before`` is how many such mails the page had seen: a second click sends no second one.

    Raises:
        NothingOwed: if there is nothing to pay.
    """
    appointment = lock(appointment.id)
    if appointment.client is None or not owed_now(appointment):
        raise NothingOwed("There is nothing to pay for this session.")
    outbox.post(
        PAY_LINK,
        key=f"{PAY_LINK}:{appointment.id}:{sent_before + 1}",
        to=appointment.client.email,
        about_id=appointment.id,
        client_id=appointment.client_id,
    )
    audit.record("appointment:ask_to_pay", by=by, subject_id=appointment.id)


def take_payment(
    appointment: Appointment,
    amount: Money,
    method: PaymentMethod,
    *,
    payment_id: UUID,
    by: Actor,
) -> Payment:
    """Write down what a client paid for a session in person, with its receipt.

    ``payment_id`` is made with the form: sending it again records nothing new.

    Raises:
        NothingOwed: if it is more than is still to pay, or nothing is.
        Invalid: for no amount, or a way of paying that is not used in person.
    """
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    appointment = lock(appointment.id)
    if (known := billing.find_payment(payment_id)) is not None:
        return known
    left = owed_now(appointment)
    if appointment.client_id is None or not left:
        raise NothingOwed("There is nothing to pay for this session.")
    if amount.minor > left.minor:
        raise NothingOwed(f"Only {left} is still to pay for this session.")
    label = Label.APPOINTMENT if appointment.state in IS_OWED else Label.CANCELLATION
    payment = visit.record(
        appointment.client_id,
        appointment.id,
        amount,
        method,
        by,
        payment_id=payment_id,
        label=label,
    )
    readiness.reconsider(appointment.client_id, by)
    return payment


def owed_now(appointment: Appointment) -> Money:
    """Return what is left to pay for a session, or of the fee for one that is off."""
    if appointment.state in {AppointmentState.CANCELLED, AppointmentState.NO_SHOW}:
        return late.fee_open(appointment)
    kept = kept_minor([appointment.id]).get(appointment.id, 0)
    return owed(appointment.state, appointment.to_pay, kept)
