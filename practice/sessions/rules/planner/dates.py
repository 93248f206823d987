"""Sets of local dates as bits, and sets of them for each cost.

Bit 0 is the first date of the axis. A set for which nothing is ruled out is ``ALL``, which has no
last bit. ``Layers`` say what dates cost: pairs of a cost and the dates that cost no more than it,
cheapest first, each set containing the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from practice.calendar.rules.timeline import dilate

ALL = -1
INFINITE = 1 << 60

Layers: TypeAlias = tuple[tuple[int, int], ...]

FREE: Layers = ((0, ALL),)
"""Every date, at no cost."""

NEVER: Layers = ()


def bits_of(dates: int) -> Iterator[int]:
    """Yield the numbers of the dates in a set, in order."""
    while dates:
        low = dates & -dates
        yield low.bit_length() - 1
        dates ^= low


def moved(dates: int, by: int) -> int:
    """Move a set by some dates, forward or back; what falls before the first date is lost."""
    return dates << by if by >= 0 else dates >> -by


def some_later(dates: int, least: int, most: int) -> int:
    """Return the dates that lie ``least`` to ``most`` after some date of the set."""
    return moved(dilate(dates, most - least), least) if dates != ALL else ALL


def some_earlier(dates: int, least: int, most: int) -> int:
    """Return the dates after which some date of the set lies, ``least`` to ``most`` later."""
    return moved(dilate(dates, most - least), -most) if dates != ALL else ALL


def layered(found: Mapping[int, int], most: int = INFINITE) -> Layers:
    """Make layers of sets by cost, without costs above ``most`` and those that add nothing."""
    layers: list[tuple[int, int]] = []
    so_far = 0
    for cost in sorted(found):
        if cost > most:
            break
        bits = so_far | found[cost]
        if bits != so_far:
            layers.append((cost, bits))
            so_far = bits
    return tuple(layers)


def added(one: Layers, other: Layers, most: int = INFINITE) -> Layers:
    """Return what dates cost that cost something twice, up to ``most``."""
    if one == FREE:
        one, other = other, one
    if other == FREE:
        return (
            one if most >= INFINITE or not one or one[-1][0] <= most else layered(dict(one), most)
        )
    if len(one) == len(other) == 1:
        cost, bits = one[0][0] + other[0][0], one[0][1] & other[0][1]
        return ((cost, bits),) if bits and cost <= most else NEVER
    found: dict[int, int] = {}
    for cost, bits in one:
        for more, where in other:
            if cost + more > most:
                break
            both = bits & where
            if both:
                found[cost + more] = found.get(cost + more, 0) | both
    return layered(found)


def all_added(many: Iterable[Layers], most: int = INFINITE) -> Layers:
    """Return what dates cost in all."""
    total = FREE
    for layers in many:
        total = added(total, layers, most)
    return total


def higher(one: Layers, other: Layers) -> Layers:
    """Return, for each date, the higher of two costs."""
    costs = sorted({cost for cost, _ in (*one, *other)})
    return layered({cost: _up_to(one, cost) & _up_to(other, cost) for cost in costs})


def _up_to(layers: Layers, most: int) -> int:
    found = 0
    for cost, bits in layers:
        if cost <= most:
            found = bits
    return found


def within(layers: Layers, dates: int) -> Layers:
    """Return the layers of some dates alone."""
    return layered({cost: bits & dates for cost, bits in layers})


def cost_on(layers: Layers, date: int) -> int:
    """Return what one date costs; ``INFINITE`` if it is ruled out."""
    for cost, bits in layers:
        if bits >> date & 1:
            return cost
    return INFINITE


def least(layers: Layers) -> int:
    """Return the cost of the cheapest date; ``INFINITE`` if there is none."""
    return layers[0][0] if layers else INFINITE
