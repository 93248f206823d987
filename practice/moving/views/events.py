"""The dry run of a calendar: what each time becomes, who is meant, and what would be refused."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core import clock
from practice.core.db import in_transaction, rehearse
from practice.moving import queries
from practice.moving.forms import EventsForm, events_form
from practice.moving.models import ImportRun
from practice.moving.rules.matching import Way
from practice.moving.service import blocks, bookings, importing
from practice.moving.service.bookings import Plan
from practice.people.access import current_staff
from practice.people.queries import names_of
from practice.sessions.rules.lifecycle import Modality

TIMES_SHOWN = 40
BY = {Modality.IN_PERSON: "in person", Modality.TELEHEALTH: "by video"}


def look_at_events(run: ImportRun) -> ResponseReturnValue:
    """Show a page of a calendar's times, sessions first. POST keeps what was chosen on it."""
    plans = bookings.plans_of(run, blocks.events_of(run))
    page, last_page = _page(len(plans))
    in_order = sorted(plans, key=lambda each: not each.event.meant)  # stays, whatever is chosen
    shown = in_order[(page - 1) * TIMES_SHOWN : page * TIMES_SHOWN]
    form = _form(run, shown)
    if not form.is_submitted():
        return _shown(run, form, plans, (page, last_page))
    if not form.validate():
        return _shown(run, form, plans, (page, last_page)), 422
    by, run_id, starts = current_staff(), run.id, "start" in request.form
    choices = {
        "person": form.person.data,
        "mail": form.mail.data,
        "events": run.choices.get("events", {}) | form.chosen(),
    }

    def work() -> None:
        importing.choose(run_id, choices)
        if starts:
            importing.start(run_id, by=by)

    in_transaction(work)
    turned = None if starts else request.form.get("page", str(page))
    return redirect(url_for(".import_run", run_id=run_id, page=turned))


def _form(run: ImportRun, shown: Sequence[Plan]) -> EventsForm:
    people = {str(each.id): each.name for each in blocks.people()}
    form = events_form(shown, people)
    chosen = [each.client_id for each in shown if each.client_id is not None]
    form.offer(names_of(chosen), _words_of_ways(bookings.ways()), clock.now())
    if not form.is_submitted():
        only = next(iter(people)) if len(people) == 1 else ""
        form.person.data = run.choices.get("person", only)
        form.mail.data = bool(run.choices.get("mail"))
    return form


def _words_of_ways(ways: Sequence[Way]) -> dict[str, str]:
    """Return the session types as they can be chosen; how they are given where that is open."""
    given: dict[UUID, int] = {}
    for each in ways:
        given[each.service_id] = given.get(each.service_id, 0) + 1
    return {
        each.key: f"{each.label}, {BY[each.modality]}" if given[each.service_id] > 1 else each.label
        for each in ways
    }


def _page(times: int) -> tuple[int, int]:
    """Return which page is asked for, and the last one there is."""
    last_page = max(1, ceil(times / TIMES_SHOWN))
    asked = request.args.get("page", "1")
    is_number = asked.isascii() and asked.isdecimal() and len(asked) < 6
    return min(max(1, int(asked)) if is_number else 1, last_page), last_page


def _shown(run: ImportRun, form: EventsForm, plans: Sequence[Plan], pages: tuple[int, int]) -> str:
    has_person = "person" in run.choices
    return render_template(
        "moving/events.html",
        run=run,
        form=form,
        plans=form.shown,
        refused=_refused(run, form.shown) if has_person else {},
        has_person=has_person,
        unreadable=blocks.unreadable(run),
        page=pages[0],
        last_page=pages[1],
        now=clock.now(),
        **bookings.counted(plans),
    )


def _refused(run: ImportRun, shown: Sequence[Plan]) -> dict[int, str]:
    """Return what would be refused of some times, by number: found by doing it without a trace."""
    run_id, by = run.id, current_staff()

    def work() -> dict[int, str]:
        in_time = sorted(shown, key=lambda each: each.event.number)
        _, problems = bookings.bring(queries.get_import(run_id), in_time, by=by)
        return {each.row: each.words for each in problems}

    return rehearse(work)
