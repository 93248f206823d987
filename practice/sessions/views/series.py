"""The same session again every week or every few: all dates are shown, then all are booked.

``/sessions/new/series?client=&service=&place=&start=&times=&every=``; the form that is sent back
names the start of every date, so that a date that cannot be had may have another one, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.calendar.rules.blocks import days_repeated
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.people.access import current_staff, may, requires
from practice.people.queries import get_client, get_practice
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.forms import read_instant, written
from practice.sessions.queries.series import Planned, planned
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.for_staff import WAYS
from practice.sessions.rules.lifecycle import LIVE
from practice.sessions.service import booking, readiness
from practice.sessions.service import series as service
from practice.sessions.service.late import CostsOtherwise
from practice.sessions.service.readiness import Ahead
from practice.sessions.staff_forms import MOST_IN_A_SERIES, BookForm, SeriesForm, read_uuid
from practice.sessions.views.offering import Wish
from practice.sessions.views.staff import bp, cost_of, last_look, may_pass, wish_of


@dataclass(frozen=True, slots=True)
class Row:
    """One date of a series, as the page shows it. ``name`` is its field."""

    name: str
    words: str
    planned: Planned
    nearest: Sequence[tuple[str, str]]


@bp.get("/sessions/new/series", endpoint="series")
@requires(Permission.APPOINTMENT_BOOK)
def series() -> ResponseReturnValue:
    """Show every date of a series: those that can be had, and the nearest to those that cannot."""
    wish = _wish()
    starts_at = read_instant(request.args.get("start", ""))
    repeat = SeriesForm(formdata=request.args)
    if starts_at is None:
        raise Invalid("Choose the first time again: this address names none.")
    if not repeat.validate():
        raise Invalid(" ".join(f"{errors[0]}." for errors in repeat.errors.values()))
    wanted = _repeated(starts_at, every=repeat.every.data or 1, times=repeat.times.data or 1)
    return _page(wish, wanted, BookForm())


@bp.post("/sessions/new/series")
@requires(Permission.APPOINTMENT_BOOK)
def book_series() -> ResponseReturnValue:
    """Book all dates of the form, or none. A second click finds what the first one made."""
    wish, by = _wish(), current_staff()
    starts = _chosen()
    if starts and _made_already(wish, starts):
        return _say_booked(wish, len(starts))
    form = BookForm()
    if not form.validate() or not starts:
        if not starts:
            form.form_errors = ["Choose at least one date"]
        return _page(wish, starts or _asked(), form), 422
    found = planned(wish.client, wish.service, wish.modality, starts)
    if not _check(found, form) or not _check_gates(wish, starts, form):
        return _page(wish, starts, form, found), 422
    for starts_at in starts:
        booking.settle_blockers(wish.service, starts_at=starts_at)
    try:
        in_transaction(
            lambda: service.book_all(
                get_client(wish.client.id),
                queries.get_service(wish.service.id),
                starts,
                modality=wish.modality,
                by=by,
                override_reason=form.reason.data,
                covered=_covered(wish, form, len(starts)),
            )
        )
    except service.SeriesBroken as broken:
        form.form_errors = [f"{_words(broken.starts_at)}: {broken.message} Nothing was booked."]
        return _page(wish, starts, form), 409
    except CostsOtherwise as changed:
        form.form_errors = [changed.message]
        return _page(wish, starts, form), 409
    return _say_booked(wish, len(starts))


def _covered(wish: Wish, form: BookForm, count: int) -> int | None:
    """Return how many of the chosen dates the page said are paid with what was bought ahead."""
    if form.pays.data is None or wish.judge is not None:
        return None  # the steps of a course say themselves what pays for them
    return min(form.pays.data, count)


def _wish() -> Wish:
    return wish_of(get_client(read_uuid(request.args.get("client", ""))))


def _repeated(starts_at: datetime, *, every: int, times: int) -> list[datetime]:
    """Return the same time on the wall on every date; the clocks may change between two."""
    zone = get_practice().time_zone
    local = starts_at.astimezone(zones.zone(zone))
    days = days_repeated(local.date(), every_weeks=every, times=times)
    at = local.time().replace(tzinfo=None, fold=0)
    return [starts_at, *(zones.instant_of(zone, on, at) for on in days[1:])]


def _chosen() -> list[datetime]:
    """Read the starts of the form; a date that is left out has none."""
    names = [f"start-{n}" for n in range(MOST_IN_A_SERIES)]
    texts = [request.form[name] for name in names if request.form.get(name)]
    starts = [read_instant(text) for text in texts]
    return sorted({start for start in starts if start is not None})


def _asked() -> list[datetime]:
    starts_at = read_instant(request.args.get("start", ""))
    return [starts_at] if starts_at else []


def _check(found: Sequence[Planned], form: BookForm) -> bool:
    """Say whether all dates may be booked as they are; what is missing is told in the form."""
    lost = [each for each in found if each.start is None]
    if lost:
        form.form_errors = [
            f"{_words(each.wanted_at)} cannot be had. Choose another time, or leave it out."
            for each in lost
        ]
    elif any(each.start.refusals for each in found if each.start):
        if not may(Permission.WINDOW_OVERRIDE):
            form.form_errors = ["Some dates are outside the limits of the course"]
        elif not form.reason.data:
            form.reason.errors = ["Write down why, or leave out the dates outside the limits"]
    return not form.errors


def _check_gates(wish: Wish, starts: Sequence[datetime], form: BookForm) -> bool:
    """Say whether nothing bars the first date; a reason covers all of them.

    What is missing is told in the form.
    """
    barred = _ahead(wish, starts).barred
    if not may_pass(barred):
        form.form_errors = [f"{each.reason}." for each in barred]
    elif barred and not form.reason.data:
        form.reason.errors = ["Write down why, or book what comes first"]
    return not form.errors


def _ahead(wish: Wish, starts: Sequence[datetime]) -> Ahead:
    if not starts:
        return Ahead()
    return readiness.ahead_of(wish.client.id, wish.service, min(starts))


def _made_already(wish: Wish, starts: Sequence[datetime]) -> bool:
    there = {
        each.starts_at
        for each in queries.of_client(wish.client.id)
        if each.service_id == wish.service.id and each.state in LIVE
    }
    return set(starts) <= there


def _page(
    wish: Wish,
    wanted: Sequence[datetime],
    form: BookForm,
    found: Sequence[Planned] | None = None,
) -> str:
    found = found or planned(wish.client, wish.service, wish.modality, wanted)
    starts = [each.start for each in found if each.start]
    cost = cost_of(wish, [each.starts_at for each in starts] or [clock.now()])
    form.pays.data, form.pays.raw_data = cost.covered, None
    return render_template(
        "sessions/series.html",
        wish=wish,
        form=form,
        rows=[
            Row(
                f"start-{n}",
                _words(each.wanted_at),
                each,
                [(written(at), _words(at)) for at in each.nearest],
            )
            for n, each in enumerate(found)
        ],
        written=written,
        cost=cost,
        can_all_be_had=len(starts) == len(found),
        needs_reason=any(start.refusals for start in starts),
        length=length_words(wish.service.minutes),
        way=WAYS[wish.modality],
        **last_look(_ahead(wish, wanted)),
    )


def _words(starts_at: datetime) -> str:
    return zones.instant_words(starts_at, get_practice().time_zone)


def _say_booked(wish: Wish, count: int) -> ResponseReturnValue:
    flash(f"{count} sessions are booked. The client is told by one email.")
    client_id: UUID = wish.client.id
    return redirect(url_for("clients.client", client_id=client_id, _anchor="coming"))
