"""What follows from a change of a course, in words: each way to go on, with what moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from practice.calendar.rules import zones
from practice.sessions.queries.course_keeping import Ahead
from practice.sessions.rules.course_words import STEP_NAMES, step_names
from practice.sessions.rules.keeping import Answer, Shift
from practice.sessions.rules.planner import Placed


@dataclass(frozen=True, slots=True)
class Moved:
    """One session that gets another time: its name, both times, and how far that is."""

    name: str
    was: str
    now: str
    by: str
    is_chosen: bool
    is_external: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WayShown:
    """One way to go on. ``code`` is what the form sends; ``needs_reason``: a limit is passed."""

    code: str
    heading: str
    lines: tuple[Moved, ...]
    warnings: tuple[str, ...]
    broken: tuple[str, ...]
    is_best: bool

    @property
    def needs_reason(self) -> bool:
        return bool(self.broken)


def ways_of(
    ahead: Ahead, *, names: Mapping[str, str] = STEP_NAMES, beyond_limits: bool
) -> list[WayShown]:
    """Put the ways to go on into words; those beyond a limit only for who may choose them."""
    called = step_names(ahead.seen.course.document["steps"], names=names)
    zone = ahead.problem.axis.zone
    return [
        way_of(each, called, zone) for each in ahead.answers if beyond_limits or not each.broken
    ]


def way_of(answer: Answer, called: Mapping[str, str], zone: str) -> WayShown:
    """Put one way to go on into words."""
    return WayShown(
        code=answer.code,
        heading=answer.heading,
        lines=tuple(moved_of(each, called, zone) for each in answer.shifts),
        warnings=answer.warnings,
        broken=answer.broken,
        is_best=answer.is_best,
    )


def moved_of(shift: Shift, called: Mapping[str, str], zone: str) -> Moved:
    """Put one session's move into words."""
    return Moved(
        name=called.get(shift.key, shift.name),
        was=_when(shift.was, zone) if shift.was else "",
        now=_when(shift.now, zone),
        by=_how_far(shift),
        is_chosen=shift.is_chosen,
        is_external=shift.is_external,
    )


def _when(placed: Placed, zone: str) -> str:
    if placed.is_external:
        return zones.day_words(placed.on)
    return zones.instant_words(placed.starts_at, zone)


def _how_far(shift: Shift) -> str:
    if shift.was is None:
        return "new"
    days = (shift.now.on - shift.was.on).days
    if days:
        count = abs(days)
        return f"{count} day{'s' * (count != 1)} {'later' if days > 0 else 'earlier'}"
    minutes = (shift.now.starts_at - shift.was.starts_at) // timedelta(minutes=1)
    if not minutes:
        return "as it is"
    hours, rest = divmod(abs(minutes), 60)
    parts = [f"{hours} hour{'s' * (hours != 1)}"] * bool(hours) + [f"{rest} minutes"] * bool(rest)
    return f"{' '.join(parts)} {'later' if minutes > 0 else 'earlier'}"
