"""How much the rest of a plan costs at least, seen from the dates of the steps placed so far.

Steps are struck out from the last to the first. Striking one out leaves, for the dates of the
earlier steps that it is linked to, the least that it and all behind it cost: a table that is exact
about dates. Where such a table would speak of too many steps at once, a link of the earliest of
them is left out; as soon as that step has its date, the tables are made anew for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.dates import INFINITE, Layers
from practice.sessions.rules.planner.layout import Group, Layout
from practice.sessions.rules.planner.model import Model, Segment
from practice.sessions.rules.planner.tables import (
    Offsets,
    Table,
    cost_at,
    free_after,
    layers_after,
    layers_of_last,
    merge,
)


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
        like: Bounds | None = None,
    ) -> None:
        self.model, self.days, self.most = model, days, most
        self.layout = Layout(model.web, order, days, segments)
        self.own = {n: dates.within(model.own_layers(n), days[n]) for n in order}
        self.refined: dict[int, Layers] = {}
        if like is not None:
            self.refined = {
                step: layers
                for step, layers in like.also_holds(most).items()
                if self.layout.behind(step) == like.layout.behind(step)
            }
        self._made: dict[tuple[object, ...], Table] = {}
        self._mattering: dict[tuple[int, int], bool] = {}

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
        changed = {n for n in other.own if other.own[n] != self.own[n]}
        kept = {
            step
            for step, those in self.layout.tells_of.items()
            if most <= self.most and changed.isdisjoint(those)
        }
        other.refined = self.also_holds(most)
        other._made = {  # noqa: SLF001  # it is one of us
            key: table for key, table in self._made.items() if key[0] in kept
        }
        return other

    def also_holds(self, most: int) -> dict[int, Layers]:
        """Return what was found out that holds too where something more is to be paid.

        Not where single steps have a price already, for another may be lower.
        """
        return {} if self.model.own or most > self.most else dict(self.refined)

    # Striking out ---------------------------------------------------------------------------------

    def root(self) -> int:
        """Return the least that a plan costs."""
        groups = self.layout.groups.values()
        total = sum(self.table(group.step, {}).cost for group in groups if not group.scope)
        return min(total, INFINITE)

    def table(self, step: int, given: Mapping[int, int]) -> Table:
        """Return what striking out a step leaves, where some anchors have their dates."""
        key = (step, *((n, given[n]) for n in self.layout.seen_by[step] if self._matters(n, given)))
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
                for step, tables in self.layout.long.items()
                for table in tables
                if table.scope[0] == anchor
            )
        return known

    def _costs_of(
        self, step: int, given: Mapping[int, int], *, but_not: Collection[int] = ()
    ) -> Layers:
        """Return what the dates of a step cost, with what anchors and tables say of it alone."""
        parts = [self.own[step]]
        parts += (
            layers_after(table.entries[()], given[table.scope[0]])
            for table in self.layout.long[step]
            if table.scope[0] in given
        )
        behind = self._behind(step, given, but_not=but_not)
        if step in self.refined and not but_not:
            behind = dates.higher(behind, self.refined[step])
        return dates.all_added([*parts, behind], self.most)

    def seen_from(self, step: int) -> Layers:
        """Return what everything that hangs on a step's date alone costs at least, by that date."""
        return self._behind(step, {})

    def _behind(
        self, step: int, given: Mapping[int, int], *, but_not: Collection[int] = ()
    ) -> Layers:
        return dates.all_added(
            (
                self.table(one, given).layers
                for one in self.layout.alone[step]
                if one not in but_not
            ),
            self.most,
        )

    def refine(self) -> None:
        """Find out for every date of every anchor what lies behind it costs, its links included.

        This takes as many rounds of tables as there are dates, and pays only in a search that fails
        again and again for a reason that the tables without the anchor's date do not know.
        """
        found = {}
        for anchor in self.layout.anchors:
            costs: dict[int, int] = {}
            for day in dates.bits_of(self.days[anchor]):
                cost = dates.cost_on(self._behind(anchor, {anchor: day}), day)
                if cost < INFINITE:
                    costs[cost] = costs.get(cost, 0) | 1 << day
            found[anchor] = dates.layered(costs)
        self.refined = found
        self._made = {}

    def learn(self, step: int, costs: Mapping[int, int]) -> None:
        """Take in what a step and all behind it cost, by its date."""
        own = self.own[step]
        found: dict[int, int] = {}
        for day, cost in costs.items():
            behind = cost - dates.cost_on(own, day)
            found[behind] = found.get(behind, 0) | 1 << day
        self.refined[step] = dates.layered(found)
        self._made = {}

    def _strike_out(self, step: int, given: Mapping[int, int]) -> Table:
        group, own = self.layout.groups[step], self._costs_of(step, given)
        scope = group.scope
        if not scope:
            return Table((), cost=dates.least(own))
        made = [self.table(each, given) for each in group.made]
        shared, varying = self._parted(group, made)
        found: dict[Offsets, list[Segment]] = {}
        ranges: dict[tuple[int, int, int], int] = {}
        for offsets in group.offsets:
            if made:
                segments = merge(scope, offsets, varying, self.most, shared)
            else:
                segments = self._always(group, offsets)
            result = self._costs(segments, own, scope[0], ranges)
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

    def _parted(self, group: Group, made: list[Table]) -> tuple[list[Segment] | None, list[Table]]:
        """Add up the tables of the first step alone, which are the same wherever the others lie."""
        if not made:
            return None, []
        tables = [*group.links, *made]
        first = (group.scope[0], group.step)
        same = [table for table in tables if table.scope == first]
        if not same:
            return None, tables
        nowhere = (0,) * len(group.scope)
        varying = [table for table in tables if table.scope != first]
        return merge(group.scope, nowhere, same, self.most), varying

    def _always(self, group: Group, offsets: Offsets) -> list[Segment]:
        """Return what links alone add up to, whatever anchors say."""
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
            spare = most - layers[0][0]
            for nth, (cost, bits) in enumerate(own):
                if cost > spare:
                    break
                before = ranges.get((nth, low, high))
                if before is None:
                    before = dates.some_earlier(bits, low, high) & first_days
                    ranges[nth, low, high] = before
                if not before:
                    continue
                for more, where in layers:
                    if cost + more > most:
                        break
                    if both := before & where:
                        costs[cost + more] = costs.get(cost + more, 0) | both
        return dates.layered(costs)

    # For the search -------------------------------------------------------------------------------

    def ahead(self, place: int, days: Mapping[int, int], given: Mapping[int, int]) -> Layers:
        """Return what all behind a place costs at least, by the date of the step at that place.

        ``days`` are the dates of the steps before it, ``given`` those of the anchors among them.
        """
        step = self.layout.order[place]
        total, parts = 0, []
        for one, scope in self.layout.open_at[place]:
            table = self.table(one, given)
            if step not in scope:
                total += cost_at(table, days)
            elif scope[-1] == step:
                parts.append(layers_of_last(table, days))
            if total >= INFINITE:
                return dates.NEVER
        if step in self.layout.detours:
            parts.append(self._through(step, self.layout.detours[step], days, given))
        layers = dates.all_added(parts, self.most)
        if step in self.refined:
            layers = dates.higher(layers, self.refined[step])
        if total:
            layers = tuple((cost + total, bits) for cost, bits in layers)
        return layers

    def _through(
        self, step: int, then: int, days: Mapping[int, int], given: Mapping[int, int]
    ) -> Layers:
        """Return what all behind a detour costs at least, by its date.

        The step that it leads to, struck out after it, is struck out by hand: all the others that
        this one is linked to have their dates.
        """
        placed = {*days, step}
        parts = [self._costs_of(then, given, but_not=placed)]
        group = self.layout.groups[then]
        parts += (layers_of_last(t, days) for t in group.links if t.scope[0] != step)
        parts += (
            layers_of_last(self.table(one, given), days) for one in group.made if one not in placed
        )
        way = self.layout.links[then, step]
        costs: dict[int, int] = {}
        for cost, bits in dates.all_added(parts, self.most):
            for low, high, layers in way.entries[()]:
                for more, where in layers:
                    if (both := bits & where) and cost + more <= self.most:
                        reached = dates.some_later(both, low, high)
                        costs[cost + more] = costs.get(cost + more, 0) | reached
        return dates.layered(costs)
