"""The courses of all clients, and one course: its timeline, what is next, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.forms import read_page
from practice.billing.rules.selling import RULE_WORDS
from practice.billing.sales import sale_for
from practice.calendar.queries import booking_rules
from practice.calendar.rules import zones
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid, NotFound
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.queries import get_practice, names_of_staff
from practice.people.rules import Permission
from practice.sessions.course_plan_forms import DateForm, EndForm
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.queries.course_drawn import drawn
from practice.sessions.queries.course_lists import Show, listed
from practice.sessions.queries.course_problems import waits_for_a_time
from practice.sessions.queries.courses import changes_of, get_course, services_named
from practice.sessions.queries.facts import closed_of
from practice.sessions.rules import course_deeds, course_states, course_wishes
from practice.sessions.rules.course_states import BOOKABLE, LIVE, CourseState
from practice.sessions.rules.course_words import step_names
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import LIVE as STILL_LIVE
from practice.sessions.service import (
    course_ends,
    course_money,
    course_price,
    course_steps,
    estimates,
)
from practice.sessions.views.course_kept import kept_of
from practice.sessions.views.course_shown import place_of, when_words
from practice.sessions.views.sale_shown import shown_for
from practice.sessions.views.staff import bp

PRACTICE, CLIENT = Why.PRACTICE, Why.CLIENT

TONES = {
    CourseState.PROPOSED: "wait dashed",
    CourseState.BOOKED: "good",
    CourseState.UNDER_WAY: "dusk",
    CourseState.COMPLETED: "done",
    CourseState.STOPPED: "done",
    CourseState.LAPSED: "bad",
}
SHOWS = {
    Show.RUNNING: "Running",
    Show.PROPOSED: "Proposed",
    Show.LAPSED: "Lapsed",
    Show.OVER: "Over",
}


# All courses --------------------------------------------------------------------------------------


@bp.get("/courses/")
@requires(Permission.CLIENT_VIEW)
def courses() -> ResponseReturnValue:
    """List the practice's courses: those that run, or another of the saved lists."""
    text = request.args.get("show", Show.RUNNING.value)
    show = Show(text) if text in set(Show) else Show.RUNNING
    return render_template(
        "sessions/courses/list.html",
        found=listed(show, read_page(request.args.get("page", ""))),
        show=show.value,
        shows=[(each.value, words) for each, words in SHOWS.items()],
        tones=TONES,
        states=course_states.IN_WORDS,
    )


# One course ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that is not booked yet, the days that are kept for it, and whether it can be."""

    name: str
    days: str
    is_reachable: bool


@dataclass(frozen=True, slots=True)
class Next:
    """The next session of a course, and what is still missing for it."""

    name: str
    when: str
    address: str
    missing: tuple[str, ...]


@bp.get("/courses/<uuid:course_id>")
@requires(Permission.CLIENT_VIEW)
def course(course_id: UUID) -> ResponseReturnValue:
    """Show one course: where it stands, what is next, what is missing, and what was decided."""
    found, zone = get_course(course_id), get_practice().time_zone
    kept = kept_of(found)
    names = step_names(found.document["steps"])
    services = services_named(step["service"] for step in found.document["steps"])
    steps = [each for each in found.steps if each.dropped_at is None]
    changes = changes_of(course_id)
    staff = names_of_staff({each.made_by for each in changes if each.made_by})
    wishes = course_wishes.read(found.wishes)
    return render_template(
        "sessions/courses/course.html",
        course=found,
        kept=kept,
        drawing=drawn(found, zone, {slug: each.label for slug, each in services.items()}),
        addresses=_addresses(found, steps),
        state=course_states.IN_WORDS[found.state],
        tone=TONES[found.state],
        following=_next(steps, names, zone),
        waiting=[_waiting(each, names[each.key]) for each in steps if waits_for_a_time(each)],
        outside=[
            (names[each.key], _on(each), _date_address(found, each))
            for each in steps
            if each.is_external
        ],
        is_bookable=found.state in BOOKABLE,
        is_live=found.state in LIVE,
        one_by_one=_one_by_one(found, steps),
        wishes=course_wishes.in_words(wishes),
        terms=_terms(found, names),
        sold=shown_for(found.id, names),
        takes_own_price=course_price.has_own(found),
        changes=[
            (each, course_deeds.in_words(each.deed, each.facts), staff.get(each.made_by, ""))
            for each in changes
        ],
        horizon=booking_rules().horizon_days,
    )


def _terms(found: Course, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say when which part of the price is due, as agreed."""
    parts = []
    for each in found.terms.get("installments", ()):
        *words, key = str(each["due"]).split(" ")
        due = " ".join([*words, names.get(key, key)])
        parts.append((f"{due[:1].upper()}{due[1:]}", f"{each['pct']}%"))
    return parts


def _waiting(row: CourseStepRow, name: str) -> Waiting:
    if row.window_from_on is None or row.window_until_on is None:
        return Waiting(name, "", is_reachable=True)
    first, last = (zones.day_words(on) for on in (row.window_from_on, row.window_until_on))
    return Waiting(name, f"{first} to {last}", is_reachable=row.reachable_at is not None)


def _addresses(found: Course, steps: list[CourseStepRow]) -> Mapping[str, str]:
    """Return where each step leads: to its session, or to where its date is written down."""
    addresses = {
        each.key: url_for(".appointment", appointment_id=each.appointment_id)
        for each in steps
        if each.appointment_id is not None
    }
    return addresses | {
        each.key: _date_address(found, each)
        for each in steps
        if each.is_external and found.state in LIVE
    }


def _date_address(found: Course, row: CourseStepRow) -> str:
    return url_for(".course_date", course_id=found.id, step=place_of(found, row.key))


def _on(row: CourseStepRow) -> str:
    if row.held_on:
        return f"took place {_long(row.held_on)}"
    return f"planned for {_long(row.planned_on)}" if row.planned_on else "no date yet"


def _long(on: date) -> str:
    return f"{zones.day_words(on)}, {on.year}"


def _next(steps: list[CourseStepRow], names: Mapping[str, str], zone: str) -> Next | None:
    coming: dict[str, Appointment] = {
        each.key: each.appointment
        for each in steps
        if each.appointment is not None and each.appointment.state in STILL_LIVE
    }
    if not coming:
        return None
    key = min(coming, key=lambda each: coming[each].starts_at)
    session = coming[key]
    missing = closed_of([session]).get(session.id, [])
    return Next(
        names[key],
        when_words(session.starts_at, zone),
        url_for(".appointment", appointment_id=session.id),
        tuple(each.reason for each in missing),
    )


def _one_by_one(found: Course, steps: list[CourseStepRow]) -> str | None:
    """Return where the next step is booked by itself."""
    waits = next((each for each in steps if waits_for_a_time(each)), None)
    if waits is None or found.state not in BOOKABLE:
        return None
    return url_for(".course_adjust", course_id=found.id, step=place_of(found, waits.key))


# Visits to somebody outside -----------------------------------------------------------------------


@bp.route("/courses/<uuid:course_id>/date", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_BOOK)
def course_date(course_id: UUID) -> ResponseReturnValue:
    """Write down when a visit to somebody outside is planned, and when it took place."""
    found, by = get_course(course_id), current_staff()
    row = _outside(found)
    form = DateForm(
        data={
            "planned_on": row.planned_on,
            "held_on": row.held_on,
            "version": found.version,
        }
    )
    if request.method == "GET":
        return _date_page(found, row, form)
    if not form.validate():
        return _date_page(found, row, form), 422
    try:
        in_transaction(
            lambda: course_steps.write_date(
                course_id,
                row.key,
                planned_on=form.planned_on.data,
                held_on=form.held_on.data,
                seen=form.version.data or 0,
                by=by,
            )
        )
    except Invalid as wrong:
        form.held_on.errors = [wrong.message.removesuffix(".")]
        return _date_page(found, row, form), 422
    except Conflict as wrong:
        form.form_errors = [wrong.message.removesuffix(".")]
        form.version.data = get_course(course_id).version
        return _date_page(found, row, form), 409
    flash("The date is written down.")
    return redirect(url_for(".course", course_id=course_id))


def _outside(found: Course) -> CourseStepRow:
    text = request.args.get("step", "")
    places = {str(n): each for n, each in enumerate(found.steps) if each.is_external}
    if text not in places:
        raise NotFound("There is no such visit.")
    return places[text]


def _date_page(found: Course, row: CourseStepRow, form: DateForm) -> str:
    return render_template(
        "sessions/courses/date.html",
        course=found,
        name=step_names(found.document["steps"])[row.key],
        form=form,
    )


# Ending early -------------------------------------------------------------------------------------


@bp.route("/courses/<uuid:course_id>/stop", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_BOOK)
def course_stop(course_id: UUID) -> ResponseReturnValue:
    """Show what ends with a course, and end it for a reason."""
    found, by = get_course(course_id), current_staff()
    form = EndForm(data={"version": found.version})
    if request.method == "GET":
        if found.state not in LIVE:
            raise Conflict("This course is over already.")
        return _stop_page(found, form)
    if not form.validate():
        return _stop_page(found, form), 422
    try:
        in_transaction(
            lambda: course_ends.stop(
                course_id,
                form.reason.data or "",
                seen=form.version.data or 0,
                by=by,
                why=form.reason_why,
                expected=form.comes_to,
            )
        )
    except Conflict as wrong:
        form.form_errors = [wrong.message.removesuffix(".")]
        again = get_course(course_id)
        form.version.data = again.version
        return _stop_page(again, form), 409
    flash("The course has ended. The client is told of what was cancelled.")
    return redirect(url_for(".course", course_id=course_id))


def _stop_page(found: Course, form: EndForm) -> str:
    ahead = course_ends.still_to_come(found)
    comes_to = {each: course_money.preview(found, ahead, each) for each in (PRACTICE, CLIENT)}
    for why, field in ((PRACTICE, form.comes_to_practice), (CLIENT, form.comes_to_client)):
        ending = comes_to[why]
        field.data = ending.refund_minor - ending.open_minor if ending else None
    zone, names = get_practice().time_zone, step_names(found.document["steps"])
    coming = {each.id for each in course_ends.still_to_come(found)}
    return render_template(
        "sessions/courses/stop.html",
        course=found,
        form=form,
        ending=comes_to[CLIENT],
        without_fees=comes_to[PRACTICE],
        money=lambda minor: Money(minor, found.price.currency),
        rule=RULE_WORDS[sale.refund_rule] if (sale := sale_for(found.id)) else "",
        above=estimates.above_when_ended(found),
        coming=[
            (names[each.key], when_words(each.appointment.starts_at, zone))
            for each in found.steps
            if each.appointment is not None and each.appointment.id in coming
        ],
    )
