"""What ending a course early comes to, for whose reason; and a course's money taken in person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from practice.audit.rules import Actor
from practice.billing import sales
from practice.billing.models import Payment
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.payments import PaymentMethod
from practice.billing.rules.selling import Ending, Fee
from practice.billing.service import ending, selling, units
from practice.calendar.rules import zones
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.sessions.models import Appointment, Course
from practice.sessions.rules.late import Why
from practice.sessions.service import late, readiness


def preview(course: Course, coming: Sequence[Appointment], why: Why) -> Ending | None:
    """Return what ending a course now comes to; ``None`` where it was not sold as one.

    ``coming`` are the sessions that end with it. A client who ends it pays what cancelling them
    now costs by their terms; for every other reason nobody is charged.
    """
    sale = sales.sale_for(course.id)
    if sale is None or sale.ended_at is not None:
        return None
    return ending.preview(sale, fees_of(coming, why))


def fees_of(coming: Sequence[Appointment], why: Why) -> list[Fee]:
    """Return what cancelling the sessions of a sale costs now, for a reason."""
    wish = late.Wish(why)
    found = []
    for each in coming:
        if each.sale_id is not None:
            fee = late.fee_of(each, FeeFor.CANCELLED, wish)
            when = zones.instant_words(each.starts_at, each.time_zone)
            found.append(Fee(f"Cancelled late: {each.label}, {when}", fee.minor))
    return [each for each in found if each.minor]


def end(course: Course, fees: Sequence[Fee], *, seen: int | None, by: Actor) -> Ending | None:
    """End what was sold with a course whose sessions are cancelled. Inside ``transaction()``.

    Raises:
        Conflict: if it no longer comes to what the page said.
    """
    sale = sales.sale_for(course.id)
    if sale is None or sale.ended_at is not None:
        return None
    return ending.end(sale.id, fees=fees, seen=seen, by=by)


def take_payment(
    sale_id: UUID, amount: Money, method: PaymentMethod, *, payment_id: UUID, by: Actor
) -> Payment:
    """Write down what a client paid for something sold ahead in person, with its receipt.

    Raises:
        NothingToPay: if it is more than is open.
        Invalid: for no amount, or a way of paying that is not used in person.
    """
    readiness.take_turns_on_client(sales.get_sale(sale_id).client_id)
    return selling.take_payment(sale_id, amount, method, payment_id=payment_id, by=by)


def end_package(sale_id: UUID, *, seen: int | None, by: Actor) -> Ending:
    """End a package that is for no course. Inside ``transaction()``.

    Raises:
        Conflict: while sessions are booked on it, or if it no longer comes to ``seen``.
    """
    [standing] = sales.standings([units.lock(sale_id)])
    if seen is None:
        raise Conflict("Look at the amounts again.")
    if any(each.booked for each in standing.left):
        raise Conflict("Sessions of this package are still booked. Cancel them first.")
    return ending.end(sale_id, seen=seen, by=by)
