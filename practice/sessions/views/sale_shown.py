"""What was sold ahead, in words, for the pages of staff and of clients alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from practice.billing import sales
from practice.billing.rules.selling import EXPIRY_WORDS, LATE_WORDS, RULE_WORDS, Due
from practice.billing.sales import Left, Standing
from practice.billing.service.selling import next_amount
from practice.calendar.rules import zones
from practice.core.money import Money
from practice.people.queries import today_here
from practice.sessions.models import Course
from practice.sessions.queries.courses import get_course
from practice.sessions.rules.course_words import CLIENT_NAMES, step_names


@dataclass(frozen=True, slots=True)
class InstalmentShown:
    """One instalment: what is asked, when in words, and whether it is paid or due by now."""

    amount: Money
    when: str
    is_paid: bool
    is_due: bool


@dataclass(frozen=True, slots=True)
class SoldShown:
    """A sale as its pages show it. ``next`` is what to pay next, ``next_when`` when."""

    id: UUID
    title: str
    price: Money
    charged: Money
    paid: Money
    open: Money
    due: Money
    next: Money
    next_when: str
    instalments: tuple[InstalmentShown, ...]
    left: tuple[Left, ...]
    expires: str
    rule: str
    expiry: str
    late: str
    list: Money
    price_why: str | None
    is_live: bool
    course_id: UUID | None


def shown_for(for_id: UUID, names: Mapping[str, str]) -> SoldShown | None:
    """Return what was sold for one course, whose steps are called so; ``None`` if it was not."""
    sale = sales.sale_for(for_id)
    return shown_of(sales.standings([sale])[0], names) if sale is not None else None


def all_of(client_id: UUID) -> list[SoldShown]:
    """Return everything that a client bought ahead, in words for them, the newest first."""
    return [shown_of(each, names_for(each)) for each in sales.standings(sales.sales_of(client_id))]


def names_for(standing: Standing) -> Mapping[str, str]:
    """Return what a client calls the steps that make instalments due."""
    for_id = standing.sale.for_id
    if for_id is None or all(each.key is None for each in standing.dues):
        return {}
    return names_of_course(get_course(for_id))


def names_of_course(course: Course) -> Mapping[str, str]:
    return step_names(course.document["steps"], names=CLIENT_NAMES)


def shown_of(standing: Standing, names: Mapping[str, str]) -> SoldShown:
    """Put a sale into words."""
    sale, today = standing.sale, today_here()
    asked = _asked(standing.dues, sale.charged_minor)
    following = standing.next_due
    return SoldShown(
        id=sale.id,
        title=sale.title,
        price=sale.price,
        charged=sale.charged,
        paid=standing.paid,
        open=standing.open,
        due=standing.due(today),
        next=next_amount(standing),
        next_when=_when(following, names, today) if following else "",
        instalments=tuple(
            InstalmentShown(
                Money(minor, sale.price.currency),
                _when(each, names, today),
                is_paid=not each.open_minor,
                is_due=bool(each.open_minor) and each.on is not None and each.on <= today,
            )
            for each, minor in zip(standing.dues, asked, strict=True)
            if minor
        ),
        left=standing.left,
        expires=f"{zones.day_words(sale.expires_on)}, {sale.expires_on.year}"
        if sale.expires_on
        else "",
        rule=RULE_WORDS[sale.refund_rule],
        expiry=EXPIRY_WORDS[sale.expiry_rule],
        late=LATE_WORDS[sale.late_rule],
        list=Money(sale.list_minor or sale.price.minor, sale.price.currency),
        price_why=sale.price_why,
        is_live=standing.is_live,
        course_id=sale.for_id,
    )


def _asked(dues: Sequence[Due], charged_minor: int) -> list[int]:
    """Return what each instalment asks for, no more than the sale comes to in all."""
    found = []
    for each in dues:
        found.append(min(each.amount_minor, charged_minor))
        charged_minor -= found[-1]
    return found


def _when(due: Due, names: Mapping[str, str], today: date) -> str:
    """Say when an instalment is due: a day, and of what, as far as that is known."""
    what = names.get(due.key or "", "")
    what = what[:1].lower() + what[1:]
    if due.on is None:
        return f"when {what} is booked" if due.at_booking else f"on the day of {what}"
    on = "today" if due.on == today else zones.day_words(due.on)
    if not what:
        return f"due {on}"
    return f"due {on}, {'with the booking of' if due.at_booking else 'the day of'} {what}"
