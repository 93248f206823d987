"""Sessions that are part of something bought ahead: a package, or a course with one price.

Such a session costs nothing by itself. It takes a unit of the sale when it is booked, uses it when
it takes place, and gives it back when it does not. Call inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from practice.audit.rules import Actor
from practice.billing import sales
from practice.billing.accounts import kept_minor
from practice.billing.rules.selling import Item, LateRule, Part, RefundRule
from practice.billing.sale_models import Sale
from practice.billing.service import selling, units
from practice.billing.service.selling import Terms
from practice.billing.service.units import NoUnitLeft
from practice.calendar.rules import zones
from practice.core.db import db
from practice.core.money import Money
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Course, CourseStepRow, Service
from practice.sessions.queries.courses import services_named
from practice.sessions.rules.courses import read_known
from practice.sessions.rules.lifecycle import LIVE, AppointmentState

S = AppointmentState


def sell_course(course: Course, *, by: Actor) -> Sale | None:
    """Sell a course that is locked for its one price, once; ``None`` if it has none.

    What its client booked alone before, and paid or had already, stays so and counts towards the
    price: nobody pays more in all. Each other session that the practice bills is a unit of its
    own, named by its step. ``bill`` comes last.
    """
    if (made := sales.sale_for(course.id)) is not None:
        return made
    if not isinstance(course.terms.get("package_cents"), int) or not course.price:
        return None
    document = {each["key"]: each for each in course.document["steps"]}
    services = services_named(each["service"] for each in document.values())
    rows = [each for each in course.steps if each.dropped_at is None and not each.is_external]
    billed = [each for each in rows if services[document[each.key]["service"]].billed_by_practice]
    alone = _alone(billed)
    items = [
        _item(each, services[document[each.key]["service"]])
        for each in billed
        if each.key not in alone
    ]
    if not items:
        return None
    minor = max(0, course.price.minor - sum(alone.values()))
    return selling.sell(
        course.client,
        Terms(
            title=course.title,
            items=items,
            price=Money(minor, course.price.currency),
            rule=RefundRule(course.terms.get("refund_rule", RefundRule.AT_LIST)),
            late_rule=LateRule(course.terms.get("late_rule", LateRule.UNIT_USED)),
            list_minor=course.terms["package_cents"] if "own" in course.terms else None,
            price_why=course.terms.get("own"),
            parts=_parts(course, {each.key for each in rows}),
        ),
        for_id=course.id,
        by=by,
    )


def _item(row: CourseStepRow, service: Service) -> Item:
    return Item(row.key, service.label, 1, service.price.minor)


def _alone(rows: list[CourseStepRow]) -> Mapping[str, int]:
    """Return what the steps cost that were paid alone, or took place before the course did."""
    booked = {each.key: each.appointment for each in rows if each.appointment is not None}
    kept = kept_minor([each.id for each in booked.values()]) if booked else {}
    return {
        key: each.price.minor
        for key, each in booked.items()
        if each.state not in {S.TENTATIVE, S.CONFIRMED} or kept.get(each.id)
    }


def _parts(course: Course, keys: set[str]) -> tuple[Part, ...]:
    """Return the instalments of a course. One whose step was left out is due when it is sold."""
    parts = tuple(
        Part(each.percent, key=each.step, at_booking=each.at_booking)
        if each.step in keys
        else Part(each.percent)
        for each in read_known(course.document).installments
    )
    return parts if sum(each.percent for each in parts) == 100 else (Part(100),)


def cover_step(course: Course, key: str, appointment: Appointment, *, by: Actor) -> None:
    """Let a session be paid with the course that it is a step of, if that was sold with it."""
    sale = sales.sale_for(course.id)
    if sale is not None and sale.ended_at is None and sale.item(key) is not None:
        _take(sale, key, appointment, by)


def cover_course(course: Course, sale: Sale, *, by: Actor) -> None:
    """Let all sessions of a course that are booked be paid with it."""
    for row in course.steps:
        session = row.appointment
        is_ahead = session is not None and session.state in {S.TENTATIVE, S.CONFIRMED}
        if session is not None and is_ahead and session.sale_id is None and sale.item(row.key):
            _take(sale, row.key, session, by)


def cover_by_package(appointment: Appointment, *, by: Actor) -> bool:
    """Let a session be paid with a package of its client, if one has such a session left."""
    if appointment.client_id is None or not appointment.price:
        return False
    what = appointment.service.slug
    for sale in sales.free_units(appointment.client_id, what, _day_of(appointment)):
        try:
            _take(sale, what, appointment, by)
        except NoUnitLeft:  # somebody was quicker: perhaps the next package has one
            continue
        return True
    return False


def loses_unit(appointment: Appointment) -> bool:
    """Say whether a session of something sold ahead counts as used where all of it is charged."""
    if appointment.sale_id is None:
        return False
    return sales.get_sale(appointment.sale_id).late_rule is LateRule.UNIT_USED


def _day_of(appointment: Appointment) -> date:
    return zones.local_date(appointment.starts_at, get_practice().time_zone)


def _take(sale: Sale, what: str, appointment: Appointment, by: Actor) -> None:
    units.reserve(sale.id, what, appointment.id, by)
    appointment.sale_id, appointment.sale_what = sale.id, what
    db.session.flush()


def deliver(appointment: Appointment, *, by: Actor) -> None:
    """Use up the unit of a session that took place: its share of the price is earned."""
    if appointment.sale_id is not None and appointment.sale_what is not None:
        selling.deliver(appointment.sale_id, appointment.sale_what, appointment.id, by=by)


def let_go(appointment: Appointment, *, by: Actor) -> None:
    """Give the unit of a session back that will not take place. What it costs is another matter."""
    if appointment.sale_id is not None and appointment.sale_what is not None:
        units.restore(appointment.sale_id, appointment.sale_what, appointment.id, by)


def take_again(appointment: Appointment, *, by: Actor) -> None:
    """Let a session that stands again have its unit; without one left, it is paid alone."""
    if appointment.sale_id is None or appointment.sale_what is None:
        return
    if appointment.state not in LIVE:
        return
    try:
        units.reserve(appointment.sale_id, appointment.sale_what, appointment.id, by)
    except NoUnitLeft:
        appointment.sale_id = appointment.sale_what = None
        db.session.flush()


def bill_course(course: Course, *, by: Actor) -> None:
    """Issue the invoice for a course that was sold: the last step of booking it."""
    sale = sales.sale_for(course.id)
    if sale is not None:
        selling.bill(sale, course.client, by=by)
