"""The search for the cheapest plan, and among the cheapest for the earliest.

Steps are placed in order, each on every date and in every cell that the steps before it leave, as
long as what has been spent and what the tables say is still to come stays within a budget. The
budget begins at the least that any plan can cost and grows to the next sum that was seen to be
possible, so the first plan found is one of the cheapest; and because cells are tried in order, it
is the earliest of these.

What failed once is not tried again: a step's future depends on the steps before it only through the
cells that those leave to the steps behind, and two pasts that leave the same are one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TypeAlias

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.bounds import Bounds
from practice.sessions.rules.planner.dates import INFINITE, Layers
from practice.sessions.rules.planner.model import Model, Price, Segment, recommended
from practice.sessions.rules.planner.pruning import prune
from practice.sessions.rules.planner.web import FAR, Link

Clock: TypeAlias = Callable[[], bool]

LOOK_EVERY = 64
"""How many steps are placed between two looks at the clock."""


PATIENCE = 60
"""After how many steps placed in vain spans are looked at in advance too, for they seldom bind."""

THRASHING = 300
"""After how many steps placed in vain the tables are refined; a test lowers it."""


STILL_TRIED = 4_000
"""How many steps are still placed, when time is up, to find any plan at all."""


class _TriedTooOften(Exception):
    """It is time to refine the tables and to begin again."""


class OutOfTime(Exception):  # it is no error: the caller takes the best plan so far
    """The time for planning is over."""


def never() -> bool:
    """Say that there is time."""
    return False


class _Reach:
    """A link between two steps of the search, from the one that is placed first."""

    __slots__ = ("back", "by_date", "first", "link", "prices", "then")

    def __init__(self, link: Link, back: Link | None, prices: Sequence[Price], first: int) -> None:
        self.link, self.back, self.prices = link, back, prices
        self.first, self.then = first, link.b if link.a == first else link.a
        self.by_date = False


Left: TypeAlias = tuple[int, int, list[tuple[int, int, int]], int, int]
"""What a placed step leaves to another: its first and last cell; cells that cost nothing and the
price outside them; and the first and last of cells between that are forbidden."""


class Search:
    """One model, one order of steps. ``solve`` can be asked again with another budget."""

    def __init__(
        self,
        model: Model,
        *,
        order: Sequence[int] | None = None,
        most: int = INFINITE,
        out_of_time: Clock = never,
        like: Search | None = None,
    ) -> None:
        """Make ready to search; ``like`` is one of the same web, whose work need not be redone."""
        self.model, self.web = model, model.web
        web = model.web
        self.order = list(web.chain if order is None else order)
        self.out_of_time = out_of_time
        self.nodes = 0
        here = set(self.order)
        self.numbers = [n for n, link in enumerate(web.links) if link.a in here and link.b in here]
        self.segments: dict[int, list[Segment]]
        if like is not None and like.model.prices is model.prices:
            self.segments = {n: like.segments[n] for n in self.numbers}
        else:
            self.segments = {n: model.segments(n) for n in self.numbers}
        self.days = list(web.days)
        self.is_possible: bool = self._prune() if like is None else like.is_possible
        if like is not None:
            self.days = like.days
        if self.is_possible:
            self.bounds = Bounds(model, self.order, self.days, self.segments, most=most)
            self._prepare()

    def _prune(self) -> bool:
        """Keep the dates that links leave; say whether every step has some."""
        compact = {step: n for n, step in enumerate(self.order)}
        links = [self.web.links[n] for n in self.numbers]
        pruned = prune(
            [Link(compact[link.a], compact[link.b]) for link in links],
            [self.segments[n] for n in self.numbers],
            [self.days[n] for n in self.order],
        )
        for step, bits in zip(self.order, pruned or (), strict=False):
            self.days[step] = bits
        return pruned is not None

    def again(self, model: Model | None = None, *, most: int = INFINITE) -> Search:
        """Return a new search with another price of single steps, or another highest cost."""
        other = copy(self)
        if model is not None:
            other.model, other.own = model, model.own
        if other.is_possible:
            other.bounds = self.bounds.again(other.model, most=most)
            other._begin()  # noqa: SLF001  # it is one of us
        return other

    def _prepare(self) -> None:
        web, at = self.web, {step: n for n, step in enumerate(self.order)}
        reaches: list[_Reach] = []
        for number in self.numbers:
            link = web.links[number]
            first = link.a if at[link.a] < at[link.b] else link.b
            reaches.append(_Reach(link, None, self.model.prices[number], first))
            reaches[-1].by_date = self._is_by_date(reaches[-1])
        for one, other in web.loose:
            if one.a in at and one.b in at and self._can_meet(one.a, one.b):
                first = one.a if at[one.a] < at[one.b] else one.b
                link, back = (one, other) if one.a == first else (other, one)
                reaches.append(_Reach(link, back, (), first))
        self.out = [[r for r in reaches if r.first == step] for step in self.order]
        self.into = [[r for r in reaches if r.then == step] for step in self.order]
        self.crossing = [
            [n for n, r in enumerate(reaches) if at[r.first] < place <= at[r.then]]
            for place in range(len(self.order) + 1)
        ]
        self.index = {id(r): n for n, r in enumerate(reaches)}
        self.reaches = reaches
        self.rooms = [room for room in web.rooms if self._binds(room)]
        self.own = self.model.own
        self._begin()

    def _begin(self) -> None:
        self.nodes, self.is_refined = 0, False
        self.found: dict[int, int] | None = None
        self.left: list[Left] = [(0, 0, [], 0, 0)] * len(self.reaches)
        self.keys: list[object] = [None] * len(self.reaches)
        self.used = [dict.fromkeys(range(len(room.left)), 0) for room in self.rooms]
        self.memo: dict[tuple[object, ...], int] = {}
        self.cell: dict[int, int] = {}
        self.day: dict[int, int] = {}
        self.given: dict[int, int] = {}
        self.anchors = self.bounds.layout.anchors - self.bounds.layout.span_anchors

    def _is_by_date(self, reach: _Reach) -> bool:
        """Say whether a link leaves the same wherever on its date the first step lies."""
        link, ground = reach.link, self.web.ground
        if link.cell_high < FAR or not all(price.in_days for price in reach.prices):
            return False
        if link.cell_low == -FAR and not link.rests:
            return True
        if link.day_low < 1 or link.a != reach.first:
            return False
        late = max(c - ground.edges[d] for d, c in self._lasts(link.a))
        early = min(c - ground.edges[d] for d, c in self._firsts(link.b))
        if link.rests and early < 8 * 12:
            return False
        return 276 * link.day_low + early - late >= link.cell_low

    def _lasts(self, step: int) -> list[tuple[int, int]]:
        return [(d, self.web.starts[step].last(d)) for d in dates.bits_of(self.days[step])]

    def _firsts(self, step: int) -> list[tuple[int, int]]:
        return [(d, self.web.starts[step].first(d)) for d in dates.bits_of(self.days[step])]

    def _can_meet(self, a: int, b: int) -> bool:
        one, other = self.days[a], self.days[b]
        return bool((one | one << 1 | one << 2 | one >> 1 | one >> 2) & other)

    def _binds(self, room: object) -> bool:
        mine = room.steps & set(self.order)  # type: ignore[attr-defined]
        return any(left < len(mine) for left in room.left)  # type: ignore[attr-defined]

    # Solving --------------------------------------------------------------------------------------

    def root(self) -> int:
        """Return the least that a plan can cost; ``INFINITE`` if pruning shows there is none."""
        return self.bounds.root() if self.is_possible else INFINITE

    def solve(self, *, budget: int | None = None) -> tuple[int, dict[int, int]] | None:
        """Return the least cost and the cells of the earliest plan of that cost.

        ``None`` if there is no plan. A ``budget`` to begin with must not exceed the least cost.

        Raises:
            OutOfTime: if it takes longer than it may.
        """
        least = max(self.root(), budget or 0)
        while least < INFINITE and least <= self.bounds.most:
            self._spend(least)
            try:
                lower = self._place(0, 0)
            except _TriedTooOften:
                self._refine()
                lower = max(least, self.root())
            if self.found is not None:
                return least, self.found
            least = lower
        return None

    def within(self, budget: int, *, cheapest_first: bool = False) -> dict[int, int] | None:
        """Return the first plan that costs no more than a budget, or ``None``.

        Raises:
            OutOfTime: if it takes longer than it may.
        """
        if self.root() > budget:
            return None
        self._spend(budget)
        try:
            self._place(0, 0, cheapest_first=cheapest_first)
        except _TriedTooOften:
            self._refine()
            self._place(0, 0, cheapest_first=cheapest_first)
        return self.found

    def any_at_all(self) -> dict[int, int] | None:
        """Return the first plan found in a few more steps, though time is up; or ``None``."""
        looks = iter(range(STILL_TRIED // LOOK_EVERY))
        other = self.again()
        other.out_of_time = lambda: next(looks, None) is None
        try:
            return other.within(INFINITE - 1)
        except OutOfTime:
            return None

    def _spend(self, budget: int) -> None:
        """Begin to look for a plan that costs no more than so much."""
        self.budget = budget
        self.found = None

    def _refine(self) -> None:
        """Refine the tables, and begin again with what is known to fail."""
        self.bounds.refine()
        memo, nodes = self.memo, self.nodes
        self._begin()
        self.memo, self.nodes, self.is_refined = memo, nodes, True
        self.anchors = self.bounds.layout.anchors

    def firsts(self) -> Iterator[int]:
        """Yield the cells of the first step from which a plan of all others can be made.

        Raises:
            OutOfTime: if it takes longer than it may.
        """
        if self.root() >= INFINITE:
            return
        self._spend(INFINITE - 1)
        self.is_refined = True
        for cell, day, _, ahead in self._candidates(0, self.budget):
            if ahead < INFINITE:
                self._spend(self.budget)
                self._put(0, cell, day)
                self._place(1, 0)
                self._take_back(0, day)
                if self.found is not None:
                    yield cell

    def _place(self, place: int, spent: int, *, cheapest_first: bool = False) -> int:
        """Place the steps from a place on. Return what they cost at least, if that is too much."""
        if place == len(self.order):
            self.found = dict(self.cell)
            return 0
        self.nodes += 1
        if self.nodes % LOOK_EVERY == 0 and self.out_of_time():
            raise OutOfTime
        if self.nodes > PATIENCE:
            self.anchors = self.bounds.layout.anchors
            if self.nodes > THRASHING and not self.is_refined and self.anchors:
                raise _TriedTooOften
        key = (place, *[self.keys[n] for n in self.crossing[place]], *self._rooms_key())
        left = self.budget - spent
        known = self.memo.get(key, 0)
        if known > left:
            return known
        best = INFINITE
        candidates: Iterable[tuple[int, int, int, int]] = self._candidates(place, left)
        if cheapest_first:
            candidates = sorted(candidates, key=lambda each: (each[2] + each[3], each[0]))
        for cell, day, cost, ahead in candidates:
            if cost + ahead > left:
                best = min(best, cost + ahead)
                continue
            self._put(place, cell, day)
            behind = self._place(place + 1, spent + cost, cheapest_first=cheapest_first)
            self._take_back(place, day)
            if self.found is not None:
                return 0
            best = min(best, cost + max(behind, ahead))
        self.memo[key] = max(best, known)
        return self.memo[key]

    def _candidates(self, place: int, left: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield the cells for a step, each with its date, its cost and the least cost behind it.

        Of dates that cost too much, one entry stands for all, so that its cost is known.
        """
        step = self.order[place]
        low, high, fines, gaps = self._limits(place)
        if low > high:
            return
        starts, day_of = self.web.starts[step], self.web.ground.day_of
        first_day, last_day = day_of[low], day_of[high]
        days = self.days[step] >> first_day << first_day & (1 << last_day + 1) - 1
        layers: Layers = self.bounds.ahead(place, self.day, self.given)
        own = self.own.get(step)
        for day in dates.bits_of(days):
            ahead = dates.cost_on(layers, day)
            if step in self.anchors and ahead <= left:
                given = {**self.given, step: day}
                ahead = max(ahead, dates.cost_on(self.bounds.ahead(place, self.day, given), day))
            if ahead > left:
                yield 0, day, 0, ahead
                continue
            if self._is_full(step, day):
                continue
            for cell in starts.between(day, low, high):
                if any(closed <= cell < opened for closed, opened in gaps):
                    continue
                cost = own.at(cell) if own is not None else 0
                for first, last, price in fines:
                    if not first <= cell <= last:
                        cost += price
                yield cell, day, cost, ahead

    def _limits(
        self, place: int
    ) -> tuple[int, int, list[tuple[int, int, int]], list[tuple[int, int]]]:
        """Return the first and last cell for a step, what cells cost, and what is closed."""
        low, high = 0, self.web.ground.edges[-1] - 1
        fines = list(self.model.fines.get(self.order[place], ()))
        gaps: list[tuple[int, int]] = []
        for reach in self.into[place]:
            first, last, prices, closed, opened = self.left[self.index[id(reach)]]
            low, high = max(low, first), min(high, last)
            fines += prices
            if closed < opened:
                gaps.append((closed, opened))
        return low, high, fines, gaps

    def _is_full(self, step: int, day: int) -> bool:
        return any(
            step in room.steps and used[group := room.group_of[day]] >= room.left[group]
            for room, used in zip(self.rooms, self.used, strict=True)
        )

    def _put(self, place: int, cell: int, day: int) -> None:
        step, ground = self.order[place], self.web.ground
        self.cell[step], self.day[step] = cell, day
        if step in self.anchors:
            self.given[step] = day
        for room, used in zip(self.rooms, self.used, strict=True):
            if step in room.steps:
                used[room.group_of[day]] += 1
        for reach in self.out[place]:
            n = self.index[id(reach)]
            link = reach.link
            if reach.back is not None:
                opened, _ = link.later(ground, cell, day)
                _, last = reach.back.earlier(ground, cell, day)
                self.left[n] = (0, FAR, [], last + 1, opened)
                cells = self.web.starts[reach.then].cells
                self.keys[n] = (bisect_right(cells, last), bisect_left(cells, opened))
                continue
            low, high = self.web.reach(link, step, cell, day)
            fines = [
                (*recommended(self.web, link, price, reach.then, cell, day), price.cost)
                for price in reach.prices
            ]
            self.left[n] = (low, high, fines, 0, 0)
            if reach.by_date:
                self.keys[n] = day
            else:
                cells = self.web.starts[reach.then].cells
                ends = [(low, high), *((first, last) for first, last, _ in fines)]
                self.keys[n] = tuple(
                    (bisect_left(cells, first), bisect_right(cells, last)) for first, last in ends
                )

    def _take_back(self, place: int, day: int) -> None:
        step = self.order[place]
        del self.cell[step], self.day[step]
        self.given.pop(step, None)
        for room, used in zip(self.rooms, self.used, strict=True):
            if step in room.steps:
                used[room.group_of[day]] -= 1

    def _rooms_key(self) -> tuple[object, ...]:
        return tuple(tuple((g, count) for g, count in used.items() if count) for used in self.used)
