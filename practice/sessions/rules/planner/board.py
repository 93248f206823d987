"""Where the steps of a search lie so far, and what they leave to the steps that come after."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from typing import NamedTuple

from practice.sessions.rules.planner.model import Model, Price, recommended
from practice.sessions.rules.planner.web import FAR, SHORTEST_DAY_CELLS, Link, Room

EIGHT = 8 * 12
"""The cell of eight in the morning, to be past the morning of any date, whichever the clocks."""


class Reach:
    """A link between two steps of the search, from the one that is placed first.

    ``back`` is the same the other way round if either may come first. ``by_date`` says that it
    leaves the same wherever on its date the first step lies.
    """

    __slots__ = ("back", "by_date", "first", "link", "prices", "then")

    def __init__(self, link: Link, back: Link | None, prices: Sequence[Price], first: int) -> None:
        self.link, self.back, self.prices = link, back, prices
        self.first, self.then = first, link.b if link.a == first else link.a
        self.by_date = False


class Left(NamedTuple):
    """What a placed step leaves to another.

    Its first and last cell; cells that cost nothing, each with the price outside them; and the
    first cell between that is closed, and the next that is open again.
    """

    low: int
    high: int
    fines: Sequence[tuple[int, int, int]]
    closed: int = 0
    opened: int = 0


class Board:
    """The steps placed so far, in ``cell`` and ``day``."""

    def __init__(
        self, model: Model, order: Sequence[int], days: Sequence[int], numbers: Collection[int]
    ) -> None:
        """Lay out a board for some steps, their dates, and the links of some numbers."""
        self.model, self.web, self.order, self.days = model, model.web, order, days
        at = {step: n for n, step in enumerate(order)}
        self.reaches = self._reaches(at, numbers)
        self.out, self.into = (
            [
                [(n, r) for n, r in enumerate(self.reaches) if getattr(r, end) == step]
                for step in order
            ]
            for end in ("first", "then")
        )
        self.alike = [all(r.by_date for _, r in out) for out in self.out]
        self.crossing = [
            [n for n, r in enumerate(self.reaches) if at[r.first] < place <= at[r.then]]
            for place in range(len(order) + 1)
        ]
        self.rooms = [room for room in self.web.rooms if self._binds(room)]
        self._clear()

    def cleared(self, model: Model) -> Board:
        """Return an empty board for another price of single steps."""
        other = copy(self)
        other.model = model
        other._clear()  # noqa: SLF001  # it is one of us
        return other

    def _clear(self) -> None:
        self.left = [Left(0, 0, ())] * len(self.reaches)
        self.keys: list[object] = [None] * len(self.reaches)
        self.used: list[dict[int, int]] = [{} for _ in self.rooms]
        self.cell: dict[int, int] = {}
        self.day: dict[int, int] = {}

    def _reaches(self, at: dict[int, int], numbers: Collection[int]) -> list[Reach]:
        web, found = self.web, []
        for number in numbers:
            link = web.links[number]
            first = link.a if at[link.a] < at[link.b] else link.b
            reach = Reach(link, None, self.model.prices[number], first)
            reach.by_date = self._is_by_date(reach)
            found.append(reach)
        for one, other in web.loose:
            if one.a in at and one.b in at and self._can_meet(one.a, one.b):
                first = one.a if at[one.a] < at[one.b] else one.b
                link, back = (one, other) if one.a == first else (other, one)
                found.append(Reach(link, back, (), first))
        return found

    def _is_by_date(self, reach: Reach) -> bool:
        link = reach.link
        if link.cell_high < FAR or not all(price.in_days for price in reach.prices):
            return False
        if link.cell_low == -FAR and not link.rests:
            return True
        if link.day_low < 1 or link.a != reach.first:
            return False
        late, early = self.web.starts[link.a].late, self.web.starts[link.b].early
        if link.rests and early < EIGHT:
            return False
        return SHORTEST_DAY_CELLS * link.day_low + early - late >= link.cell_low

    def _can_meet(self, a: int, b: int) -> bool:
        one, other = self.days[a], self.days[b]
        return bool((one | one << 1 | one << 2 | one >> 1 | one >> 2) & other)

    def _binds(self, room: Room) -> bool:
        mine = room.steps & set(self.order)
        return any(left < len(mine) for left in room.left)

    # Placing --------------------------------------------------------------------------------------

    def put(self, place: int, cell: int, day: int) -> None:
        """Place the step of a place in the order."""
        step, ground = self.order[place], self.web.ground
        self.cell[step], self.day[step] = cell, day
        for room, used in zip(self.rooms, self.used, strict=True):
            if step in room.steps:
                group = room.group_of[day]
                used[group] = used.get(group, 0) + 1
        for n, reach in self.out[place]:
            link = reach.link
            cells = self.web.starts[reach.then].cells
            if reach.back is not None:
                opened, _ = link.later(ground, cell, day)
                _, last = reach.back.earlier(ground, cell, day)
                self.left[n] = Left(0, FAR, (), last + 1, opened)
                self.keys[n] = (bisect_right(cells, last), bisect_left(cells, opened))
                continue
            low, high = self.web.reach(link, step, cell, day)
            fines = [
                (*recommended(self.web, link, price, reach.then, cell, day), price.cost)
                for price in reach.prices
            ]
            self.left[n] = Left(low, high, fines)
            if reach.by_date:
                self.keys[n] = day
            else:
                ends = [(low, high), *((first, last) for first, last, _ in fines)]
                self.keys[n] = tuple(
                    (bisect_left(cells, first), bisect_right(cells, last)) for first, last in ends
                )

    def take_back(self, place: int) -> None:
        """Take the step of a place away again."""
        step = self.order[place]
        del self.cell[step]
        day = self.day.pop(step)
        for room, used in zip(self.rooms, self.used, strict=True):
            if step in room.steps:
                group = room.group_of[day]
                if used[group] == 1:
                    del used[group]
                else:
                    used[group] -= 1

    def key(self, place: int) -> tuple[object, ...]:
        """Return all that the steps from a place on can see of those before."""
        rooms = [frozenset(used.items()) for used in self.used]
        return (place, *[self.keys[n] for n in self.crossing[place]], *rooms)

    # What is open ---------------------------------------------------------------------------------

    def ends(self, place: int) -> tuple[int, int]:
        """Return the first and the last cell that are left to the step of a place."""
        low, high = 0, self.web.ground.edges[-1] - 1
        for n, _ in self.into[place]:
            left = self.left[n]
            low, high = max(low, left.low), min(high, left.high)
        return low, high

    def is_full(self, step: int, day: int) -> bool:
        """Say whether a cap leaves no room for a step on a date."""
        return any(
            step in room.steps and used.get(group := room.group_of[day], 0) >= room.left[group]
            for room, used in zip(self.rooms, self.used, strict=True)
        )

    def open_cells(
        self, place: int, day: int, ends: tuple[int, int], *, each: bool = False
    ) -> Iterator[tuple[int, int]]:
        """Yield the cells of a date for the step of a place, with what each costs.

        Of cells that leave the same to all others and cost the same, the first stands for all
        unless ``each`` is asked for.
        """
        step, seen = self.order[place], set()
        own = self.model.own.get(step)
        fines = list(self.model.fines.get(step, ()))
        gaps = []
        for n, _ in self.into[place]:
            left = self.left[n]
            fines += left.fines
            if left.closed < left.opened:
                gaps.append((left.closed, left.opened))
        is_alike = self.alike[place] and not each
        for cell in self.web.starts[step].between(day, *ends):
            if any(closed <= cell < opened for closed, opened in gaps):
                continue
            cost = own.at(cell) if own is not None else 0
            cost += sum(price for first, last, price in fines if not first <= cell <= last)
            if is_alike:
                if cost in seen:
                    continue
                seen.add(cost)
            yield cell, cost
