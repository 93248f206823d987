"""A client moves their own session: another time, what it means, and it is moved.

Offered are the times that anybody may book, as far as the course's limits allow. Close to the
session moving costs what cancelling would cost, and the page says how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.rules.fees import FeeFor
from practice.calendar.rules import zones
from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.people.access import public
from practice.sessions import queries
from practice.sessions.forms import MOST_DAYS, SHOWN_DAYS, read_asked, written
from practice.sessions.queries.course_keeping import Part, ahead, elsewhere, part_of
from practice.sessions.rules import choosing, keeping, policies
from practice.sessions.rules.course_words import CLIENT_NAMES
from practice.sessions.service import booking, late, ripples
from practice.sessions.service.covering import loses_unit
from practice.sessions.service.ripples import Change
from practice.sessions.staff_forms import TimeForm
from practice.sessions.views.choosing import View, day_link, earlier, later, next_free, time_parts
from practice.sessions.views.late_shown import (
    ClientLateForm,
    ClientLateWayForm,
    LateFields,
    collected_by,
    offer_reasons,
    wish_of,
)
from practice.sessions.views.public import bp
from practice.sessions.views.ripple_shown import ways_of
from practice.sessions.views.showing import by_client, page, show
from practice.sessions.views.shown import Shown

GONE = "That time is not free any more. Here are the nearest times."


@dataclass(frozen=True, slots=True)
class MoveView(View):
    """What an address of the page comes to: days of one session's other times."""

    token: str

    def url(self, **other: Any) -> str:
        """Return the address of this page with other days, or another day."""
        kept = {"from": self.first_on, "day": self.day}
        said = {name: value for name, value in (kept | other).items() if value is not None}
        return url_for("public.move", token=self.token, **said)


@bp.get("/bookings/<token>/move")
@public
def move(token: str) -> ResponseReturnValue:
    """Show the times to which a client may move their session."""
    shown = show(token)
    return _elsewhere(shown) or _times(shown, TimeForm(formdata=None))


@bp.get("/bookings/<token>/move/check")
@public
def check_move(token: str) -> ResponseReturnValue:
    """Show from when to when it moves, and by which terms then."""
    shown = show(token)
    if away := _elsewhere(shown):
        return away
    form = TimeForm(formdata=request.args)
    if not form.validate():
        return _times(shown, form, status=422)
    if form.start.instant not in _free(shown, _day_of(shown, form.start.instant), 1):
        return _lost(shown, form)
    if (part := part_of(shown.appointment)) is not None:
        return _preview_of_course(shown, part, form.start.instant)
    return _preview(shown, form.start.instant)


@bp.post("/bookings/<token>/move/check")
@public
def finish_move(token: str) -> ResponseReturnValue:
    """Move it. A second click finds it moved."""
    shown = show(token)
    time, form = TimeForm(formdata=request.args), ClientLateForm()
    here = url_for(".booking", token=token)
    if written(shown.appointment.starts_at) == request.args.get("start"):
        return redirect(here, 303)
    if away := _elsewhere(shown):
        return away
    if time.validate() and (part := part_of(shown.appointment)) is not None:
        return _finish_of_course(shown, part, time) or redirect(here, 303)
    is_good = form.validate()
    if not time.validate():
        return _times(shown, time, status=422 if is_good else form.status)
    wish = wish_of(form, _choices(shown))
    if not is_good or wish is None:
        return _preview(shown, time.start.instant, form)
    return _move(shown, time, form, wish)


def _choices(shown: Shown) -> list[late.Choice]:
    """Return what a client can say: why they move it asks nothing where it costs nothing."""
    whys = late.BY_CLIENT if shown.fee_now else late.BY_CLIENT[:1]
    return late.choices(shown.appointment, FeeFor.MOVED, whys)


def _costs(shown: Shown, form: LateFields) -> dict[str, Any]:
    """Return what a page says of the costs, and let its form offer the reasons."""
    choices = _choices(shown)
    offer_reasons(form, choices)
    owed = choices[0].split.owed
    return {"choices": choices, "card": collected_by(shown.appointment.client_id) if owed else ""}


def _move(
    shown: Shown, time: TimeForm, form: ClientLateForm, wish: late.Wish
) -> ResponseReturnValue:
    """Move a session of no course."""
    here = url_for(".booking", token=shown.token)
    booking.settle_blockers(shown.appointment.service, starts_at=time.start.instant)
    try:
        in_transaction(
            lambda: booking.move(
                shown.appointment,
                starts_at=time.start.instant,
                by=by_client(shown.appointment),
                sequence=form.sequence.data,
                as_staff=False,
                wish=wish,
            )
        )
    except (booking.SlotTaken, booking.NotOffered, booking.WindowBroken):
        return _lost(shown, time)
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(here, 303)


def _elsewhere(shown: Shown) -> ResponseReturnValue | None:
    """Send whoever comes too late to move the session to where they get on."""
    if shown.is_ahead:
        return None
    flash("This session cannot be moved here. Call us.", "wait")
    return redirect(url_for(".booking", token=shown.token), 303)


def _preview(
    shown: Shown, starts_at: datetime, problem: ClientLateForm | None = None
) -> ResponseReturnValue:
    a = shown.appointment
    form = problem or ClientLateForm(formdata=None, data={"sequence": a.sequence})
    terms = policies.sentence(
        a.policy,
        price=a.price,
        starts_at=starts_at,
        zone=a.time_zone,
        now=shown.now,
        uses_unit=loses_unit(a),
    )
    words = zones.instant_words(starts_at, shown.zone)
    return page(
        "check_move",
        shown,
        form=form,
        new_when=f"{words} {zones.zone_words(shown.zone)}",
        new_day=zones.day_words(zones.local_date(starts_at, shown.zone)),
        terms=terms,
        **_costs(shown, form),
        back=_view(shown, _day_of(shown, starts_at)).url(),
    ), problem.status if problem else 200


def _preview_of_course(
    shown: Shown,
    part: Part,
    starts_at: datetime,
    problem: ClientLateWayForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """Show which other sessions of the course would move along, within its limits alone."""
    found = ahead(part.course, {part.key: starts_at}, as_staff=False)
    ways = ways_of(found, names=CLIENT_NAMES, beyond_limits=False)
    form = problem or ClientLateWayForm(formdata=None)
    form.seal.data = found.seal
    if form.way.data not in {each.code for each in ways}:
        form.way.data = ways[0].code if ways else None
    words = zones.instant_words(starts_at, shown.zone)
    return page(
        "check_move_course",
        shown,
        form=form,
        ways=ways,
        **_costs(shown, form),
        new_when=f"{words} {zones.zone_words(shown.zone)}",
        back=_view(shown, _day_of(shown, starts_at)).url(),
    ), status


def _finish_of_course(shown: Shown, part: Part, time: TimeForm) -> ResponseReturnValue | None:
    """Move what was chosen; ``None`` once it is done."""
    form, starts_at = ClientLateWayForm(), time.start.instant
    form.way.validate_choice = False
    is_good = form.validate()
    wish = wish_of(form, _choices(shown))
    if not is_good or wish is None:
        return _preview_of_course(shown, part, starts_at, form, form.status)
    times = keeping.read(form.way.data or "")
    if times.get(part.key) != starts_at:
        return _lost(shown, time)
    change = Change(times=times, chosen=frozenset({part.key}), seal=form.seal.data or "", wish=wish)
    booking.settle_blockers(shown.appointment.service, starts_at=starts_at)
    try:
        in_transaction(
            lambda: ripples.carry_out(
                part.course.id, change, by=by_client(shown.appointment), as_staff=False
            )
        )
    except Conflict as refused:
        form.form_errors = [refused.message.removesuffix(".")]
        fresh = part_of(shown.appointment) or part
        return _preview_of_course(shown, fresh, starts_at, form, 409)
    return None


def _lost(shown: Shown, form: TimeForm) -> ResponseReturnValue:
    form.start.errors = [GONE]
    return _times(shown, form, status=409, lost=form.start.instant)


def _times(
    shown: Shown, form: TimeForm, *, status: int = 200, lost: datetime | None = None
) -> ResponseReturnValue:
    asked = read_asked(request.args)
    wanted = asked.day or (_day_of(shown, lost) if lost else None)
    view = _view(shown, wanted, asked.first_on)
    starts = _free(shown, view.first_on, MOST_DAYS)
    days = choosing.days_of(starts, view.zone, view.first_on, view.days)
    day = choosing.opened(days, view.day)
    near = choosing.nearest(starts, lost) if lost else []
    return render_template(
        "public/move.html",
        shown=shown,
        practice=shown.practice,
        form=form,
        zone_words=zones.zone_words(view.zone),
        days=[day_link(view, each, is_chosen=each is day) for each in days],
        day=day,
        day_words=f"{day.on:%A, %B} {day.on.day}" if day else "",
        parts=time_parts(view, day, near, None),
        earlier=earlier(view),
        later=later(view),
        next_free=next_free(view, starts, day),
        lost=lost is not None,
    ), status


def _view(shown: Shown, day: date | None, first_on: date | None = None) -> MoveView:
    a = shown.appointment
    today = zones.local_date(shown.now, shown.zone)
    start = first_on or _fortnight_with(day or zones.local_date(a.starts_at, shown.zone), today)
    return MoveView(
        practice=shown.practice,
        service=a.service,
        modality=a.modality,
        zone=shown.zone,
        today=today,
        first_on=max(start, today),
        days=SHOWN_DAYS,
        day=day,
        token=shown.token,
    )


def _fortnight_with(day: date, today: date) -> date:
    return today if day < today else day - (day - today) % timedelta(days=SHOWN_DAYS)


def _day_of(shown: Shown, instant: datetime) -> date:
    return zones.local_date(instant, shown.zone)


def _free(shown: Shown, first_on: date, days: int) -> list[datetime]:
    """Return the times to which the session may move: within the limits of its course."""
    a, part = shown.appointment, part_of(shown.appointment)
    course = elsewhere(part.course, part.key, as_staff=False) if part else None
    found = queries.free_times(
        a.service,
        a.modality,
        first_on,
        days,
        client=a.client,
        zone=shown.zone,
        moving=a,
        said_of=course.said_of if course else None,
        freed=course.others if course else (),
    )
    return [each.starts_at for each in found if not each.refusals and each.starts_at != a.starts_at]
