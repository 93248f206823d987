"""Who holds a session."""

import sqlalchemy as sa

from practice.calendar.models import Resource
from practice.core.db import db
from practice.sessions.models import Appointment


def host_of(appointment: Appointment) -> Resource:
    """Return the person who holds a session, with the link to their video room."""
    host: Resource = db.session.scalars(
        sa.select(Resource).where(Resource.id == appointment.host_id)
    ).one()
    return host
