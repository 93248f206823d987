"""What was delivered, by the name of its kind: for rooms that know of a session only its id."""

import sqlalchemy as sa

from practice.sessions.models import Appointment, Service


def delivered() -> sa.Subquery:
    """Select ``practice_id``, ``id`` and ``name`` of every session. Bound to ``billing.ports``."""
    return (
        sa.select(Appointment.practice_id, Appointment.id, Service.label.label("name"))
        .join(
            Service,
            sa.and_(
                Service.practice_id == Appointment.practice_id,
                Service.id == Appointment.service_id,
            ),
        )
        .subquery("delivered")
    )
