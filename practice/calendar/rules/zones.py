"""Local time: which zones there are, when a local date begins, what a clock on the wall shows.

Every function takes the name of an IANA zone. The rules of the zones come from the pinned
``tzdata`` package, because each entry point begins with ``zoneinfo.reset_tzpath([])``.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

from practice.core.errors import Invalid

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class Stretch(NamedTuple):
    """A part of one local date in which the clock on the wall runs without a jump."""

    elapsed_minutes: int  # from the first instant of the date to the beginning of this part
    minutes: int  # how long this part lasts
    wall_minutes: int  # what the clock shows at its beginning, in minutes after midnight


PLAIN_DAY = (Stretch(elapsed_minutes=0, minutes=24 * 60, wall_minutes=0),)


@cache
def zone_names() -> frozenset[str]:
    """Return the names that the pinned time zone data knows, links included."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("ascii").split())


def zone(name: str) -> ZoneInfo:
    """Return the IANA zone of exactly this name.

    Raises:
        Invalid: if there is none; also for paths and for names in the wrong case, which a
            file system may take and another may not.
    """
    if name not in zone_names():
        raise Invalid("That is not the name of a time zone, like America/New_York.")
    return ZoneInfo(name)


@lru_cache(maxsize=16_384)
def day_start(zone_name: str, on: date) -> datetime:
    """Return the first instant, in UTC, of a local date.

    That is midnight, or the moment after the jump where the clocks skip midnight.
    """
    return datetime.combine(on, time.min, zone(zone_name)).astimezone(UTC)


@lru_cache(maxsize=16_384)
def stretches(zone_name: str, on: date) -> tuple[Stretch, ...]:
    """Cut a local date where its clock jumps: one part on most dates, two on a change.

    Their lengths add up to the true length of the date: 23, 24 or 25 hours in the United
    States. Looks at every fifth minute, since no zone changes between two of them any more.
    """
    start, end = day_start(zone_name, on), day_start(zone_name, on + DAY)
    place = zone(zone_name)
    offsets = {at.astimezone(place).utcoffset() for at in (start, end - MINUTE)}
    if end - start == DAY and len(offsets) == 1:
        return PLAIN_DAY

    parts: list[Stretch] = []
    offset = None
    for elapsed in range(0, (end - start) // MINUTE, 5):
        local = (start + elapsed * MINUTE).astimezone(place)
        if local.utcoffset() == offset:
            parts[-1] = parts[-1]._replace(minutes=parts[-1].minutes + 5)
        else:
            parts.append(Stretch(elapsed, 5, local.hour * 60 + local.minute))
            offset = local.utcoffset()
    return tuple(parts)


def local_date(instant: datetime, zone_name: str) -> date:
    """Return the date that a calendar on the wall shows at an instant."""
    return instant.astimezone(zone(zone_name)).date()


def iso_week(on: date) -> tuple[int, int]:
    """Return the ISO year and week of a date. Weeks run from Monday to Sunday."""
    year, week, _ = on.isocalendar()
    return year, week


def is_read_twice(instant: datetime, zone_name: str) -> bool:
    """Say whether the clock shows this same time again, or has shown it before."""
    local = instant.astimezone(zone(zone_name))
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


def instant_of(zone_name: str, on: date, at: time, *, second_reading: bool = False) -> datetime:
    """Return the instant, in UTC, at which the clock on the wall shows a date and a time.

    Where the clock shows the time twice that is the first of them, or else ``second_reading``.

    Raises:
        Invalid: if the clock skips that time, or shows it only once and the second was asked for.
    """
    place = zone(zone_name)
    wall = datetime.combine(on, at, place).replace(fold=int(second_reading))
    instant = wall.astimezone(UTC)
    back = instant.astimezone(place)
    if back.replace(tzinfo=None, fold=0) != wall.replace(tzinfo=None, fold=0):
        raise Invalid(f"The clocks skip {clock_words(wall)} on {day_words(on)}.")
    if second_reading and not back.fold:
        raise Invalid(f"The clocks show {clock_words(wall)} only once on {day_words(on)}.")
    return instant


def is_shown(zone_name: str, on: date, at: time) -> bool:
    """Say whether the clock on the wall shows a time on a date at all: it may skip it."""
    wall = datetime.combine(on, at, zone(zone_name))
    back = wall.astimezone(UTC).astimezone(wall.tzinfo)
    return back.replace(tzinfo=None, fold=0) == wall.replace(tzinfo=None)


def plain_instant_of(zone_name: str, on: date, at: time) -> datetime:
    """Return the one instant, in UTC, at which the clock on the wall shows a date and a time.

    Raises:
        Invalid: if the clock skips that time, or shows it twice, so that nobody knows which.
    """
    instant = instant_of(zone_name, on, at)
    local = instant.astimezone(zone(zone_name))
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise Invalid(
            f"The clocks show {clock_words(local)} twice on {day_words(on)}. "
            "Choose a time before or after that hour."
        )
    return instant


def day_words(on: date) -> str:
    """Write a date as ``Tue, Dec 1``."""
    return f"{on:%a, %b} {on.day}"


def clock_words(at: datetime | time) -> str:
    """Write a local time as ``10:30 AM``."""
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"


def instant_words(instant: datetime, zone_name: str) -> str:
    """Write an instant as ``Tue, Dec 1, 10:30 AM``, in local time.

    Where the clock shows that time twice, the zone's letters tell which: ``1:30 AM EST``.
    """
    place = zone(zone_name)
    local = instant.astimezone(place)
    words = f"{day_words(local)}, {clock_words(local)}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{words} {local:%Z}" if twice else words


def zone_words(zone_name: str) -> str:
    """Name a zone by its city, as ``New York time``; zones without one keep their own name."""
    area, _, city = zone_name.rpartition("/")
    return f"{city.replace('_', ' ')} time" if area and area != "Etc" else zone_name
