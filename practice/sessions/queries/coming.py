"""What lies ahead of whoever is reached at an e-mail address."""

import sqlalchemy as sa

from practice.core import clock
from practice.core.db import db
from practice.people.models import Client
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import LIVE, AppointmentState

MOST = 20


def coming_of(email: str) -> list[Appointment]:
    """Return the sessions to come of everybody with this address (in lower case), next first.

    Holds are left out: nobody has booked them yet.
    """
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .join(
                Client,
                sa.and_(
                    Client.practice_id == Appointment.practice_id,
                    Client.id == Appointment.client_id,
                ),
            )
            .where(
                Client.email == email,
                Appointment.state.in_(LIVE | {AppointmentState.REQUESTED}),
                Appointment.hold_ends_at.is_(None),
                Appointment.ends_at > clock.now(),
            )
            .order_by(Appointment.starts_at, Appointment.id)
            .limit(MOST)
        )
    )
