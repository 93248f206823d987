"""The six steps of the set-up: what each shows, what can be typed, and what saves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import flash, url_for

from practice.calendar.models import Resource
from practice.calendar.opening import rows_of
from practice.calendar.queries import booking_rules
from practice.calendar.rules import zones
from practice.calendar.rules.weekly import Row, in_lines, in_words
from practice.calendar.rules.weekly import is_plain as is_a_row_a_day
from practice.calendar.service import weekly
from practice.core import clock
from practice.core.db import db
from practice.core.settings import settings
from practice.people import changing
from practice.people.access import current_member, current_staff
from practice.people.forms import BaseForm, PlainForm
from practice.people.queries import get_practice
from practice.sessions import queries
from practice.sessions.hours_forms import only_words
from practice.sessions.models import Appointment
from practice.sessions.queries.course_templates import missed_without
from practice.sessions.rules.for_clients import KIND_WORDS, length_words
from practice.sessions.rules.lifecycle import FIRST_VISIT, LIVE, Modality, SessionKind
from practice.sessions.rules.policies import in_full
from practice.sessions.rules.setting_up import Step
from practice.sessions.service import catalog, moving_in
from practice.sessions.settings_forms import (
    FrontForm,
    VideoForm,
    cards_form,
    hours_form,
    policies_form,
    prices_form,
    proposed_about,
)
from practice.sessions.views.policies import by_policy
from practice.sessions.views.settings import FAR, cards_of

DAYS_LOOKED_AT = 14
TIMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Page:
    """One step as it is shown. Without ``save`` there is nothing to type in this step.

    ``asks`` says what to think about before saving; whoever is sure sends its mark along.
    """

    form: BaseForm
    save: Callable[[], object] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    after_saving: Callable[[], None] = lambda: None
    asks: Callable[[], list[str]] = list


def public_address() -> str:
    return settings().base_url + url_for("public.practice", slug=get_practice().slug)


# The six steps ---------------------------------------------------------------------------------


def _practice() -> Page:
    practice, rules = get_practice(), booking_rules()
    form = FrontForm(obj=practice, arrival_notes=rules.arrival_notes or "")
    is_proposed = not practice.about and not form.is_submitted()
    if is_proposed:
        form.about.data = proposed_about(practice.locality)

    def save() -> None:
        by = current_staff()
        changing.edit(form.facts(), by=by)
        written = form.arrival_notes.data or ""
        if written != (rules.arrival_notes or ""):
            moving_in.keep_places(rules.sanctuary_address or "", written, by=by)

    return Page(
        form,
        save=save,
        facts={
            "zone_words": zones.zone_words,
            "has_address": bool(rules.sanctuary_address),
            "hours_before": rules.address_hours_before,
            "is_proposed": is_proposed,
        },
    )


def _hours() -> Page:
    person = weekly.person_of(current_member().id)
    if person is None:
        return Page(PlainForm(), facts={"hours": [], "simple": False, "sees_clients": False})
    rows = rows_of(person.id)
    is_plain = is_a_row_a_day(rows)
    link = {"video_link": person.video_link}
    facts = {
        "hours": in_lines(rows) if is_plain else [_row_words(each) for each in rows],
        "simple": is_plain,
        "sees_clients": True,
    }
    if not is_plain:
        video = VideoForm(data=link)
        return Page(video, save=lambda: _keep_link(person, video), facts=facts)
    form = hours_form(rows, **link)

    def save() -> None:
        weekly.keep_week(person, form.rows(), by=current_staff())
        _keep_link(person, form)

    return Page(
        form,
        save=save,
        facts=facts,
        after_saving=lambda: _say_what_lies_outside(person, form.rows()),
    )


def _keep_link(person: Resource, form: VideoForm) -> None:
    links = {person.id: form.video_link.data or ""}
    moving_in.keep_video_rooms(links, by=current_staff())


def _row_words(row: Row) -> str:
    return in_words(row) + only_words(row.kinds, row.modality)


def _say_what_lies_outside(person: Resource, rows: Sequence[Row]) -> None:
    """Say how many sessions are booked outside the new hours: they stay as they are."""
    zone, now = get_practice().time_zone, clock.now()
    outside = [
        each
        for each in queries.between(now, now + FAR, states=LIVE)
        if each.host_id == person.id and not _lies_in(rows, each, zone)
    ]
    if outside:
        flash(
            f"{len(outside)} booked before the new hours lie outside of them, the first on "
            f"{zones.instant_words(outside[0].starts_at, zone)}. They stay as they are.",
            "wait",
        )


def _lies_in(rows: Sequence[Row], session: Appointment, zone: str) -> bool:
    starts, ends = (at.astimezone(zones.zone(zone)) for at in (session.starts_at, session.ends_at))
    return starts.date() == ends.date() and any(
        row.weekday == starts.isoweekday()
        and row.starts_minute <= _minute(starts)
        and _minute(ends) <= row.ends_minute
        for row in rows
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
        asks=lambda: missed_without([each for each in services if each.id in form.left_out]),
    )


def _policies() -> Page:
    rules, services = booking_rules(), queries.services()
    groups = by_policy(services)
    form = policies_form(
        [policy for policy, _ in groups],
        horizon_days=rules.horizon_days,
        address_hours_before=rules.address_hours_before,
        before_you_book=get_practice().before_you_book,
    )
    notices = sorted({each.notice_hours for each in services}) or [0]

    def save() -> None:
        by = current_staff()
        moving_in.keep_policies(form.policies(), by=by)
        for (_, under), policy in zip(groups, form.terms(), strict=True):
            catalog.set_policy([each.id for each in under], policy, by=by)

    return Page(
        form,
        save=save,
        facts={
            "rules": rules,
            "shortest": notices[0],
            "longest": notices[-1],
            "terms": [
                (in_full(policy), [each.label for each in under], fields)
                for (policy, under), fields in zip(groups, form.fees(), strict=True)
            ],
        },
    )


def _payments() -> Page:
    practice = get_practice()
    cards = cards_of(practice)
    if not cards.can_be:
        return Page(PlainForm(), facts={"cards": cards})
    form = cards_form(practice)
    return Page(
        form,
        save=lambda: changing.switch_cards(are_on=form.are_on, by=current_staff()),
        facts={"cards": cards},
    )


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
            "address": public_address(),
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
