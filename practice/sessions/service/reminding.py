"""Reminding clients of their sessions.

Nothing is planned ahead: a look now and then finds whose reminder is due, from the sessions as
they are. One that moved is reminded of at its new time, one that was cancelled not at all.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.calendar.queries import booking_rules
from practice.calendar.rules.hours import Window
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import NotFound
from practice.outbox import service as outbox
from practice.outbox.models import Message
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import between
from practice.sessions.queries.times import quiet_hours
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.reminders import EARLIEST, LATEST, Reminder, which_now

REMINDER = "reminder"
"""The folder of the mail."""


def remind(_practice_id: UUID) -> None:
    """Ask for the reminders of a practice that are due. A worker's part, outside transactions."""
    try:
        quiet = quiet_hours(booking_rules())
    except NotFound:  # a practice that is not set up has no sessions either
        return
    due = _due(quiet)
    if due:
        in_transaction(lambda: _ask(due))


def zone_of(appointment: Appointment) -> str:
    """Return the zone of the clock that a client lives by: theirs, or else the practice's."""
    theirs = appointment.client.time_zone if appointment.client else None
    return theirs or appointment.time_zone


def _due(quiet: tuple[Window, ...]) -> list[tuple[Appointment, Reminder]]:
    now = clock.now()
    coming = between(now + LATEST, now + EARLIEST, states={AppointmentState.CONFIRMED})
    found = [
        (appointment, reminder)
        for appointment in coming
        if (
            reminder := which_now(
                appointment.starts_at,
                told_at=appointment.changed_at,
                now=now,
                zone=zone_of(appointment),
                quiet=quiet,
            )
        )
    ]
    keys = [_key(*each) for each in found]
    asked = set(db.session.scalars(sa.select(Message.key).where(Message.key.in_(keys))))
    return [each for each in found if _key(*each) not in asked]


def _ask(due: list[tuple[Appointment, Reminder]]) -> None:
    for appointment, reminder in due:
        if appointment.client is not None:
            outbox.post(
                REMINDER,
                key=_key(appointment, reminder),
                to=appointment.client.email,
                about_id=appointment.id,
                client_id=appointment.client_id,
                facts={"sequence": appointment.sequence},
            )


def _key(appointment: Appointment, reminder: Reminder) -> str:
    return f"{REMINDER}:{reminder}:{appointment.id}:{appointment.sequence}"
