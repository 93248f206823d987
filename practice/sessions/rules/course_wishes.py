"""What a client wishes of the times of a course, kept with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from practice.calendar.rules import hours, timeline, zones
from practice.calendar.rules.free import Limit, Reason, Refusal
from practice.calendar.rules.timeline import Axis
from practice.core.errors import Invalid

MOST_AWAY = 20
MOST_AWAY_DAYS = 366


class PartOfDay(StrEnum):
    """When in a day a session may start."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


PARTS: dict[PartOfDay, tuple[time, time]] = {
    PartOfDay.MORNING: (time(0), time(11, 55)),
    PartOfDay.AFTERNOON: (time(12), time(16, 55)),
    PartOfDay.EVENING: (time(17), time(23, 55)),
}
"""The first and the last start on the wall clock."""

PARTS_IN_WORDS = {
    PartOfDay.MORNING: "before noon",
    PartOfDay.AFTERNOON: "from noon to 5 PM",
    PartOfDay.EVENING: "from 5 PM",
}
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Nothing wished of something means that any will do.

    Args:
        weekdays: 1 is Monday, 7 is Sunday.
        parts: of the day, in which sessions may start.
        earliest_on: local date before which nothing begins.
        away: first and last local dates on which the client cannot come.
        by_video: keys of the steps that are given by video.
        host_id: who holds the sessions, wherever they can.

    Raises:
        Invalid: for dates out of order, or too many of them.
    """

    weekdays: frozenset[int] = frozenset()
    parts: frozenset[PartOfDay] = frozenset()
    earliest_on: date | None = None
    away: tuple[tuple[date, date], ...] = ()
    by_video: frozenset[str] = frozenset()
    host_id: UUID | None = None

    def __post_init__(self) -> None:
        if not self.weekdays <= frozenset(range(1, 8)):
            raise Invalid("A week has seven days.")
        if len(self.away) > MOST_AWAY:
            raise Invalid(f"At most {MOST_AWAY} absences can be kept with a course.")
        for first_on, last_on in self.away:
            if not 0 <= (last_on - first_on).days < MOST_AWAY_DAYS:
                raise Invalid("An absence ends after it begins, and within a year.")


NONE = Wishes()


def as_document(wishes: Wishes) -> dict[str, Any]:
    """Write wishes down, fit for JSON; what is not wished is left out."""
    document = {
        "weekdays": sorted(wishes.weekdays),
        "parts": sorted(part.value for part in wishes.parts),
        "earliest_on": wishes.earliest_on.isoformat() if wishes.earliest_on else None,
        "away": [[first.isoformat(), last.isoformat()] for first, last in wishes.away],
        "by_video": sorted(wishes.by_video),
        "host_id": str(wishes.host_id) if wishes.host_id else None,
    }
    return {name: value for name, value in document.items() if value}


def read(document: Mapping[str, Any]) -> Wishes:
    """Read what ``as_document`` wrote."""
    earliest, host = document.get("earliest_on"), document.get("host_id")
    return Wishes(
        weekdays=frozenset(document.get("weekdays", ())),
        parts=frozenset(map(PartOfDay, document.get("parts", ()))),
        earliest_on=date.fromisoformat(earliest) if earliest else None,
        away=tuple(
            (date.fromisoformat(first), date.fromisoformat(last))
            for first, last in document.get("away", ())
        ),
        by_video=frozenset(document.get("by_video", ())),
        host_id=UUID(host) if host else None,
    )


def limits(wishes: Wishes, axis: Axis, *, of_a_visit_outside: bool = False) -> tuple[Limit, ...]:
    """Return the starts that wishes leave, one limit each.

    On which weekdays and when in the day somebody outside sees a client is not ours to choose.
    """
    found = []
    if wishes.earliest_on is not None and wishes.earliest_on > axis.first_on:
        begins = zones.day_start(axis.zone, wishes.earliest_on)
        words = f"The client wishes nothing before {zones.day_words(wishes.earliest_on)}."
        found.append((words, axis.full & ~timeline.before(axis, begins)))
    if wishes.away:
        dates = [on for on in axis.dates if any(first <= on <= last for first, last in wishes.away)]
        words = "The client is away then."
        found.append((words, axis.full & ~timeline.on_dates(axis, dates)))
    if wishes.weekdays and not of_a_visit_outside:
        days = {day - 1: [hours.WHOLE_DAY] for day in wishes.weekdays}
        words = f"The client wishes to come on {_days_in_words(wishes.weekdays)}."
        found.append((words, hours.open_hours(axis, days)))
    if wishes.parts and not of_a_visit_outside:
        allowed = 0
        for part in wishes.parts:
            allowed |= hours.starts_between(axis, *PARTS[part])
        words = f"The client wishes to begin {_parts_in_words(wishes.parts)}."
        found.append((words, allowed))
    return tuple(Limit(Refusal(Reason.NOT_WISHED, words), bits) for words, bits in found)


def in_words(wishes: Wishes, *, host: str | None = None) -> list[str]:
    """Say what is wished, a few words each. ``host`` is the name of who is."""
    found = []
    if wishes.weekdays:
        found.append(f"On {_days_in_words(wishes.weekdays)}")
    if wishes.parts:
        found.append(f"Beginning {_parts_in_words(wishes.parts)}")
    if wishes.earliest_on:
        found.append(f"Not before {zones.day_words(wishes.earliest_on)}")
    for first, last in wishes.away:
        until = f" to {zones.day_words(last)}" if last != first else ""
        found.append(f"Away {zones.day_words(first)}{until}")
    if wishes.by_video:
        count = len(wishes.by_video)
        found.append(f"{count} session{'s' * (count != 1)} by video")
    if host:
        found.append(f"With {host}")
    return found


def _days_in_words(weekdays: Iterable[int]) -> str:
    return _joined([WEEKDAYS[day - 1] for day in sorted(weekdays)])


def _parts_in_words(parts: Iterable[PartOfDay]) -> str:
    wished = set(parts)
    return _joined([PARTS_IN_WORDS[part] for part in PartOfDay if part in wished])


def _joined(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
