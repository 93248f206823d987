"""Setting up: six steps, each with what is shipped, a short form, and a way past it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.models import Resource, WorkingHours
from practice.calendar.queries import booking_rules
from practice.calendar.rules import zones
from practice.calendar.service import weekly
from practice.calendar.service.weekly import PlainWeek
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.settings import settings
from practice.people import changing
from practice.people.access import current_member, current_staff, requires
from practice.people.forms import BaseForm, PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.people.settings_forms import PracticeForm
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.for_clients import KIND_WORDS, length_words
from practice.sessions.rules.lifecycle import FIRST_VISIT, LIVE, Modality, SessionKind
from practice.sessions.rules.policies import in_full
from practice.sessions.rules.setting_up import LABELS, How, Step, after, number_words, progress
from practice.sessions.service import moving_in
from practice.sessions.settings_forms import (
    CLOCK,
    DAYS,
    HoursForm,
    PoliciesForm,
    VideoForm,
    prices_form,
    says,
)
from practice.sessions.views.settings import FAR, cards_of
from practice.sessions.views.staff import bp

DAYS_LOOKED_AT = 14
TIMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Page:
    """One step as it is shown. Without ``save`` there is nothing to type in this step."""

    form: BaseForm
    save: Callable[[], object] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    after_saving: Callable[[], None] = lambda: None


@bp.get("/settings/setup")
@requires(Permission.PRACTICE_MANAGE)
def set_up() -> ResponseReturnValue:
    """Show how far the set-up is, and where it goes on."""
    return render_template(
        "sessions/setup/setup.html",
        steps=list(Step),
        labels=LABELS,
        progress=progress(get_practice().set_up),
        address=_public_address(),
    )


@bp.route("/settings/setup/<step>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def set_up_step(step: str) -> ResponseReturnValue:
    """Show one step; save it, keep what is shipped, or pass it by."""
    if step not in set(Step):
        abort(404)
    here = Step(step)
    page = PAGES[here]()
    if request.method == "GET":
        return _shown(here, page)
    if "skip" in request.form:
        return _go_on(here, How.SKIPPED)
    if "keep" in request.form:
        return _go_on(here, How.DONE)
    if page.save is None or not page.form.validate():
        return _shown(here, page, 422)
    in_transaction(page.save)
    page.after_saving()
    return _go_on(here, How.DONE)


def _shown(step: Step, page: Page, status: int = 200) -> ResponseReturnValue:
    return render_template(
        f"sessions/setup/{step}.html",
        form=page.form,
        step=step,
        label=LABELS[step],
        number=number_words(step),
        progress=progress(get_practice().set_up),
        **page.facts,
    ), status


def _go_on(step: Step, how: How) -> ResponseReturnValue:
    """Remember how a step ended, and lead to the next one that is open, if there is one."""

    def note() -> Step | None:
        changing.note_step(step, how, by=current_staff())
        return after(step, progress(changing.written().set_up))

    following = in_transaction(note)
    if following is None:
        return redirect(url_for(".set_up"), 303)
    return redirect(url_for(".set_up_step", step=following), 303)


def _public_address() -> str:
    return settings().base_url + url_for("public.practice", slug=get_practice().slug)


# The six steps ---------------------------------------------------------------------------------


def _practice() -> Page:
    form = PracticeForm(obj=get_practice())
    return Page(
        form,
        save=lambda: changing.edit(form.facts(), by=current_staff()),
        facts={
            "zone_words": zones.zone_words,
            "has_address": bool(booking_rules().sanctuary_address),
        },
    )


def _hours() -> Page:
    person = weekly.person_of(current_member().id)
    if person is None:
        return Page(PlainForm(), facts={"hours": [], "simple": False, "sees_clients": False})
    windows = weekly.windows_of(person.id)
    week = weekly.plain_week(windows)
    typed = says(week) if week else None
    link = {"video_link": person.video_link}
    facts = {
        "hours": [_days_in_words(week)] if week else [_window_in_words(each) for each in windows],
        "simple": typed is not None or not windows,
        "sees_clients": True,
    }
    if not facts["simple"]:
        video = VideoForm(data=link)
        return Page(video, save=lambda: _keep_link(person, video), facts=facts)
    form = HoursForm(data=link | (typed or {}))

    def save() -> None:
        weekly.keep_week(person, form.week(), by=current_staff())
        _keep_link(person, form)

    return Page(
        form,
        save=save,
        facts=facts,
        after_saving=lambda: _say_what_lies_outside(person, form.week()),
    )


def _keep_link(person: Resource, form: VideoForm) -> None:
    links = {person.id: form.video_link.data or ""}
    moving_in.keep_video_rooms(links, by=current_staff())


def _window_in_words(window: WorkingHours) -> str:
    span = f"{_clock(window.starts_minute)} to {_clock(window.ends_minute)}"
    return f"{DAYS[window.weekday - 1]}, {span}"


def _clock(minute: int) -> str:
    return CLOCK.get(minute) or f"{minute // 60}:{minute % 60:02}"


def _days_in_words(week: PlainWeek) -> str:
    in_a_row = all(later - earlier == 1 for earlier, later in pairwise(week.weekdays))
    names = [DAYS[weekday - 1] for weekday in week.weekdays]
    days = f"{names[0]} to {names[-1]}" if in_a_row and len(names) > 2 else ", ".join(names)
    return f"{days}, {_clock(week.starts_minute)} to {_clock(week.ends_minute)}"


def _say_what_lies_outside(person: Resource, week: PlainWeek) -> None:
    """Say how many sessions are booked outside the new hours: they stay as they are."""
    zone, now = get_practice().time_zone, clock.now()
    outside = [
        each
        for each in queries.between(now, now + FAR, states=LIVE)
        if each.host_id == person.id and not _lies_in(week, each, zone)
    ]
    if outside:
        flash(
            f"{len(outside)} booked before the new hours lie outside of them, the first on "
            f"{zones.instant_words(outside[0].starts_at, zone)}. They stay as they are.",
            "wait",
        )


def _lies_in(week: PlainWeek, session: Appointment, zone: str) -> bool:
    starts, ends = (at.astimezone(zones.zone(zone)) for at in (session.starts_at, session.ends_at))
    return (
        starts.isoweekday() in week.weekdays
        and week.starts_minute <= _minute(starts)
        and starts.date() == ends.date()
        and _minute(ends) <= week.ends_minute
    )


def _minute(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _services() -> Page:
    services = queries.services()
    form = prices_form(services)
    return Page(
        form,
        save=lambda: moving_in.price(form.prices(), without=form.left_out, by=current_staff()),
        facts={"services": services, "length_words": length_words, "kind_words": KIND_WORDS},
    )


def _policies() -> Page:
    rules = booking_rules()
    form = PoliciesForm(
        data={
            "horizon_days": rules.horizon_days,
            "address_hours_before": rules.address_hours_before,
            "before_you_book": get_practice().before_you_book,
        }
    )
    services = queries.services()
    notices = sorted({each.notice_hours for each in services})
    terms = list(dict.fromkeys(in_full(each.policy) for each in services))
    return Page(
        form,
        save=lambda: moving_in.keep_policies(form.policies(), by=current_staff()),
        facts={"rules": rules, "shortest": notices[0], "longest": notices[-1], "terms": terms},
    )


def _payments() -> Page:
    return Page(PlainForm(), facts={"cards": cards_of(get_practice())})


def _first_booking() -> Page:
    service = next((each for each in queries.services() if each.kind in FIRST_VISIT), None)
    practice, now = get_practice(), clock.now()
    times = []
    if service is not None:
        way = Modality(service.modalities[0])
        today = zones.local_date(now, practice.time_zone)
        times = queries.free_times(service, way, today, DAYS_LOOKED_AT)[:TIMES_SHOWN]
    return Page(
        PlainForm(),
        facts={
            "service": service,
            "is_consult": service is not None and service.kind is SessionKind.CONSULT,
            "times": times,
            "days": DAYS_LOOKED_AT,
            "address": _public_address(),
            "booked": _newest_booking(now),
        },
    )


def _newest_booking(now: datetime) -> Appointment | None:
    """Return the newest session that somebody has booked, if it is still to come."""
    found: Appointment | None = db.session.scalar(
        sa.select(Appointment)
        .where(
            Appointment.client_id.is_not(None),
            Appointment.state.in_(LIVE),
            Appointment.starts_at > now - timedelta(hours=1),
        )
        .order_by(Appointment.created_at.desc(), Appointment.id)
        .limit(1)
    )
    return found


PAGES: dict[Step, Callable[[], Page]] = {
    Step.PRACTICE: _practice,
    Step.HOURS: _hours,
    Step.SERVICES: _services,
    Step.POLICIES: _policies,
    Step.PAYMENTS: _payments,
    Step.FIRST_BOOKING: _first_booking,
}
