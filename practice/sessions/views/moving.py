"""Moving a session: another time, a last look at what follows from it, and it is moved."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.rules.fees import FeeFor
from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.people.access import current_staff, requires
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.forms import read_asked, written
from practice.sessions.models import Appointment
from practice.sessions.queries.course_keeping import elsewhere, part_of
from practice.sessions.queries.times import Start
from practice.sessions.rules.for_staff import CAN_CHANGE
from practice.sessions.service import booking, late, readiness
from practice.sessions.staff_forms import TimeForm
from practice.sessions.views.course_moving import finish, preview
from practice.sessions.views.late_shown import LateBookForm, collected_by, offer_reasons, wish_of
from practice.sessions.views.offering import NotChosen, Wish, chosen_start, near, not_then, offer
from practice.sessions.views.staff import bp, check_reason, last_look


@bp.get("/sessions/<uuid:appointment_id>/move")
@requires(Permission.APPOINTMENT_BOOK)
def move(appointment_id: UUID) -> ResponseReturnValue:
    """Show the times to which a session can be moved."""
    return _times(_wish(appointment_id))


def _wish(appointment_id: UUID) -> Wish:
    session = queries.get_appointment(appointment_id)
    if (
        session.client is None
        or session.state not in CAN_CHANGE
        or session.hold_ends_at is not None
    ):
        raise Conflict("Only a session that is still to come can be moved.")
    part = part_of(session)
    return Wish(
        session.client,
        session.service,
        session.modality,
        moving=session,
        elsewhere=elsewhere(part.course, part.key) if part else None,
    )


def _times(wish: Wish, wrong: NotChosen | None = None) -> ResponseReturnValue:
    session = _moving(wish)

    def url(first_on: date | None, day: date | None) -> str:
        days: dict[str, Any] = {"from": first_on, "day": day}
        return url_for(".move", appointment_id=session.id, **days)

    return render_template(
        "sessions/times.html",
        wish=wish,
        form=wrong.form if wrong else TimeForm(formdata=None),
        offer=offer(wish, read_asked(request.args), url, lost_on=wrong.on if wrong else None),
        instead=wrong.instead if wrong else None,
        ways=[],
        fixed={name: request.args[name] for name in ("from", "day") if name in request.args},
        action=url_for(".check_move", appointment_id=session.id),
    ), wrong.status if wrong else 200


@bp.get("/sessions/<uuid:appointment_id>/move/check")
@requires(Permission.APPOINTMENT_BOOK)
def check_move(appointment_id: UUID) -> ResponseReturnValue:
    """Show from when to when a session moves, and what follows from it."""
    wish = _wish(appointment_id)
    form = LateBookForm(data={"sequence": _moving(wish).sequence})
    try:
        start = chosen_start(wish, request.args)
    except NotChosen as wrong:
        return _times(wish, wrong)
    if (part := part_of(_moving(wish))) is not None:
        return preview(
            part,
            start.starts_at,
            back=_back(wish),
            near=lambda: near(wish, start.starts_at, alone=True),
        )
    return _last_look(wish, start, form)


@bp.post("/sessions/<uuid:appointment_id>/move/check")
@requires(Permission.APPOINTMENT_BOOK)
def finish_move(appointment_id: UUID) -> ResponseReturnValue:
    """Move the session. A second click finds it moved; somebody else's change is told."""
    wish, form, by = _wish(appointment_id), LateBookForm(), current_staff()
    if written(_moving(wish).starts_at) == request.args.get("start"):
        return _say_moved(appointment_id)
    try:
        start = chosen_start(wish, request.args)
        if (part := part_of(_moving(wish))) is not None:
            wrong = finish(part, start.starts_at, back=_back(wish), by=by)
            return wrong if wrong is not None else _say_moved(appointment_id)
        barred = readiness.ahead_at(_moving(wish), start.starts_at).barred
        is_good = form.validate() and check_reason(form, start, barred)
        why = wish_of(form, late.choices(_moving(wish), FeeFor.MOVED))
        if not is_good or why is None:
            return _last_look(wish, start, form), 422
        booking.settle_blockers(wish.service, starts_at=start.starts_at)
        in_transaction(
            lambda: booking.move(
                queries.get_appointment(appointment_id),
                starts_at=start.starts_at,
                by=by,
                override_reason=form.reason.data,
                sequence=form.sequence.data,
                wish=why,
            )
        )
    except (booking.SlotTaken, booking.NotOffered) as gone:
        return _times(wish, not_then(wish, request.args, gone.message))
    except NotChosen as not_chosen:
        return _times(wish, not_chosen)
    return _say_moved(appointment_id)


def _back(wish: Wish) -> str:
    return url_for(".move", appointment_id=_moving(wish).id)


def _say_moved(appointment_id: UUID) -> ResponseReturnValue:
    flash("The session is moved. The client is told by email in 3 minutes.")
    return redirect(url_for(".appointment", appointment_id=appointment_id))


def _last_look(wish: Wish, start: Start, form: LateBookForm) -> str:
    moving = _moving(wish)
    choices = late.choices(moving, FeeFor.MOVED)
    offer_reasons(form, choices)
    return render_template(
        "sessions/check_move.html",
        wish=wish,
        session=moving,
        start=start,
        form=form,
        choices=choices,
        card=collected_by(moving.client_id) if len(choices) > 1 else "",
        **last_look(readiness.ahead_at(moving, start.starts_at)),
        back=_back(wish),
    )


def _moving(wish: Wish) -> Appointment:
    if wish.moving is None:
        raise RuntimeError("this page moves a session that is there")
    return wish.moving
