"""A session and the card payment for it: asked for, paid in time, paid late, or never."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from practice.audit.rules import PROGRAM, VISITOR, Actor
from practice.billing import accounts
from practice.billing.models import Payment
from practice.billing.rules.payments import Label, PaymentOutcome
from practice.billing.service import bundles, checkout, fees, openings, promos, refunds, selling
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment
from practice.sessions.queries.times import look_at
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.news import News
from practice.sessions.service import calendars, holds, readiness, taking, telling
from practice.sessions.service.taking import lock, may_be_paid, release

S = AppointmentState
WORTHLESS = frozenset({S.CANCELLED, S.HELD_CLINICAL})
"""Nobody pays for a session in these states."""


def start_checkout(
    appointment: Appointment, *, by: Actor, keeps: checkout.Agreement | None = None
) -> Payment:
    """Ask for what is still to pay for a session by card. Call inside ``transaction()``.

    Then call ``billing.service.checkout.start`` outside of it, and send the client there. A
    hold now lasts until the checkout's end and a minute more, and no longer. The same payment
    comes back while it can be paid. With ``keeps`` the card that pays stays on file.

    Raises:
        HoldEnded: if the time is no longer held.
        Conflict: if there is nothing to pay, or nobody has said who it is for.
        CardsOff: if no processor is set up.
    """
    appointment = lock(appointment.id)
    if appointment.state is S.RELEASED or appointment.hold_ends_at is not None:
        holds.check_alive(appointment)
    if appointment.client is None:
        raise Conflict("Tell us first who this is for.")
    if appointment.state in WORTHLESS | {S.NO_SHOW} or not appointment.to_pay:
        raise Conflict("There is nothing to pay for this session.")
    owed = Money(appointment.to_pay.minor - _kept_minor(appointment), appointment.price.currency)
    if owed.minor <= 0:
        raise Conflict("This session is paid already.")
    due = appointment.due_at_booking.minor - _kept_minor(appointment)
    is_deposit = appointment.hold_ends_at is not None and 0 < due < owed.minor
    if is_deposit:
        owed = Money(due, owed.currency)
    rules = appointment.service.rules
    link = booking_link(appointment)
    payment = checkout.ask(
        appointment.client,
        for_id=appointment.id,
        amount=owed,
        label=Label.DEPOSIT if is_deposit else Label.APPOINTMENT,
        ends_at=clock.now() + timedelta(minutes=rules.checkout_minutes),
        success_url=f"{link}waiting",
        cancel_url=link,
        by=by,
        keeps=keeps,
    )
    if appointment.hold_ends_at is not None and payment.checkout_ends_at is not None:
        spare = timedelta(seconds=rules.after_checkout_seconds)
        appointment.hold_ends_at = payment.checkout_ends_at + spare
        db.session.flush()
        holds.have_it_released(appointment)
    return payment


def paid(payment: Payment) -> PaymentOutcome:
    """Do what a payment that came in was for, and say what that was.

    Bound to ``billing.ports.paid``: called once for each payment, in the transaction that makes
    it paid. Money for a hold that has ended takes the time again if it is still free. A balance
    that was brought along is no session, and waits for nothing; nor does a fee.
    """
    if payment.settles_many:
        return bundles.paid(payment)
    if openings.is_for_opening(payment):
        return openings.paid(payment)
    if fees.is_for_fee(payment):
        return fees.paid(payment)
    if selling.is_for_sale(payment):
        readiness.take_turns_on_client(payment.client_id)
        return selling.paid(payment)
    return _paid_session(payment)


def _paid_session(payment: Payment) -> PaymentOutcome:
    readiness.take_turns_on_client(payment.client_id)
    appointment = lock(payment.for_id)
    before = _kept_minor(appointment) - payment.amount.minor
    if before >= appointment.price.minor:
        return PaymentOutcome.DUPLICATE
    if appointment.state in WORTHLESS:
        return PaymentOutcome.SLOT_LOST
    if appointment.state is S.RELEASED:
        return _reacquire(appointment)
    if appointment.hold_ends_at is not None:
        readiness.enter(appointment, calendars.serving(appointment.id), by=VISITOR)
    elif appointment.client_id is not None:  # one that waited for its payment waits no more
        readiness.reconsider(appointment.client_id, VISITOR)
    refunds.give_back_over(payment, appointment.price.minor - before)
    return PaymentOutcome.CONFIRMED


def sale_paid(client_id: UUID) -> None:
    """Look again at sessions that waited for what they are a part of to be paid.

    Bound to ``billing.ports.sale_paid``.
    """
    readiness.reconsider(client_id, PROGRAM)


def checkout_ended(payment: Payment) -> None:
    """Let go of a hold that waited for this payment alone.

    Bound to ``billing.ports.checkout_ended``, in the transaction that ends the payment.
    """
    is_session = not (openings.is_for_opening(payment) or fees.is_for_fee(payment))
    if not is_session or selling.is_for_sale(payment):
        return
    appointment = lock(payment.for_id)
    if appointment.hold_ends_at is not None and not may_be_paid([appointment.id]):
        release(appointment)


def _reacquire(appointment: Appointment) -> PaymentOutcome:
    """Take a released time again for the one who paid late, with the same practitioner."""
    taking.take_turns_on_week(appointment.kind, appointment.starts_at)
    look = look_at(
        appointment.service,
        appointment.modality,
        appointment.starts_at,
        client_id=appointment.client_id,
        as_staff=True,
        moving=appointment,
    )
    if taking.has_code(appointment) and not promos.take_again(appointment.id):
        telling.tell(News.SLOT_LOST, appointment, by=PROGRAM)
        return PaymentOutcome.SLOT_LOST
    try:
        place = taking.place_in(look, appointment.starts_at)
        taking.occupy(appointment.id, look, place)
    except (taking.SlotTaken, taking.NotOffered):
        promos.let_go(appointment.id)
        telling.tell(News.SLOT_LOST, appointment, by=PROGRAM)
        return PaymentOutcome.SLOT_LOST
    readiness.enter(appointment, place.takes, by=VISITOR)
    return PaymentOutcome.REACQUIRED


def _kept_minor(appointment: Appointment) -> int:
    """Return what was paid for a session and is not given back, in minor units."""
    return accounts.kept_minor([appointment.id]).get(appointment.id, 0)
