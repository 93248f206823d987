"""What waits for a person in a course: reviews, a lapse, sessions that were lost, boosters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.people.access import current_roles, current_staff, may, requires
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions.keeping_forms import DecideForm, WhyForm
from practice.sessions.models import Course, CourseStepRow
from practice.sessions.queries.course_keeping import seal_of
from practice.sessions.queries.course_problems import stands
from practice.sessions.queries.course_standing import (
    Standing,
    after_course,
    lapsed,
    standing_of,
)
from practice.sessions.queries.courses import get_course, services_named
from practice.sessions.rules import course_copies
from practice.sessions.rules import courses as course_rules
from practice.sessions.rules.boosters import BoosterPlan, Suggestion
from practice.sessions.rules.course_states import KEPT
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.courses import read_known
from practice.sessions.rules.keeping import newly
from practice.sessions.rules.lifecycle import WORDS
from practice.sessions.rules.planner import gaps_of
from practice.sessions.rules.reviews import changes, stops
from practice.sessions.service import course_decisions, course_watch
from practice.sessions.views.course_shown import asked_step, place_of
from practice.sessions.views.staff import bp

# What the course's page shows ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """A review that waits; ``address`` is given to those who may decide."""

    title: str
    by: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A step whose session was cancelled or missed, and what can be done about it."""

    name: str
    how: str
    again: str
    leave_out: str


@dataclass(frozen=True, slots=True)
class LapseShown:
    """Why a course has lapsed, and what of the way back has been gone, each with its day."""

    words: str
    way: tuple[tuple[str, str], ...]
    is_open: bool
    address: str | None


@dataclass(frozen=True, slots=True)
class BoosterShown:
    """What is suggested after a course, in words."""

    window: str
    days: tuple[str, ...]
    notes: tuple[str, ...]
    booked: str
    address: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the page of a course shows of all this."""

    reviews: Sequence[Decision]
    lapse: LapseShown | None
    broken: Sequence[str]
    lost: Sequence[Lost]
    boosters: BoosterShown | None


def kept_of(course: Course) -> Kept:
    """Say what waits for a person. A limit that has just been passed is written down first."""
    found = standing_of(course)
    if found.lapse is not None and course.state in course_watch.MAY_LAPSE:
        course_watch.look_now(course.id)
        course = get_course(course.id)
        found = standing_of(course)
    return Kept(
        reviews=[_decision(found, each.after, each.title, each.by) for each in found.reviews_due],
        lapse=_lapse(course),
        broken=[each.words for each in found.broken] if found.lapse is None else [],
        lost=_lost(course),
        boosters=_boosters(course),
    )


def _decision(found: Standing, after: str, title: str, by: str) -> Decision:
    review = course_decisions.review_at(found, after)
    is_mine = course_decisions.may_decide(found, review, current_roles())
    place = place_of(found.course, after)
    address = url_for(".course_review_point", course_id=found.course.id, step=place)
    return Decision(title, by, address if is_mine else None)


def _lapse(course: Course) -> LapseShown | None:
    found = lapsed(course)
    if found is None:
        return None
    way = found.way_back
    since = zones.day_words(found.since_on)
    return LapseShown(
        words=found.words,
        way=tuple(
            (name, zones.day_words(on) if on else f"not since {since}")
            for name, on in (
                ("Medical review", way.review_on),
                ("One preparation session", way.prep_on),
            )
        ),
        is_open=way.is_open,
        address=url_for(".course_resume", course_id=course.id)
        if may(Permission.CLEARANCE_RECORD)
        else None,
    )


def _lost(course: Course) -> list[Lost]:
    if course.state not in KEPT:
        return []
    names = step_names(course.document["steps"])
    return [
        Lost(
            names[row.key],
            WORDS[row.appointment.state],
            url_for(".course_step_again", course_id=course.id, step=place_of(course, row.key)),
            url_for(".course_leave_out", course_id=course.id, step=place_of(course, row.key)),
        )
        for row in course.steps
        if row.dropped_at is None and row.appointment is not None and not stands(row.appointment)
    ]


def _boosters(course: Course) -> BoosterShown | None:
    found = after_course(course)
    if found is None:
        return None
    plan, words = found.plan, zones.day_words
    document = course.document["boosters"]
    service = services_named([document["service"]])[document["service"]]
    zone = get_practice().time_zone
    first_on = max(plan.first_on, zones.local_date(clock.now(), zone))
    named = {"client": course.client_id, "service": service.id, "from": first_on, "day": first_on}
    return BoosterShown(
        window=f"{words(plan.first_on)} to {words(plan.last_on)}, {plan.last_on.year} "
        f"(at the earliest {words(plan.hard_first_on)}, at the latest {words(plan.hard_last_on)})",
        days=tuple(_day(each) for each in plan.suggestions),
        notes=_notes(plan),
        booked=zones.instant_words(found.booked_at, zone) if found.booked_at else "",
        address=url_for(".new", **named),  # type: ignore[arg-type]  # "from" is no Python name
    )


def _day(suggestion: Suggestion) -> str:
    said = ["as recommended" if suggestion.is_recommended else "later than recommended"]
    if suggestion.needs_prep:
        said.append("a preparation comes first")
    if suggestion.needs_clearance:
        said.append("a new clearance comes first")
    return f"{zones.day_words(suggestion.on)}: {', '.join(said)}"


def _notes(plan: BoosterPlan) -> tuple[str, ...]:
    words = zones.day_words
    clearance = (
        f"The clearance counts until {words(plan.clearance_from_on - zones.DAY)}."
        if plan.clearance_from_on
        else "There is no clearance on file: one comes first."
    )
    return (
        f"From {words(plan.prep_from_on)} on a fresh preparation comes first.",
        clearance,
        f"The prescriber’s follow-up is due by {words(plan.followup_on)}.",
        "Each booster has its integration within the usual hours after it.",
    )


# Deciding at a review -----------------------------------------------------------------------------


@bp.route("/courses/<uuid:course_id>/review-point", methods=["GET", "POST"])
@requires(Permission.CARE_VIEW)
def course_review_point(course_id: UUID) -> ResponseReturnValue:
    """Show what the review behind a step (``?step=``) asks; on POST, keep what was decided."""
    course = get_course(course_id)
    row, found = asked_step(course), standing_of(course)
    review = course_decisions.review_at(found, row.key)
    form, by = DecideForm(), current_staff()
    form.decision.choices = [(each, each.capitalize()) for each in review.may]
    status = 200
    if form.validate_on_submit():
        decision, reason = form.decision.data, form.reason.data or ""
        try:
            in_transaction(
                lambda: course_decisions.decide(course_id, row.key, decision, reason, by=by)
            )
        except (Conflict, Invalid, NotAllowed) as refused:
            form.form_errors, status = [refused.message.removesuffix(".")], 409
        else:
            return _decided(course_id, decision)
    elif form.is_submitted():
        status = 422
    return render_template(
        "sessions/courses/review_point.html",
        course=course,
        review=review,
        made=found.decided.get(row.key),
        is_held=row.key in found.held,
        may_decide=course_decisions.may_decide(found, review, current_roles()),
        is_outside=found.prescriber_is_outside and review.by == "prescriber",
        exposure=_exposure(found),
        form=form,
    ), status


def _decided(course_id: UUID, decision: str) -> ResponseReturnValue:
    if changes(decision) and may(Permission.COURSE_CHANGE):
        flash("The decision is kept. Now change the course for this client.")
        return redirect(url_for(".course_change", course_id=course_id), 303)
    flash("The course is stopped." if stops(decision) else "The decision is kept.")
    return redirect(url_for(".course", course_id=course_id), 303)


def _exposure(found: Standing) -> str:
    """Say how many dosings were held and when the last one was: in view at every decision."""
    held = [found.held[each.key].on for each in found.template.dosings if each.key in found.held]
    if not held:
        return "No dosing was held yet."
    count = "1 dosing was" if len(held) == 1 else f"{len(held)} dosings were"
    return f"{count} held, the last on {zones.day_words(max(held))}."


# After a lapse ------------------------------------------------------------------------------------


@bp.route("/courses/<uuid:course_id>/resume", methods=["GET", "POST"])
@requires(Permission.CLEARANCE_RECORD)
def course_resume(course_id: UUID) -> ResponseReturnValue:
    """Show what brings a lapsed course back; on POST, let it go on by decision."""
    course, form, by = get_course(course_id), WhyForm(), current_staff()
    lapse, status = _lapse(course), 200
    if lapse is None:
        raise Conflict("This course has not lapsed.")
    if form.validate_on_submit():
        try:
            in_transaction(
                lambda: course_decisions.resume(course_id, form.reason.data or "", by=by)
            )
        except (Conflict, Invalid) as refused:
            form.form_errors, status = [refused.message.removesuffix(".")], 409
        else:
            flash("The course goes on. What was late may be booked again.")
            return redirect(url_for(".course", course_id=course_id), 303)
    elif form.is_submitted():
        status = 422
    return render_template(
        "sessions/courses/resume.html", course=course, lapse=lapse, form=form
    ), status


# Leaving a step out -------------------------------------------------------------------------------


@bp.route("/courses/<uuid:course_id>/leave-out", methods=["GET", "POST"])
@requires(Permission.WINDOW_OVERRIDE)
def course_leave_out(course_id: UUID) -> ResponseReturnValue:
    """Show what leaving a step (``?step=``) out takes along; on POST, do it with a reason."""
    course = get_course(course_id)
    row, form, by = asked_step(course), WhyForm(), current_staff()
    here, status = url_for(".course", course_id=course_id), 200
    if row.dropped_at is not None:
        return redirect(here, 303)
    if form.validate_on_submit():
        reason, seal = form.reason.data or "", form.seal.data or ""
        try:
            in_transaction(
                lambda: course_decisions.leave_out(course_id, row.key, reason, seal=seal, by=by)
            )
        except (Conflict, Invalid) as refused:
            course = get_course(course_id)
            form.form_errors, status = [refused.message.removesuffix(".")], 409
        else:
            flash("The step is left out.")
            return redirect(here, 303)
    elif form.is_submitted():
        status = 422
    form.seal.data = seal_of(course)
    gone = course_decisions.left_out_with(course, row.key)
    names = step_names(course.document["steps"])
    rows = {each.key: each for each in course.steps}
    warnings, broken = _without(course, gone)
    return render_template(
        "sessions/courses/leave_out.html",
        course=course,
        name=names[row.key],
        gone=[(names[key], _booked(rows[key])) for key in gone],
        warnings=warnings,
        broken=broken,
        form=form,
    ), status


def _without(course: Course, gone: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which windows are newly passed once some steps are left out."""
    zone, found = get_practice().time_zone, standing_of(course)
    left = {key: each for key, each in found.placed.items() if key not in gone}
    document = course_copies.without(course.document, gone)
    keys = {each.key for each in found.template.steps} - {*gone}
    after = course_rules.only(read_known(document), keys)
    return newly(gaps_of(found.template, found.placed, zone), gaps_of(after, left, zone))


def _booked(row: CourseStepRow) -> str:
    if row.appointment is None or not stands(row.appointment):
        return ""
    return zones.instant_words(row.appointment.starts_at, get_practice().time_zone)
