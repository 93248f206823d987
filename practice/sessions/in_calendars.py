"""Sessions as the calendar room asks for them: the week on a page, a person's feed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from practice.calendar.models import Claim
from practice.calendar.rules.week import WeekEvent
from practice.calendar.service.entries import EntryFacts
from practice.core.db import db
from practice.people.access import may
from practice.people.rules import Permission
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import WITH_ALL, lines_between
from practice.sessions.rules.for_staff import CAN_CHANGE, what_words
from practice.sessions.rules.lifecycle import LIVE, WORDS, AppointmentState
from practice.sessions.service.calendars import entry_of

NOBODY = UUID(int=0)
STATE_WORDS = {state: words.capitalize() for state, words in WORDS.items()}


def week_events(first_at: datetime, past_at: datetime) -> list[WeekEvent]:
    """Return what starts in ``[first_at, past_at)``, live holds included, as the week shows it."""
    may_move = may(Permission.APPOINTMENT_BOOK)
    address_of, move_address_of = _addresses("appointment"), _addresses("check_move")
    return [
        WeekEvent(
            id=each.id,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            before_minutes=each.buffer_before_minutes,
            after_minutes=each.buffer_after_minutes,
            who=f"{each.first_name} {each.last_name}" if each.first_name else BOOKING_NOW,
            what=what_words(each.kind, each.number, each.of),
            state=each.state.value,
            state_words=STATE_WORDS[each.state],
            address=address_of(each.id),
            move_address=move_address_of(each.id)
            if may_move and each.hold_ends_at is None and each.state in CAN_CHANGE
            else "",
            host_id=each.host_id,
            hold_ends_at=each.hold_ends_at,
        )
        for each in lines_between(first_at, past_at)
    ]


def _addresses(page: str) -> Callable[[UUID], str]:
    """Return what tells the address of a session's page: Flask is asked once, not for each."""
    before, after = url_for(f"sessions.{page}", appointment_id=NOBODY).split(str(NOBODY))
    return lambda appointment_id: f"{before}{appointment_id}{after}"


BOOKING_NOW = "Somebody booking now"


def entries_of(resource_id: UUID, first_at: datetime, past_at: datetime) -> list[EntryFacts]:
    """Return what takes somebody or a room in ``[first_at, past_at)``, for a new feed.

    Holds are left out: they wait for a stranger and are in no feed.
    """
    appointments = db.session.scalars(
        sa.select(Appointment)
        .join(
            Claim,
            sa.and_(
                Claim.practice_id == Appointment.practice_id, Claim.holder_id == Appointment.id
            ),
        )
        .where(
            Claim.resource_id == resource_id,
            Claim.released_at.is_(None),
            Appointment.state.in_(LIVE | {AppointmentState.COMPLETED}),
            Appointment.hold_ends_at.is_(None),
            Appointment.starts_at >= first_at,
            Appointment.starts_at < past_at,
        )
        .options(*WITH_ALL)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [entry_of(each, (resource_id,)) for each in appointments]
