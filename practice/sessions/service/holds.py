"""Holding a time while somebody says who they are and pays.

A hold is a tentative appointment with an end. Past its end the time counts as free, whether or
not anybody released it: pages show it, and whoever wants it releases it. While a card payment
may still come in, nobody does before Stripe has been asked.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import linked
from practice.billing.models import Payment
from practice.billing.queries import find_live
from practice.billing.rules.payments import LIVE as MAY_BE_PAID
from practice.billing.service import checkout
from practice.calendar.models import Claim
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db, in_transaction, take_turns
from practice.core.errors import Conflict, TooMany, Unavailable
from practice.outbox import service as outbox
from practice.people.rules import ClientDetails
from practice.people.service import add_client, edit_client
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import WITH_ALL, get_appointment
from practice.sessions.queries.times import look_at
from practice.sessions.rules.lifecycle import FIRST_VISIT, AppointmentState, Modality
from practice.sessions.service import calendars, readiness, taking
from practice.sessions.service.taking import lock, may_be_paid, place_in, release

S = AppointmentState
HOLDS_PER_ADDRESS = 5
RELEASE_JOB = "release-hold"
A_MOMENT = timedelta(seconds=1)  # a hold is past its end only after it


class TooManyHolds(TooMany):
    """More times are held from one address than one person needs."""


class HoldEnded(Conflict):
    """The time was held long enough; it may be somebody else's by now."""


class ComesFirst(Conflict):
    """Something else comes before this session; a stranger cannot book it."""


class NeedsApproval(Conflict):
    """A person looks at this first: it can be asked for, and is booked when they say yes."""


class StillToPay(Conflict):
    """This is confirmed by paying for it."""


def hold(
    service: Service,
    *,
    starts_at: datetime,
    modality: Modality,
    browser: str,
    address: str,
    form_token: str,
    by: Actor,
) -> Appointment:
    """Hold a time for somebody who has not said who they are. Call inside ``transaction()``.

    The time that the same browser held before is free again. The same form sent again returns
    what it made. ``browser`` and ``address`` are digests, ``form_token`` is the form's own.

    Raises:
        ComesFirst: for a service that a stranger cannot book.
        NeedsApproval: for one that can only be asked for.
        TooManyHolds: if five times are held from this address already.
        Conflict: if the time that this browser holds is just being paid.
        SlotTaken: if somebody was quicker.
        NotOffered: if the service cannot start then.
    """
    check_first_visit(service)
    check_no_approval(service)
    take_turns(f"holds:{address}")
    now = clock.now()
    held = db.session.scalars(
        sa.select(Appointment)
        .where(
            sa.or_(
                Appointment.form_token == form_token,
                sa.and_(
                    Appointment.state == S.TENTATIVE,
                    Appointment.hold_ends_at >= now,
                    sa.or_(
                        Appointment.hold_browser == browser, Appointment.hold_address == address
                    ),
                ),
            )
        )
        .order_by(Appointment.id)
        .options(*WITH_ALL)
        .with_for_update(of=Appointment)
    ).all()
    for each in held:
        if each.form_token == form_token:
            return each
    mine = [each for each in held if each.hold_browser == browser]
    if may_be_paid([each.id for each in mine]):
        raise Conflict("You are paying for another time just now. Finish that first.")
    for each in mine:
        release(each)
    if len(held) - len(mine) >= HOLDS_PER_ADDRESS:
        raise TooManyHolds(
            "Several times are being held from where you are. Finish one, or try again later.",
            retry_after_seconds=service.rules.hold_minutes * 60,
        )

    look = look_at(service, modality, starts_at)
    appointment = taking.take(
        look,
        place_in(look, starts_at),
        client=None,
        state=S.TENTATIVE,
        by=by,
        hold_ends_at=now + timedelta(minutes=service.rules.hold_minutes),
        hold_browser=browser,
        hold_address=address,
        form_token=form_token,
    )
    have_it_released(appointment)
    return appointment


def check_first_visit(service: Service) -> None:
    """Refuse what somebody who has never been here cannot book.

    Raises:
        ComesFirst: unless it is a call or an intake.
    """
    if service.kind not in FIRST_VISIT:
        raise ComesFirst("Your first step is a call or an intake. The rest follows from there.")


def check_no_approval(service: Service) -> None:
    """Refuse to hold or book at once what a person has to look at first.

    Raises:
        NeedsApproval: for such a service.
    """
    if service.needs_approval:
        raise NeedsApproval("We look at this first. Ask for a time, and we answer you.")


def renew(appointment: Appointment, *, by: Actor) -> Appointment:
    """Hold the time as long again from now, at most twice. Call inside ``transaction()``.

    Raises:
        HoldEnded: if it is no hold any more.
        Conflict: if it was renewed twice, or is at the checkout, which has its own end.
    """
    appointment = alive(appointment)
    rules = appointment.service.rules
    if appointment.hold_renewals >= rules.hold_renewals:
        raise Conflict("This time cannot be held any longer. Finish booking it to keep it.")
    if find_live(appointment.id) is not None:
        raise Conflict("This time is held until your payment ends.")
    appointment.hold_renewals += 1
    appointment.hold_ends_at = clock.now() + timedelta(minutes=rules.hold_minutes)
    db.session.flush()
    audit.record("appointment:renew", by=by, subject_id=appointment.id)
    have_it_released(appointment)
    return appointment


def release_hold(appointment: Appointment, *, by: Actor) -> Appointment:
    """Give a held time back before its end. Call inside ``transaction()``.

    Raises:
        HoldEnded: if it is no hold any more.
        Conflict: if it may still be paid: ``settle_blockers`` first.
    """
    appointment = alive(appointment)
    if may_be_paid([appointment.id]):
        raise Conflict("This time is being paid for.")
    release(appointment)
    audit.record("appointment:give-back", by=by, subject_id=appointment.id)
    return appointment


def give_details(appointment: Appointment, details: ClientDetails, *, by: Actor) -> Appointment:
    """Say who a held time is for: makes the client, or corrects the one made before.

    Call inside ``transaction()``. No existing client is ever touched.

    Raises:
        HoldEnded: if it is no hold any more.
    """
    appointment = alive(appointment)
    if appointment.client is not None:
        edit_client(appointment.client, details, by=by)
        return appointment
    client = add_client(details, by=by)
    claims.open_for_client(client.id)
    claims.take(appointment.id, [Wanted(client.id, appointment.starts_at, appointment.ends_at)])
    appointment.client_id = client.id
    taking.know(appointment, client)
    db.session.flush()
    return appointment


def confirm(appointment: Appointment, *, by: Actor) -> Appointment:
    """Confirm a held time for which nothing is to be paid now. Call inside ``transaction()``.

    Free sessions, those that are paid at the visit, and all where no cards are taken online.
    Confirming again what is in the book changes nothing.

    Raises:
        HoldEnded: if it is no hold any more.
        StillToPay: if it is to be paid online.
        Conflict: if nobody has said who it is for.
    """
    appointment = lock(appointment.id)
    is_waiting = appointment.state is S.TENTATIVE and appointment.hold_ends_at is None
    if appointment.state is S.CONFIRMED or is_waiting:
        return appointment
    check_alive(appointment)
    if appointment.client is None:
        raise Conflict("Tell us first who this is for.")
    check_nothing_to_pay(appointment)
    readiness.enter(appointment, calendars.serving(appointment.id), by=by)
    return appointment


def check_nothing_to_pay(agreed: Service | Appointment) -> None:
    """Refuse what has to be paid online before it is confirmed.

    Raises:
        StillToPay: if it costs something, cards are taken, and it is not paid at the visit.
    """
    if agreed.due_at_booking and linked.takes_cards() and not agreed.pay_at_visit:
        raise StillToPay("This is booked by paying for it.")


def settle_blockers(service: Service, *, starts_at: datetime, browser: str | None = None) -> None:
    """Ask Stripe about holds that could be in the way of a time and may still be paid.

    Call outside transactions, before holding or booking. Such a hold is past its end, or is
    this browser's own. What was paid is confirmed by it, the rest is let go. If Stripe cannot
    be asked, the hold stays, and booking says that the time was just taken.
    """
    first = starts_at - timedelta(minutes=service.buffer_before_minutes)
    after = max(service.buffer_after_minutes, service.rules.gap_between_clients_minutes)
    past = starts_at + timedelta(minutes=service.minutes + after)
    in_the_way = sa.and_(
        Appointment.hold_ends_at < clock.now(), Claim.starts_at < past, Claim.ends_at > first
    )
    wanted = in_the_way if browser is None else in_the_way | (Appointment.hold_browser == browser)
    waiting = db.session.scalars(
        sa.select(Payment.id)
        .join(Appointment, Appointment.id == Payment.for_id)
        .join(Claim, Claim.holder_id == Appointment.id)
        .where(
            Appointment.state == S.TENTATIVE,
            Appointment.hold_ends_at.is_not(None),
            Claim.released_at.is_(None),
            Payment.state.in_(MAY_BE_PAID),
            wanted,
        )
        .distinct()
    ).all()
    for payment_id in waiting:
        with suppress(Unavailable):
            checkout.expire(payment_id)


def release_at_end(appointment_id: UUID) -> None:
    """Tidy up a hold past its end: the worker's part. Runs as often as it likes.

    Raises:
        Unavailable: if it may still be paid and Stripe cannot say; try again later.
    """
    if not _is_over(get_appointment(appointment_id)):
        return
    payment = find_live(appointment_id)
    if payment is not None:
        checkout.settle(payment.id)
    in_transaction(lambda: _release_if_over(appointment_id))


def alive(appointment: Appointment) -> Appointment:
    """Lock a hold that has not ended, and return it.

    Raises:
        HoldEnded: if it is no hold any more.
    """
    appointment = lock(appointment.id)
    check_alive(appointment)
    return appointment


def check_alive(appointment: Appointment) -> None:
    """Refuse to go on with a hold that has ended, even if nobody has taken its time yet.

    Raises:
        HoldEnded: if so.
    """
    is_hold = appointment.state is S.TENTATIVE and appointment.hold_ends_at is not None
    if not is_hold or _is_over(appointment):
        raise HoldEnded("This time is no longer held for you. Choose a time again.")


def have_it_released(appointment: Appointment) -> None:
    """Have a worker tidy up at the end that a hold has now."""
    ends_at = appointment.hold_ends_at
    if ends_at is not None:
        outbox.enqueue(
            RELEASE_JOB,
            key=f"{RELEASE_JOB}:{appointment.id}:{ends_at.isoformat()}",
            subject_id=appointment.id,
            at=ends_at + A_MOMENT,
        )


def _release_if_over(appointment_id: UUID) -> None:
    appointment = lock(appointment_id)
    if _is_over(appointment) and not may_be_paid([appointment_id]):
        release(appointment)


def _is_over(appointment: Appointment) -> bool:
    return appointment.hold_ends_at is not None and appointment.hold_ends_at < clock.now()
