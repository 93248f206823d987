"""In which order steps are struck out, and which tables that leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from practice.sessions.rules.planner import dates
from practice.sessions.rules.planner.model import Segment
from practice.sessions.rules.planner.tables import Offsets, Table, reverse
from practice.sessions.rules.planner.web import Web

MOST_ENTRIES = 300
MOST_WAYS_UNLINKED = 20
MOST_STEPS = 3
MEETING = 3
"""How many links have to end at a step for detours to it to be struck out first."""


@dataclass(slots=True)
class Group:
    """What is added up when a step is struck out: links and tables that end at it."""

    step: int
    scope: tuple[int, ...]
    links: list[Table]
    made: list[int]
    offsets: list[Offsets] = field(default_factory=list)
    merged: dict[Offsets, list[Segment]] = field(default_factory=dict)


class Layout:
    """The plan of striking out, which depends on the links alone and not on what dates cost.

    ``long`` holds, for each step, the links that were left out there; ``anchors`` are the earlier
    steps of those, and ``span_anchors`` the ones of which nothing but a span was left out.
    """

    def __init__(
        self,
        web: Web,
        order: Sequence[int],
        days: Sequence[int],
        segments: Mapping[int, list[Segment]],
    ) -> None:
        self.order, self.days = list(order), days
        named = [web.links[n] for n in segments]
        self.detours = _detours(self.order, [(link.a, link.b) for link in named])
        self.struck = _struck(self.order, self.detours)
        self.at = {step: n for n, step in enumerate(self.struck)}
        self.links: dict[tuple[int, int], Table] = {}
        for link, table in zip(named, segments.values(), strict=True):
            if self.at[link.a] < self.at[link.b]:
                self.links[link.a, link.b] = Table((link.a, link.b), {(): table})
            else:
                self.links[link.b, link.a] = Table((link.b, link.a), {(): reverse(table)})
        left_out: set[tuple[int, int]] = set()
        while (wide := self._lay_out(left_out)) is not None:
            left_out.add(wide)
        self.long: dict[int, list[Table]] = {n: [] for n in self.order}
        for first, then in sorted(left_out):
            self.long[then].append(self.links[first, then])
        for group in self.groups.values():
            group.offsets = list(self._offsets(group.scope))
        self.anchors = {first for first, _ in left_out}
        spans = {(link.a, link.b) for link in named if link.is_span}
        self.span_anchors = self.anchors - {first for first, _ in left_out - spans}
        self.seen_by = self._seen_by()
        self.open_at = self._open_at()

    def _lay_out(self, left_out: AbstractSet[tuple[int, int]]) -> tuple[int, int] | None:
        """Find out which tables each step ends; return the link to leave out if one is too wide.

        That is the one which keeps the earliest of the table's steps in it for longest.
        """
        self.groups: dict[int, Group] = {}
        self.alone: dict[int, list[int]] = {}
        self.tells_of: dict[int, frozenset[int]] = {}
        ends: dict[int, list[int]] = {n: [] for n in self.order}
        into: dict[int, list[Table]] = {n: [] for n in self.order}
        for pair, table in self.links.items():
            if pair not in left_out:
                into[pair[1]].append(table)
        for step in reversed(self.struck):
            links = sorted(into[step], key=lambda t: self.at[t.scope[0]])
            made = [n for n in ends[step] if self.groups[n].scope != (step,)]
            scope = self._scope(step, links, made)
            if not self._is_small(scope):
                wide = [n for n in made if scope[0] in self.groups[n].scope]
                passed = {step}.union(*(self.tells_of[n] for n in wide))
                return max(
                    (
                        (first, n)
                        for first, n in self.links.keys() - left_out
                        if first == scope[0] and n in passed
                    ),
                    key=lambda pair: self.at[pair[1]],
                )
            self.groups[step] = Group(step, scope, links, made)
            self.alone[step] = [n for n in ends[step] if n not in made]
            self.tells_of[step] = frozenset({step}).union(*(self.tells_of[n] for n in ends[step]))
            if scope:
                ends[scope[-1]].append(step)
        return None

    def behind(self, step: int) -> frozenset[int]:
        """Return the steps of whose costs a step's date alone tells."""
        return frozenset[int]().union(*(self.tells_of[each] for each in self.alone[step]))

    def _scope(self, step: int, links: Iterable[Table], made: Iterable[int]) -> tuple[int, ...]:
        found = {t.scope[0] for t in links}
        found |= {n for each in made for n in self.groups[each].scope if n != step}
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
        """Yield how many dates after the first of some steps the others can lie, on any date."""
        found: list[tuple[Offsets, int]] = [((0,), self.days[scope[0]] if scope else 0)]
        for n, step in enumerate(scope[1:], 1):
            ranges = self._ranges(scope[:n], step)
            days, longer = self.days[step], []
            for so_far, bits in found:
                low = max(so_far[scope.index(other)] + r[0] for other, r in ranges.items())
                high = min(so_far[scope.index(other)] + r[1] for other, r in ranges.items())
                longer += [
                    ((*so_far, x), both)
                    for x in range(low, high + 1)
                    if (both := bits & dates.moved(days, -x))
                ]
            found = longer
        yield from (offsets for offsets, _ in found)

    def _seen_by(self) -> dict[int, tuple[int, ...]]:
        """Return the anchors of links left out at a step or behind it, in order."""
        seen: set[int] = set()
        found = {}
        for step in reversed(self.struck):
            seen |= {t.scope[0] for t in self.long[step]}
            found[step] = tuple(sorted(seen, key=self.at.__getitem__))
        return found

    def _open_at(self) -> list[list[tuple[int, tuple[int, ...]]]]:
        """Return, for each place in the order, the tables that speak only of steps up to it."""
        found = []
        for place, step in enumerate(self.order):
            placed = set(self.order[: place + 1])
            done = placed | {self.detours.get(step, step)}
            found.append(
                [
                    (one, group.scope)
                    for one, group in self.groups.items()
                    if one not in done and placed.issuperset(group.scope)
                ]
            )
        return found


def _detours(order: Sequence[int], linked: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return the steps that lead only to a step right behind them, where three ways meet.

    Struck out before that step, not behind it, such steps leave tables of two steps, not of three.
    """
    at = {step: n for n, step in enumerate(order)}
    pairs = [(a, b) if at[a] < at[b] else (b, a) for a, b in linked]
    found: dict[int, int] = {}
    for place, then in enumerate(order):
        if sum(b == then for _, b in pairs) < MEETING:
            continue
        for step in reversed(order[:place]):
            if step in {*found, *found.values()} or [b for a, b in pairs if a == step] != [then]:
                break
            found[step] = then
    return found


def _struck(order: Sequence[int], detours: Mapping[int, int]) -> list[int]:
    """Return the order of which steps are struck out from the end: detours behind their aims."""
    struck: list[int] = []
    for step in order:
        if step not in detours:
            struck += [step, *(each for each in order if detours.get(each) == step)]
    return struck
