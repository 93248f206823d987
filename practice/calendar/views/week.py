"""The week page, for reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue

from practice.calendar import ports, queries
from practice.calendar.forms import read_day
from practice.calendar.rules import zones
from practice.calendar.rules.week import Placed, monday_of, place, row_of
from practice.calendar.views.blueprint import bp
from practice.core import clock
from practice.people.access import requires
from practice.people.queries import get_practice
from practice.people.rules import Permission


@dataclass(frozen=True, slots=True)
class Day:
    """A column of the week. ``now_row`` is where the present is, on today's column alone."""

    on: date
    words: str
    placed: list[Placed]
    closed: str
    now_row: int | None


@bp.get("/week")
@requires(Permission.CALENDAR_VIEW)
def week() -> ResponseReturnValue:
    """Show seven days, ``?on=YYYY-MM-DD`` being one of them."""
    zone = get_practice().time_zone
    now = clock.now()
    today = zones.local_date(now, zone)
    monday = monday_of(read_day(request.args.get("on", ""), today))
    past = monday + timedelta(days=7)
    events = ports.sessions_between(zones.day_start(zone, monday), zones.day_start(zone, past))
    closed = queries.closed_days(monday, past)
    days = [
        Day(
            on=on,
            words=zones.day_words(on),
            placed=place(events, on, zone),
            closed=closed.get(on, ""),
            now_row=row_of(now, on, zone) if on == today else None,
        )
        for on in (monday + timedelta(days=each) for each in range(7))
    ]
    return render_template(
        "calendar/week.html",
        days=days,
        today=today,
        now=now,
        before=monday - timedelta(days=7),
        after=past,
    )
