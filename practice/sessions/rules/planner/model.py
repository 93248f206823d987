"""What a plan costs: the price of each window that is not as recommended, and of each step.

The search minimises one whole number. Which plan that gives is a matter of prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import NamedTuple, Protocol

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.dates import ALL, Layers
from practice.sessions.rules.planner.ground import Starts
from practice.sessions.rules.planner.web import (
    FAR,
    LONGEST_DAY_CELLS,
    SHORTEST_DAY_CELLS,
    Link,
    Web,
)

NORMAL_DAY_CELLS = 288
LONGER_OR_SHORTER = 12

Segment = tuple[int, int, Layers]
"""For the second step lying so many dates, from the first to the second number, after the first
step: what that costs at least, by the date of the first step."""


class Price(NamedTuple):
    """What is to be paid unless a link lies from ``low`` to ``high``, in cells or in dates."""

    in_days: bool
    low: int
    high: int
    cost: int


class Own(Protocol):
    """What a step costs of itself, wherever the others are."""

    def at(self, cell: int) -> int:
        """Return the cost of one start."""

    def on(self, starts: Starts) -> Layers:
        """Return what each date costs at least."""


class Preferred:
    """Some starts cost nothing, all others the same. ``days`` are the dates of those."""

    def __init__(self, cells: frozenset[int], days: int, cost: int) -> None:
        self.cells, self.days, self.cost = cells, days, cost

    def at(self, cell: int) -> int:
        """Return the cost of one start."""
        return 0 if cell in self.cells else self.cost

    def on(self, _starts: Starts) -> Layers:
        """Return what each date costs at least."""
        return dates.layered({0: self.days, self.cost: ALL})


class Kept:
    """The old start costs nothing, another the price of a move and of each cell of shift."""

    def __init__(self, cell: int, *, move: int, per_cell: int) -> None:
        self.cell, self.move, self.per_cell = cell, move, per_cell

    def at(self, cell: int) -> int:
        """Return the cost of one start."""
        return 0 if cell == self.cell else self.move + self.per_cell * abs(cell - self.cell)

    def on(self, starts: Starts) -> Layers:
        """Count the shift in whole dates, so that many dates cost the same."""
        found: dict[int, int] = {}
        for day, (first, past) in starts.slices.items():
            cells = starts.cells[first:past]
            if self.cell in cells:
                cost = 0
            else:
                nearest = max(cells[0] - self.cell, self.cell - cells[-1], 0)
                whole = nearest // NORMAL_DAY_CELLS * NORMAL_DAY_CELLS
                cost = self.move + self.per_cell * whole
            found[cost] = found.get(cost, 0) | 1 << day
        return dates.layered(found)


class Model:
    """A web with prices."""

    def __init__(
        self,
        web: Web,
        *,
        outside: int = 0,
        uncomfortable: int = 0,
        own: Mapping[int, Own] | None = None,
    ) -> None:
        self.web = web
        self.own = dict(own or {})
        self.prices = [list(_prices(each, outside, uncomfortable)) for each in web.links]
        self.fines: dict[int, list[tuple[int, int, int]]] = {}
        """What facts have to say: cells in which a step costs nothing, and the price outside."""
        for link, prices in zip(web.links, self.prices, strict=True):
            for fact, step in ((link.a, link.b), (link.b, link.a)):
                place = web.placed[fact]
                if place is not None:
                    self.fines.setdefault(step, []).extend(
                        (*recommended(web, link, price, step, place.cell, place.day), price.cost)
                        for price in prices
                    )

    def with_own(self, own: Mapping[int, Own]) -> Model:
        """Return the same prices of windows with others of single steps."""
        other = copy(self)
        other.own = dict(own)
        return other

    def own_layers(self, n: int) -> Layers:
        """Return what the dates of a step cost of themselves, its facts included."""
        web = self.web
        layers = [dates.FREE]
        if n in self.own:
            layers.append(self.own[n].on(web.starts[n]))
        starts = web.starts[n]
        for low, high, cost in self.fines.get(n, ()):
            fine = sum(
                1 << d
                for d, (first, past) in starts.slices.items()
                if starts.cells[past - 1] >= low and starts.cells[first] <= high
            )
            layers.append(dates.layered({0: fine, cost: ALL}))
        return dates.within(dates.all_added(layers), web.days[n])

    def segments(self, number: int, days: Sequence[int] | None = None) -> list[Segment]:
        """Return what a link between two steps to be placed costs at least, by their dates.

        ``days`` are the dates of all steps, where not all that the web leaves are wanted.
        """
        link, prices = self.web.links[number], self.prices[number]
        table = _Days(self.web, link, self.web.days if days is None else days)
        segments: list[Segment] = []
        past = table.least
        while past <= table.most:
            apart, past = past, table.as_until(past, prices) + 1
            hard = table.hard(apart)
            if not hard:
                continue
            layers: Layers = ((0, hard),)
            for price in prices:
                layers = dates.added(layers, table.priced(apart, price))
            if segments and segments[-1][1] == apart - 1 and segments[-1][2] == layers:
                segments[-1] = (segments[-1][0], past - 1, layers)
            else:
                segments.append((apart, past - 1, layers))
        return segments


def recommended(  # noqa: PLR0917  # a rule's two ends, and where one lies
    web: Web, link: Link, price: Price, other: int, cell: int, day: int
) -> tuple[int, int]:
    """Return the cells in which step ``other`` costs nothing if the link's other end lies there."""
    edge = web.ground.edge
    if link.b == other:
        if price.in_days:
            return edge(day + price.low), edge(day + price.high + 1) - 1
        return cell + price.low, cell + price.high
    if price.in_days:
        return edge(day - price.high), edge(day - price.low + 1) - 1
    return cell - price.high, cell - price.low


def _prices(link: Link, outside: int, uncomfortable: int) -> Iterable[Price]:
    for soft in link.softs:
        if outside:
            yield Price(soft.in_days, soft.low, soft.high, outside)
        if uncomfortable and soft.middle is not None:
            yield Price(soft.in_days, *soft.middle, uncomfortable)


class _Days:
    """A link by dates: of each date of ``a``, whether some cells of it and of another will do."""

    def __init__(self, web: Web, link: Link, days: Sequence[int]) -> None:
        self.web, self.link = web, link
        self.a, self.b = web.starts[link.a], web.starts[link.b]
        days_a, days_b = days[link.a], days[link.b]
        self.least, self.most = 0, -1
        if not days_a or not days_b:
            return
        first_a, last_a = (days_a & -days_a).bit_length() - 1, days_a.bit_length() - 1
        first_b, last_b = (days_b & -days_b).bit_length() - 1, days_b.bit_length() - 1
        low = max(link.day_low, first_b - last_a)
        high = min(link.day_high, last_b - first_a)
        if link.cell_low > -FAR:
            low = max(low, link.cell_low // LONGEST_DAY_CELLS - 1)
        if link.cell_high < FAR:
            high = min(high, link.cell_high // SHORTEST_DAY_CELLS + 1)
        self.least, self.most = low, high
        self.days_a, self.days_b = days_a, days_b

    def as_until(self, apart: int, prices: Iterable[Price]) -> int:
        """Return up to how many dates apart all is the same as it is so many apart."""
        link = self.link
        if (
            apart < 2
            or link.cell_high < FAR
            or self.at_least(apart, link.cell_low) != ALL
            or not all(price.in_days for price in prices)
            or self.web.together(link.a, link.b, apart) != ALL
        ):
            return apart
        ends = [price.low - 1 for price in prices] + [price.high for price in prices]
        return min((end for end in [*ends, self.most] if end >= apart), default=apart)

    def _pairs(self, apart: int) -> Iterable[int]:
        return dates.bits_of(self.days_a & dates.moved(self.days_b, -apart))

    def at_least(self, apart: int, cells: int) -> int:
        """Return the dates of ``a`` from which some start of ``b`` lies so many cells away."""
        whole = apart * NORMAL_DAY_CELLS
        if whole - LONGER_OR_SHORTER + self.b.early - self.a.late >= cells:
            return ALL
        if whole + LONGER_OR_SHORTER + self.b.late - self.a.early < cells:
            return 0
        a, b = self.a, self.b
        return sum(1 << d for d in self._pairs(apart) if b.last(d + apart) - a.first(d) >= cells)

    def at_most(self, apart: int, cells: int) -> int:
        """Return the dates of ``a`` from which some start of ``b`` is no farther away."""
        whole = apart * NORMAL_DAY_CELLS
        if whole + LONGER_OR_SHORTER + self.b.late - self.a.early <= cells:
            return ALL
        if whole - LONGER_OR_SHORTER + self.b.early - self.a.late > cells:
            return 0
        a, b = self.a, self.b
        return sum(1 << d for d in self._pairs(apart) if b.first(d + apart) - a.last(d) <= cells)

    def hard(self, apart: int) -> int:
        link = self.link
        bits = self.web.together(link.a, link.b, apart)
        if link.cell_low > -FAR:
            bits &= self.at_least(apart, link.cell_low)
        if link.cell_high < FAR and bits:
            bits &= self.at_most(apart, link.cell_high)
        if link.rests and apart <= 1 and bits:
            morning = self.web.ground.morning
            rested = (d for d in self._pairs(apart) if self.b.last(d + apart) >= morning(d + 1))
            bits &= sum(1 << d for d in rested)
        return bits

    def priced(self, apart: int, price: Price) -> Layers:
        if price.in_days:
            return dates.FREE if price.low <= apart <= price.high else ((price.cost, ALL),)
        fine = self.at_least(apart, price.low) & self.at_most(apart, price.high)
        return dates.layered({0: fine, price.cost: ALL})
