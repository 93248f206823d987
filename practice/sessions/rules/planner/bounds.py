"""How much the rest of a plan costs at least, seen from the dates of the steps placed so far.

Steps are struck out from the last to the first. Striking one out leaves, for the dates of the
earlier steps that it is linked to, the least that it and all behind it cost: a table that is exact
about dates. Where such a table would speak of too many steps at once, the link to the earliest of
them is left out; as soon as that step has its date, the tables are made anew for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TypeAlias

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.dates import ALL, INFINITE, Layers
from practice.sessions.rules.planner.model import Model, Segment

MOST_ENTRIES = 300
MOST_WAYS_UNLINKED = 20
MOST_STEPS = 3

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


@dataclass(slots=True)
class Group:
    """What is added up when a step is struck out: links and tables that end at it."""

    step: int
    scope: tuple[int, ...]
    links: list[Table]
    made: list[tuple[int, int]]
    with_own: bool
    offsets: list[Offsets] = field(default_factory=list)
    merged: dict[Offsets, list[Segment]] = field(default_factory=dict)


class Bounds:
    """Tables for one model, one order of steps and the dates that pruning left.

    Costs above ``most`` count as infinite.
    """

    def __init__(
        self,
        model: Model,
        order: Sequence[int],
        days: Sequence[int],
        segments: Mapping[int, list[Segment]],
        *,
        most: int = INFINITE,
    ) -> None:
        self.model, self.order, self.days, self.most = model, list(order), days, most
        self.at = {step: n for n, step in enumerate(self.order)}
        self.own = {n: dates.within(model.own_layers(n), days[n]) for n in self.order}
        self.links: dict[tuple[int, int], Table] = {}
        for number, table in segments.items():
            link = model.web.links[number]
            if self.at[link.a] < self.at[link.b]:
                self.links[link.a, link.b] = Table((link.a, link.b), {(): table})
            else:
                self.links[link.b, link.a] = Table((link.b, link.a), {(): reverse(table)})
        self.long: dict[int, list[Table]] = {n: [] for n in self.order}
        self.groups: dict[int, list[Group]] = {}
        self.alone: dict[int, list[tuple[int, int]]] = {n: [] for n in self.order}
        self._lay_out()
        self.anchors = {t.scope[0] for tables in self.long.values() for t in tables}
        self.seen_by = self._seen_by()
        self.open_at = self._open_at()
        self._made: dict[tuple[object, ...], list[Table]] = {}

    def again(self, model: Model, *, most: int = INFINITE) -> Bounds:
        """Return the same tables for another price of single steps, or another highest cost."""
        other = copy(self)
        other.model, other.most = model, most
        other.own = {
            n: dates.within(model.own_layers(n), self.days[n])
            if n in model.own or n in self.model.own
            else layers
            for n, layers in self.own.items()
        }
        other._made = {}  # noqa: SLF001  # it is one of us
        return other

    # The plan of striking out ---------------------------------------------------------------------

    def _lay_out(self) -> None:
        ends: dict[int, list[tuple[int, int]]] = {n: [] for n in self.order}
        scopes: dict[tuple[int, int], tuple[int, ...]] = {}
        for step in reversed(self.order):
            links = sorted(
                (t for t in self.links.values() if t.scope[1] == step),
                key=lambda t: self.at[t.scope[0]],
            )
            self.alone[step] = [m for m in ends[step] if scopes[m] == (step,)]
            made = [m for m in ends[step] if scopes[m] != (step,)]
            while links and not self._is_small(self._scope(step, links, made, scopes)):
                self.long[step].append(links.pop(0))
            bundles = [(links, made, True)]
            if not self._is_small(self._scope(step, links, made, scopes)):
                bundles = [(links, [], True), *(([], [each], False) for each in made)]
            self.groups[step] = []
            for nth, (some, tables, with_own) in enumerate(bundles):
                scope = self._scope(step, some, tables, scopes)
                group = Group(step, scope, some, tables, with_own)
                group.offsets = list(self._offsets(scope))
                self.groups[step].append(group)
                scopes[step, nth] = scope
                if scope:
                    ends[scope[-1]].append((step, nth))
        self.scopes = scopes

    def _scope(
        self,
        step: int,
        links: Iterable[Table],
        made: Iterable[tuple[int, int]],
        scopes: Mapping[tuple[int, int], tuple[int, ...]],
    ) -> tuple[int, ...]:
        found = {t.scope[0] for t in links}
        found |= {n for each in made for n in scopes[each] if n != step}
        return tuple(sorted(found, key=self.at.__getitem__))

    def _is_small(self, scope: tuple[int, ...]) -> bool:
        if len(scope) > MOST_STEPS:
            return False
        entries = 1
        for n, step in enumerate(scope[1:], 1):
            ways = min(high - low + 1 for low, high in self._ranges(scope[:n], step).values())
            if ways > MOST_WAYS_UNLINKED and not any((a, step) in self.links for a in scope[:n]):
                return False
            entries *= ways
        return entries <= MOST_ENTRIES

    def _ranges(self, earlier: Sequence[int], step: int) -> dict[int, tuple[int, int]]:
        """Return how many dates after some earlier steps a step can lie."""
        found: dict[int, tuple[int, int]] = {}
        for other in earlier:
            table = self.links.get((other, step))
            if table is not None:
                segments = table.entries[()]
                found[other] = (segments[0][0], segments[-1][1]) if segments else (0, 0)
        if not found:
            other = earlier[0]
            one, two = self.days[other], self.days[step]
            first = (two & -two).bit_length() - one.bit_length()
            last = two.bit_length() - (one & -one).bit_length()
            found[other] = (first, last)
        return found

    def _offsets(self, scope: tuple[int, ...]) -> Iterator[Offsets]:
        """Yield how many dates after the first of some steps the others can lie."""
        found: list[Offsets] = [(0,)]
        for n, step in enumerate(scope[1:], 1):
            ranges = self._ranges(scope[:n], step)
            longer = []
            for so_far in found:
                low = max(so_far[scope.index(other)] + r[0] for other, r in ranges.items())
                high = min(so_far[scope.index(other)] + r[1] for other, r in ranges.items())
                longer += [(*so_far, x) for x in range(low, high + 1)]
            found = longer
        yield from found

    def _seen_by(self) -> dict[int, tuple[int, ...]]:
        """Return the anchors of links left out at a step or behind it, in the order of the search."""
        seen: set[int] = set()
        found = {}
        for step in reversed(self.order):
            seen |= {t.scope[0] for t in self.long[step]}
            found[step] = tuple(sorted(seen, key=self.at.__getitem__))
        return found

    def _open_at(self) -> list[list[tuple[int, int, tuple[int, ...]]]]:
        """Return, for each place in the order, the tables that speak only of steps up to it."""
        found = []
        for place in range(len(self.order)):
            found.append(
                [
                    (step, nth, scope)
                    for (step, nth), scope in self.scopes.items()
                    if self.at[step] > place and all(self.at[n] <= place for n in scope)
                ]
            )
        return found

    # Striking out ---------------------------------------------------------------------------------

    def root(self) -> int:
        """Return the least that a plan costs."""
        total = 0
        for (step, nth), scope in self.scopes.items():
            if not scope:
                total += self.tables(step, {})[nth].cost
        return min(total, INFINITE)

    def tables(self, step: int, given: Mapping[int, int]) -> list[Table]:
        """Return what striking out a step leaves, where some anchors have their dates."""
        key = (step, *((n, given[n]) for n in self.seen_by[step] if n in given))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._strike_out(step, given)
        return found

    def _strike_out(self, step: int, given: Mapping[int, int]) -> list[Table]:
        parts = [self.own[step]]
        parts += (
            layers_after(table.entries[()], given[table.scope[0]])
            for table in self.long[step]
            if table.scope[0] in given
        )
        parts += (self.tables(one, given)[nth].layers for one, nth in self.alone[step])
        own = dates.all_added(parts, self.most)
        plain = dates.layered({0: self.days[step]})
        return [
            self._table(group, own if group.with_own else plain, given)
            for group in self.groups[step]
        ]

    def _table(self, group: Group, own: Layers, given: Mapping[int, int]) -> Table:
        scope = group.scope
        if not scope:
            return Table((), cost=dates.least(own))
        made = [self.tables(step, given)[nth] for step, nth in group.made]
        found: dict[Offsets, list[Segment]] = {}
        ranges: dict[tuple[int, int, int], int] = {}
        first_days, most = self.days[scope[0]], self.most
        for offsets in group.offsets:
            if made:
                segments = merge(scope, offsets, [*group.links, *made])
            else:
                segments = group.merged.get(offsets)  # type: ignore[assignment]
                if segments is None:
                    segments = group.merged[offsets] = merge(scope, offsets, group.links)
            costs: dict[int, int] = {}
            for low, high, layers in segments:
                for nth, (cost, bits) in enumerate(own):
                    before = ranges.get((nth, low, high))
                    if before is None:
                        before = dates.some_earlier(bits, low, high) & first_days
                        ranges[nth, low, high] = before
                    if before:
                        for more, where in layers:
                            both = before & where
                            if both and cost + more <= most:
                                costs[cost + more] = costs.get(cost + more, 0) | both
            result = dates.layered(costs)
            if len(scope) == 1:
                return Table(scope, layers=result)
            if result:
                entry = found.setdefault(offsets[1:-1], [])
                x = offsets[-1]
                if entry and entry[-1][1] == x - 1 and entry[-1][2] == result:
                    entry[-1] = (entry[-1][0], x, result)
                else:
                    entry.append((x, x, result))
        return Table(scope, entries=found)

    # For the search -------------------------------------------------------------------------------

    def ahead(self, place: int, days: Mapping[int, int], given: Mapping[int, int]) -> Layers:
        """Return what all behind a place costs at least, by the date of the step at that place.

        ``days`` are the dates of the steps before it, ``given`` those of the anchors among them.
        """
        step = self.order[place]
        total, parts = 0, []
        for one, nth, scope in self.open_at[place]:
            table = self.tables(one, given)[nth]
            if not scope:
                total += table.cost
            elif scope[-1] != step:
                total += cost_at(table, days)
            elif len(scope) == 1:
                parts.append(table.layers)
            else:
                first = days[scope[0]]
                key = tuple(days[n] - first for n in scope[1:-1])
                parts.append(layers_after(table.entries.get(key, ()), first))
            if total >= INFINITE:
                return dates.NEVER
        layers = dates.all_added(parts, self.most)
        if total:
            layers = tuple((cost + total, bits) for cost, bits in layers)
        return layers


def cost_at(table: Table, days: Mapping[int, int]) -> int:
    """Return what a table says where all its steps have their dates."""
    if len(table.scope) == 1:
        return dates.cost_on(table.layers, days[table.scope[0]])
    first = days[table.scope[0]]
    x = days[table.scope[-1]] - first
    key = tuple(days[n] - first for n in table.scope[1:-1])
    for low, high, layers in table.entries.get(key, ()):
        if low <= x <= high:
            return dates.cost_on(layers, first)
    return INFINITE


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


def merge(scope: Sequence[int], offsets: Offsets, tables: Sequence[Table]) -> list[Segment]:
    """Add up tables that end at one step, where the other steps lie so far after the first."""
    lies = dict(zip(scope, offsets, strict=True))
    total: list[Segment] | None = None
    for table in tables:
        first = lies[table.scope[0]]
        key = tuple(lies[n] - first for n in table.scope[1:-1])
        segments = table.entries.get(key, ())
        if first:
            segments = [
                (low + first, high + first, tuple((c, _shifted(b, -first)) for c, b in layers))
                for low, high, layers in segments
            ]
        total = list(segments) if total is None else _both(total, segments)
        if not total:
            return []
    return total or []


def _both(one: Sequence[Segment], other: Sequence[Segment]) -> list[Segment]:
    found: list[Segment] = []
    n = m = 0
    while n < len(one) and m < len(other):
        low, high = max(one[n][0], other[m][0]), min(one[n][1], other[m][1])
        if low <= high:
            layers = dates.added(one[n][2], other[m][2])
            if layers:
                found.append((low, high, layers))
        if one[n][1] < other[m][1]:
            n += 1
        else:
            m += 1
    return found


def _shifted(bits: int, by: int) -> int:
    return ALL if bits == ALL else dates.moved(bits, by)
