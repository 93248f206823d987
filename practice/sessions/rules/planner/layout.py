"""In which order steps are struck out, and which tables that leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
    made: list[tuple[int, int]]
    with_own: bool
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
        self.long: dict[int, list[Table]] = {n: [] for n in self.order}
        self.groups: dict[int, list[Group]] = {}
        self.alone: dict[int, list[tuple[int, int]]] = {n: [] for n in self.order}
        self._lay_out()
        self.anchors = {t.scope[0] for tables in self.long.values() for t in tables}
        spans = {(link.a, link.b) for link in named if link.is_span}
        long = [table.scope for tables in self.long.values() for table in tables]
        self.span_anchors = self.anchors - {scope[0] for scope in long if scope not in spans}
        self.seen_by = self._seen_by()
        self.open_at = self._open_at()

    def _lay_out(self) -> None:
        ends: dict[int, list[tuple[int, int]]] = {n: [] for n in self.order}
        scopes: dict[tuple[int, int], tuple[int, ...]] = {}
        for step in reversed(self.struck):
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
        for step in reversed(self.struck):
            seen |= {t.scope[0] for t in self.long[step]}
            found[step] = tuple(sorted(seen, key=self.at.__getitem__))
        return found

    def _open_at(self) -> list[list[tuple[int, int, tuple[int, ...]]]]:
        """Return, for each place in the order, the tables that speak only of steps up to it."""
        found = []
        for place, step in enumerate(self.order):
            placed = set(self.order[: place + 1])
            done = placed | {self.detours.get(step, step)}
            found.append(
                [
                    (one, nth, scope)
                    for (one, nth), scope in self.scopes.items()
                    if one not in done and placed.issuperset(scope)
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
