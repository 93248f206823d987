"""Where the marks of a plot stand, for pages that draw it themselves. Nothing here knows of money.

Heights are from 0 to 100, counted from the top, as SVG does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (1, 2, 2.5, 5, 10)
LINES = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a series: ``y`` is where its column begins, ``height`` how long it is."""

    value: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """Some series over one axis. ``lines`` are values with where their line lies."""

    lines: tuple[tuple[int, float], ...]
    zero: float
    series: tuple[tuple[Column, ...], ...]


def columns(*series: Sequence[int]) -> Columns:
    """Lay out series of the same length beside each other. Values may be below nothing."""
    values = [value for each in series for value in each]
    top, bottom = max([0, *values]), min([0, *values])
    step = _step(max(top, -bottom, 1))
    above, below = -(-top // step), -(bottom // step)
    whole = max(1, above + below) * step
    highest = max(above * step, whole - below * step)

    def at(value: int) -> float:
        return round((highest - value) * 100 / whole, 2)

    zero = at(0)
    return Columns(
        lines=tuple((value, at(value)) for value in range(-below * step, highest + 1, step)),
        zero=zero,
        series=tuple(
            tuple(
                Column(value, min(at(value), zero), round(abs(zero - at(value)), 2))
                for value in each
            )
            for each in series
        ),
    )


def shares(values: Sequence[int]) -> list[float]:
    """Return how long the bars of some values are, in percent of the longest, never below 0."""
    longest = max([0, *values])
    return [round(max(0, value) * 100 / longest, 2) if longest else 0.0 for value in values]


def _step(most: int) -> int:
    """Return a round number that goes some four times into ``most``."""
    rough = most / LINES
    power = 1
    while power * 10 <= rough:
        power *= 10
    return max(1, next(int(each * power) for each in STEPS if int(each * power) >= rough))
