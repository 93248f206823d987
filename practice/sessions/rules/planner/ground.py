"""The axis as the planner walks on it: cells, the dates they lie on, and each morning."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

from practice.calendar.rules import hours, timeline
from practice.calendar.rules.timeline import Axis

MORNING = time(7)
"""From when on somebody who was given medicine the day before may travel: ``driving_ok_after``."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Tables of one axis.

    ``edges`` holds the first cell of each date and, at its end, the number of all cells;
    ``day_of`` the date of each cell, and ``mornings`` the cell at which each date may be travelled.
    """

    axis: Axis
    edges: tuple[int, ...]
    day_of: array[int]
    mornings: tuple[int, ...]

    @property
    def days(self) -> int:
        """How many dates there are."""
        return len(self.edges) - 1

    def edge(self, day: int) -> int:
        """Return the first cell of a date; for dates off the axis, its beginning or its end."""
        return self.edges[min(max(day, 0), len(self.edges) - 1)]

    def morning(self, day: int) -> int:
        """Return the first cell of a date at which one may travel again."""
        return self.mornings[day] if 0 <= day < len(self.mornings) else self.edge(day)

    def within(self, bits: int, first: int, last: int) -> int:
        """Return the cells of a bitmap from ``first`` to ``last``, both included."""
        first, last = max(first, 0), min(last, self.edges[-1] - 1)
        if last < first:
            return 0
        return (bits & ((1 << last + 1) - 1)) >> first << first


@dataclass(frozen=True, slots=True)
class Starts:
    """The cells in which something can start, in order, and where those of each date stand.

    ``early`` and ``late`` are the earliest and the latest start of any date, from its midnight.
    """

    cells: tuple[int, ...]
    days: int
    slices: dict[int, tuple[int, int]]
    early: int
    late: int

    def first(self, day: int) -> int:
        """Return the first cell of a date that is in ``days``."""
        return self.cells[self.slices[day][0]]

    def last(self, day: int) -> int:
        """Return the last cell of a date that is in ``days``."""
        return self.cells[self.slices[day][1] - 1]

    def between(self, day: int, low: int, high: int) -> tuple[int, ...]:
        """Return the cells of a date from ``low`` to ``high``, both included."""
        first, past = self.slices[day]
        return self.cells[
            bisect_left(self.cells, low, first, past) : bisect_right(self.cells, high, first, past)
        ]


@lru_cache(maxsize=16)
def ground_of(axis: Axis) -> Ground:
    """Lay out the tables of an axis."""
    edges = axis.day_cells
    day_of = array("H")
    for day in range(len(edges) - 1):
        day_of.extend([day] * (edges[day + 1] - edges[day]))
    awake = timeline.instants(axis, _first_cells_from(axis, MORNING))
    mornings = dict.fromkeys(range(len(edges) - 1), 0)
    for instant in reversed(awake):
        cell = (instant - axis.starts_at) // timeline.CELL
        mornings[day_of[cell]] = cell
    return Ground(axis, edges, day_of, tuple(mornings.values()))


def _first_cells_from(axis: Axis, at: time) -> int:
    """Set the cells of each date's first quarter of an hour from a time on the wall."""
    past = time(at.hour, at.minute + 15)
    return hours.daily(axis, (hours.window(at, past),))


def starts_of(ground: Ground, bits: int, length: int, *, one_a_day: bool = False) -> Starts:
    """List the starts of a bitmap from which a session of so many cells ends on the same date.

    ``one_a_day`` keeps the first of each date, for what is a date and has no time.
    """
    cells: list[int] = []
    slices: dict[int, tuple[int, int]] = {}
    days, edges, day_of = 0, ground.edges, ground.day_of
    digits = f"{bits & ground.axis.full:b}"[::-1]
    cell = digits.find("1")
    while cell >= 0:
        day = day_of[cell]
        past = edges[day + 1]
        last = cell if one_a_day else past - length
        begun = len(cells)
        while 0 <= cell < past:
            if cell <= last:
                cells.append(cell)
            cell = digits.find("1", cell + 1)
        if len(cells) > begun:
            slices[day] = (begun, len(cells))
            days |= 1 << day
    early = min((cells[first] - edges[day] for day, (first, _) in slices.items()), default=0)
    late = max((cells[past - 1] - edges[day] for day, (_, past) in slices.items()), default=0)
    return Starts(tuple(cells), days, slices, early, late)


def cells_up(span: timedelta) -> int:
    """Return how many cells a time takes, the last one begun included."""
    return -(-span // timeline.CELL)


def day_number(ground: Ground, on: date) -> int:
    """Return the number of a local date on the axis; below 0 before it."""
    return (on - ground.axis.first_on).days
