"""What is left of each step's dates when no link may be without a partner at its other end."""

from __future__ import annotations

from collections.abc import Sequence

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.model import Segment
from practice.sessions.rules.planner.web import Link


def prune(
    links: Sequence[Link], tables: Sequence[Sequence[Segment]], days: Sequence[int]
) -> list[int] | None:
    """Return the dates on which each step can lie as far as single links tell.

    ``None`` if one has none left: then there is no plan.
    """
    left = list(days)
    if not all(left):
        return None
    changed = set(range(len(left)))
    order = list(range(len(links)))
    while changed:
        ended, changed = changed, set()
        for n in order:
            link, table = links[n], tables[n]
            if not {link.a, link.b} & (ended | changed):
                continue
            for at, other in (
                (link.b, onward(table, left[link.a])),
                (link.a, back(table, left[link.b])),
            ):
                kept = left[at] & other
                if kept != left[at]:
                    left[at] = kept
                    changed.add(at)
                    if not kept:
                        return None
        order.reverse()
    return left


def onward(table: Sequence[Segment], from_days: int) -> int:
    """Return the dates that the second step of a link can have."""
    found = 0
    for least, most, layers in table:
        bits = from_days & layers[-1][1]
        if bits:
            found |= dates.some_later(bits, least, most)
    return found


def back(table: Sequence[Segment], to_days: int) -> int:
    """Return the dates that the first step of a link can have."""
    found = 0
    for least, most, layers in table:
        found |= dates.some_earlier(to_days, least, most) & layers[-1][1]
    return found


def trimmed(table: Sequence[Segment], from_days: int, to_days: int) -> list[Segment]:
    """Return a link's table without what no two of some dates can make of it."""
    found: list[Segment] = []
    for low, high, layers in table:
        least, most = low, high
        while least <= most and not from_days & dates.moved(to_days, -least) & layers[-1][1]:
            least += 1
        while least < most and not from_days & dates.moved(to_days, -most) & layers[-1][1]:
            most -= 1
        if least < most:
            found.append((least, most, layers))
        elif least == most:
            both = from_days & dates.moved(to_days, -least)
            found.append((least, most, dates.within(layers, both)))
    return found
