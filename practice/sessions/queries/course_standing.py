"""How a course stands as a whole: what lapsed, what waits for a decision, what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.rules import zones
from practice.clients.queries import papers_by_client
from practice.clients.rules.papers import PaperKind
from practice.core import clock
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import (
    Appointment,
    BroughtSession,
    Course,
    CourseChange,
    CourseReview,
)
from practice.sessions.queries.course_problems import old_places, template_of
from practice.sessions.rules import courses as course_rules
from practice.sessions.rules import lapse as lapses
from practice.sessions.rules import reviews
from practice.sessions.rules.boosters import BoosterPlan, booster_plan
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import KEPT, CourseState
from practice.sessions.rules.courses import CourseTemplate
from practice.sessions.rules.lapse import Lapse, WayBack
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState, SessionKind
from practice.sessions.rules.planner import Gap, Placed, gaps_of
from practice.sessions.rules.reviews import Review

S, K = AppointmentState, SessionKind
MEDICAL = frozenset({K.MEDICAL_EVAL, K.MED_FOLLOWUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A course as it stands now.

    ``template`` is the copy without what was left out. ``lapse`` is a limit that has been passed,
    be it written down already or not. ``broken`` and ``warnings`` are gaps, as they really are,
    to sessions that are still to come.
    """

    course: Course
    template: CourseTemplate
    placed: Mapping[str, Placed]
    held: Mapping[str, Placed]
    decided: Mapping[str, CourseReview]
    lapse: Lapse | None
    broken: tuple[Gap, ...]
    warnings: tuple[Gap, ...]

    @property
    def reviews_due(self) -> list[Review]:
        """The reviews whose step was held and on which nobody has decided."""
        return reviews.due(self.template, self.held, self.decided)

    @property
    def prescriber_is_outside(self) -> bool:
        """Whether the medical side of this course is somebody outside."""
        return any(each.is_external for each in self.template.steps if each.kind in MEDICAL)


def standing_of(course: Course) -> Standing:
    """Look at a course with its steps, from ``queries.courses``. Two statements."""
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    rows = {each.key: each for each in course.steps if each.dropped_at is None}
    template = course_rules.only(template_of(course), rows.keys())
    placed = old_places(course, zone)
    held = {
        key: each
        for key, each in placed.items()
        if (row := rows[key]).held_on is not None
        or (row.appointment is not None and row.appointment.state is S.COMPLETED)
    }
    excused = {
        key: placed[key].on
        for key, row in rows.items()
        if key in placed and row.appointment is not None and row.appointment.override_reason
    }
    is_kept = course.state in KEPT
    gaps = [
        each
        for each in (gaps_of(template, placed, zone) if is_kept else ())
        if each.later not in held and each.later not in excused
    ]
    return Standing(
        course=course,
        template=template,
        placed=placed,
        held=held,
        decided=reviews_of(course.id),
        lapse=lapses.lapse_of(template, held, today=today, zone=zone, excused=excused)
        if is_kept
        else None,
        broken=tuple(each for each in gaps if not each.is_legal),
        warnings=tuple(each for each in gaps if each.is_legal and not each.is_recommended),
    )


def reviews_of(course_id: UUID) -> dict[str, CourseReview]:
    """Return what was decided at the review points of a course, by the step before each."""
    found = db.session.scalars(sa.select(CourseReview).where(CourseReview.course_id == course_id))
    return {each.after_key: each for each in found}


# The way back from a lapse ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A lapse that was written down: why, since which local date, and the way back from it."""

    words: str
    since_on: date
    way_back: WayBack


def lapsed(course: Course) -> Lapsed | None:
    """Say why a course has lapsed and what of the way back has been gone. Three statements."""
    if course.state is not CourseState.LAPSED:
        return None
    change = db.session.scalar(
        sa.select(CourseChange)
        .where(CourseChange.course_id == course.id, CourseChange.deed == Deed.LAPSED)
        .order_by(CourseChange.made_at.desc())
        .limit(1)
    )
    if change is None:
        return None
    since_on = date.fromisoformat(change.facts["since"])
    days = held_days(course.client_id, MEDICAL | {K.PREP})
    papers = papers_by_client([course.client_id])[course.client_id]
    outside = [row.held_on for row in course.steps if row.kind in MEDICAL and row.held_on]
    return Lapsed(
        change.facts["words"],
        since_on,
        lapses.way_back(
            lapsed_on=since_on,
            reviews_on=[
                *days[K.MEDICAL_EVAL],
                *days[K.MED_FOLLOWUP],
                *outside,
                *(p.dated_on for p in papers if p.kind is PaperKind.MEDICAL_CLEARANCE),
            ],
            preps_on=days[K.PREP],
        ),
    )


def held_days(client_id: UUID, kinds: Collection[SessionKind]) -> dict[SessionKind, list[date]]:
    """Return on which local dates a client had sessions of some kinds, here or elsewhere.

    One statement.
    """
    zone = get_practice().time_zone
    here = sa.select(Appointment.kind, Appointment.starts_at).where(
        Appointment.client_id == client_id,
        Appointment.kind.in_(kinds),
        Appointment.state == S.COMPLETED,
    )
    elsewhere = sa.select(BroughtSession.kind, BroughtSession.starts_at).where(
        BroughtSession.client_id == client_id,
        BroughtSession.kind.in_(kinds),
        BroughtSession.starts_at.is_not(None),
    )
    found: dict[SessionKind, list[date]] = {kind: [] for kind in kinds}
    rows: Any = db.session.execute(sa.union_all(here, elsewhere))
    for kind, starts_at in rows:
        found[kind].append(zones.local_date(starts_at, zone))
    return {kind: sorted(days) for kind, days in found.items()}


# After the course ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AfterCourse:
    """What is suggested after a course, and the next booster that is in the book, if one is."""

    plan: BoosterPlan
    booked_at: datetime | None


def after_course(course: Course) -> AfterCourse | None:
    """Say which boosters a completed course suggests; ``None`` if none. Five statements."""
    if course.state is not CourseState.COMPLETED:
        return None
    template = template_of(course)
    held = old_places(course, get_practice().time_zone)
    own = [held[each.key].on for each in template.dosings if each.key in held]
    if template.boosters is None or not own:
        return None
    days = held_days(course.client_id, MEDICAL | GIVES_MEDICINE)
    papers = papers_by_client([course.client_id])[course.client_id]
    cleared = [p.dated_on for p in papers if p.kind is PaperKind.MEDICAL_CLEARANCE]
    outside = [row.held_on for row in course.steps if row.kind in MEDICAL and row.held_on]
    seen = [*days[K.MEDICAL_EVAL], *days[K.MED_FOLLOWUP], *outside]
    plan = booster_plan(
        template.boosters,
        course_ended_on=max(own),
        last_dosing_on=max([*own, *days[K.DOSING], *days[K.BOOSTER]]),
        clearance_on=max(cleared, default=None),
        followup_on=max(seen, default=None),
    )
    return AfterCourse(plan, _booked_booster(course.client_id))


def _booked_booster(client_id: UUID) -> datetime | None:
    found: datetime | None = db.session.scalar(
        sa.select(sa.func.min(Appointment.starts_at)).where(
            Appointment.client_id == client_id,
            Appointment.kind.in_(GIVES_MEDICINE),
            Appointment.state.in_({S.TENTATIVE, S.CONFIRMED, S.ARRIVED, S.IN_SESSION}),
            Appointment.starts_at > clock.now() - timedelta(days=1),
        )
    )
    return found
