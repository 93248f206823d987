"""How far ahead a course can be booked: to the horizon, and a dosing to the clearance's last day.

What lies beyond is not impossible, only not within reach yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from practice.calendar.rules import timeline, zones
from practice.calendar.rules.free import Limit, Reason, Refusal
from practice.calendar.rules.timeline import Axis
from practice.clients.rules.papers import PaperKind, PaperOnFile, Route, last_day
from practice.sessions.rules.courses import CourseTemplate
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.windows import StepWindow, Unit

FARTHEST = 700
"""Days that are looked at together at most, whatever a course's limits add up to."""

HOURS_A_DAY = 24


def longest_days(course: CourseTemplate) -> int:
    """Return how many days the limits of a course let it take at most, from its first step on."""
    ends: dict[str, int] = {}
    for step in course.steps:
        ends[step.key] = min(
            (ends[after.step] + _days(after.window) for after in step.after), default=0
        )
    return max(ends.values(), default=0)


def within(axis: Axis, today: date, horizon_days: int) -> Limit:
    """Return the starts that the calendar's horizon allows."""
    last_on = today + timedelta(days=horizon_days)
    words = f"This can be booked at most {horizon_days} days ahead."
    return _until(axis, last_on, Refusal(Reason.BEYOND_HORIZON, words))


def cleared(axis: Axis, until: date | None, kind: SessionKind) -> tuple[Limit, ...]:
    """Return the starts that the clearance allows to what gives medicine.

    Without a clearance on file there is no end: such a session waits for one.
    """
    if until is None or kind not in GIVES_MEDICINE:
        return ()
    words = f"The clearance runs out on {zones.day_words(until)}."
    return (_until(axis, until, Refusal(Reason.CLEARANCE_ENDS, words)),)


def cleared_until(papers: Iterable[PaperOnFile], route: Route | None) -> date | None:
    """Return the last day of a client's newest clearance for a route; ``None``: there is none."""
    mine = [p for p in papers if p.kind is PaperKind.MEDICAL_CLEARANCE and p.route is route]
    if route is None or not mine:
        return None
    newest = max(mine, key=lambda paper: paper.dated_on)
    return newest.valid_until or last_day(newest.kind, newest.dated_on)


def _until(axis: Axis, last_on: date, refusal: Refusal) -> Limit:
    past = zones.day_start(axis.zone, last_on + zones.DAY)
    return Limit(refusal, timeline.before(axis, past))


def _days(window: StepWindow) -> int:
    if window.unit is Unit.DAYS:
        return window.hard_max
    return -(-window.hard_max // HOURS_A_DAY)
