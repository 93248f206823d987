"""A problem as the search sees it: steps by number, and between two steps a link.

A link says of the later of two steps how far after the earlier one it may start, in cells and in
dates, whatever the rules that it comes from: windows, "never before its anchor", sessions that lie
apart, no travel before the morning after a dosing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from practice.calendar.rules import timeline, zones
from practice.sessions.rules.caps import monday_of
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner.ground import (
    Ground,
    Starts,
    cells_up,
    day_number,
    ground_of,
    starts_of,
)
from practice.sessions.rules.planner.problem import Cap, Problem, Step
from practice.sessions.rules.windows import Anchor, StepWindow, Unit

FAR = 1 << 30
"""More cells, and more dates, than any axis has."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LONGEST_DAY_CELLS = 300
SHORTEST_DAY_CELLS = 276


class Soft(NamedTuple):
    """What is recommended for a link, and the comfortable middle half of that: both inclusive.

    In cells from start to start or, ``in_days``, in dates. A span has no middle.
    """

    in_days: bool
    low: int
    high: int
    middle: tuple[int, int] | None


@dataclass(slots=True)
class Link:
    """All rules between two steps; ``a`` starts before ``b``."""

    a: int
    b: int
    cell_low: int = -FAR
    cell_high: int = FAR
    day_low: int = -FAR
    day_high: int = FAR
    rests: bool = False
    softs: list[Soft] = field(default_factory=list)

    @property
    def is_span(self) -> bool:
        """Say whether no window and no order is in it."""
        return self.cell_low == -FAR and all(soft.middle is None for soft in self.softs)

    def later(self, ground: Ground, cell: int, day: int) -> tuple[int, int]:
        """Return the first and the last cell for ``b`` if ``a`` starts in a cell of a date."""
        low = max(cell + self.cell_low, ground.edge(day + self.day_low))
        if self.rests:
            low = max(low, ground.morning(day + 1))
        return low, min(cell + self.cell_high, ground.edge(day + self.day_high + 1) - 1)

    def earlier(self, ground: Ground, cell: int, day: int) -> tuple[int, int]:
        """Return the first and the last cell for ``a`` if ``b`` starts in a cell of a date."""
        low = max(cell - self.cell_high, ground.edge(day - self.day_high))
        high = min(cell - self.cell_low, ground.edge(day - self.day_low + 1) - 1)
        if self.rests:
            before = day if cell >= ground.morning(day) else day - 1
            high = min(high, ground.edge(before) - 1)
        return low, high


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a fact lies: the cell in which it starts, be it off the axis, and exactly when."""

    cell: int
    day: int
    into_cell: timedelta  # from the beginning of the cell to the start
    to_end: timedelta  # from the beginning of the cell to the end
    end_days: int  # from the date of the start to that of the end


@dataclass(frozen=True, slots=True)
class Room:
    """A cap with a place for each date: its group there, and what is left for each group."""

    steps: frozenset[int]
    group_of: tuple[int, ...]
    left: tuple[int, ...]


class Web:
    """A problem with everything worked out that does not depend on what a plan aims at.

    ``booked`` is how many of the first steps have to lie in their ``starts``; the others may lie in
    their ``later`` too. ``chain`` holds the steps to be placed, in their order; facts have a place.
    """

    def __init__(self, problem: Problem, *, booked: int | None = None) -> None:
        self.problem = problem
        self.ground = ground_of(problem.axis)
        self.steps = problem.steps
        self.number = {each.key: n for n, each in enumerate(self.steps)}
        self.placed = [_placed(self.ground, each) for each in self.steps]
        self.chain = [n for n, place in enumerate(self.placed) if place is None]
        self.links = self._links()
        self.rooms = [_room(self, cap) for cap in problem.caps]
        count = len(self.steps) if booked is None else booked
        self.bits = [
            each.starts if n < count else each.starts | each.later
            for n, each in enumerate(self.steps)
        ]
        self._keep_to_the_facts()
        decoded: dict[tuple[int, int, bool], Starts] = {}
        self.starts: list[Starts] = []
        for each, bits in zip(self.steps, self.bits, strict=True):
            key = (bits, timeline.cells_for(each.minutes), each.is_external)
            if key not in decoded:
                decoded[key] = starts_of(self.ground, bits, key[1], one_a_day=each.is_external)
            self.starts.append(decoded[key])
        self.days = [each.days for each in self.starts]
        for room in self.rooms:
            open_days = sum(1 << d for d, g in enumerate(room.group_of) if room.left[g] > 0)
            for n in room.steps:
                self.days[n] &= open_days

    # What follows from the rules ------------------------------------------------------------------

    def _links(self) -> list[Link]:
        links: dict[tuple[int, int], Link] = {}

        def link(a: int, b: int) -> Link:
            return links.setdefault((a, b), Link(a, b))

        for tie in self.problem.ties:
            a, b = self.number[tie.earlier], self.number[tie.later]
            self._add_window(link(a, b), tie.window)
            self._add_order(link(a, b))
            gave = self.steps[a].rest_hours is not None
            if gave and self.steps[b].kind is SessionKind.INTEGRATION:
                link(a, b).day_low = max(link(a, b).day_low, 1)  # never on the dosing's date
        for first, then in self.problem.orders:
            self._add_order(link(self.number[first], self.number[then]))
        for span in self.problem.spans:
            found = link(self.number[span.first], self.number[span.last])
            found.day_low, found.day_high = (
                max(found.day_low, 0),
                min(found.day_high, span.hard_max),
            )
            found.softs.append(Soft(in_days=True, low=0, high=span.max, middle=None))
        self._add_rests(links)
        return [
            each
            for each in links.values()
            if self.placed[each.a] is None or self.placed[each.b] is None
        ]

    def _add_window(self, link: Link, window: StepWindow) -> None:
        from_cell, end_days = self._moment(link.a, window.anchor)
        into = self._into_cell(link.b)
        if window.unit is Unit.DAYS:
            link.day_low = max(link.day_low, window.hard_min + end_days)
            link.day_high = min(link.day_high, window.hard_max + end_days)
            link.softs.append(
                Soft(
                    in_days=True,
                    low=window.min + end_days,
                    high=window.max + end_days,
                    middle=(
                        -(-(3 * window.min + window.max) // 4) + end_days,
                        (window.min + 3 * window.max) // 4 + end_days,
                    ),
                )
            )
            return

        def low(hours: timedelta) -> int:
            return cells_up(hours + from_cell - into)

        def high(hours: timedelta) -> int:
            return (hours + from_cell - into) // timeline.CELL

        link.cell_low = max(link.cell_low, low(window.hard_min * HOUR))
        link.cell_high = min(link.cell_high, high(window.hard_max * HOUR))
        link.softs.append(
            Soft(
                in_days=False,
                low=low(window.min * HOUR),
                high=high(window.max * HOUR),
                middle=(
                    low((3 * window.min + window.max) * HOUR / 4),
                    high((window.min + 3 * window.max) * HOUR / 4),
                ),
            )
        )

    def _add_order(self, link: Link) -> None:
        """Keep ``b`` behind ``a``, their buffers apart, and travel off the dosing's day."""
        a, b = self.steps[link.a], self.steps[link.b]
        link.day_low = max(link.day_low, 0)
        if a.is_external or b.is_external:
            return
        link.cell_low = max(link.cell_low, self.apart(link.a, link.b))
        if a.rest_hours is not None and b.travels:
            link.rests = True
            link.cell_low = max(link.cell_low, self._rest(link.a, link.b))

    def _add_rests(self, links: dict[tuple[int, int], Link]) -> None:
        """Add the ban on travel where no chain of links keeps it: also between unordered steps."""
        self.behind: list[dict[int, int]] = []
        into: dict[int, list[Link]] = {}
        for each in links.values():
            outside = self.steps[each.a].is_external or self.steps[each.b].is_external
            facts = self.placed[each.a] is not None and self.placed[each.b] is not None
            if not outside and not facts:
                into.setdefault(each.b, []).append(each)
        for b in range(len(self.steps)):
            found: dict[int, int] = {}
            for each in into.get(b, []):
                if each.cell_low <= 0:  # a span alone puts nothing in order
                    continue
                days = max(each.day_low, each.cell_low // LONGEST_DAY_CELLS, int(each.rests), 0)
                for c, so_far in [(each.a, 0), *self.behind[each.a].items()]:
                    found[c] = max(found.get(c, 0), so_far + days)
            self.behind.append(found)
        for b, found in enumerate(self.behind):
            for a, days in found.items():
                rests = self.steps[a].rest_hours is not None and self.steps[b].travels
                if rests and days < 2 and not ((a, b) in links and links[a, b].rests):
                    self._add_order(links.setdefault((a, b), Link(a, b)))

    @cached_property
    def loose(self) -> list[tuple[Link, Link]]:
        """Pairs of own steps of which either may come first: a link for each order."""
        found = []
        own = [n for n, each in enumerate(self.steps) if not each.is_external]
        for b in own:
            for a in own:
                if a >= b or a in self.behind[b]:
                    continue
                if self.placed[a] is not None and self.placed[b] is not None:
                    continue
                found.append((self._order(a, b), self._order(b, a)))
        return found

    def _order(self, a: int, b: int) -> Link:
        """Return the link that puts two own steps in order without any window."""
        link = Link(a, b, cell_low=self.apart(a, b))
        if self.steps[a].rest_hours is not None and self.steps[b].travels:
            link.rests = True
            link.cell_low = max(link.cell_low, self._rest(a, b))
        return link

    # Moments --------------------------------------------------------------------------------------

    def apart(self, a: int, b: int) -> int:
        """Return how many cells after ``a`` the session ``b`` can start at the earliest."""
        one, other = self.steps[a], self.steps[b]
        minutes = one.after_minutes + other.before_minutes
        if one.travels and other.travels:
            minutes = max(minutes, self.problem.gap_minutes)
        end, _ = self._moment(a, Anchor.END)
        return max(cells_up(end + minutes * MINUTE - self._into_cell(b)), 1)

    def _rest(self, a: int, b: int) -> int:
        end, _ = self._moment(a, Anchor.END)
        return cells_up(end + (self.steps[a].rest_hours or 0) * HOUR - self._into_cell(b))

    def _moment(self, n: int, anchor: Anchor) -> tuple[timedelta, int]:
        """Return an anchor as time since the beginning of the step's cell, and dates since its."""
        place = self.placed[n]
        if place is None:
            end = self.steps[n].minutes * MINUTE
            return (end if anchor is Anchor.END else timedelta(0)), 0
        if anchor is Anchor.END:
            return place.to_end, place.end_days
        return place.into_cell, 0

    def _into_cell(self, n: int) -> timedelta:
        place = self.placed[n]
        return place.into_cell if place is not None else timedelta(0)

    # Starts ---------------------------------------------------------------------------------------

    def _keep_to_the_facts(self) -> None:
        """Take away the starts that a fact rules out."""
        for link in self.links:
            for here, there in ((link.a, link.b), (link.b, link.a)):
                place = self.placed[here]
                if place is not None:
                    low, high = self.reach(link, here, place.cell, place.day)
                    self.bits[there] = self.ground.within(self.bits[there], low, high)
        for one, other in self.loose:
            for link, back in ((one, other), (other, one)):
                place = self.placed[link.a]
                if place is None:
                    continue
                b = link.b
                low, _ = link.later(self.ground, place.cell, place.day)
                _, high = back.earlier(self.ground, place.cell, place.day)
                bits = self.bits[b]
                self.bits[b] = self.ground.within(bits, 0, high) | self.ground.within(
                    bits, low, FAR
                )

    def together(self, a: int, b: int, apart: int) -> int:
        """Return the dates of ``a`` on which caps leave room for ``b`` so many dates later."""
        closed = 0
        for room in self.rooms:
            if a in room.steps and b in room.steps and min(room.left) < 2:
                group_of, left = room.group_of, room.left
                first, past = max(0, -apart), min(len(group_of), len(group_of) - apart)
                closed |= sum(
                    1 << day
                    for day in range(first, past)
                    if group_of[day] == group_of[day + apart] and left[group_of[day]] < 2
                )
        return ~closed

    def reach(self, link: Link, n: int, cell: int, day: int) -> tuple[int, int]:
        """Return the cells that a link leaves to its other end if step ``n`` starts there."""
        if link.a == n:
            return link.later(self.ground, cell, day)
        return link.earlier(self.ground, cell, day)


def _placed(ground: Ground, step: Step) -> Placed | None:
    if step.fact is None:
        return None
    zone, zero = ground.axis.zone, ground.axis.starts_at
    start, end = step.fact.starts_at, step.fact.ends_at
    first_on, last_on = (zones.local_date(at, zone) for at in (start, end))
    cell = (start - zero) // timeline.CELL
    beginning = zero + cell * timeline.CELL
    return Placed(
        cell=cell,
        day=day_number(ground, first_on),
        into_cell=start - beginning,
        to_end=end - beginning,
        end_days=0 if step.is_external else (last_on - first_on).days,
    )


def _room(web: Web, cap: Cap) -> Room:
    """Give each date its group, and take from its room what facts take."""
    axis = web.ground.axis

    def named(on: date) -> date:
        return monday_of(on) if cap.weekly else on

    groups: dict[date, int] = {}
    group_of = tuple(groups.setdefault(named(on), len(groups)) for on in axis.dates)
    left = [cap.room.get(on, cap.most) for on in groups]
    steps = frozenset(web.number[key] for key in cap.steps if key in web.number)
    for n in steps:
        place = web.placed[n]
        if place is not None:
            on = named(axis.first_on + timedelta(days=place.day))
            if on in groups:
                left[groups[on]] -= 1
    return Room(frozenset(n for n in steps if web.placed[n] is None), group_of, tuple(left))
