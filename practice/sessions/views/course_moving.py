"""A session of a course moves: what follows is shown before anything is saved, then done as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.rules import Actor
from practice.billing.rules.fees import FeeFor
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, NotAllowed
from practice.people.access import current_staff, may, requires
from practice.people.rules import Permission
from practice.sessions.forms import written
from practice.sessions.keeping_forms import WayForm
from practice.sessions.models import Appointment, Course
from practice.sessions.queries.course_keeping import Ahead, Part, ahead, part_of
from practice.sessions.queries.course_problems import stands
from practice.sessions.queries.courses import get_course
from practice.sessions.rules import keeping
from practice.sessions.rules.course_states import KEPT
from practice.sessions.service import booking, late, ripples
from practice.sessions.service.ripples import Change, LimitsBroken, Stale
from practice.sessions.views.choosing import TimeChoice
from practice.sessions.views.course_shown import asked_step
from practice.sessions.views.late_shown import (
    StaffLateWayForm,
    collected_by,
    offer_reasons,
    wish_of,
)
from practice.sessions.views.ripple_shown import ways_of
from practice.sessions.views.staff import bp

Near = Callable[[], Sequence[TimeChoice]]


def preview(
    part: Part,
    starts_at: datetime,
    *,
    back: str,
    form: WayForm | None = None,
    status: int = 200,
    near: Near = tuple,
) -> ResponseReturnValue:
    """Show what follows when a session of a course moves to another time.

    ``near`` is asked for the times nearest to it if nothing leads on from there.
    """
    found = ahead(part.course, {part.key: starts_at})
    return _page(part, found, back=back, form=form, status=status, near=near)


def finish(
    part: Part, starts_at: datetime, *, back: str, by: Actor, as_staff: bool = True
) -> ResponseReturnValue | None:
    """Do what was chosen; ``None`` once it is done, else the page that says what is wrong."""
    form = StaffLateWayForm()
    form.way.validate_choice = False
    is_good, wish = form.validate(), wish_of(form, _choices(part))
    if not is_good or wish is None:
        return preview(part, starts_at, back=back, form=form, status=422)
    times = keeping.read(form.way.data or "")
    if times.get(part.key) != starts_at:
        return preview(part, starts_at, back=back, form=_said(form, ripples.STALE), status=409)
    chosen = frozenset({part.key})
    return _done(part, times, chosen, form, back=back, by=by, as_staff=as_staff, wish=wish)


def _choices(part: Part) -> list[late.Choice]:
    """Return why a session of a course may move, and what that costs."""
    session = part.row.appointment
    return late.choices(session, FeeFor.MOVED) if session and stands(session) else []


def _done(
    part: Part,
    times: dict[str, datetime],
    chosen: frozenset[str],
    form: WayForm,
    *,
    back: str,
    by: Actor,
    as_staff: bool = True,
    wish: late.Wish | None = None,
) -> ResponseReturnValue | None:
    change = Change(
        times=times,
        chosen=chosen,
        seal=form.seal.data or "",
        reason=(form.reason.data or "").strip() or None,
        wish=wish,
    )
    for key, at in times.items():
        _make_room(part.course, key, at)
    try:
        in_transaction(lambda: ripples.carry_out(part.course.id, change, by=by, as_staff=as_staff))
    except LimitsBroken as beyond:
        form.reason.errors = ["Write down why this is right, or choose another way"]
        return _again(part, times, chosen, form, beyond, back=back, status=422)
    except (Stale, NotAllowed, Conflict) as refused:
        return _again(part, times, chosen, form, refused, back=back, status=409)
    return None


def _again(
    part: Part,
    times: dict[str, datetime],
    chosen: frozenset[str],
    form: WayForm,
    refused: Conflict | NotAllowed,
    *,
    back: str,
    status: int,
) -> ResponseReturnValue:
    """Show what follows anew, from the course as it is now."""
    course = get_course(part.course.id)
    if not form.errors:
        _said(form, refused.message)
    placing = [part.key] if not chosen else []
    found = ahead(course, {key: at for key, at in times.items() if key in chosen}, placing=placing)
    return _page(Part(course, part.key), found, back=back, form=form, status=status)


def _said(form: WayForm, words: str) -> WayForm:
    form.form_errors = [words.removesuffix(".")]
    return form


def _make_room(course: Course, key: str, starts_at: datetime) -> None:
    """Ask the processor about holds past their end that lie where a session is to go."""
    row = next((each for each in course.steps if each.key == key), None)
    if row is not None and row.appointment is not None:
        booking.settle_blockers(row.appointment.service, starts_at=starts_at)


def _page(
    part: Part,
    found: Ahead,
    *,
    back: str,
    form: WayForm | None = None,
    status: int = 200,
    near: Near = tuple,
) -> ResponseReturnValue:
    ways = ways_of(found, beyond_limits=may(Permission.WINDOW_OVERRIDE))
    form = form or StaffLateWayForm(formdata=None)
    choices = _choices(part)
    if choices and isinstance(form, StaffLateWayForm):
        offer_reasons(form, choices)
    form.seal.data = found.seal
    form.way.choices = [(each.code, each.heading) for each in ways]
    if form.way.data not in {each.code for each in ways}:
        form.way.data = ways[0].code if ways else None
    return render_template(
        "sessions/courses/move.html",
        part=part,
        client=part.course.client,
        session=part.row.appointment if stands(part.row.appointment) else None,
        ways=ways,
        choices=choices,
        card=collected_by(part.course.client_id) if len(choices) > 1 else "",
        why_none=() if ways else _why_none(found),
        near=() if ways else near(),
        form=form,
        back=back,
    ), status


def _why_none(found: Ahead) -> tuple[str, ...]:
    """Say why no way leads on from the time that was chosen."""
    if not found.chosen:
        return ("No time is free for it that keeps the limits of the course.",)
    judged = keeping.judged(found.problem, found.seen.old, found.chosen, {})
    words = (*judged.impossible, *judged.broken)
    return words or ("No other times of the course keep its limits then.",)


# Before a session of a course is cancelled --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instead:
    """What there is besides cancelling: ``when`` is the best other time, ``moves`` what follows."""

    part: Part
    when: str
    moves: str
    address: str | None


def instead_of_cancelling(appointment: Appointment) -> Instead | None:
    """Look for the best other time of a session of a course; ``None`` if it is of none."""
    part = part_of(appointment)
    if part is None or appointment.starts_at <= clock.now():
        return None
    found = ahead(part.course, {}, placing=[part.key])
    for answer in found.answers:
        (own,) = [each for each in answer.shifts if each.key == part.key]
        if own.now.starts_at != appointment.starts_at:
            zone = found.problem.axis.zone
            address = url_for(
                ".check_move", appointment_id=appointment.id, start=written(own.now.starts_at)
            )
            moves = answer.heading.lower()
            return Instead(part, zones.instant_words(own.now.starts_at, zone), moves, address)
    return Instead(part, "", "", None)


# A step that has no session any more --------------------------------------------------------------


@bp.route("/courses/<uuid:course_id>/again", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_BOOK)
def course_step_again(course_id: UUID) -> ResponseReturnValue:
    """Look for another time for a step (``?step=``) that lost its session, and book it."""
    part = open_part(course_id)
    back = url_for(".course", course_id=course_id)
    if request.method == "GET":
        found = ahead(part.course, {}, placing=[part.key])
        return _page(part, found, back=back)
    form = WayForm()
    form.way.validate_choice = False
    if not form.validate():
        found = ahead(part.course, {}, placing=[part.key])
        return _page(part, found, back=back, form=form, status=422)
    times = keeping.read(form.way.data or "")
    wrong = _done(part, times, frozenset(), form, back=back, by=current_staff())
    if wrong is not None:
        return wrong
    flash(f"{part.name} is booked again. The client is told by one email in 3 minutes.")
    return redirect(back, 303)


def open_part(course_id: UUID) -> Part:
    """Return the step of a running course that an address names, if no session of it stands.

    Raises:
        NotFound: if there is no such step.
        Conflict: if the course is over, or the step has a session.
    """
    course = get_course(course_id)
    row = asked_step(course)
    if row.dropped_at is not None or row.is_external or stands(row.appointment):
        raise Conflict("This step needs no other time.")
    if course.state not in KEPT:
        raise Conflict("This course is not running.")
    return Part(course, row.key)
