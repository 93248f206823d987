"""What a session that is to be booked will ask for, said before anybody confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from practice.billing import sales
from practice.calendar.rules import zones
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Service
from practice.sessions.service import pricing


@dataclass(frozen=True, slots=True)
class Cost:
    """What some sessions of a service ask for.

    ``covered`` of them are paid with what was bought ahead; each of the others asks for ``each``.
    """

    words: str
    covered: int
    each: Money
    to_pay: Money


def cost_of(
    client: Client,
    service: Service,
    starts: Sequence[datetime],
    *,
    course_step: tuple[UUID, str] | None = None,
) -> Cost:
    """Say what sessions at some starts will ask for.

    ``course_step`` names the course and the step that the first of them becomes, if it does. Two
    statements at least, and six more where the client bought something that is left.
    """
    zone = get_practice().time_zone
    days = sorted(zones.local_date(each, zone) for each in starts)
    each, why = pricing.price_for(client.id, service, days[0])
    title, covered = "", 0
    if course_step is not None:
        sale = sales.sale_for(course_step[0])
        if sale is not None and sale.ended_at is None and sale.item(course_step[1]) is not None:
            title, covered = sale.title, 1
    left = 0
    if each and covered < len(days):
        found = sales.standings(sales.free_units(client.id, service.slug, days[0]))
        free = {one.sale.id: one.free(service.slug) for one in found}
        for day in days[covered:]:
            one = next((s for s in found if s.lasts(day) and free[s.sale.id]), None)
            if one is not None:
                free[one.sale.id] -= 1
                covered, title = covered + 1, title or one.sale.title
        left = sum(free.values())
    alone = len(days) - covered
    to_pay = Money(each.minor * alone, each.currency)
    cost = f"{each}, {why}" if why else str(each) if each else "Free"
    if not covered and each and _bought(client.id, service.slug):
        cost = f"{cost}. No session is left of what was bought ahead"
    words = _words(cost, title, covered=covered, alone=alone, left=left)
    return Cost(words, covered, each, to_pay)


def _bought(client_id: UUID, slug: str) -> bool:
    return any(
        each.ended_at is None and each.for_id is None and each.item(slug)
        for each in sales.sales_of(client_id)
    )


def _words(cost: str, title: str, *, covered: int, alone: int, left: int) -> str:
    if not covered:
        return cost
    if not alone:
        after = f"; {left} left after {'it' if covered == 1 else 'them'}" if left else ""
        return f"Paid with {title}{after}"
    others = "the other costs" if alone == 1 else f"the other {alone} cost"
    return f"{covered} paid with {title}, none is left then: {others} {cost}{' each' * (alone > 1)}"
