"""Planning a client's course: which one, what is wished, three plans, one review, one confirm.

Nothing is kept of a plan until it is confirmed: an address says which times were chosen so far, as
``plan=0.20270315T1400Z-1.20270318``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import queries as calendar
from practice.calendar.models import ResourceKind
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.models import Client
from practice.people.queries import get_client_in_care, get_practice
from practice.people.rules import Permission
from practice.sessions.course_plan_forms import (
    ConfirmForm,
    WishesForm,
    read_choice,
    written_choice,
)
from practice.sessions.models import Course, CourseTemplateRow
from practice.sessions.queries.course_plans import (
    Chosen,
    Plans,
    adjusted,
    checked,
    chosen_of,
    lost,
    plans,
    proof,
)
from practice.sessions.queries.course_problems import Seen, see
from practice.sessions.queries.course_templates import get_template, offered_templates
from practice.sessions.queries.courses import (
    adoptable,
    get_course,
    live_courses_of,
    services_named,
)
from practice.sessions.rules import course_wishes
from practice.sessions.rules.course_states import BOOKABLE, CourseState
from practice.sessions.rules.course_wishes import Wishes
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality
from practice.sessions.rules.planner import NoPlan, Plan
from practice.sessions.service import course_offers
from practice.sessions.service import courses as service
from practice.sessions.staff_forms import read_uuid
from practice.sessions.views.course_shown import (
    check_keys,
    kept_plan,
    keys_of,
    names_of,
    shown,
)
from practice.sessions.views.staff import bp

BOOK = Permission.APPOINTMENT_BOOK
SECOND_CLICK = timedelta(minutes=1)


# Which course, and what is wished -----------------------------------------------------------------


@bp.get("/clients/<uuid:client_id>/courses/new")
@requires(BOOK)
def course_new(client_id: UUID) -> ResponseReturnValue:
    """Ask which course it is to be; then what the client wishes."""
    client = get_client_in_care(client_id)
    if not request.args.get("course"):
        return render_template(
            "sessions/courses/which.html", client=client, templates=offered_templates()
        )
    template = get_template(read_uuid(request.args["course"]))
    form = _offered(WishesForm.of(course_wishes.NONE), template.document, client)
    form.adopting.data = list(form.adopting.choices or ())
    return _wishes(client, template, form)


@bp.post("/clients/<uuid:client_id>/courses/new")
@requires(BOOK)
def course_propose(client_id: UUID) -> ResponseReturnValue:
    """Make the client's copy of a course and lead on to its plans."""
    client = get_client_in_care(client_id)
    template = get_template(read_uuid(request.args.get("course", "")))
    form, by = _offered(WishesForm(), template.document, client), current_staff()
    if not form.validate():
        return _wishes(client, template, form), 422
    wishes, adopting = form.wishes(), [UUID(each) for each in form.adopting.data or ()]
    if (sent_before := _proposed_just_now(client, template, wishes)) is not None:
        return redirect(url_for(".course_plan", course_id=sent_before))
    made = in_transaction(
        lambda: (
            service.propose(
                get_client_in_care(client_id),
                get_template(template.id),
                wishes,
                by=by,
                adopting=adopting,
            ).id
        )
    )
    return redirect(url_for(".course_plan", course_id=made))


def _proposed_just_now(client: Client, template: CourseTemplateRow, wishes: Wishes) -> UUID | None:
    """Return what the same form made a moment ago: a second click."""
    return next(
        (
            each.id
            for each in live_courses_of(client.id)
            if each.template_id == template.id
            and each.wishes == course_wishes.as_document(wishes)
            and clock.now() - each.created_at < SECOND_CLICK
        ),
        None,
    )


def _wishes(client: Client, template: CourseTemplateRow, form: WishesForm) -> str:
    return render_template(
        "sessions/courses/wishes.html", client=client, title=template.title, form=form, course=None
    )


@bp.get("/courses/<uuid:course_id>/wishes")
@requires(BOOK)
def course_wishes_of(course_id: UUID) -> ResponseReturnValue:
    """Show what is wished of a course's times, to be changed."""
    course = get_course(course_id)
    form = WishesForm.of(course_wishes.read(course.wishes))
    return _wishes_again(course, _offered(form, course.document))


@bp.post("/courses/<uuid:course_id>/wishes")
@requires(BOOK)
def course_wish(course_id: UUID) -> ResponseReturnValue:
    """Keep other wishes, and plan again."""
    course, by = get_course(course_id), current_staff()
    form = _offered(WishesForm(), course.document)
    if not form.validate():
        return _wishes_again(course, form), 422
    wishes = form.wishes()
    in_transaction(lambda: service.wish(service.lock(course_id), wishes, by=by))
    return redirect(url_for(".course_plan", course_id=course_id))


def _wishes_again(course: Course, form: WishesForm) -> str:
    return render_template(
        "sessions/courses/wishes.html",
        client=course.client,
        title=course.title,
        form=form,
        course=course,
    )


def _offered(
    form: WishesForm, document: Mapping[str, Any], client: Client | None = None
) -> WishesForm:
    """Fill the choices of a form: the sessions that can be by video, and who holds sessions.

    For a new course of a ``client`` also the sessions that it may take over.
    """
    steps = document["steps"]
    named = services_named(each["service"] for each in steps)
    called = step_names(steps)
    by_video = {
        each["key"]: called[each["key"]]
        for each in steps
        if not each.get("external")
        and named[each["service"]].modality_set == {Modality.IN_PERSON, Modality.TELEHEALTH}
    }
    hosts = {named[each["service"]].needs_roles[0] for each in steps if not each.get("external")}
    people = [
        each
        for each in calendar.members()
        if each.kind is ResourceKind.PERSON and hosts & set(each.roles)
    ]
    zone = get_practice().time_zone
    had = adoptable(client.id, document) if client else {}
    form.offer(
        by_video,
        people,
        {
            str(each.id): f"{called[key]}, {zones.instant_words(each.starts_at, zone)}"
            for key, each in had.items()
        },
    )
    return form


# Plans --------------------------------------------------------------------------------------------


@bp.get("/courses/<uuid:course_id>/plan")
@requires(BOOK)
def course_plan(course_id: UUID) -> ResponseReturnValue:
    """Show up to three plans beside each other, or the proof that there is none."""
    return _plans(get_course(course_id))


def _plans(course: Course, wrong: Conflict | None = None, kept: Chosen | None = None) -> str:
    _bookable(course)
    found = plans(course, course.client)
    return render_template(
        "sessions/courses/plan.html",
        course=course,
        plans=shown(found.seen, found.outcome.plans),
        saved=kept_plan(found.seen, kept) if kept else [],
        proof=proof(found.seen, found.outcome.no_plan) if found.outcome.no_plan else "",
        nearest=found.outcome.no_plan.nearest if found.outcome.no_plan else (),
        unfinished=bool(found.outcome.unfinished),
        blocked=_blocked(found),
        wishes=_wishes_in_words(course),
        horizon=calendar.booking_rules().horizon_days,
        wrong=wrong,
        button_form=PlainForm(formdata=None),
    )


def _blocked(found: Plans) -> str:
    none = found.outcome.no_plan
    return names_of(found.seen.course).get(none.step, "") if none else ""


def _wishes_in_words(course: Course) -> list[str]:
    wishes = course_wishes.read(course.wishes)
    host = next((m.name for m in calendar.members() if m.id == wishes.host_id), None)
    return course_wishes.in_words(wishes, host=host)


def _bookable(course: Course) -> None:
    if course.state not in BOOKABLE:
        raise Conflict("Nothing can be booked for this course any more.")


# The client's own choice --------------------------------------------------------------------------


@bp.post("/courses/<uuid:course_id>/offer")
@requires(BOOK)
def course_offer(course_id: UUID) -> ResponseReturnValue:
    """Let the client choose among the plans: they get a mail with the way there."""
    by = current_staff()
    in_transaction(lambda: course_offers.offer(course_id, by=by))
    flash(f"{get_course(course_id).client.first_name} can choose now, and is told by one email.")
    return redirect(url_for(".course_plan", course_id=course_id))


@bp.post("/courses/<uuid:course_id>/withdraw")
@requires(BOOK)
def course_withdraw(course_id: UUID) -> ResponseReturnValue:
    """Take the plans back from the client."""
    by = current_staff()
    in_transaction(lambda: course_offers.withdraw(course_id, by=by))
    flash("The client cannot choose any more. What is booked stays.")
    return redirect(url_for(".course_plan", course_id=course_id))


# One review, one confirm --------------------------------------------------------------------------


@bp.get("/courses/<uuid:course_id>/review")
@requires(BOOK)
def course_review(course_id: UUID) -> ResponseReturnValue:
    """Show a whole plan before it is booked; every session may have another time."""
    course = get_course(course_id)
    _bookable(course)
    chosen = read_choice(request.args.get("plan", ""), keys_of(course))
    seen = see(course, course.client)
    check_keys(seen, chosen)
    if gone := lost(seen, chosen):
        return _plans(course, _gone(seen, chosen, gone), chosen), 409
    judged = checked(seen, chosen)
    if isinstance(judged, NoPlan):
        return _plans(course, Conflict(proof(seen, judged)), chosen), 409
    return _review(seen, judged, ConfirmForm(data={"version": course.version}))


def _review(seen: Seen, plan: Plan, form: ConfirmForm) -> str:
    course = seen.course
    (view,) = shown(seen, [plan], title=_review_title(course))
    return render_template(
        "sessions/courses/review.html",
        course=course,
        plan=view,
        form=form,
        waits=any(each.kind in GIVES_MEDICINE and each.fact is None for each in seen.problem.steps),
        horizon=calendar.booking_rules().horizon_days,
    )


def _review_title(course: Course) -> str:
    return "Book this course?" if course.state is CourseState.PROPOSED else "Book these sessions?"


@bp.post("/courses/<uuid:course_id>/review")
@requires(BOOK)
def course_confirm(course_id: UUID) -> ResponseReturnValue:
    """Book the whole plan, or nothing and offer new ones. A second click finds what it made."""
    course, form, by = get_course(course_id), ConfirmForm(), current_staff()
    chosen = read_choice(request.args.get("plan", ""), keys_of(course))
    if not form.validate():
        raise Invalid("This page was open for too long. Look at the plan again.")
    version = form.version.data or 0
    try:
        made = in_transaction(lambda: len(service.confirm(course_id, chosen, seen=version, by=by)))
    except (service.PlanLost, service.CourseChanged, service.GatesClosed) as wrong:
        return _plans(get_course(course_id), wrong, chosen), 409
    flash(
        f"{made} session{'s are' if made != 1 else ' is'} booked. The client is told by one email."
        if made
        else "The date is written down."
    )
    return redirect(url_for(".course", course_id=course_id))


# Another time for one session ---------------------------------------------------------------------


@bp.get("/courses/<uuid:course_id>/adjusted")
@requires(BOOK)
def course_adjusted(course_id: UUID) -> ResponseReturnValue:
    """Give one session of a plan another time, plan the rest around it, and show that."""
    course = get_course(course_id)
    keys = keys_of(course)
    chosen = read_choice(request.args.get("plan", ""), keys)
    wanted = read_choice(request.args.get("start", ""), keys)
    seen = see(course, course.client)
    check_keys(seen, chosen)
    check_keys(seen, wanted)
    ((key, when),) = wanted.items()
    found = adjusted(seen, chosen, key, when)
    if found.lost or found.plan is None:
        words = " ".join(found.lost.values()) or "The rest of the course does not fit around it."
        return _plans(course, Conflict(words), chosen), 409
    plan, others = chosen_of(found.plan, seen), len(found.moved)
    flash(
        "Nothing else had to move."
        if not others
        else f"{others} other session{'s' * (others != 1)} moved with it."
    )
    return redirect(url_for(".course_review", course_id=course_id, plan=written_choice(plan, keys)))


def _gone(seen: Seen, chosen: Mapping[str, datetime | date], gone: Mapping[str, str]) -> Conflict:
    called, zone = names_of(seen.course), get_practice().time_zone
    words = []
    for key, why in gone.items():
        when = chosen[key]
        at = (
            zones.instant_words(when, zone) if isinstance(when, datetime) else zones.day_words(when)
        )
        words.append(f"{called[key]}, {at}: {why}")
    return Conflict(" ".join(words))
