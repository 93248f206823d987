"""What it costs to cancel, move or miss a session, said beforehand and decided with the change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import fees as reading
from practice.billing.accounts import kept_minor
from practice.billing.fee_models import Fee
from practice.billing.rules.fees import FeeFor, Split, split
from practice.billing.service import fees
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.outbox.rules import UNDO_FOR
from practice.people.queries import get_practice
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment
from practice.sessions.rules import late
from practice.sessions.rules.late import CLIENT_WORDS, NOT_THERE, WORDS, Why
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import covering

S = AppointmentState
MISSED_MAIL = "missed"

BY_STAFF: dict[FeeFor, tuple[Why, ...]] = {
    FeeFor.CANCELLED: tuple(Why),
    FeeFor.MOVED: (Why.PRACTICE, Why.CLIENT, Why.ILLNESS, Why.WEATHER),
    FeeFor.MISSED: (Why.CLIENT, Why.NOT_READY, Why.ILLNESS, Why.PRACTICE, Why.WEATHER),
}
BY_CLIENT = (Why.CLIENT, Why.ILLNESS)


class CostsOtherwise(Conflict):
    """Time has passed since the page said what it costs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Why a session is changed. ``waived_why`` says why nobody is charged for it all the same.

    ``expected`` is what the page said that it costs: it never costs anything else. With
    ``rest_is_credit`` what was paid beyond the fee stays here for something else.
    """

    why: Why
    waived_why: str | None = None
    expected: Money | None = None
    rest_is_credit: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One reason for a change, and what the change does to money for that reason.

    With ``takes_unit`` the ``fee`` is not asked for: a session sold ahead counts as used instead.
    """

    why: Why
    words: str
    split: Split
    fee: Money
    takes_unit: bool = False

    @property
    def code(self) -> str:
        """What it is and costs, so that it costs that or nothing happens."""
        return f"{self.why}:{self.fee.minor}"


def choices(
    appointment: Appointment, fee_for: FeeFor, whys: tuple[Why, ...] | None = None
) -> list[Choice]:
    """Say for each reason what a change costs now, what of it was paid and what goes back.

    ``whys`` are those that a client chooses from; left out, staff do.

    Moving keeps what was paid with the session, so a fee for it is owed as a whole. An illness
    counts once: who had one before is not offered it again. Where nothing costs anything there
    is one choice alone. Two statements at most.
    """
    found = whys if whys is not None else BY_STAFF[fee_for]
    if not any(_fee(appointment, fee_for, each) for each in found):
        found = found[:1]
    if Why.ILLNESS in found and (appointment.client_id is None or _was_ill(appointment)):
        found = tuple(each for each in found if each is not Why.ILLNESS)
    paid = _paid(appointment, fee_for)
    words = WORDS if whys is None else CLIENT_WORDS
    if fee_for is FeeFor.MISSED:
        words = {**words, Why.CLIENT: NOT_THERE}
    return [_choice(appointment, fee_for, each, words[each], paid) for each in found]


def _choice(appointment: Appointment, fee_for: FeeFor, why: Why, words: str, paid: Money) -> Choice:
    fee = _fee(appointment, fee_for, why)
    takes = takes_unit(appointment, fee_for, fee)
    asked = Money(0, fee.currency) if takes else fee
    return Choice(why, words, split(asked, paid), fee, takes)


def takes_unit(appointment: Appointment, fee_for: FeeFor, fee: Money) -> bool:
    """Say whether a session of something sold ahead counts as used, instead of its fee.

    So it does where that was agreed and the fee is all of its price. Moved, it still takes place.
    """
    if appointment.sale_id is None or fee_for is FeeFor.MOVED or not fee:
        return False
    return fee.minor >= appointment.price.minor and covering.loses_unit(appointment)


def _paid(appointment: Appointment, fee_for: FeeFor) -> Money:
    minor = 0 if fee_for is FeeFor.MOVED else kept_minor([appointment.id]).get(appointment.id, 0)
    return Money(minor, appointment.price.currency)


def _fee(
    appointment: Appointment, fee_for: FeeFor, why: Why, starts_at: datetime | None = None
) -> Money:
    a = appointment
    if a.client_id is None or a.state is S.REQUESTED or not a.service.billed_by_practice:
        return Money(0, a.price.currency)
    if fee_for is FeeFor.MISSED:
        return late.missed_fee(a.policy, a.price, why)
    at = starts_at or a.starts_at
    return late.fee(a.policy, a.price, why, starts_at=at, now=clock.now())


def fee_of(
    appointment: Appointment,
    fee_for: FeeFor,
    wish: Wish | None,
    *,
    starts_at: datetime | None = None,
) -> Money:
    """Return what a change costs now. Without a wish it is the practice's own doing.

    Call before the change, with the session locked, or with when it was to start.

    Raises:
        Conflict: for an illness of somebody who had one before.
        CostsOtherwise: if the page said something else.
    """
    if wish is None:
        return Money(0, appointment.price.currency)
    if wish.why is Why.ILLNESS and _was_ill(appointment):
        raise Conflict("An illness is free of charge the first time. There was one before.")
    fee = _fee(appointment, fee_for, wish.why, starts_at)
    if wish.expected not in (None, fee):
        raise CostsOtherwise(f"By now this costs {fee}. Look at it again. Nothing was changed.")
    return fee


def charge(
    appointment: Appointment,
    fee_for: FeeFor,
    fee: Money,
    wish: Wish | None,
    *,
    by: Actor,
    starts_at: datetime | None = None,
) -> Fee | None:
    """Write down why a session was changed, and its fee; return that, if there is one.

    Call behind the change, in its transaction.
    """
    if wish is None:
        return None
    if fee_for is not FeeFor.MOVED:
        appointment.off_why, appointment.rest_is_credit = wish.why.value, wish.rest_is_credit
        db.session.flush()
    if not fee or appointment.client_id is None:
        return None
    if wish.waived_why:
        audit.record("appointment:waive", by=by, subject_id=appointment.id, why=wish.waived_why)
        return None
    zone = get_practice().time_zone
    return fees.decide(
        appointment.client_id,
        appointment.id,
        change=appointment.sequence,
        fee_for=fee_for,
        amount=fee,
        service_on=zones.local_date(starts_at or appointment.starts_at, zone),
        page=booking_link(appointment),
        by=by,
        rest_is_credit=wish.rest_is_credit,
        takes_unit=takes_unit(appointment, fee_for, fee),
    )


def charge_move(
    appointment: Appointment, wish: Wish | None, *, was_at: datetime, by: Actor
) -> None:
    """Decide what it costs that a session was moved from ``was_at``, as ``charge`` does.

    Raises:
        Conflict, CostsOtherwise: as ``fee_of``. Then nothing must be committed.
    """
    fee = fee_of(appointment, FeeFor.MOVED, wish, starts_at=was_at)
    charge(appointment, FeeFor.MOVED, fee, wish, by=by, starts_at=was_at)


def tell_of_missing(appointment: Appointment) -> None:
    """Mail a client what a session costs that they missed, once it is charged."""
    if appointment.client is None:
        return
    outbox.post(
        MISSED_MAIL,
        key=f"{MISSED_MAIL}:{appointment.id}",
        to=appointment.client.email,
        about_id=appointment.id,
        client_id=appointment.client_id,
        at=clock.now() + UNDO_FOR,
    )


def unsay_missing(appointment: Appointment) -> None:
    """Take the mail back of what missing costs, unless it has gone out."""
    outbox.withdraw_mail(f"{MISSED_MAIL}:{appointment.id}")


def undone(appointment_id: UUID, change: int) -> None:
    """Let the fee for a change that was taken back never have been."""
    fees.withdraw(appointment_id, change)


def fee_open(appointment: Appointment) -> Money:
    """Return what is open of the fees for a session that will not take place any more."""
    nothing = Money(0, appointment.price.currency)
    found = [each for each in reading.fees_of(appointment.id) if each.settles_id == appointment.id]
    return sum((reading.open_of(each) for each in found), nothing)


def _was_ill(appointment: Appointment) -> bool:
    """Say whether another session of the client was called off for an illness."""
    return bool(
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Appointment)
            .where(
                Appointment.client_id == appointment.client_id,
                Appointment.id != appointment.id,
                Appointment.off_why == Why.ILLNESS,
            )
        )
    )
