"""Requests: what a client asked for, and saying yes or no to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.forms import written
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import requests_waiting
from practice.sessions.queries.course_steps import judge_of
from practice.sessions.queries.series import nearest
from practice.sessions.queries.times import Start
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.for_staff import WAYS
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.requests import answer_by
from practice.sessions.service import booking, readiness, requests
from practice.sessions.service.late import CostsOtherwise
from practice.sessions.service.readiness import Ahead
from practice.sessions.staff_forms import AnswerForm, DeclineForm
from practice.sessions.views.offering import Wish, start_at
from practice.sessions.views.staff import bp, check_reason, cost_of, last_look


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what can be answered. ``start`` is none if its time cannot be had now."""

    session: Appointment
    wish: Wish
    start: Start | None
    nearest: list[tuple[str, str]]


@bp.get("/sessions/requests")
@requires(Permission.APPOINTMENT_BOOK)
def requests_list() -> ResponseReturnValue:
    """List what clients asked for, the next to be answered first."""
    zone = get_practice().time_zone
    return render_template(
        "sessions/requests.html",
        asked=[(each, answer_by(each.created_at, zone)) for each in requests_waiting()],
        services=queries.services(),
        now=clock.now(),
        form=PlainForm(),
        length_words=length_words,
    )


@bp.post("/sessions/requests/services")
@requires(Permission.PRACTICE_MANAGE)
def approvals() -> ResponseReturnValue:
    """Say which services a person must approve."""
    shown, chosen = (set(request.form.getlist(name)) for name in ("shown", "service"))
    if not shown:
        raise Invalid("That form names no session. Load the page again.")
    by = current_staff()
    in_transaction(lambda: requests.set_approval(shown, chosen, by=by))
    flash("Saved. It holds for whoever books from now on.")
    return redirect(url_for(".requests_list"))


@bp.get("/sessions/<uuid:appointment_id>/answer")
@requires(Permission.APPOINTMENT_BOOK)
def answer(appointment_id: UUID) -> ResponseReturnValue:
    """Show a request, whether its time can be had, and what speaks for and against it."""
    asked = _asked(appointment_id)
    form = AnswerForm(formdata=None)
    return _page(asked, form, DeclineForm(formdata=None))


@bp.post("/sessions/<uuid:appointment_id>/approve")
@requires(Permission.APPOINTMENT_BOOK)
def approve(appointment_id: UUID) -> ResponseReturnValue:
    """Say yes: the session is booked, or the page says that the time is gone."""
    if _is_answered(appointment_id, booked=True):
        return _back(appointment_id)
    asked, form, by = _asked(appointment_id), AnswerForm(), current_staff()
    if not form.validate():
        return _page(asked, form, DeclineForm(formdata=None)), 422
    starts_at = form.start.instant
    start = start_at(asked.wish, starts_at)
    if start is None:
        return _gone(appointment_id, form, starts_at)
    if not check_reason(form, start, _ahead(asked.session, starts_at).barred):
        return _page(asked, form, DeclineForm(formdata=None), shown=start), 422
    booking.settle_blockers(asked.session.service, starts_at=starts_at)
    try:
        in_transaction(
            lambda: requests.approve(
                queries.get_appointment(appointment_id),
                starts_at=starts_at,
                by=by,
                override_reason=form.reason.data,
                pays=None
                if form.pays.data is None
                else Money(form.pays.data, asked.session.price.currency),
            )
        )
    except (booking.SlotTaken, booking.NotOffered, CostsOtherwise) as refused:
        return _refused(asked, form, start, refused)
    except requests.NotAsked:
        if not _is_answered(appointment_id, booked=True):
            raise
    flash("The session is booked. The client is told by email.")
    return _back(appointment_id)


@bp.post("/sessions/<uuid:appointment_id>/decline")
@requires(Permission.APPOINTMENT_BOOK)
def decline(appointment_id: UUID) -> ResponseReturnValue:
    """Say no, with words that the client reads on their own page."""
    if _is_answered(appointment_id, booked=False):
        return _back(appointment_id)
    asked, form, by = _asked(appointment_id), DeclineForm(), current_staff()
    if not form.validate():
        return _page(asked, AnswerForm(formdata=None), form), 422
    in_transaction(
        lambda: requests.decline(
            queries.get_appointment(appointment_id), why=form.why.data or "", by=by
        )
    )
    flash("The request is declined. The client is told by email.")
    return _back(appointment_id)


def _asked(appointment_id: UUID) -> Asked:
    session = queries.get_appointment(appointment_id)
    if session.state is not AppointmentState.REQUESTED or session.client is None:
        raise Conflict("This request has been answered already.")
    judge = judge_of(session.client, session.service)
    wish = Wish(session.client, session.service, session.modality, judge=judge)
    start = start_at(wish, session.starts_at)
    zone = get_practice().time_zone
    near = () if start else nearest(wish.client, wish.service, wish.modality, session.starts_at)
    return Asked(
        session, wish, start, [(written(at), zones.instant_words(at, zone)) for at in near]
    )


def _is_answered(appointment_id: UUID, *, booked: bool) -> bool:
    """Say whether a request got this very answer before: a second click changes nothing."""
    state = queries.get_appointment(appointment_id).state
    if booked:
        return state in {AppointmentState.CONFIRMED, AppointmentState.TENTATIVE}
    return state is AppointmentState.CANCELLED


def _refused(
    asked: Asked, form: AnswerForm, start: Start, refused: Conflict
) -> ResponseReturnValue:
    if not isinstance(refused, CostsOtherwise):
        return _gone(asked.session.id, form, start.starts_at)
    form.form_errors = [refused.message]
    return _page(asked, form, DeclineForm(formdata=None), shown=start), 409


def _gone(appointment_id: UUID, form: AnswerForm, starts_at: datetime) -> ResponseReturnValue:
    zone = get_practice().time_zone
    words = zones.clock_words(starts_at.astimezone(zones.zone(zone)))
    form.start.errors = [f"{words} was just taken. Here are the nearest times."]
    asked = _asked(appointment_id)
    return _page(asked, form, DeclineForm(formdata=None)), 409


def _page(
    asked: Asked, form: AnswerForm, decline_form: DeclineForm, *, shown: Start | None = None
) -> str:
    session, start = asked.session, shown or asked.start
    cost = cost_of(asked.wish, [start.starts_at if start else session.starts_at])
    form.pays.data, form.pays.raw_data = cost.to_pay.minor, None
    return render_template(
        "sessions/answer.html",
        session=session,
        start=start,
        nearest=asked.nearest,
        written=written,
        cost=cost,
        form=form if form.errors else decline_form,
        answer_form=form,
        decline_form=decline_form,
        way=WAYS[session.modality],
        answer_by=answer_by(session.created_at, get_practice().time_zone),
        ends_at=session.starts_at + timedelta(minutes=session.service.minutes),
        **last_look(_ahead(session, session.starts_at)),
    )


def _ahead(session: Appointment, starts_at: datetime) -> Ahead:
    return readiness.ahead_of(session.client_id, session.service, starts_at)


def _back(appointment_id: UUID) -> ResponseReturnValue:
    return redirect(url_for(".appointment", appointment_id=appointment_id))
