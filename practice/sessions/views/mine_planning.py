"""A client chooses among the plans of their course, once staff let them: the same steps as theirs.

Own wishes, up to three plans, another time for one session, one review, one confirm. Every look
at the calendar may take two seconds, so that it is counted how often one course is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid, NotFound
from practice.people import limits
from practice.people.client_access import current_client, for_clients
from practice.people.client_views import bp
from practice.people.queries import get_practice
from practice.people.rules import Often
from practice.sessions.course_plan_forms import (
    ConfirmForm,
    TimesForm,
    read_choice,
    written_choice,
)
from practice.sessions.models import Course
from practice.sessions.queries.course_plans import (
    Chosen,
    adjusted,
    checked,
    chosen_of,
    lost,
    plans,
    refusals_of,
    times_of,
)
from practice.sessions.queries.course_problems import Seen, see
from practice.sessions.rules import course_wishes
from practice.sessions.rules import for_clients as rules
from practice.sessions.rules.course_states import BOOKABLE
from practice.sessions.rules.course_words import CLIENT_NAMES
from practice.sessions.rules.lifecycle import GIVES_MEDICINE
from practice.sessions.rules.planner import Gap, NoPlan, Plan
from practice.sessions.service import course_offers, courses
from practice.sessions.views.course_adjusting import Page, check_step, step_asked
from practice.sessions.views.course_shown import (
    FOR_CLIENTS,
    check_keys,
    kept_plan,
    keys_of,
    names_of,
    shown,
    when_words,
)
from practice.sessions.views.mine_course import own_course

APART = "These dates no longer make up a whole that fits."
CHANGED = "Something about these dates has changed since you opened this page."


# Wishes -------------------------------------------------------------------------------------------


@bp.route("/me/course/<uuid:course_id>/wishes", methods=["GET", "POST"])
@for_clients
def course_wishes_of(course_id: UUID) -> ResponseReturnValue:
    """Ask which days and times suit, and lead on to plans that keep to them."""
    course, by = _to_choose(course_id), current_client()
    before = course_wishes.read(course.wishes)
    if request.method == "GET":
        return _wishes(course, TimesForm.of(before))
    form = TimesForm()
    if not form.validate():
        return _wishes(course, form), 422
    wishes = form.wishes(before)
    in_transaction(lambda: course_offers.wish(course_id, wishes, by=by))
    return redirect(url_for(".course_plan", course_id=course_id), 303)


def _wishes(course: Course, form: TimesForm) -> str:
    return render_template("me/course_wishes.html", course=course, form=form)


# Plans --------------------------------------------------------------------------------------------


@bp.get("/me/course/<uuid:course_id>/plan")
@for_clients
def course_plan(course_id: UUID) -> ResponseReturnValue:
    """Show up to three plans, one below the other."""
    return _plans(_to_choose(course_id))


def _plans(course: Course, wrong: str = "", kept: Chosen | None = None) -> str:
    _count(course)
    found = plans(course, course.client, as_staff=False)
    return render_template(
        "me/course_plans.html",
        course=course,
        plans=shown(found.seen, found.outcome.plans, voice=FOR_CLIENTS),
        saved=kept_plan(found.seen, kept, voice=FOR_CLIENTS) if kept else [],
        wishes=course_wishes.in_words(course_wishes.read(course.wishes)),
        zone_words=_zone_words(),
        wrong=wrong,
    )


# One review, one confirm --------------------------------------------------------------------------


@bp.get("/me/course/<uuid:course_id>/review")
@for_clients
def course_review(course_id: UUID) -> ResponseReturnValue:
    """Show a whole plan before it is booked; every session may have another time."""
    course = _to_choose(course_id)
    chosen = read_choice(request.args.get("plan", ""), keys_of(course))
    _count(course)
    seen = see(course, course.client, as_staff=False)
    check_keys(seen, chosen)
    if gone := lost(seen, chosen):
        return _plans(course, _gone(course, chosen, gone), chosen), 409
    judged = checked(seen, chosen)
    if isinstance(judged, NoPlan):
        return _plans(course, APART, chosen), 409
    return _review(seen, judged, ConfirmForm(formdata=None, data={"version": course.version}))


def _review(seen: Seen, plan: Plan, form: ConfirmForm) -> str:
    (view,) = shown(seen, [plan], title="Book these sessions?", voice=FOR_CLIENTS)
    return render_template(
        "me/course_review.html",
        course=seen.course,
        plan=view,
        form=form,
        waits=any(each.kind in GIVES_MEDICINE and each.fact is None for each in seen.problem.steps),
        zone_words=_zone_words(),
    )


@bp.post("/me/course/<uuid:course_id>/review")
@for_clients
def course_confirm(course_id: UUID) -> ResponseReturnValue:
    """Book all of it, or nothing and show new plans. A second click finds what it made."""
    course, form, by = _to_choose(course_id), ConfirmForm(), current_client()
    chosen = read_choice(request.args.get("plan", ""), keys_of(course))
    if not form.validate():
        raise Invalid("This page was open for too long. Look at the dates again.")
    version = form.version.data or 0
    _count(course)
    try:
        made = in_transaction(
            lambda: len(course_offers.confirm(course_id, chosen, seen=version, by=by))
        )
    except (courses.PlanLost, courses.CourseChanged, courses.GatesClosed) as wrong:
        fresh = _to_choose(course_id)
        return _plans(fresh, _said(fresh, chosen, wrong), chosen), 409
    are = "sessions are" if made != 1 else "session is"
    flash(
        f"{made} {are} booked. You get one email about all of it."
        if made
        else "The date is written down."
    )
    return redirect(url_for(".course", course_id=course_id), 303)


def _said(course: Course, chosen: Chosen, wrong: Conflict) -> str:
    """Say to the client why nothing was booked."""
    if isinstance(wrong, courses.GatesClosed):
        missing = dict.fromkeys(rules.MISSING_WORDS[each.gate] for each in wrong.closed)
        return f"Before these can be booked, something is missing: {'; '.join(missing)}. Call us."
    if isinstance(wrong, courses.PlanLost):
        return _gone(course, chosen, wrong.lost) if wrong.lost else APART
    return CHANGED


def _gone(course: Course, chosen: Chosen, gone: Iterable[str]) -> str:
    called, zone = names_of(course, CLIENT_NAMES), get_practice().time_zone
    return " ".join(
        f"{called[key]}, {when_words(chosen[key], zone)}, can no longer be had." for key in gone
    )


# Another time for one session ---------------------------------------------------------------------


class OwnPage(Page):
    """Other times as a client sees them."""

    def why_not(self, at: datetime) -> str:
        if not self.times.is_free(at):
            refusals = refusals_of(self.times.seen, self.key, at)
            said = [rules.REFUSED_WORDS.get(each.reason, rules.NOT_FREE) for each in refusals]
            return said[0] if said else rules.NOT_FREE
        if broken := self.times.broken_at(at):
            return self._too_near_or_far(broken)
        if not self.times.leaves_integration_at(at):
            return "No integration session would be free soon enough after it."
        return "Your other sessions would not fit around it."

    def _too_near_or_far(self, broken: Iterable[Gap]) -> str:
        called = names_of(self.course, CLIENT_NAMES)
        others = [gap.earlier if gap.later == self.key else gap.later for gap in broken]
        return f"Too close to {called[others[0]]}, or too far from it."


@bp.get("/me/course/<uuid:course_id>/adjust")
@for_clients
def course_adjust(course_id: UUID) -> ResponseReturnValue:
    """Show the other times of one session of a plan, those that break it with the reason."""
    course = _to_choose(course_id)
    keys, plan = keys_of(course), request.args.get("plan", "")
    chosen, key = read_choice(plan, keys), step_asked(keys)
    _count(course)
    seen = see(course, course.client, as_staff=False)
    check_step(seen, chosen, key)
    page = OwnPage(course, plan, key, times_of(seen, key), chosen[key])
    return render_template(
        "me/course_adjust.html",
        course=course,
        name=names_of(course, CLIENT_NAMES)[key],
        now=when_words(chosen[key], seen.problem.axis.zone),
        zone_words=_zone_words(),
        **page.shown(),
    )


@bp.get("/me/course/<uuid:course_id>/adjusted")
@for_clients
def course_adjusted(course_id: UUID) -> ResponseReturnValue:
    """Give one session of a plan another time, plan the rest around it, and show that."""
    course = _to_choose(course_id)
    keys = keys_of(course)
    chosen = read_choice(request.args.get("plan", ""), keys)
    wanted = read_choice(request.args.get("start", ""), keys)
    _count(course)
    seen = see(course, course.client, as_staff=False)
    check_keys(seen, chosen)
    check_keys(seen, wanted)
    key, when = next(iter(wanted.items()))
    found = adjusted(seen, chosen, key, when)
    if found.lost:
        return _plans(course, _gone(course, wanted, found.lost), chosen), 409
    if found.plan is None:
        return _plans(course, "Your other sessions do not fit around that time.", chosen), 409
    plan, others = chosen_of(found.plan, seen), len(found.moved)
    flash(
        "Nothing else had to move."
        if not others
        else f"{others} other session{'s' * (others != 1)} moved with it."
    )
    return redirect(url_for(".course_review", course_id=course_id, plan=written_choice(plan, keys)))


# What all of them ask -----------------------------------------------------------------------------


def _to_choose(course_id: UUID) -> Course:
    """Return a course of which this client may book something.

    Raises:
        NotFound: for any other.
    """
    course = own_course(course_id)
    if course.offered_at is None or course.state not in BOOKABLE:
        raise NotFound("These dates are not open to choose from just now. Call us about them.")
    return course


def _count(course: Course) -> None:
    """Count one more look at the calendar.

    Raises:
        TooMany: if there were too many of this course.
    """
    in_transaction(lambda: limits.count(Often.COURSE_PLANS, str(course.id)))


def _zone_words() -> str:
    return zones.zone_words(get_practice().time_zone)
