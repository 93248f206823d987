"""A client's own course: what is next, what they can still do, and what is to be booked later.

What staff write of it, and why, stands on the staff's pages alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import linked
from practice.calendar.rules import zones
from practice.core.errors import NotFound
from practice.people.client_access import for_clients, this_client
from practice.people.client_views import bp
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.forms import PublicForm
from practice.sessions.links import token_of
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.queries.course_drawn import drawn_for_client
from practice.sessions.queries.course_problems import stands, waits_for_a_time
from practice.sessions.queries.courses import get_course, live_courses_of
from practice.sessions.queries.facts import closed_of
from practice.sessions.rules import for_clients as rules
from practice.sessions.rules.course_drawing import Drawing
from practice.sessions.rules.course_states import BOOKABLE, CourseState
from practice.sessions.rules.course_words import CLIENT_NAMES
from practice.sessions.rules.lifecycle import LIVE as STILL_LIVE
from practice.sessions.views.course_shown import names_of
from practice.sessions.views.sale_shown import shown_for
from practice.sessions.views.showing import shown_of

STATES = {
    CourseState.PROPOSED: ("To choose", "wait dashed"),
    CourseState.BOOKED: ("Booked", "good"),
    CourseState.UNDER_WAY: ("Under way", "dusk"),
    CourseState.COMPLETED: ("Completed", "done"),
    CourseState.STOPPED: ("Ended", "done"),
    CourseState.LAPSED: ("On hold", "wait"),
}


@dataclass(frozen=True, slots=True)
class Next:
    """The next session of a course: its page, and what its client can still do for it."""

    session: Appointment
    name: str
    when: str
    zone_words: str
    token: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """A session without a time yet: the days that are kept for it, and whether it can be had."""

    name: str
    days: str
    is_reachable: bool


@dataclass(frozen=True, slots=True)
class OnHome:
    """A course on its client's home: to be chosen, or with its picture."""

    address: str
    drawing: Drawing | None


@bp.get("/me/course/<uuid:course_id>")
@for_clients
def course(course_id: UUID) -> ResponseReturnValue:
    """Show a course as it stands; one of which nothing is booked leads to its plans."""
    found = own_course(course_id)
    if found.state is CourseState.PROPOSED:
        return redirect(url_for(".course_plan", course_id=course_id), 303)
    zone, names = get_practice().time_zone, names_of(found, CLIENT_NAMES)
    steps = [each for each in found.steps if each.dropped_at is None]
    later = [_later(each, names[each.key]) for each in steps if waits_for_a_time(each)]
    following = _next(steps, names)
    state, tone = STATES[found.state]
    may_book = found.offered_at is not None and found.state in BOOKABLE
    return render_template(
        "me/course.html",
        course=found,
        state=state,
        tone=tone,
        following=following,
        shown=shown_of(following.session, following.token) if following else None,
        button_form=PublicForm(formdata=None),
        later=later if found.state in BOOKABLE else [],
        can_choose=may_book and any(each.is_reachable for each in later),
        drawing=drawn_for_client(found, zone),
        addresses={
            each.key: url_for("public.booking", token=token_of(each.appointment))
            for each in steps
            if each.appointment is not None and stands(each.appointment)
        },
        zone_words=zones.zone_words(zone),
        sold=shown_for(found.id, names),
        takes_cards=linked.takes_cards(),
    )


def own_course(course_id: UUID) -> Course:
    """Return a course of the client whose pages these are, if they may know of it.

    Raises:
        NotFound: for another client's, and for one that is only proposed and not theirs to choose.
    """
    found = get_course(course_id)
    if found.client_id != this_client().id:
        raise NotFound("There is no such course.")
    if found.state is CourseState.PROPOSED and found.offered_at is None:
        raise NotFound("These dates are not open to choose from just now. Call us about them.")
    return found


def courses_shown(client: Client) -> list[OnHome]:
    """Return the courses that run, or that the client may choose dates for."""
    zone = get_practice().time_zone
    found = []
    for each in live_courses_of(client.id):
        address = url_for(".course", course_id=each.id)
        if each.state is not CourseState.PROPOSED:
            found.append(OnHome(address, drawn_for_client(each, zone)))
        elif each.offered_at is not None:
            found.append(OnHome(address, None))
    return found


def _later(row: CourseStepRow, name: str) -> Later:
    if row.window_from_on is None or row.window_until_on is None:
        return Later(name, "", is_reachable=True)
    first, last = (zones.day_words(on) for on in (row.window_from_on, row.window_until_on))
    return Later(name, f"{first} to {last}", is_reachable=row.reachable_at is not None)


def _next(steps: Sequence[CourseStepRow], names: Mapping[str, str]) -> Next | None:
    coming: dict[str, Appointment] = {
        each.key: each.appointment
        for each in steps
        if each.appointment is not None and each.appointment.state in STILL_LIVE
    }
    if not coming:
        return None
    key = min(coming, key=lambda each: coming[each].starts_at)
    session = coming[key]
    closed = closed_of([session]).get(session.id, [])
    return Next(
        session,
        names[key],
        zones.instant_words(session.starts_at, session.time_zone),
        zones.zone_words(session.time_zone),
        token_of(session),
        tuple(
            rules.MISSING_WORDS[each.gate] for each in closed if each.gate in rules.FOR_THE_CLIENT
        ),
    )
