"""Blocking time: a form for a new block, one for an old one, and giving the time back."""

from __future__ import annotations

from datetime import date, time
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import blocked, queries
from practice.calendar.blocked import Blocked, InTheWay
from practice.calendar.forms import BlockForm, read_clock, read_day, read_member
from practice.calendar.models import ResourceKind
from practice.calendar.rules import zones
from practice.calendar.service import blocks
from practice.calendar.service.blocks import ChangedMeanwhile, TimeTaken
from practice.calendar.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.people.access import current_member, current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice, today_here
from practice.people.rules import Permission

MOST_NAMED = 6


@bp.route("/blocks/new", methods=["GET", "POST"])
@requires(Permission.TIME_BLOCK)
def new_block() -> ResponseReturnValue:
    """Ask whose time to block and when; ``?on=&at=&person=`` fill the form."""
    form, by = _form(), current_staff()
    if not form.is_submitted():
        _fill(form)
        return _page(form)
    times = _times(form)
    if times is None:
        return _page(form), 422
    try:
        made = in_transaction(
            lambda: blocks.block(form.resource_ids, times, reason=form.reason.data or "", by=by)
        )
    except TimeTaken as taken:
        return _refused(form, taken)
    flash("The time is blocked." if len(made) == 1 else f"The time is blocked {len(made)} times.")
    return _to_the_week(form)


@bp.route("/blocks/<uuid:block_id>", methods=["GET", "POST"])
@requires(Permission.TIME_BLOCK)
def edit_block(block_id: UUID) -> ResponseReturnValue:
    """Show a block; on POST, change it."""
    found = blocked.get_block(block_id)
    form, by = _form(), current_staff()
    del form.every, form.times
    if not form.is_submitted():
        form.show(found.block, found.resources, get_practice().time_zone)
        return _page(form, found)
    times = _times(form)
    if times is None:
        return _page(form, found), 422
    try:
        in_transaction(
            lambda: blocks.change(
                block_id,
                form.resource_ids,
                times[0],
                reason=form.reason.data or "",
                version=form.seen_version,
                by=by,
            )
        )
    except TimeTaken as taken:
        return _refused(form, taken, found)
    except ChangedMeanwhile as changed:
        form.form_errors = [changed.message]
        return _page(form, found), 409
    flash("The block is changed.")
    return _to_the_week(form)


@bp.post("/blocks/<uuid:block_id>/remove")
@requires(Permission.TIME_BLOCK)
def remove_block(block_id: UUID) -> ResponseReturnValue:
    """Give the time back, ``which=later`` that of later ones too. A second click is harmless."""
    and_later, by = request.form.get("which") == "later", current_staff()
    count = in_transaction(lambda: blocks.remove(block_id, and_later=and_later, by=by))
    flash("The time is free again." if count < 2 else f"{count} blocks are gone.")
    return redirect(url_for(".week", on=request.form.get("on") or None))


def _form() -> BlockForm:
    form = BlockForm()
    form.offer(queries.members())
    return form


def _fill(form: BlockForm) -> None:
    """Fill a new form with what the address says: a day, an hour, and whose."""
    today = today_here()
    begins = read_clock(request.args.get("at", "")) or time(12)
    form.first_on.data = read_day(request.args.get("on", ""), today)
    form.begins.data, form.ends.data = begins, time((begins.hour + 1) % 24, begins.minute)
    members = queries.members()
    own = next((each for each in members if each.user_id == current_member().id), None)
    person = read_member(request.args.get("person", ""), members, ResourceKind.PERSON) or own
    room = read_member(request.args.get("room", ""), members, ResourceKind.ROOM, ResourceKind.HOME)
    form.person.data = str(person.id) if person else ""
    form.room.data = str(room.id) if room else ""


def _times(form: BlockForm) -> list[blocks.Times] | None:
    """Return the times of a form that was sent; ``None`` if it says what is wrong with it."""
    if not form.validate():
        return None
    try:
        return form.instants(get_practice().time_zone)
    except Invalid as wrong:
        form.begins.errors = [wrong.message.removesuffix(".")]
        return None


def _refused(
    form: BlockForm, taken: TimeTaken, found: Blocked | None = None
) -> ResponseReturnValue:
    zone = get_practice().time_zone
    form.form_errors = [_words(each, zone) for each in taken.in_the_way[:MOST_NAMED]]
    return _page(form, found, taken=True), 409


def _words(each: InTheWay, zone: str) -> str:
    ends = zones.clock_words(each.ends_at.astimezone(zones.zone(zone)))
    return f"{each.name} is taken on {zones.instant_words(each.starts_at, zone)} to {ends}"


def _page(form: BlockForm, found: Blocked | None = None, *, taken: bool = False) -> str:
    return render_template(
        "calendar/block.html",
        form=form,
        block=found.block if found else None,
        series=blocked.later_of(found.block) if found else 0,
        taken=taken,
        remove_form=PlainForm(formdata=None),
    )


def _to_the_week(form: BlockForm) -> ResponseReturnValue:
    on: date | None = form.first_on.data
    return redirect(url_for(".week", on=on))
