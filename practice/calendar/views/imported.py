"""Calendars from elsewhere that block time: adding one, what it would block, and its state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import imported as queries
from practice.calendar.imported_forms import AddForm, FileForm, SwitchesForm
from practice.calendar.models import ExternalCalendar, Resource
from practice.calendar.opening import with_hours
from practice.calendar.rules import zones
from practice.calendar.rules.foreign.busy import Choices
from practice.calendar.rules.ics import own_hosts
from practice.calendar.rules.imported import (
    LARGEST_BYTES,
    WEEKS_OF_A_FILE,
    between_of,
    shown_address,
    span_words,
)
from practice.calendar.service import imported as service
from practice.calendar.service import reading
from practice.calendar.service.imported import Switches
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid, NotFound
from practice.people.access import current_member, current_staff, may, requires, takes
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission

settings = Blueprint("imported", __name__, url_prefix="/settings/calendars")

NEAR = timedelta(weeks=4)
MOST_SHOWN = 12


@settings.get("/")
@requires(Permission.HOURS_OWN)
def calendars() -> ResponseReturnValue:
    """List the calendars that block the time of whoever asks, or of everybody."""
    listed = queries.calendars([each.id for each in _resources()])
    return render_template(
        "calendar/imported.html", listed=listed, shown_address=shown_address, crumb=_crumb()
    )


@settings.route("/new", methods=["GET", "POST"])
@requires(Permission.HOURS_OWN)
@takes(LARGEST_BYTES + 100_000)
def new_calendar() -> ResponseReturnValue:
    """Add a calendar by its address or as a file. It blocks nothing before somebody says yes."""
    resources = _resources()
    form = AddForm()
    form.offer(resources)
    if not form.is_submitted():
        member = current_member()
        form.own_addresses.data = member.email
        form.whose.data = next((each.id for each in resources if each.user_id == member.id), None)
        return _new_page(form)
    if not form.validate():
        return _new_page(form), 422
    resource = next(each for each in resources if each.id == form.whose.data)
    by, added_by, switches = current_staff(), current_member().id, form.switches
    address = form.address.data or None
    try:
        read = None if address else _read_file(form, switches)
    except Invalid as wrong:
        form.file.errors = [wrong.message.removesuffix(".")]
        return _new_page(form), 422

    def work() -> ExternalCalendar:
        made = service.add(resource, switches, address=address, by=by, added_by=added_by)
        if read is not None:
            service.receive(made, read)
        return made

    return redirect(url_for(".calendar", calendar_id=in_transaction(work).id), 303)


@settings.route("/<uuid:calendar_id>", methods=["GET", "POST"])
@requires(Permission.HOURS_OWN)
def calendar(calendar_id: UUID) -> ResponseReturnValue:
    """Show a calendar: what it would block, or else how it stands; POST changes how it is read."""
    found = _own(calendar_id)
    form = SwitchesForm()
    if not form.is_submitted():
        form.show(found)
        return _page(found, form)
    if not form.validate():
        return _page(found, form), 422
    by, switches, address = current_staff(), form.switches, form.address.data or None
    if found.address_sealed is None:  # a file is read when it is chosen, and never again
        address = None
    in_transaction(lambda: service.change(calendar_id, switches, address=address, by=by))
    flash(
        "Saved. The calendar is read anew."
        if found.address_sealed is not None
        else "Saved. Choose the file again to have it read this way."
    )
    return redirect(url_for(".calendar", calendar_id=calendar_id), 303)


@settings.post("/<uuid:calendar_id>/confirm")
@requires(Permission.HOURS_OWN)
def confirm_calendar(calendar_id: UUID) -> ResponseReturnValue:
    """Let a calendar block what was shown."""
    _own(calendar_id)
    by, between = current_staff(), between_of(clock.now(), get_practice().time_zone)
    try:
        in_transaction(lambda: service.confirm(calendar_id, between, by=by))
    except Conflict as refused:
        flash(refused.message, "wait")
    else:
        flash("The calendar blocks time now.")
    return redirect(url_for(".calendar", calendar_id=calendar_id), 303)


@settings.post("/<uuid:calendar_id>/read")
@requires(Permission.HOURS_OWN)
def read_calendar(calendar_id: UUID) -> ResponseReturnValue:
    """Have a calendar read at once."""
    if _own(calendar_id).address_sealed is not None:
        in_transaction(lambda: service.hurry(queries.get_calendar(calendar_id, lock=True)))
        flash("The calendar is read in a moment.")
    return redirect(url_for(".calendar", calendar_id=calendar_id), 303)


@settings.post("/<uuid:calendar_id>/file")
@requires(Permission.HOURS_OWN)
@takes(LARGEST_BYTES + 100_000)
def replace_file(calendar_id: UUID) -> ResponseReturnValue:
    """Take a newer file in. What the one before blocks stays until somebody says yes."""
    found, form = _own(calendar_id), FileForm()
    switches = SwitchesForm(formdata=None)
    switches.show(found)
    if not form.validate():
        return _page(found, switches, form), 422
    try:
        read = _read_file(form, switches.switches)
        in_transaction(lambda: service.receive(queries.get_calendar(calendar_id, lock=True), read))
    except Invalid as wrong:
        form.file.errors = [wrong.message.removesuffix(".")]
        return _page(found, switches, form), 422
    return redirect(url_for(".calendar", calendar_id=calendar_id), 303)


@settings.route("/<uuid:calendar_id>/remove", methods=["GET", "POST"])
@requires(Permission.HOURS_OWN)
def remove_calendar(calendar_id: UUID) -> ResponseReturnValue:
    """Ask whether the time that a calendar blocks is to be free, and take the calendar away."""
    found, by = _own(calendar_id), current_staff()
    if request.method == "GET":
        (listed,) = [
            each
            for each in queries.calendars([found.resource_id])
            if each.calendar.id == calendar_id
        ]
        return render_template(
            "calendar/imported_remove.html", listed=listed, form=PlainForm(), crumb=_crumb()
        )
    if request.form.get("which") == "keep":
        in_transaction(lambda: service.stop(calendar_id, by=by))
        flash(f"{found.name} is not read any more. Its times stay blocked.")
    else:
        in_transaction(lambda: service.remove(calendar_id, by=by))
        flash(f"{found.name} is gone, and its times are free.")
    return redirect(url_for(".calendars"), 303)


def _resources() -> list[Resource]:
    """Return whose time whoever asks may let a calendar block, people first."""
    return with_hours(None if may(Permission.PRACTICE_MANAGE) else current_member().id)


def _own(calendar_id: UUID) -> ExternalCalendar:
    found = queries.get_calendar(calendar_id)
    if found.resource_id not in {each.id for each in _resources()}:
        raise NotFound("There is no such calendar.")
    return found


def _read_file(form: FileForm, switches: Switches) -> reading.Read:
    """Read a file that was sent, outside any transaction.

    Raises:
        Invalid: in words for whoever sent it.
    """
    practice = get_practice()
    choices = Choices(
        zone=practice.time_zone,
        floating=switches.floating_zone,
        all_day_blocks=switches.all_day_blocks,
        free_blocks=switches.free_blocks,
        tentative_blocks=switches.tentative_blocks,
        own_addresses=frozenset(switches.own_addresses),
        own_hosts=own_hosts(practice.id),
    )
    between = between_of(clock.now(), practice.time_zone, WEEKS_OF_A_FILE)
    return reading.busy_times(form.body(), choices, between)


def _new_page(form: AddForm) -> str:
    return render_template("calendar/imported_new.html", form=form, crumb=_crumb())


def _page(found: ExternalCalendar, form: SwitchesForm, file_form: FileForm | None = None) -> str:
    (listed,) = [
        each for each in queries.calendars([found.resource_id]) if each.calendar.id == found.id
    ]
    spans = [each for each in queries.found_of(found) if each[1] > clock.now()]
    is_asked = found.found is not None
    over = queries.would_lie_over(found.resource_id, spans) if is_asked else []
    page: dict[str, Any] = {
        "listed": listed,
        "form": form,
        "file_form": file_form or FileForm(formdata=None),
        "plain": PlainForm(formdata=None),
        "address": shown_address(found.address) if found.address else "",
        "is_asked": is_asked,
        "spans": [span_words(*each, get_practice().time_zone) for each in spans[:MOST_SHOWN]],
        "all_spans": len(spans),
        "near": sum(first < clock.now() + NEAR for first, _ in spans),
        "over": over if is_asked else queries.lying_over(found),
        "ends_on": _ends_on(found),
        "crumb": [*_crumb(), ("Calendars that block time", url_for(".calendars"))],
    }
    return render_template("calendar/imported_one.html", **page)


def _ends_on(found: ExternalCalendar) -> str:
    """Say until which day an uploaded file was read; nothing of what is read by its address."""
    if found.address_sealed is not None or found.changed_at is None:
        return ""
    zone = get_practice().time_zone
    on = zones.local_date(between_of(found.changed_at, zone, WEEKS_OF_A_FILE).past_at, zone)
    return f"{on:%B} {on.day}, {on.year}"


def _crumb() -> list[tuple[str, str]]:
    """Return the way back to the settings, for whoever has a page of them."""
    has_page = "people.settings" in current_app.view_functions and may(Permission.PRACTICE_MANAGE)
    return [("Settings", url_for("people.settings"))] if has_page else []
