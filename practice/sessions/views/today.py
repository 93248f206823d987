"""A day of the practice: who comes when, what is ready, what is owed, and what else is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.accounts import kept_minor
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import transaction
from practice.core.money import Money
from practice.outbox.queries import open_tasks
from practice.outbox.service import finish
from practice.people.access import current_staff, may, requires
from practice.people.queries import get_practice
from practice.people.rules import Permission, safe_path
from practice.sessions import queries
from practice.sessions.forms import read_day, written
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import new_first_visits
from practice.sessions.queries.facts import NOTHING_ASKED, Standing, standing_of
from practice.sessions.queries.gaps import room_on
from practice.sessions.rules.for_staff import (
    BUTTONS,
    WAYS,
    Deed,
    day_title,
    in_the_way,
    next_deeds,
    owed,
)
from practice.sessions.rules.gates import GateResult
from practice.sessions.rules.lifecycle import WORDS
from practice.sessions.rules.setting_up import LABELS, left_of
from practice.sessions.views.staff import bp

NEW_FOR = timedelta(days=7)
TASKS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One session of a day, with what staff want to know before it.

    ``refused`` says of what may be done by the clock what still stands in its way.
    """

    appointment: Appointment
    standing: Standing
    owed: Money
    deeds: tuple[Deed, ...]

    @property
    def closed(self) -> Sequence[GateResult]:
        return self.standing.closed

    @property
    def refused(self) -> Mapping[Deed, Sequence[GateResult]]:
        a = self.appointment
        found = {
            each: in_the_way(each, a.kind, a.state, self.standing.results) for each in self.deeds
        }
        return {deed: results for deed, results in found.items() if results}


@bp.get("/today")
@requires(Permission.CALENDAR_VIEW)
def today() -> ResponseReturnValue:
    """Show one day in order of time, ``?on=`` another than this one, and the day after it."""
    zone, now = get_practice().time_zone, clock.now()
    this_day = zones.local_date(now, zone)
    on = read_day(request.args, "on") or this_day
    after, title = on + timedelta(days=1), day_title(on, this_day)
    return render_template(
        "sessions/today.html",
        on=on,
        on_words=f"{on:%B} {on.day}, {on.year}" if title == f"{on:%A}" else zones.day_words(on),
        title=title,
        is_today=on == this_day,
        lines=lines_of(queries.on_day(on)),
        buttons=BUTTONS,
        ways=WAYS,
        words=WORDS,
        tasks=open_tasks()[:TASKS_SHOWN],
        arrivals=new_first_visits(since=now - NEW_FOR),
        following=queries.on_day(after),
        room=room_on(after, queries.services()) if may(Permission.APPOINTMENT_BOOK) else [],
        written=written,
        following_on=after,
        following_words=zones.day_words(after),
        before_on=on - timedelta(days=1),
        now=now,
        set_up=left_of(get_practice().set_up) if may(Permission.PRACTICE_MANAGE) else None,
        labels=LABELS,
    )


def lines_of(appointments: Sequence[Appointment]) -> list[Line]:
    """Add to some sessions what is missing, what is owed and what may be done now."""
    zone, now = get_practice().time_zone, clock.now()
    kept = kept_minor([each.id for each in appointments])
    standing = standing_of(appointments, kept=kept)
    return [
        Line(
            each,
            standing.get(each.id, NOTHING_ASKED),
            owed(each.state, each.to_pay, kept.get(each.id, 0)),
            next_deeds(each.state, starts_at=each.starts_at, now=now, zone=zone),
        )
        for each in appointments
    ]


# Tasks -----------------------------------------------------------------------------------------


@bp.get("/tasks")
@requires(Permission.CLIENT_VIEW)
def tasks() -> ResponseReturnValue:
    """List everything that a person must still do, the most urgent first."""
    return render_template("sessions/tasks.html", tasks=open_tasks(), now=clock.now())


@bp.post("/tasks/<uuid:task_id>/done")
@requires(Permission.CLIENT_VIEW)
def finish_task(task_id: UUID) -> ResponseReturnValue:
    """Mark a task as done. Doing so twice is harmless."""
    with transaction():
        finish(task_id, by=current_staff().id)
    flash("Done.")
    return redirect(safe_path(request.form.get("next")) or url_for(".tasks"))
