"""Finding appointments: one, one client's, one day's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db, enter_practice
from practice.core.errors import NotFound
from practice.core.often import Often
from practice.people import doors
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.people.rules import DoorKind
from practice.sessions.models import Appointment, BroughtSession, CourseStepRow, Service
from practice.sessions.rules.lifecycle import FIRST_VISIT, LIVE, AppointmentState, SessionKind
from practice.sessions.rules.windows import Session

S = AppointmentState
WITH_ALL = (
    joinedload(Appointment.client),
    joinedload(Appointment.service, innerjoin=True).joinedload(Service.rules, innerjoin=True),
)
"""A page that shows an appointment names its client and its service too."""


def get_appointment(appointment_id: UUID) -> Appointment:
    """Return an appointment with its client, its service and the booking rules.

    Raises:
        NotFound: if there is none.
    """
    appointment: Appointment | None = db.session.scalar(
        sa.select(Appointment).where(Appointment.id == appointment_id).options(*WITH_ALL)
    )
    if appointment is None:
        raise NotFound("There is no such session.")
    return appointment


def by_link(token: str) -> Appointment:
    """Return the appointment that a booking link leads to, and enter its practice.

    Raises:
        NotFound: if the link leads nowhere, or no longer.
    """
    found = doors.find(DoorKind.BOOKING, token)
    if found is None:
        raise NotFound("There is no booking behind this link.")
    enter_practice(found.practice_id)
    return get_appointment(found.subject_id)


def find_by_form(form_token: str) -> Appointment | None:
    """Return what a form made when it was first sent, if it was."""
    appointment: Appointment | None = db.session.scalar(
        sa.select(Appointment).where(Appointment.form_token == form_token).options(*WITH_ALL)
    )
    return appointment


def of_client(client_id: UUID) -> list[Appointment]:
    """Return all appointments of a client that ever held a time, by their start."""
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .where(Appointment.client_id == client_id, Appointment.state != S.RELEASED)
            .options(*WITH_ALL)
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )


SHOWN = LIVE | {S.COMPLETED, S.NO_SHOW, S.HELD_CLINICAL, S.REQUESTED}
"""All but what was cancelled or released."""


def on_day(on: date) -> list[Appointment]:
    """Return the appointments that start on a local day of the practice, holds left out."""
    zone = get_practice().time_zone
    found = between(zones.day_start(zone, on), zones.day_start(zone, on + timedelta(days=1)))
    return [each for each in found if each.hold_ends_at is None]


def between(
    first_at: datetime, past_at: datetime, *, states: Collection[AppointmentState] | None = None
) -> list[Appointment]:
    """Return what starts in ``[first_at, past_at)``, by its start, live holds included.

    Without ``states``, everything but what was cancelled or released, or is a hold past its end.
    """
    shown = states or SHOWN
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .where(
                Appointment.starts_at >= first_at,
                Appointment.starts_at < past_at,
                Appointment.state.in_(shown),
                sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= clock.now()),
            )
            .options(*WITH_ALL)
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )


_STEP, _OTHER = CourseStepRow, aliased(CourseStepRow)
_OF_ITS_KIND = (
    sa.select(sa.func.nullif(sa.func.count(), 0))
    .select_from(_STEP)
    .join(
        _OTHER,
        sa.and_(
            _OTHER.practice_id == _STEP.practice_id,
            _OTHER.course_id == _STEP.course_id,
            _OTHER.kind == _STEP.kind,
            _OTHER.dropped_at.is_(None),
        ),
    )
    .where(_STEP.practice_id == Appointment.practice_id, _STEP.appointment_id == Appointment.id)
    .correlate(Appointment)
)
"""How many steps of its kind the course of a session has; nothing where it belongs to none."""


class Line(NamedTuple):
    """A session as a page of hundreds needs it; ``number`` of ``of`` is its place in its course.

    A hold has no client yet.
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: SessionKind
    state: AppointmentState
    host_id: UUID | None
    hold_ends_at: datetime | None
    first_name: str | None
    last_name: str | None
    buffer_before_minutes: int
    buffer_after_minutes: int
    number: int | None
    of: int | None


_LINES = Often(
    sa.select(
        Appointment.id,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.kind,
        Appointment.state,
        Appointment.host_id,
        Appointment.hold_ends_at,
        Client.first_name,
        Client.last_name,
        Service.buffer_before_minutes,
        Service.buffer_after_minutes,
        _OF_ITS_KIND.where(_OTHER.position <= _STEP.position).scalar_subquery().label("number"),
        _OF_ITS_KIND.scalar_subquery().label("of"),
    )
    .join(
        Service,
        sa.and_(
            Service.practice_id == Appointment.practice_id, Service.id == Appointment.service_id
        ),
    )
    .outerjoin(
        Client,
        sa.and_(Client.practice_id == Appointment.practice_id, Client.id == Appointment.client_id),
    )
    .where(
        Appointment.starts_at >= sa.bindparam("first_at"),
        Appointment.starts_at < sa.bindparam("past_at"),
        Appointment.state.in_(SHOWN),
        sa.or_(
            Appointment.hold_ends_at.is_(None),
            Appointment.hold_ends_at >= sa.bindparam("now"),
        ),
    )
    .order_by(Appointment.starts_at, Appointment.id)
)


def lines_between(first_at: datetime, past_at: datetime) -> list[Line]:
    """Return what ``between`` does, without objects that somebody could write back."""
    found = _LINES.rows(first_at=first_at, past_at=past_at, now=clock.now())
    return [Line(*row) for row in found.all()]


def requests_waiting() -> list[Appointment]:
    """Return what clients asked for and nobody has answered, the oldest first."""
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .where(Appointment.state == S.REQUESTED)
            .options(*WITH_ALL)
            .order_by(Appointment.created_at, Appointment.id)
        )
    )


def new_first_visits(*, since: datetime) -> list[Appointment]:
    """Return the coming first visits that strangers have booked since then, newest first."""
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .where(
                Appointment.kind.in_(FIRST_VISIT),
                Appointment.state.in_({S.REQUESTED, S.CONFIRMED}),
                Appointment.form_token.is_not(None),
                Appointment.created_at >= since,
                Appointment.starts_at >= clock.now(),
            )
            .options(*WITH_ALL)
            .order_by(Appointment.created_at.desc(), Appointment.id)
        )
    )


def sessions_of(client_id: UUID) -> list[Session]:
    """Return what a client has had, here or elsewhere, and has before them, as windows look at it.

    One statement.
    """
    here = sa.select(
        Appointment.id, Appointment.kind, Appointment.starts_at, Appointment.ends_at
    ).where(
        Appointment.client_id == client_id,
        Appointment.state.in_(LIVE | {S.COMPLETED}),
        sa.or_(Appointment.hold_ends_at.is_(None), Appointment.hold_ends_at >= clock.now()),
    )
    elsewhere = sa.select(
        BroughtSession.id, BroughtSession.kind, BroughtSession.starts_at, BroughtSession.ends_at
    ).where(BroughtSession.client_id == client_id, BroughtSession.starts_at.is_not(None))
    both = sa.union_all(here, elsewhere).subquery()
    rows = db.session.execute(sa.select(both).order_by(both.c.starts_at, both.c.id))
    return [Session(*row) for row in rows]


def brought_to(client_id: UUID) -> list[BroughtSession]:
    """Return what a client had elsewhere and what was left of it, the oldest first."""
    return list(
        db.session.scalars(
            sa.select(BroughtSession)
            .where(BroughtSession.client_id == client_id)
            .order_by(BroughtSession.starts_at, BroughtSession.id)
        )
    )
