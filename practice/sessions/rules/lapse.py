"""When a course has lapsed, and what brings it back: ``course_lapse`` of the shipped policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from practice.calendar.rules import zones
from practice.sessions.rules.courses import CourseTemplate
from practice.sessions.rules.planner.plan import Placed
from practice.sessions.rules.planner.setting import name_of
from practice.sessions.rules.windows import Anchor, StepWindow, Unit

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lapse:
    """A limit between two dosings that has been passed: ``last_on`` was the last day for it."""

    after: str
    step: str
    last_on: date
    words: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """What brings a lapsed course back, and when each of it took place after the lapse."""

    review_on: date | None
    prep_on: date | None

    @property
    def is_open(self) -> bool:
        """Whether the course may go on, once somebody decides so."""
        return self.review_on is not None and self.prep_on is not None

    @property
    def missing(self) -> tuple[str, ...]:
        """What is still missing, each as in a list."""
        found = []
        if self.review_on is None:
            found.append("a medical review")
        if self.prep_on is None:
            found.append("one preparation session")
        return tuple(found)


def lapse_of(
    course: CourseTemplate,
    held: Mapping[str, Placed],
    *,
    today: date,
    zone: str,
    excused: Mapping[str, date] | None = None,
) -> Lapse | None:
    """Return the first limit between two dosings that has been passed, if any has.

    Args:
        course: the client's own copy, without the steps that were left out.
        held: the steps that were held, at the time at which they really were.
        today: local date.
        zone: of the practice.
        excused: dosings that were booked beyond their limit, with a reason by somebody who may do
            so, and the local date of each: until then the limit does not count.
    """
    allowed = excused or {}
    dosings = {each.key: each for each in course.dosings}
    for step in course.dosings:
        if step.key in held:
            continue
        for after in step.after:
            if after.step not in dosings or after.step not in held:
                continue
            last_on = last_day(after.window, held[after.step], zone)
            last_on = max(last_on, allowed.get(step.key, last_on))
            if today > last_on:
                before, this = name_of(dosings[after.step]), name_of(step)
                words = (
                    f"{this[:1].upper()}{this[1:]} had to follow {before} by "
                    f"{zones.day_words(last_on)}, and did not."
                )
                return Lapse(after.step, step.key, last_on, words)
    return None


def last_day(window: StepWindow, anchor: Placed, zone: str) -> date:
    """Return the last local date on which a step may lie after its anchor, by the limit."""
    moment = anchor.starts_at if window.anchor is Anchor.START else anchor.ends_at
    if window.unit is Unit.HOURS:
        return zones.local_date(moment + window.hard_max * HOUR, zone)
    on = anchor.on if anchor.is_external else zones.local_date(moment, zone)
    return on + timedelta(days=window.hard_max)


def way_back(*, lapsed_on: date, reviews_on: Iterable[date], preps_on: Iterable[date]) -> WayBack:
    """Say which part of the way back has been gone: only what lies on or after the lapse counts.

    Args:
        lapsed_on: local date on which the course lapsed.
        reviews_on: when the prescriber saw the client, or dated a clearance.
        preps_on: when preparation sessions were held.
    """
    return WayBack(
        review_on=min((each for each in reviews_on if each >= lapsed_on), default=None),
        prep_on=min((each for each in preps_on if each >= lapsed_on), default=None),
    )
