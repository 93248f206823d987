"""The dates that a plan can have if it is not to cost more than so much."""

from __future__ import annotations

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.bounds import Bounds
from practice.sessions.rules.planner.dates import INFINITE
from practice.sessions.rules.planner.search import Search


def affordable(search: Search, most: int) -> list[int]:
    """Return, for each step, the dates with which a plan may still cost no more than ``most``.

    The tables of the search say what lies behind a date; the same made of the steps in reverse say
    what lies before it.
    """
    ahead = search.bounds
    before = Bounds(search.model, search.order[::-1], search.days, search.segments, most=most)
    days = list(search.days)
    for step in search.order:
        parts = [ahead.own[step], ahead.seen_from(step)]
        if ahead.layout.behind(step).isdisjoint(before.layout.behind(step)):
            parts.append(before.seen_from(step))
        cost = dates.all_added(parts, most)
        days[step] &= cost[-1][1] if cost else 0
    return days


def narrowed(search: Search, budget: int, *, most: int = INFINITE) -> Search:
    """Return the same search on the dates that plans of at most ``budget`` can have.

    Its tables know costs up to ``most``.
    """
    return Search(
        search.model,
        most=most,
        out_of_time=search.out_of_time,
        like=search,
        days=affordable(search, budget),
    )
