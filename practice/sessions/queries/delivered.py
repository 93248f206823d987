"""What was delivered, by the name of its kind: for rooms that know of a session only its id."""

import sqlalchemy as sa

from practice.sessions.models import Appointment, Service


def delivered() -> sa.Subquery:
    """Select ``practice_id``, ``id`` and ``name`` of every session. Bound to ``billing.ports``.

    It is of one table, with the name looked up for each row: SQLite would make a list of all
    sessions first if it were of two.
    """
    name = (
        sa.select(Service.label)
        .where(Service.practice_id == Appointment.practice_id, Service.id == Appointment.service_id)
        .correlate(Appointment)
        .scalar_subquery()
    )
    return sa.select(Appointment.practice_id, Appointment.id, name.label("name")).subquery(
        "delivered"
    )
