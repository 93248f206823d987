"""Hours as people say them, "nine to six on weekdays", turned into bits of a timeline.

An instant is open when the clock on the wall then shows a time within a window of its date.
From this one sentence follows what happens at a clock change: 1:00 to 4:00 is two hours
where the clocks skip one, and three or four where they show one twice; a window that begins
in the skipped hour begins after it. Nothing here adds hours to a local time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

from practice.calendar.rules import zones
from practice.calendar.rules.timeline import CELL_MINUTES, Axis
from practice.core.errors import Invalid

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, order=True, slots=True)
class Window:
    """Opening and closing time on the wall, in minutes after midnight, at most 1440.

    Raises:
        Invalid: unless it closes after it opens. Hours over midnight are two windows.
    """

    opens_minute: int
    closes_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens_minute < self.closes_minute <= DAY_MINUTES:
            raise Invalid("Closing time comes after opening time, and both lie within one day.")


WHOLE_DAY = Window(0, DAY_MINUTES)


def window(opens: time, closes: time) -> Window:
    """Return the window between two times on the wall; closing at 0:00 is at midnight's end.

    Raises:
        Invalid: unless it closes after it opens.
    """
    return Window(_minute(opens), _minute(closes) or DAY_MINUTES)


def windows_over_midnight(begins: time, ends: time) -> tuple[Window, ...]:
    """Return the windows of a stretch that may pass midnight, as quiet hours do.

    20:00 to 8:00 is 20:00 to 24:00 and 0:00 to 8:00 of each date. Equal times mean none.
    """
    first, last = _minute(begins), _minute(ends)
    if first <= last:
        return (Window(first, last),) if first < last else ()
    evening = Window(first, DAY_MINUTES)
    return (Window(0, last), evening) if last else (evening,)


def are_for(kinds: Collection[str], modality: str, asked: tuple[str, str]) -> bool:
    """Say whether hours are open to a kind of session given in some way: ``("prep", "in_person")``.

    Hours that name no kinds are for all, those that name no way are for any.
    """
    kind, way = asked
    return (not kinds or kind in kinds) and modality in ("", way)


def all_but(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Return the windows of a date that the given ones leave over."""
    edges = [0, *(minute for pair in _joined(windows) for minute in pair), DAY_MINUTES]
    return tuple(
        Window(opens, closes)
        for opens, closes in zip(edges[::2], edges[1::2], strict=True)
        if opens < closes
    )


def open_hours(
    axis: Axis,
    weekly: Mapping[int, Sequence[Window]],
    *,
    overrides: Mapping[date, Sequence[Window]] | None = None,
    closures: Iterable[tuple[date, date]] = (),
) -> int:
    """Set every cell that lies wholly within the hours of its local date.

    Args:
        axis: the window to fill.
        weekly: windows by weekday, Monday is 0; they may touch or overlap. A missing day is closed.
        overrides: windows that take the place of the weekly ones on single dates; none: closed.
        closures: first and last date, both closed and all between them, whatever else is said.
    """
    return _open_hours(
        axis,
        tuple(tuple(weekly.get(weekday, ())) for weekday in range(7)),
        tuple((on, tuple(windows)) for on, windows in (overrides or {}).items()),
        tuple(closures),
    )


@lru_cache(maxsize=512)
def _open_hours(
    axis: Axis,
    week: tuple[tuple[Window, ...], ...],
    overrides: tuple[tuple[date, tuple[Window, ...]], ...],
    closures: tuple[tuple[date, date], ...],
) -> int:
    changed, closed = dict(overrides), _dates_within(axis, closures)
    bits = 0
    for on, cell in zip(axis.dates, axis.day_cells, strict=False):
        windows = changed[on] if on in changed else week[on.weekday()]
        if windows and on not in closed:
            bits |= _day_bits(zones.stretches(axis.zone, on), windows) << cell
    return bits


@lru_cache(maxsize=128)
def daily(axis: Axis, windows: tuple[Window, ...]) -> int:
    """Set every cell that lies wholly within windows that are the same on every date."""
    return open_hours(axis, dict.fromkeys(range(7), windows))


def starts_between(axis: Axis, earliest: time, latest: time) -> int:
    """Set every cell that begins when the clock shows ``earliest`` to ``latest``, both included.

    Raises:
        Invalid: if the latest time comes before the earliest.
    """
    past = min(_minute(latest) + CELL_MINUTES, DAY_MINUTES)
    if latest < earliest:
        raise Invalid("The latest start comes before the earliest.")
    return daily(axis, (Window(_minute(earliest), past),))


@lru_cache(maxsize=128)
def start_grid(axis: Axis, step_minutes: int) -> int:
    """Set every cell at whose beginning the clock shows a multiple of the step after midnight.

    With 30 minutes that is :00 and :30, and both readings where an hour comes twice.

    Raises:
        Invalid: if the step is not between 5 minutes and a day, in whole cells.
    """
    if not CELL_MINUTES <= step_minutes <= DAY_MINUTES or step_minutes % CELL_MINUTES:
        raise Invalid("Starts are a multiple of five minutes apart, at most a day.")
    bits = 0
    for on, cell in zip(axis.dates, axis.day_cells, strict=False):
        bits |= _day_grid(zones.stretches(axis.zone, on), step_minutes) << cell
    return bits


@lru_cache(maxsize=1024)
def _day_bits(parts: tuple[zones.Stretch, ...], windows: tuple[Window, ...]) -> int:
    """Set the cells of one date, counted from its first, that lie wholly within windows."""
    bits = 0
    for elapsed, minutes, wall in parts:
        for opens, closes in _joined(windows):
            first = -((wall - max(opens, wall) - elapsed) // CELL_MINUTES)
            past = (elapsed + min(closes, wall + minutes) - wall) // CELL_MINUTES
            if first < past:
                bits |= (1 << past) - (1 << first)
    return bits


@lru_cache(maxsize=256)
def _day_grid(parts: tuple[zones.Stretch, ...], step_minutes: int) -> int:
    """Set the cells of one date, counted from its first, that begin on the wall-clock step."""
    bits = 0
    for elapsed, minutes, wall in parts:
        for minute in range(0, minutes, CELL_MINUTES):
            if (wall + minute) % step_minutes == 0:
                bits |= 1 << (elapsed + minute) // CELL_MINUTES
    return bits


def _joined(windows: Sequence[Window]) -> list[tuple[int, int]]:
    """Join windows that overlap or touch, so that no cell is lost between two of them."""
    joined: list[tuple[int, int]] = []
    for each in sorted(windows):
        opens, closes = each.opens_minute, each.closes_minute
        if joined and opens <= joined[-1][1]:
            before = joined.pop()
            opens, closes = before[0], max(before[1], closes)
        joined.append((opens, closes))
    return joined


def _dates_within(axis: Axis, ranges: Iterable[tuple[date, date]]) -> set[date]:
    """Return the dates of the axis that lie within any range, its ends included."""
    return {
        first_on + timedelta(days=n)
        for first_on, last_on in (
            (max(first, axis.first_on), min(last, axis.last_on)) for first, last in ranges
        )
        for n in range((last_on - first_on).days + 1)
    }


def _minute(at: time) -> int:
    """Return the minutes after midnight; seconds do not count."""
    return at.hour * 60 + at.minute
