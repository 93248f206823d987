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

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TypeAlias

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.board import Board
from practice.sessions.rules.planner.bounds import Bounds
from practice.sessions.rules.planner.dates import INFINITE, Layers
from practice.sessions.rules.planner.model import Model, Segment
from practice.sessions.rules.planner.pruning import prune, trimmed
from practice.sessions.rules.planner.web import Link

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
        days: Sequence[int] | None = None,
    ) -> None:
        """Make ready to search; ``like`` is one of the same web, whose work need not be redone.

        With the same prices its tables of links are taken over; with the same order what it found
        out, so no plan may cost less than it does there. ``days`` are the dates of each step, where
        not all that the web leaves are wanted.
        """
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
            self.segments = {n: model.segments(n, days) for n in self.numbers}
        self.days = list(web.days)
        if days is not None:
            self.days = list(days)
            self.is_possible: bool = self._prune()
            self.segments = {
                n: trimmed(table, self.days[web.links[n].a], self.days[web.links[n].b])
                for n, table in self.segments.items()
            }
        elif like is not None:
            self.days, self.is_possible = like.days, like.is_possible
        else:
            self.is_possible = self._prune()
        self.bounds: Bounds
        if self.is_possible:
            known = like.bounds if like is not None and like.order == self.order else None
            self.bounds = Bounds(model, self.order, self.days, self.segments, most=most, like=known)
            self.board = Board(model, self.order, self.days, self.numbers)
            self._begin()

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
            other.model = model
        if other.is_possible:
            other.bounds = self.bounds.again(other.model, most=most)
            other.board = self.board.cleared(other.model)
            other._begin()  # noqa: SLF001  # it is one of us
        return other

    def _begin(self) -> None:
        self.nodes, self.is_refined = 0, False
        self.found: dict[int, int] | None = None
        self.memo: dict[tuple[object, ...], int] = {}
        self.given: dict[int, int] = {}
        self.anchors = self.bounds.layout.anchors - self.bounds.layout.span_anchors

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
        self._try_the_end()
        memo, nodes = self.memo, self.nodes
        self.board = self.board.cleared(self.model)
        self._begin()
        self.memo, self.nodes, self.is_refined = memo, nodes, True
        self.anchors = self.bounds.layout.anchors

    def _try_the_end(self) -> None:
        """Find out what all from the first dosing on costs, as a course of its own, by date.

        Tables know dates alone; where hours are what fails, the steps before would be tried by the
        thousand against an end that cannot be.
        """
        layout = self.bounds.layout
        for place, step in enumerate(self.order):
            is_dosing = self.web.steps[step].rest_hours is not None
            if place and is_dosing and layout.behind(step) == set(self.order[place + 1 :]):
                end = Search(
                    self.model,
                    order=self.order[place:],
                    most=self.bounds.most,
                    out_of_time=self.out_of_time,
                    like=self,
                )
                self.bounds.learn(step, end.by_date())
                break

    def by_date(self) -> dict[int, int]:
        """Return what a plan costs at least by the date of the first step, where there is one.

        Raises:
            OutOfTime: if it takes longer than it may.
        """
        first = self.order[0]
        self.is_refined = True
        lowest = dates.added(self.bounds.own[first], self.bounds.ahead(0, {}, {}))
        found = {}
        for day in dates.bits_of(self.days[first]):
            least = dates.cost_on(lowest, day)
            while least < INFINITE and least <= self.bounds.most:
                lower = self._begun_on(day, least)
                if self.found is not None:
                    found[day] = least
                    break
                least = lower
        return found

    def _begun_on(self, day: int, budget: int) -> int:
        """Look for a plan whose first step lies on a date; return what it costs at least."""
        self._spend(budget)
        best = INFINITE
        for cell, _, cost, ahead in self._candidates(0, budget, among=1 << day):
            behind = ahead
            if cost + ahead <= budget:
                self._put(0, cell, day)
                behind = max(self._place(1, cost), ahead)
                self._take_back(0)
                if self.found is not None:
                    return budget
            best = min(best, cost + behind)
        return best

    def firsts(self) -> Iterator[int]:
        """Yield the cells of the first step from which a plan of all others can be made.

        Raises:
            OutOfTime: if it takes longer than it may.
        """
        if self.root() >= INFINITE:
            return
        self._spend(INFINITE - 1)
        self.is_refined = True
        for cell, day, _, ahead in self._candidates(0, self.budget, each=True):
            if ahead < INFINITE:
                self._spend(self.budget)
                self._put(0, cell, day)
                self._place(1, 0)
                self._take_back(0)
                if self.found is not None:
                    yield cell

    def _place(self, place: int, spent: int, *, cheapest_first: bool = False) -> int:
        """Place the steps from a place on. Return what they cost at least, if that is too much."""
        if place == len(self.order):
            self.found = dict(self.board.cell)
            return 0
        self.nodes += 1
        if self.nodes % LOOK_EVERY == 0 and self.out_of_time():
            raise OutOfTime
        if self.nodes > PATIENCE:
            self.anchors = self.bounds.layout.anchors
            if self.nodes > THRASHING and not self.is_refined:
                raise _TriedTooOften
        key = self.board.key(place)
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
            self._take_back(place)
            if self.found is not None:
                return 0
            best = min(best, cost + max(behind, ahead))
        self.memo[key] = max(best, known)
        return self.memo[key]

    def _candidates(
        self, place: int, left: int, *, among: int = dates.ALL, each: bool = False
    ) -> Iterator[tuple[int, int, int, int]]:
        """Yield the cells for a step, each with its date, its cost and the least cost behind it.

        Of dates that cost too much, one entry stands for all, so that its cost is known. ``among``
        are the dates that are wanted; ``each`` is as for the board.
        """
        step, board = self.order[place], self.board
        low, high = ends = board.ends(place)
        if low > high:
            return
        day_of = self.web.ground.day_of
        days = self.days[step] >> day_of[low] << day_of[low] & (1 << day_of[high] + 1) - 1
        layers: Layers = self.bounds.ahead(place, board.day, self.given)
        for day in dates.bits_of(days & among):
            ahead = dates.cost_on(layers, day)
            if step in self.anchors and ahead <= left:
                given = {**self.given, step: day}
                ahead = max(ahead, dates.cost_on(self.bounds.ahead(place, board.day, given), day))
            if ahead > left:
                yield 0, day, 0, ahead
            elif not board.is_full(step, day):
                for cell, cost in board.open_cells(place, day, ends, each=each):
                    yield cell, day, cost, ahead

    def _put(self, place: int, cell: int, day: int) -> None:
        step = self.order[place]
        self.board.put(place, cell, day)
        if step in self.anchors:
            self.given[step] = day

    def _take_back(self, place: int) -> None:
        self.board.take_back(place)
        self.given.pop(self.order[place], None)
