"""How far a program has followed a calendar: what its sync-token says, and the next stretch.

A calendar counts its changes, and each session has the number of its last one. Whoever knows all
up to a number needs the sessions with higher ones: those that are there, and those that are gone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

_WRITTEN = re.compile(r"data:,([0-9]{1,9})-([0-9]{1,9})", re.ASCII)


class Numbered(Protocol):
    """A session with the number of its last change."""

    @property
    def version(self) -> int: ...


N = TypeVar("N", bound=Numbered)


@dataclass(frozen=True, slots=True)
class Step:
    """All changes up to ``known`` were told.

    ``begun`` is the calendar's version when the program began with nothing, while it is being told
    in parts what there was then: of what had gone before, it need not hear.
    """

    known: int = 0
    begun: int = 0

    def __str__(self) -> str:
        return f"data:,{self.known}-{self.begun}"

    def is_good(self, *, version: int, forgotten: int) -> bool:
        """Say whether a calendar can go on from here: it still knows all that came after."""
        return self.known <= version and forgotten <= max(self.known, self.begun) <= version


def read(token: str) -> Step | None:
    """Read a token; ``None`` for what is none of ours."""
    found = _WRITTEN.fullmatch(token)
    return Step(int(found[1]), int(found[2])) if found else None


def first(version: int) -> Step:
    """Return where a program begins that knows nothing of a calendar."""
    return Step(0, version)


def cut(step: Step, rows: Sequence[N], limit: int | None, version: int) -> tuple[Sequence[N], Step]:
    """Return as many changes as may be told, and how far they lead.

    ``rows`` are in the order of their numbers, one more than the limit where there are more.
    """
    if limit is None or len(rows) <= limit:
        return rows, Step(version, version)
    told = rows[:limit]
    return told, Step(told[-1].version, step.begun)
