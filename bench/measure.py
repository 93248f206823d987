"""Comparing two sides in one run. Absolute times belong to a machine and its mood; ratios last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to reach; ``aim`` is what it should."""

    limit: float
    aim: float | None = None
    is_ceiling: bool = True

    def is_reached(self, figure: float) -> bool:
        return figure <= self.limit if self.is_ceiling else figure >= self.limit

    def __str__(self) -> str:
        sign = "<=" if self.is_ceiling else ">="
        aim = f", aim {self.aim:g}" if self.aim is not None else ""
        return f"{sign} {self.limit:g}{aim}"


class Figure(NamedTuple):
    """A median with the lowest and the highest of its rounds."""

    middle: float
    low: float
    high: float


def at_most(limit: float, aim: float | None = None) -> Goal:
    return Goal(limit, aim)


def at_least(limit: float, aim: float | None = None) -> Goal:
    return Goal(limit, aim, is_ceiling=False)


def in_turn(
    sides: Mapping[str, Callable[[], float]], *, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Measure every side once a round, forwards and backwards, after a round that does not count.

    Whatever else the machine does then weighs on all sides alike.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for each in range(rounds + 1):
        for name in names if each % 2 else reversed(names):
            figure = sides[name]()
            if each:
                found[name].append(figure)
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> Figure:
    """Divide round by round, and take the middle."""
    ratios = [one / other for one, other in zip(above, below, strict=True)]
    return Figure(median(ratios), min(ratios), max(ratios))


def show(what: str, figure: Figure | float, goal: Goal | None = None, unit: str = "x") -> None:
    """Print one figure, with its spread, its goal and whether that is reached."""
    if isinstance(figure, Figure):
        middle, spread = figure.middle, f"({_short(figure.low)} to {_short(figure.high)})"
    else:
        middle, spread = figure, ""
    verdict = ""
    if goal is not None:
        verdict = f"goal {goal}: {'reached' if goal.is_reached(middle) else 'MISSED'}"
    print(f"  {what:<62} {_short(middle):>7} {unit:<3} {spread:<20} {verdict}".rstrip(), flush=True)


def _short(figure: float) -> str:
    return (
        f"{figure:.3f}"
        if abs(figure) < 1
        else f"{figure:.2f}"
        if abs(figure) < 100
        else f"{figure:.0f}"
    )
