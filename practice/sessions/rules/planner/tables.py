"""Tables over the dates of some steps: what they cost together at least."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.dates import ALL, INFINITE, Layers
from practice.sessions.rules.planner.model import Segment

Offsets: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What some steps cost together at least, by their dates.

    ``scope`` are the steps, in the order of the search. For more than one, ``entries`` hold by how
    many dates the middle ones lie after the first, and segments for the last one.
    """

    scope: tuple[int, ...]
    entries: Mapping[Offsets, Sequence[Segment]] = field(default_factory=dict)
    layers: Layers = ()  # for one step alone
    cost: int = 0  # for none


def cost_at(table: Table, days: Mapping[int, int]) -> int:
    """Return what a table says where all its steps have their dates."""
    if not table.scope:
        return table.cost
    return dates.cost_on(layers_of_last(table, days), days[table.scope[-1]])


def layers_of_last(table: Table, days: Mapping[int, int]) -> Layers:
    """Return what the dates of a table's last step cost where the others have theirs."""
    if len(table.scope) == 1:
        return table.layers
    first = days[table.scope[0]]
    key = tuple(days[n] - first for n in table.scope[1:-1])
    return layers_after(table.entries.get(key, ()), first)


def layers_after(segments: Iterable[Segment], day: int) -> Layers:
    """Return what the dates of a step cost if the first step of a table has its date."""
    costs: dict[int, int] = {}
    for low, high, layers in segments:
        cost = dates.cost_on(layers, day)
        if cost < INFINITE:
            first, past = max(day + low, 0), day + high + 1
            if first < past:
                costs[cost] = costs.get(cost, 0) | (1 << past) - (1 << first)
    return dates.layered(costs)


def free_after(table: Table, day: int) -> int:
    """Return the dates of the second step that cost nothing if the first has its date."""
    layers = layers_after(table.entries[()], day)
    return layers[0][1] if layers and layers[0][0] == 0 else 0


def reverse(segments: Iterable[Segment]) -> list[Segment]:
    """Turn a link round: by the dates of the step that was the second."""
    found: list[Segment] = []
    for low, high, layers in segments:
        if all(bits == ALL for _, bits in layers):
            found.append((-high, -low, layers))
        else:
            found += (
                (-x, -x, tuple((cost, _shifted(bits, x)) for cost, bits in layers))
                for x in range(low, high + 1)
            )
    return sorted(found, key=lambda segment: segment[0])


def merge(
    scope: Sequence[int],
    offsets: Offsets,
    tables: Sequence[Table],
    most: int = INFINITE,
    total: Sequence[Segment] | None = None,
) -> list[Segment]:
    """Add up tables that end at one step, where the other steps lie so far after the first.

    ``total`` is what has been added up before; costs above ``most`` are left out.
    """
    lies = dict(zip(scope, offsets, strict=True))
    for table in tables:
        first = lies[table.scope[0]]
        key = tuple(lies[n] - first for n in table.scope[1:-1])
        segments = table.entries.get(key, ())
        if first:
            segments = [
                (low + first, high + first, tuple((c, _shifted(b, -first)) for c, b in layers))
                for low, high, layers in segments
            ]
        total = segments if total is None else _both(total, segments, most)
        if not total:
            return []
    return list(total or ())


def _both(one: Sequence[Segment], other: Sequence[Segment], most: int) -> list[Segment]:
    found: list[Segment] = []
    n = m = 0
    while n < len(one) and m < len(other):
        low_one, high_one, layers_one = one[n]
        low_other, high_other, layers_other = other[m]
        low = max(low_other, low_one)
        high = min(high_other, high_one)
        if low <= high:
            layers = dates.added(layers_one, layers_other, most)
            if layers:
                found.append((low, high, layers))
        if high_one < high_other:
            n += 1
        else:
            m += 1
    return found


def _shifted(bits: int, by: int) -> int:
    return ALL if bits == ALL else dates.moved(bits, by)
