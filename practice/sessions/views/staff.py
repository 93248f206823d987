"""Booking a session for a client: who, what, when, a last look, and it is in the book.

Every step is a page of its own, and its address says what was chosen so far:
``/sessions/new?client=&service=&place=&from=&day=``, then ``/sessions/new/check?…&start=``.
Whoever comes from an empty hour of the calendar brings ``start=`` along from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.forms import read_page
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.people.access import current_roles, current_staff, may, requires
from practice.people.models import Client
from practice.people.queries import get_client_in_care, get_practice, search_clients
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.forms import PLACES, read_asked, read_instant, written
from practice.sessions.models import Service
from practice.sessions.queries.course_boosters import after_course_of
from practice.sessions.queries.course_steps import Judge, judge_of
from practice.sessions.queries.gaps import first_starts, why_not_then
from practice.sessions.queries.times import Start
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.for_staff import WAYS
from practice.sessions.rules.gates import GATES, GateResult
from practice.sessions.rules.lifecycle import LIVE, AppointmentState, Modality
from practice.sessions.service import asking_for, booking, late, readiness
from practice.sessions.service.asking_for import Cost
from practice.sessions.service.readiness import Ahead
from practice.sessions.staff_forms import BookForm, SeriesForm, TimeForm, read_uuid
from practice.sessions.views.offering import (
    NotChosen,
    Wish,
    chosen_start,
    instead_of,
    not_then,
    offer,
)

bp = Blueprint("sessions", __name__)
PLACE_OF = {modality: place for place, modality in PLACES.items()}


@bp.errorhandler(Conflict)
def refused(error: Conflict) -> ResponseReturnValue:
    """Say why something could not be done, inside the frame that staff work in."""
    return render_template("sessions/refused.html", error=error), 409


# Who, what, when -------------------------------------------------------------------------------


@bp.get("/sessions/new")
@requires(Permission.APPOINTMENT_BOOK)
def new() -> ResponseReturnValue:
    """Ask for whatever the address does not say yet: the client, the session, the time."""
    if not request.args.get("client"):
        return _whom()
    client = get_client_in_care(read_uuid(request.args["client"]))
    if not request.args.get("service"):
        return _what(client)
    return _times(wish_of(client))


def _whom() -> ResponseReturnValue:
    text, starts_at = request.args.get("q", "").strip(), _start_brought_along()
    page = read_page(request.args.get("page", ""))
    local = starts_at.astimezone(zones.zone(get_practice().time_zone)) if starts_at else None
    return render_template(
        "sessions/whom.html",
        text=text,
        found=search_clients(text, page),
        starts_at=starts_at,
        kept={"start": written(starts_at)} if starts_at else {},
        block={"on": local.date(), "at": f"{local:%H:%M}"} if local else None,
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """A service that can be chosen. ``quick`` leads to the last look at one start of it.

    ``why_not`` says what speaks against the start that was brought along.
    """

    service: Service
    length: str
    url: str
    quick: tuple[datetime, str] | None
    why_not: Sequence[str] = ()


def _what(client: Client) -> ResponseReturnValue:
    services, starts_at = queries.services(), _start_brought_along()
    firsts = {} if starts_at else first_starts(services, client)
    return render_template(
        "sessions/services.html",
        client=client,
        starts_at=starts_at,
        choices=[_choice(client, each, starts_at, firsts.get(each.slug)) for each in services],
    )


def _choice(
    client: Client, service: Service, starts_at: datetime | None, first: datetime | None
) -> Choice:
    wish = Wish(client, service, Modality(service.modalities[0]))
    why_not = why_not_then(service, starts_at, client) if starts_at else ()
    quick = first if not starts_at else None if why_not else starts_at
    on = zones.local_date(starts_at, get_practice().time_zone) if starts_at else None
    return Choice(
        service,
        length_words(service.minutes),
        url_for(".new", **_named(wish, on, on), start=written(starts_at) if starts_at else None),
        (quick, url_for(".check", **_named(wish), start=written(quick))) if quick else None,
        why_not,
    )


def _start_brought_along() -> datetime | None:
    """Read the start that an empty hour of the calendar brings along.

    Raises:
        Invalid: for what is no instant, or has passed.
    """
    text = request.args.get("start", "")
    if not text:
        return None
    starts_at = read_instant(text)
    if starts_at is None:
        raise Invalid("Write start as a time that exists, like 2027-03-15T14:00:00Z.")
    if starts_at < clock.now():
        raise Invalid("That time has passed. Choose a later one in the calendar.")
    return starts_at


def wish_of(client: Client) -> Wish:
    """Return what an address wishes for a client: which service, and in which way."""
    service = queries.get_service(read_uuid(request.args.get("service", "")))
    asked = read_asked(request.args).modality
    way = asked or Modality(service.modalities[0])
    judge = judge_of(client, service) or after_course_of(client, service)
    return Wish(client, service, way, judge=judge)


def _times(wish: Wish, wrong: NotChosen | None = None) -> ResponseReturnValue:
    asked, starts_at = read_asked(request.args), None if wrong else _start_brought_along()
    instead = instead_of(wish, starts_at) if starts_at else wrong.instead if wrong else None
    return render_template(
        "sessions/times.html",
        wish=wish,
        form=wrong.form if wrong else TimeForm(formdata=None),
        offer=offer(
            wish,
            asked,
            lambda first_on, day: url_for(".new", **_named(wish, first_on, day)),
            lost_on=wrong.on if wrong else None,
        ),
        instead=instead,
        ways=_ways(wish),
        fixed=_named(wish, asked.first_on, asked.day),
        action=url_for(".check"),
    ), wrong.status if wrong else 200


def _named(wish: Wish, first_on: date | None = None, day: date | None = None) -> dict[str, Any]:
    """Return what was chosen so far, as addresses say it."""
    parts = {
        "client": wish.client.id,
        "service": wish.service.id,
        "place": PLACE_OF[wish.modality],
        "from": first_on,
        "day": day,
    }
    return {name: part for name, part in parts.items() if part is not None}


def _ways(wish: Wish) -> list[tuple[str, str, bool]]:
    """Return words and address of each way a session is given in, and whether it is chosen."""
    if len(wish.service.modalities) < 2:
        return []
    return [
        (WAYS[way], url_for(".new", **_named(Wish(wish.client, wish.service, way))), way is here)
        for here in [wish.modality]
        for way in map(Modality, wish.service.modalities)
    ]


# The last look ---------------------------------------------------------------------------------


@bp.get("/sessions/new/check")
@requires(Permission.APPOINTMENT_BOOK)
def check() -> ResponseReturnValue:
    """Show the whole session, with what the course says of it and what is still missing."""
    wish = wish_of(get_client_in_care(read_uuid(request.args.get("client", ""))))
    try:
        return _last_look(wish, chosen_start(wish, request.args), BookForm())
    except NotChosen as wrong:
        return _times(wish, wrong)


@bp.post("/sessions/new/check")
@requires(Permission.APPOINTMENT_BOOK)
def book() -> ResponseReturnValue:
    """Put the session into the book. A second click finds what the first one made."""
    wish = wish_of(get_client_in_care(read_uuid(request.args.get("client", ""))))
    if made := _made_already(wish, request.args.get("start", "")):
        return _say_booked(made)
    form, by = BookForm(), current_staff()
    try:
        start = chosen_start(wish, request.args)
        ahead = readiness.ahead_of(wish.client.id, wish.service, start.starts_at)
        if not form.validate() or not check_reason(form, start, ahead.barred):
            return _last_look(wish, start, form), 422
        booking.settle_blockers(wish.service, starts_at=start.starts_at)
        made = in_transaction(
            lambda: (
                booking.book(
                    get_client_in_care(wish.client.id),
                    queries.get_service(wish.service.id),
                    starts_at=start.starts_at,
                    modality=wish.modality,
                    by=by,
                    override_reason=form.reason.data,
                    pays=None
                    if form.pays.data is None
                    else Money(form.pays.data, wish.service.price.currency),
                ).id
            )
        )
    except (booking.SlotTaken, booking.NotOffered) as gone:
        return _times(wish, not_then(wish, request.args, gone.message))
    except NotChosen as wrong:
        return _times(wish, wrong)
    except late.CostsOtherwise as changed:
        form.form_errors = [changed.message]
        return _last_look(wish, start, form), 409
    return _say_booked(made)


def _made_already(wish: Wish, start: str) -> UUID | None:
    return next(
        (
            each.id
            for each in queries.of_client(wish.client.id)
            if each.service_id == wish.service.id
            and written(each.starts_at) == start
            and each.state in LIVE
        ),
        None,
    )


def cost_of(wish: Wish, starts: Sequence[datetime]) -> Cost:
    """Say what sessions at some starts ask for."""
    step = wish.judge.step if isinstance(wish.judge, Judge) else None
    course_step = (step.course.id, step.key) if step else None
    return asking_for.cost_of(wish.client, wish.service, starts, course_step=course_step)


def _last_look(wish: Wish, start: Start, form: BookForm) -> str:
    cost = cost_of(wish, [start.starts_at])
    form.pays.data = cost.to_pay.minor
    form.pays.raw_data = None
    return render_template(
        "sessions/check.html",
        wish=wish,
        start=start,
        form=form,
        way=WAYS[wish.modality],
        cost=cost,
        ends_at=start.starts_at + timedelta(minutes=wish.service.minutes),
        **last_look(readiness.ahead_of(wish.client.id, wish.service, start.starts_at)),
        back=url_for(".new", **_named(wish, day=None)),
        named=_named(wish) | {"start": written(start.starts_at)},
        repeat=SeriesForm(formdata=None),
    )


def last_look(ahead: Ahead) -> dict[str, Any]:
    """Return what a last look shows of gates.

    ``barred`` is what keeps it from being booked, ``missing`` what it will wait for, ``may_pass``
    whether whoever looks may pass all that bars it, with a reason.
    """
    return {
        "barred": ahead.barred,
        "missing": ahead.waits,
        "may_pass": may_pass(ahead.barred),
    }


def may_pass(barred: Sequence[GateResult]) -> bool:
    passers = [GATES[each.gate].override for each in barred]
    return all(each is not None and each.is_among(current_roles()) for each in passers)


def check_reason(form: BookForm, start: Start, barred: Sequence[GateResult] = ()) -> bool:
    """Say whether a start may be taken: within the limits, or with a reason of who may give one.

    What is missing is told beside the field.
    """
    if start.refusals and not may(Permission.WINDOW_OVERRIDE):
        form.form_errors = list(start.refusals)
    elif not may_pass(barred):
        form.form_errors = [f"{each.reason}." for each in barred]
    elif (start.refusals or barred) and not form.reason.data:
        form.reason.errors = ["Write down why, or choose another time"]
    return not form.errors


def _say_booked(appointment_id: UUID) -> ResponseReturnValue:
    if queries.get_appointment(appointment_id).state is AppointmentState.CONFIRMED:
        flash("The session is booked. The client is told by email.")
    else:
        flash("The time is kept. The session is confirmed when nothing is missing.", "wait")
    return redirect(url_for(".appointment", appointment_id=appointment_id))
