"""Choosing a time, and what happens on Continue: the time is held, or booked at once if free.

The address says what, and by ``?from=&days=&day=&tz=&place=`` which days, in which zone and in
which way; the form that is sent to it says which start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from practice.audit.rules import VISITOR
from practice.calendar.rules import zones
from practice.core import clock, tokens
from practice.core.db import in_transaction
from practice.core.errors import Conflict, TooMany
from practice.people.access import public
from practice.people.models import Practice
from practice.people.queries import enter_by_slug
from practice.people.rules import US_ZONES
from practice.sessions import queries
from practice.sessions.forms import (
    MOST_DAYS,
    PLACE_OF,
    SHOWN_DAYS,
    Asked,
    BookNowForm,
    StartForm,
    read_asked,
    written,
)
from practice.sessions.links import token_of
from practice.sessions.models import Appointment, Service
from practice.sessions.rules import choosing
from practice.sessions.rules.choosing import Day
from practice.sessions.rules.for_clients import COMES_FIRST, length_words
from practice.sessions.rules.lifecycle import FIRST_VISIT, Modality, SessionKind
from practice.sessions.rules.requests import answer_by
from practice.sessions.service import booking, requests
from practice.sessions.views import kept
from practice.sessions.views.booking import client_details
from practice.sessions.views.public import bp


@dataclass(frozen=True, slots=True)
class DayLink:
    """A day in the grid, as the macro ``days`` draws it."""

    weekday: str
    number: int
    month: str
    spoken: str
    count: int
    url: str | None
    is_chosen: bool


class TimeChoice(NamedTuple):
    """A start, as the macro ``slots`` draws it: the UTC instant and its local words."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class View:
    """What an address comes to once everything that it leaves open is filled in."""

    practice: Practice
    service: Service
    modality: Modality
    zone: str
    today: date
    first_on: date
    days: int
    day: date | None

    def url(self, **other: Any) -> str:
        """Return the address of this page with other days, another day, zone or way."""
        kept = {
            "from": self.first_on,
            "days": self.days if self.days != SHOWN_DAYS else None,
            "day": self.day,
            "tz": self.zone if self.zone != self.practice.time_zone else None,
            "place": PLACE_OF[self.modality] if len(self.service.modalities) > 1 else None,
        }
        said = {name: value for name, value in (kept | other).items() if value is not None}
        if said["from"] == self.today:
            del said["from"]
        slug, service = self.practice.slug, self.service.slug
        return url_for("public.times", slug=slug, service=service, **said)


@bp.route("/p/<slug>/book/<service>/", methods=["GET", "POST"])
@public
def times(slug: str, service: str) -> ResponseReturnValue:
    """Show free times, or list them to a program; on POST, hold the one that was chosen."""
    practice = enter_by_slug(slug)
    wanted = queries.get_service(service)
    view = _view(practice, wanted, read_asked(request.args))
    if wanted.kind not in FIRST_VISIT:
        return _what_comes_first(view)
    if request.method == "POST":
        return _take(view)
    if request.accept_mimetypes.best == "application/json":
        return _listed(view)
    return _page(view, _empty_form(view))


def _empty_form(view: View) -> StartForm:
    """Return the form of a page: with who asks, where a person must approve."""
    if view.service.needs_approval:
        return BookNowForm(formdata=None, data=dict(kept.details(view.practice.id)))
    return StartForm(formdata=None)


def _view(practice: Practice, service: Service, asked: Asked) -> View:
    modality = asked.modality or Modality(service.modalities[0])
    zone = practice.time_zone
    if modality is Modality.TELEHEALTH:
        if asked.zone:
            session["zone"] = asked.zone
        zone = session.get("zone") or zone
    today = zones.local_date(clock.now(), zone)
    first_on = asked.first_on or _fortnight_with(asked.day, today)
    return View(
        practice=practice,
        service=service,
        modality=modality,
        zone=zone,
        today=today,
        first_on=max(first_on, today),
        days=asked.days,
        day=asked.day,
    )


def _fortnight_with(day: date | None, today: date) -> date:
    if day is None or day < today:
        return today
    return day - (day - today) % timedelta(days=SHOWN_DAYS)


# Answers ----------------------------------------------------------------------------------------


def _what_comes_first(view: View) -> ResponseReturnValue:
    comes_first = COMES_FIRST[view.service.kind]
    status = 409 if request.method == "POST" else 200
    if request.accept_mimetypes.best == "application/json":
        listed = {"service": view.service.slug, "zone": view.zone, "starts": []}
        return {**listed, "reason": comes_first}, status
    first = next((s for s in queries.services() if s.kind is SessionKind.CONSULT), None)
    return render_template(
        "public/closed.html",
        practice=view.practice,
        service=view.service,
        comes_first=comes_first,
        first=first,
    ), status


def _listed(view: View) -> ResponseReturnValue:
    starts = _free(view, view.days)
    return {
        "service": view.service.slug,
        "zone": view.zone,
        "starts": [written(start) for start in starts],
    }


def _page(
    view: View, form: StartForm, *, status: int = 200, lost: datetime | None = None
) -> ResponseReturnValue:
    # One look far ahead costs the same as one at two weeks, and finds the next free time too.
    starts = _free(view, MOST_DAYS)
    days = choosing.days_of(starts, view.zone, view.first_on, view.days)
    day = choosing.opened(days, view.day)
    near = choosing.nearest(starts, lost) if lost else []
    form.form_token.data = tokens.new()
    return render_template(
        "public/times.html",
        practice=view.practice,
        service=view.service,
        form=form,
        view=view,
        length=length_words(view.service.minutes),
        answer_by=answer_by(clock.now(), view.practice.time_zone),
        ways=_ways(view),
        zone_words=zones.zone_words(view.zone),
        us_zones=US_ZONES,
        days=[day_link(view, each, is_chosen=each is day) for each in days],
        day=day,
        day_words=f"{day.on:%A, %B} {day.on.day}" if day else "",
        parts=time_parts(view, day, near, form.start.data),
        earlier=earlier(view),
        later=later(view),
        next_free=next_free(view, starts, day),
        lost=lost is not None,
        held=kept.held(written(clock.now())),
    ), status


def _free(view: View, days: int) -> list[datetime]:
    found = queries.free_times(view.service, view.modality, view.first_on, days, zone=view.zone)
    return [start.starts_at for start in found]


# Parts of the page ------------------------------------------------------------------------------


def _ways(view: View) -> list[tuple[str, str, bool]]:
    """Return words and address of each way a session is given in, and whether it is chosen."""
    if len(view.service.modalities) < 2:
        return []
    words = {Modality.IN_PERSON: "In person", Modality.TELEHEALTH: "By video"}
    return [
        (words[way], view.url(place=PLACE_OF[way], day=None), way is view.modality)
        for way in map(Modality, view.service.modalities)
    ]


def day_link(view: View, day: Day, *, is_chosen: bool) -> DayLink:
    count = len(day.starts)
    times = "no times" if not count else f"{count} time{'s' * (count > 1)}"
    return DayLink(
        weekday=f"{day.on:%a}",
        number=day.on.day,
        month=f"{day.on:%b}",
        spoken=f"{day.on:%A, %B} {day.on.day}, {times}",
        count=count,
        url=view.url(day=day.on) if count else None,
        is_chosen=is_chosen,
    )


def time_parts(
    view: View, day: Day | None, near: list[datetime], chosen: str | None
) -> list[tuple[str, list[TimeChoice]]]:
    """Return the times of a day under their headings, the nearest to a lost one before them."""
    parts: list[tuple[str, list[datetime]]] = [("Nearest", near)] if near else []
    parts += choosing.parts_of([s for s in day.starts if s not in near] if day else [], view.zone)
    return [
        (
            part,
            [
                TimeChoice(
                    written(start),
                    _words(view, start, day),
                    is_chosen=written(start) == chosen,
                )
                for start in starts
            ],
        )
        for part, starts in parts
    ]


def _words(view: View, start: datetime, day: Day | None) -> str:
    """Write a start by its clock time, with its day where that is not the open one."""
    words = zones.instant_words(start, view.zone)
    if day is None or zones.local_date(start, view.zone) != day.on:
        return words
    return words.removeprefix(f"{zones.day_words(day.on)}, ")


def earlier(view: View) -> str | None:
    if view.first_on <= view.today:
        return None
    before = max(view.first_on - timedelta(days=view.days), view.today)
    return view.url(**{"from": before}, day=None)


def later(view: View) -> str | None:
    after = view.first_on + timedelta(days=view.days)
    if after > view.today + timedelta(days=view.service.rules.horizon_days):
        return None
    return view.url(**{"from": after}, day=None)


def next_free(view: View, starts: list[datetime], day: Day | None) -> tuple[str, str] | None:
    """Return words and address of the earliest time, unless its day is open already."""
    if not starts:
        return None
    on = zones.local_date(starts[0], view.zone)
    if day is not None and day.on == on:
        return None
    return zones.instant_words(starts[0], view.zone), view.url(**{"from": on}, day=on)


# Continue ---------------------------------------------------------------------------------------


def _take(view: View) -> ResponseReturnValue:
    """Hold the chosen time; book it where it is free and the details came along."""
    must_ask = view.service.needs_approval
    at_once = not view.service.price and "first_name" in request.form
    form = BookNowForm() if at_once or must_ask else StartForm()
    if not form.validate():
        return _page(view, form, status=form.status)
    start = form.start.instant
    take = _ask if must_ask else _book_now if isinstance(form, BookNowForm) else _hold
    try:
        made = take(view, form)
    except booking.SlotTaken:
        words = zones.clock_words(start.astimezone(zones.zone(view.zone)))
        return _lost(view, form, f"{words} was just taken.")
    except booking.NotOffered as refused:
        return _lost(view, form, refused.message)
    except (Conflict, TooMany) as refused:
        form.form_errors = [refused.message]
        return _page(view, form, status=429 if isinstance(refused, TooMany) else 409)
    return redirect(url_for(".booking", token=token_of(made)), 303)


def _lost(view: View, form: StartForm, why: str) -> ResponseReturnValue:
    lost, form.start.data = form.start.instant, ""
    form.start.errors = [f"{why} Here are the nearest times."]
    return _page(view, form, status=409, lost=lost)


def _hold(view: View, form: StartForm) -> Appointment:
    browser = kept.browser()
    booking.settle_blockers(view.service, starts_at=form.start.instant, browser=browser)
    return in_transaction(
        lambda: booking.hold(
            view.service,
            starts_at=form.start.instant,
            modality=view.modality,
            browser=browser,
            address=tokens.derived("address", request.remote_addr),
            form_token=_token_of(view, form),
            by=VISITOR,
        )
    )


def _book_now(view: View, form: BookNowForm) -> Appointment:
    look = queries.look_at(view.service, view.modality, form.start.instant)
    return in_transaction(
        lambda: booking.book_free(
            view.service,
            client_details(form),
            starts_at=form.start.instant,
            modality=view.modality,
            form_token=_token_of(view, form),
            by=VISITOR,
            look=look,
        )
    )


def _ask(view: View, form: BookNowForm) -> Appointment:
    look = queries.look_at(view.service, view.modality, form.start.instant)
    return in_transaction(
        lambda: requests.ask(
            view.service,
            client_details(form),
            starts_at=form.start.instant,
            modality=view.modality,
            address=tokens.derived("address", request.remote_addr),
            form_token=_token_of(view, form),
            by=VISITOR,
            look=look,
        )
    )


def _token_of(view: View, form: StartForm) -> str:
    """Return what the same choice on the same page always is, and another choice is not."""
    page = form.form_token.data or tokens.new()
    return tokens.digest(f"{page} {view.service.id} {view.modality} {form.start.data}")
