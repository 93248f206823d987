"""Random calendars for the planner.

A share of the hours is taken like this: some of the bookable days whole, half of them for 70 % in
all, and on each of the others one run of 25 to 55 % of the hours, somewhere. Single
bookings strewn over the day would leave no room for dosings, which need four hours in one piece:
from about half taken, none of such calendars has a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from practice.calendar.rules import hours, timeline, zones
from practice.calendar.rules.timeline import Axis
from practice.sessions.rules import courses, templates
from practice.sessions.rules.courses import CourseTemplate
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality
from practice.sessions.rules.needs import Shape
from practice.sessions.rules.planner import Given, Problem, problem_of

ZONE = "America/New_York"
FIRST_ON = date(2027, 1, 4)
RUN = (0.25, 0.55)
GRID_MINUTES = 15
OPEN, CLOSED = time(9), time(18)
FIRST_DOSING, LAST_DOSING = time(9), time(14)
MONITOR = (time(8, 30), time(17, 30))
PRESCRIBER = (time(10), time(16))
PRESCRIBER_DAYS = (1, 3)
GAP_MINUTES = 20
MONITOR_DAYS = {"Mon+Thu": (0, 3), "Tue+Fri": (1, 4), "Tue+Thu": (1, 3)}


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a practice's hours are taken on one axis."""

    axis: Axis
    taken: int
    monitor_days: tuple[int, ...]


def calendar(
    seed: int, *, days: int = 120, share: float = 0.7, monitor: str = "Tue+Fri"
) -> Calendar:
    """Draw a calendar. The same seed always draws the same."""
    draw = Random(seed)
    axis = timeline.axis_of(ZONE, FIRST_ON, FIRST_ON + timedelta(days=days - 1))
    run = sum(RUN) / 2
    whole = max((share - run) / (1 - run), 0.0)
    spans = []
    for on in axis.dates:
        opens, closes = (zones.instant_of(ZONE, on, at) for at in (OPEN, CLOSED))
        if on.weekday() > 4:
            continue
        if draw.random() < whole:
            spans.append((opens, closes))
        else:
            length = draw.uniform(*RUN) * min(share / run, 1) * (closes - opens)
            begin = opens + draw.random() * ((closes - opens) - length)
            spans.append((begin, begin + length))
    return Calendar(axis, timeline.busy(axis, spans), MONITOR_DAYS[monitor])


def problem(course: CourseTemplate, seen: Calendar, *, grid: int = GRID_MINUTES) -> Problem:
    """Ask for a plan of a course in a calendar, as the practice's rules have it."""
    starts = _starts(seen, grid)
    return problem_of(
        course,
        seen.axis,
        {each.key: starts[each.service, each.is_external] for each in course.steps},
        gap_minutes=GAP_MINUTES,
    )


@lru_cache(maxsize=1)
def _services() -> dict[str, Any]:
    return {each["slug"]: each for each in templates.shipped()["services"]}


@lru_cache(maxsize=4)
def _hours(axis: Axis, days: tuple[int, ...], opens: time, closes: time) -> int:
    return hours.open_hours(axis, {day: [hours.window(opens, closes)] for day in days})


def _starts(seen: Calendar, grid: int) -> dict[tuple[str, bool], Given]:
    axis = seen.axis
    weekdays = tuple(range(5))
    open_hours = _hours(axis, weekdays, OPEN, CLOSED)
    free = axis.full & ~seen.taken
    on_grid = hours.start_grid(axis, grid)
    dosing = hours.starts_between(axis, FIRST_DOSING, LAST_DOSING)
    roles = {
        "medical_monitor": _hours(axis, seen.monitor_days, *MONITOR),
        "prescriber": _hours(axis, PRESCRIBER_DAYS, *PRESCRIBER),
    }
    noon = hours.starts_between(axis, time(12), time(12)) & _hours(axis, weekdays, OPEN, CLOSED)
    found = {}
    for slug, service in _services().items():
        shape = Shape(
            minutes=service["minutes"],
            buffer_before_minutes=service["buffer_before"],
            buffer_after_minutes=service["buffer_after"],
            roles=tuple(service["needs"]["staff"]),
            needs_room=service["needs"]["room"],
        )
        length = timeline.cells_for(shape.minutes)
        lead = timeline.cells_for(shape.buffer_before_minutes)
        rest = timeline.cells_for(shape.minutes + shape.buffer_after_minutes)
        starts = timeline.fits(open_hours, length) & on_grid
        starts &= timeline.fits(free, lead + rest) << lead
        for role in shape.roles:
            if role in roles:
                starts &= timeline.fits(roles[role], length)
        if service["kind"] in GIVES_MEDICINE:
            starts &= dosing
        modality = Modality(service["modality"][0])
        resources = frozenset({"room", *shape.roles})
        found[slug, False] = Given(
            shape=shape, modality=modality, starts=starts, resources=resources
        )
        found[slug, True] = Given(shape=shape, modality=modality, starts=noon)
    return found


def course(slug: str, *, more: int = 0) -> CourseTemplate:
    """Return a shipped course, with dosings added."""
    return courses.with_more_dosings(courses.shipped()[slug], more)


def taken_share(seen: Calendar) -> float:
    """Return the share of the open hours that is taken."""
    whole = _hours(seen.axis, tuple(range(5)), OPEN, CLOSED)
    return (seen.taken & whole).bit_count() / whole.bit_count()


def p95(figures: Sequence[float]) -> float:
    """Return the figure that 95 of 100 do not exceed."""
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * 0.95))]


def local(at: datetime) -> str:
    """Write an instant for a proof that is printed."""
    return zones.instant_words(at, ZONE)
