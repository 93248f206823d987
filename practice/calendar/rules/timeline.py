"""Time as bits: a window of local dates becomes a row of five-minute cells, one bit each.

The cells count elapsed time, so a local date has 288 of them, 276 where the clocks go
forward an hour and 300 where they go back. Bit 0 is the first cell. A whole calendar is one
Python integer, and questions about it are shifts: ``&`` is "both free", ``fits`` is "leaves
room for", ``dilate`` is "within so much after". Whatever does not fall on a cell is rounded
to the safe side: busy time outward, free time inward.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

from practice.calendar.rules import zones
from practice.core.errors import Invalid

CELL_MINUTES = 5
CELL_SECONDS = CELL_MINUTES * 60
CELL = timedelta(minutes=CELL_MINUTES)
EARLIEST_ON = date(2000, 1, 1)
LATEST_ON = date(2199, 12, 31)
LONGEST_DAYS = 800

# Two aware instants: from the first up to, but not including, the second.
Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Axis:
    """The cells of the local dates ``first_on`` to ``last_on``, both included.

    ``starts_at`` and ``ends_at`` are the midnights around them, in UTC. ``day_cells`` holds
    the first cell of each date and, at its end, the number of all cells.
    """

    zone: str
    first_on: date
    last_on: date
    starts_at: datetime
    ends_at: datetime
    day_cells: tuple[int, ...]

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.day_cells[-1]

    @property
    def full(self) -> int:
        """The bitmap in which every cell is set."""
        return (1 << self.day_cells[-1]) - 1

    @property
    def dates(self) -> list[date]:
        """The local dates, in order."""
        return [self.first_on + timedelta(days=n) for n in range(len(self.day_cells) - 1)]


def check_dates(first_on: date, last_on: date) -> None:
    """Let pass the first and the last of some dates that can be looked at together.

    Raises:
        Invalid: if they are out of order, before 2000 or after 2199, or more than 800.
    """
    if not EARLIEST_ON <= first_on <= last_on <= LATEST_ON:
        raise Invalid("The first date comes after the last, or lies in another century.")
    if (last_on - first_on).days >= LONGEST_DAYS:
        raise Invalid(f"At most {LONGEST_DAYS} days can be looked at together.")


@lru_cache(maxsize=512)
def axis_of(zone: str, first_on: date, last_on: date) -> Axis:
    """Lay out the cells from the first midnight of one local date to the last of another.

    Starts whose buffers reach over one of these two midnights are not found: take a date
    more on either side where that matters, and ask for the dates within.

    Raises:
        Invalid: if the zone is unknown, or as ``check_dates`` says.
    """
    check_dates(first_on, last_on)
    days = (last_on - first_on).days + 1
    midnights = [zones.day_start(zone, first_on + timedelta(days=n)) for n in range(days + 1)]
    return Axis(
        zone=zone,
        first_on=first_on,
        last_on=last_on,
        starts_at=midnights[0],
        ends_at=midnights[-1],
        day_cells=tuple((midnight - midnights[0]) // CELL for midnight in midnights),
    )


def cells_for(minutes: int) -> int:
    """Return how many cells a length takes, the last one begun included."""
    return -(-minutes // CELL_MINUTES)


def cell_at(axis: Axis, instant: datetime) -> int | None:
    """Return the cell that begins at an instant; ``None`` between cells or off the axis."""
    cell, rest = divmod(instant - axis.starts_at, CELL)
    return cell if not rest and 0 <= cell < axis.cells else None


def busy(axis: Axis, spans: Iterable[Span]) -> int:
    """Set every cell that a span touches, be it for a second.

    Spans may overlap, come in any order and reach off the axis; empty ones are ignored.
    """
    zero, cells, bits = axis.starts_at, axis.cells, 0
    for starts_at, ends_at in spans:
        first, past = (starts_at - zero) // CELL, -((zero - ends_at) // CELL)
        if first < 0 or past > cells:
            first, past = max(first, 0), min(past, cells)
        if first < past and starts_at < ends_at:
            bits |= ((1 << past - first) - 1) << first
    return bits


def busy_seconds(axis: Axis, spans: Iterable[tuple[int, int]]) -> int:
    """Do what ``busy`` does for spans in whole seconds since 1970, as databases count them."""
    zero, cells, bits = int(axis.starts_at.timestamp()), axis.cells, 0
    for starts_at, ends_at in spans:
        first, past = (starts_at - zero) // CELL_SECONDS, -((zero - ends_at) // CELL_SECONDS)
        if first < 0 or past > cells:
            first, past = max(first, 0), min(past, cells)
        if first < past and starts_at < ends_at:
            bits |= ((1 << past - first) - 1) << first
    return bits


def on_dates(axis: Axis, dates: Iterable[date]) -> int:
    """Set every cell of the given local dates; those off the axis are ignored."""
    bits = 0
    for on in dates:
        if axis.first_on <= on <= axis.last_on:
            n = (on - axis.first_on).days
            first, past = axis.day_cells[n : n + 2]
            bits |= (1 << past) - (1 << first)
    return bits


def before(axis: Axis, instant: datetime) -> int:
    """Set every cell that begins before an instant."""
    past = -((axis.starts_at - instant) // CELL)
    return (1 << min(max(past, 0), axis.cells)) - 1


def fits(bits: int, cells: int) -> int:
    """Set each cell from which ``cells`` cells in a row are set in ``bits``.

    Raises:
        ValueError: unless ``cells`` is positive.
    """
    if cells < 1:
        raise ValueError("something that fits takes at least one cell")
    have = 1
    while have * 2 <= cells:
        bits &= bits >> have
        have *= 2
    return bits & (bits >> (cells - have))


def dilate(bits: int, cells: int) -> int:
    """Set each cell that lies at, or up to ``cells`` cells after, one set in ``bits``.

    Cells past the end of an axis may come out set: ``&`` the answer with what it is for.

    Raises:
        ValueError: if ``cells`` is negative.
    """
    if cells < 0:
        raise ValueError("a bitmap is not dilated by less than nothing")
    have, wanted = 1, cells + 1
    while have * 2 <= wanted:
        bits |= bits << have
        have *= 2
    return bits | (bits << (wanted - have))


def instants(axis: Axis, bits: int) -> list[datetime]:
    """Return, in order, the UTC instants at which the set cells begin."""
    found: list[datetime] = []
    zero, digits = axis.starts_at, f"{bits:b}"[::-1]
    cell = digits.find("1")
    while cell >= 0:
        found.append(zero + cell * CELL)
        cell = digits.find("1", cell + 1)
    return found
