"""When the practice can be booked: weekly hours, single dates, closed days, limits.

Every change is rehearsed first: what clients would see comes from the very function that shows
times, and booked sessions that it would leave outside are listed before anything is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import opening as reading
from practice.calendar.models import HoursOverride, Resource, ResourceKind
from practice.calendar.queries import booking_rules
from practice.calendar.rules import weekly, zones
from practice.calendar.service import opening
from practice.core.db import in_transaction, rehearse
from practice.core.errors import NotFound
from practice.people.access import current_member, current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice, today_here
from practice.people.rules import Permission
from practice.people.seen import ChangedMeanwhile
from practice.sessions import queries
from practice.sessions.dates_forms import ClosureForm, DatesForm
from practice.sessions.hours_forms import AroundForm, LimitsForm, WeekForm, only_words
from practice.sessions.models import Service
from practice.sessions.queries.opening import (
    ServiceSeen,
    next_monday,
    seen_in_week,
    suitable,
)
from practice.sessions.service import catalog
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.hours_breaks import carry_out
from practice.sessions.views.staff import bp

Found = TypeVar("Found")


# Weekly hours ----------------------------------------------------------------------------------


@bp.route("/settings/hours", methods=["GET", "POST"])
@requires(Permission.HOURS_OWN)
def hours() -> ResponseReturnValue:
    """Show and change the weekly hours of one person or room (``?who=``), and what comes of it."""
    theirs = _resources()
    resource = _chosen(theirs)
    form = WeekForm()
    if not form.is_submitted():
        form.show(reading.rows_of(resource.id))
        form.seen.data = opening.mark_of_rows(resource)
        if not form.rows:
            form.add_row()
        return _week_page(theirs, resource, form, _seen(resource))
    if "add" in request.form:
        form.add_row()
        return _week_page(theirs, resource, form, _seen(resource))
    if "remove" in request.form:
        left = form.without(request.form["remove"])
        return _week_page(theirs, resource, left, _seen(resource))
    if not form.validate():
        return _week_page(theirs, resource, form, _seen(resource)), 422
    return _save_week(theirs, resource, form)


def _save_week(
    theirs: Sequence[Resource], resource: Resource, form: WeekForm
) -> ResponseReturnValue:
    """Save a form that makes sense, or show what clients would see of it."""
    rows, mark, by, resource_id = form.hours(), form.mark, current_staff(), resource.id

    def work() -> None:
        found = next(each for each in _resources() if each.id == resource_id)
        opening.keep_rows(found, rows, seen=mark, by=by)

    try:
        if "look" in request.form:
            seen = rehearse(lambda: _then(work, lambda: _seen(resource)))
            return _week_page(theirs, resource, form, seen)
        here = url_for(".hours", who=resource_id)
        return carry_out(work, f"The hours of {resource.name} are saved.", here)
    except ChangedMeanwhile as changed:
        form.changed(changed, opening.mark_of_rows(resource))
        return _week_page(theirs, resource, form, _seen(resource)), 409


def _week_page(
    theirs: Sequence[Resource], resource: Resource, form: WeekForm, seen: Sequence[ServiceSeen]
) -> str:
    return render_template(
        "sessions/settings/hours.html",
        form=form,
        resource=resource,
        is_room=resource.kind is ResourceKind.ROOM,
        seen=seen,
        zone_words=zones.zone_words(get_practice().time_zone),
        tabs=_tabs(theirs, str(resource.id)),
        crumb=settings_crumb(),
    )


def _seen(resource: Resource) -> list[ServiceSeen]:
    """Return what clients see next week of the services that somebody, or a room, serves in."""
    is_room = resource.kind is ResourceKind.ROOM
    services = suitable(queries.services(), resource.roles, is_room=is_room)
    return seen_in_week(services, next_monday(get_practice().time_zone))


def _chosen(theirs: Sequence[Resource]) -> Resource:
    asked = request.args.get("who", "")
    found = next((each for each in theirs if str(each.id) == asked or not asked), None)
    if found is None:
        raise NotFound("There is nobody here whose hours you can change.")
    return found


def _resources() -> list[Resource]:
    """Return whose hours whoever asks may change, their own first."""
    own = current_member().id
    found = reading.with_hours(None if may(Permission.PRACTICE_MANAGE) else own)
    return sorted(found, key=lambda each: each.user_id != own)


def _tabs(theirs: Sequence[Resource], here: str) -> list[tuple[str, str, bool]]:
    """Return words and address of each page of hours, and whether it is this one."""
    tabs = [(each.name, url_for(".hours", who=each.id), str(each.id) == here) for each in theirs]
    tabs.append(("Dates and closed days", url_for(".hours_dates"), here == "dates"))
    if may(Permission.PRACTICE_MANAGE):
        tabs.append(("Limits", url_for(".hours_limits"), here == "limits"))
        tabs.append(("Around sessions", url_for(".hours_around"), here == "around"))
    return tabs


# Single dates and closed days ------------------------------------------------------------------


@bp.route("/settings/hours/dates", methods=["GET", "POST"])
@requires(Permission.HOURS_OWN)
def hours_dates() -> ResponseReturnValue:
    """Show single dates and closed days; put other hours, or none, on some dates."""
    theirs = _resources()
    form = DatesForm()
    form.offer(theirs)
    if not form.is_submitted():
        return _dates_page(theirs, form, ClosureForm(formdata=None))
    if not form.check(today_here()):
        return _dates_page(theirs, form, ClosureForm(formdata=None)), 422
    (first_on, last_on), resource_id = form.days, form.resource_id
    (kinds, modality), span, by = form.only_for, form.hours(), current_staff()

    def work() -> None:
        found = next(each for each in _resources() if each.id == resource_id)
        opening.override(found, first_on, last_on, span, kinds=kinds, modality=modality, by=by)

    return carry_out(work, "The dates are saved.", url_for(".hours_dates"))


@bp.post("/settings/hours/closures")
@requires(Permission.PRACTICE_MANAGE)
def hours_close() -> ResponseReturnValue:
    """Close the practice on some days: visitors, travel, a storm."""
    form = ClosureForm()
    if not form.check(today_here()):
        theirs = _resources()
        dates = DatesForm(formdata=None)
        dates.offer(theirs)
        return _dates_page(theirs, dates, form), 422
    (first_on, last_on), reason, by = form.days, form.reason.data or "", current_staff()
    return carry_out(
        lambda: opening.close(first_on, last_on, reason, by=by),
        "The practice is closed then.",
        url_for(".hours_dates"),
    )


@bp.post("/settings/hours/closures/<uuid:closure_id>/reopen")
@requires(Permission.PRACTICE_MANAGE)
def hours_reopen(closure_id: UUID) -> ResponseReturnValue:
    """Open closed days again."""
    by = current_staff()
    in_transaction(lambda: opening.reopen(reading.get_closure(closure_id), by=by))
    flash("The practice is open again then.")
    return redirect(url_for(".hours_dates"), 303)


@bp.post("/settings/hours/dates/<uuid:override_id>/end")
@requires(Permission.HOURS_OWN)
def hours_end_override(override_id: UUID) -> ResponseReturnValue:
    """Let the weekly hours hold again on a date."""
    by, own = current_staff(), {each.id for each in _resources()}

    def work() -> None:
        found = reading.get_override(override_id)
        if found.resource_id not in own:
            raise NotFound("There are no such hours.")
        opening.end_override(found, by=by)

    return carry_out(work, "The weekly hours hold again then.", url_for(".hours_dates"))


def _dates_page(theirs: Sequence[Resource], form: DatesForm, closing: ClosureForm) -> str:
    today = today_here()
    names = {each.id: each.name for each in theirs}
    return render_template(
        "sessions/settings/hours_dates.html",
        form=form,
        closing=closing,
        overrides=[
            (each, names[each.resource_id], _hours_words(each))
            for each in reading.overrides_from(today, names)
        ],
        closures=reading.closures_from(today),
        day_words=zones.day_words,
        tabs=_tabs(theirs, "dates"),
        button_form=PlainForm(formdata=None),
        crumb=settings_crumb(),
    )


def _hours_words(date: HoursOverride) -> str:
    if date.starts_minute is None or date.ends_minute is None:
        return "away all day"
    span = weekly.span_words(date.starts_minute, date.ends_minute)
    return f"{span}{only_words(date.kinds, date.modality)}"


# Limits ----------------------------------------------------------------------------------------


@bp.route("/settings/hours/limits", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def hours_limits() -> ResponseReturnValue:
    """Show and change the limits that hold for everybody and everything."""
    form = LimitsForm()
    if not form.is_submitted():
        form.show(booking_rules())
        form.seen.data = opening.mark_of_limits()
        return _limits_page(form, _seen_of_all())
    if not form.check():
        return _limits_page(form, _seen_of_all()), 422
    values, mark, by = form.values(), form.mark, current_staff()

    def work() -> None:
        opening.change_rules(values, seen=mark, by=by)

    try:
        if "look" in request.form:
            return _limits_page(form, rehearse(lambda: _then(work, _seen_of_all)))
        return carry_out(work, "The limits are saved.", url_for(".hours_limits"))
    except ChangedMeanwhile as changed:
        form.changed(changed, opening.mark_of_limits())
        return _limits_page(form, _seen_of_all()), 409


def _limits_page(form: LimitsForm, seen: Sequence[ServiceSeen]) -> str:
    return render_template(
        "sessions/settings/hours_limits.html",
        form=form,
        seen=seen,
        tabs=_tabs(_resources(), "limits"),
        crumb=settings_crumb(),
    )


def _seen_of_all() -> list[ServiceSeen]:
    return seen_in_week(queries.services(), next_monday(get_practice().time_zone))


# Around each service ---------------------------------------------------------------------------


@bp.route("/settings/hours/around", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def hours_around() -> ResponseReturnValue:
    """Show and change set-up, turnover and notice of all services."""
    form, services = AroundForm(), queries.services()
    if not form.is_submitted():
        form.show(services)
        return _around_page(form, services, _seen_of_all())
    if not form.validate():
        return _around_page(form, services, _seen_of_all()), 422
    typed = {service.id: row for service, row in form.named(services)}
    by = current_staff()

    def work() -> None:
        for service_id, row in sorted(typed.items(), key=itemgetter(0)):
            service = queries.get_service(service_id)
            around = row.around(queries.offered_by(service))
            shown = row.version.data or service.version
            catalog.change(service_id, around, seen=shown, by=by)

    try:
        if "look" in request.form:
            return _around_page(form, services, rehearse(lambda: _then(work, _seen_of_all)))
        return carry_out(work, "Set-up, turnover and notice are saved.", url_for(".hours_around"))
    except catalog.ChangedMeanwhile as changed:
        flash(changed.message, "wait")
        services = queries.services()
        for service, row in form.named(services):
            row.version.data = service.version
        return _around_page(form, services, _seen_of_all()), 409


def _around_page(form: AroundForm, services: Sequence[Service], seen: Sequence[ServiceSeen]) -> str:
    return render_template(
        "sessions/settings/hours_around.html",
        form=form,
        rows=form.named(services),
        seen=seen,
        tabs=_tabs(_resources(), "around"),
        crumb=settings_crumb(),
    )


def _then(work: Callable[[], Any], look: Callable[[], Found]) -> Found:
    """Make a change, and look at what it comes to."""
    work()
    return look()
