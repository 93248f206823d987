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

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.dates import INFINITE, Layers
from practice.sessions.rules.planner.model import Model, Segment
from practice.sessions.rules.planner.tables import (
    Offsets,
    Table,
    cost_at,
    free_after,
    layers_after,
    merge,
    reverse,
)

MOST_ENTRIES = 300
MOST_WAYS_UNLINKED = 20
MOST_STEPS = 3


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
        self._mattering: dict[tuple[int, int], bool] = {}
        self.refined: dict[int, Layers] = {}

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
        other.refined = {}
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
        """Return the anchors of links left out at a step or behind it, in order."""
        seen: set[int] = set()
        found = {}
        for step in reversed(self.order):
            seen |= {t.scope[0] for t in self.long[step]}
            found[step] = tuple(sorted(seen, key=self.at.__getitem__))
        return found

    def _open_at(self) -> list[list[tuple[int, int, tuple[int, ...]]]]:
        """Return, for each place in the order, the tables that speak only of steps up to it."""
        return [
            [
                (step, nth, scope)
                for (step, nth), scope in self.scopes.items()
                if self.at[step] > place and all(self.at[n] <= place for n in scope)
            ]
            for place in range(len(self.order))
        ]

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
        key = (step, *((n, given[n]) for n in self.seen_by[step] if self._matters(n, given)))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._strike_out(step, given)
        return found

    def _matters(self, anchor: int, given: Mapping[int, int]) -> bool:
        """Say whether an anchor's date takes or costs anything at the steps it is linked to."""
        if anchor not in given:
            return False
        key = anchor, given[anchor]
        known = self._mattering.get(key)
        if known is None:
            known = self._mattering[key] = any(
                self.days[step] & ~free_after(table, given[anchor])
                for step, tables in self.long.items()
                for table in tables
                if table.scope[0] == anchor
            )
        return known

    def _strike_out(self, step: int, given: Mapping[int, int]) -> list[Table]:
        parts = [self.own[step]]
        parts += (
            layers_after(table.entries[()], given[table.scope[0]])
            for table in self.long[step]
            if table.scope[0] in given
        )
        behind = self._behind(step, given)
        if step in self.refined:
            behind = dates.higher(behind, self.refined[step])
        parts.append(behind)
        own = dates.all_added(parts, self.most)
        plain = dates.layered({0: self.days[step]})
        return [
            self._table(group, own if group.with_own else plain, given)
            for group in self.groups[step]
        ]

    def _behind(self, step: int, given: Mapping[int, int]) -> Layers:
        return dates.all_added(
            (self.tables(one, given)[nth].layers for one, nth in self.alone[step]), self.most
        )

    def refine(self) -> None:
        """Find out for every date of every anchor what lies behind it costs, its links included.

        This takes as many rounds of tables as there are dates, and pays only in a search that fails
        again and again for a reason that the tables without the anchor's date do not know.
        """
        found = {}
        for anchor in self.anchors:
            costs: dict[int, int] = {}
            for day in dates.bits_of(self.days[anchor]):
                cost = dates.cost_on(self._behind(anchor, {anchor: day}), day)
                if cost < INFINITE:
                    costs[cost] = costs.get(cost, 0) | 1 << day
            found[anchor] = dates.layered(costs)
        self.refined = found
        self._made = {}

    def _table(self, group: Group, own: Layers, given: Mapping[int, int]) -> Table:
        scope = group.scope
        if not scope:
            return Table((), cost=dates.least(own))
        made = [self.tables(step, given)[nth] for step, nth in group.made]
        found: dict[Offsets, list[Segment]] = {}
        ranges: dict[tuple[int, int, int], int] = {}
        for offsets in group.offsets:
            result = self._costs(self._segments(group, offsets, made), own, scope[0], ranges)
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

    def _segments(self, group: Group, offsets: Offsets, made: list[Table]) -> list[Segment]:
        """Add up what a group holds. Links alone always add up to the same."""
        if made:
            return merge(group.scope, offsets, [*group.links, *made])
        segments = group.merged.get(offsets)
        if segments is None:
            segments = group.merged[offsets] = merge(group.scope, offsets, group.links)
        return segments

    def _costs(
        self,
        segments: Sequence[Segment],
        own: Layers,
        first: int,
        ranges: dict[tuple[int, int, int], int],
    ) -> Layers:
        """Return the costs by the date of the first step, ``own`` those of the step struck out."""
        first_days, most = self.days[first], self.most
        costs: dict[int, int] = {}
        for low, high, layers in segments:
            for nth, (cost, bits) in enumerate(own):
                before = ranges.get((nth, low, high))
                if before is None:
                    before = dates.some_earlier(bits, low, high) & first_days
                    ranges[nth, low, high] = before
                for more, where in layers if before else ():
                    both = before & where
                    if both and cost + more <= most:
                        costs[cost + more] = costs.get(cost + more, 0) | both
        return dates.layered(costs)

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
