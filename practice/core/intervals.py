"""Stretches of time: half-open, so that neighbours touch without overlapping."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, order=True, slots=True)
class Interval:
    """The time from ``start`` up to, but not including, ``end``.

    Both are aware instants in UTC. Intervals sort by their start.

    Raises:
        ValueError: if an instant is not in UTC, or the end does not come after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError("an interval lies between two instants in UTC")
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")


def overlaps(one: Interval, other: Interval) -> bool:
    """Say whether the two share any time. Neighbours that touch do not."""
    return one.start < other.end and other.start < one.end


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Join what overlaps or touches; return the rest in order, none touching another."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            last = merged[-1]
            merged[-1] = Interval(last.start, max(last.end, interval.end))
        else:
            merged.append(interval)
    return merged


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """Return, in order, the time of ``intervals`` that no interval of ``taken`` covers."""
    left: list[Interval] = []
    gone = merge(taken)
    for interval in merge(intervals):
        start = interval.start
        for other in gone:
            if other.end <= start or interval.end <= other.start:
                continue
            if start < other.start:
                left.append(Interval(start, other.start))
            start = other.end
        if start < interval.end:
            left.append(Interval(start, interval.end))
    return left
