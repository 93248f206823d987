"""What a bank may know of a session that was paid for: when it was, who came, what was agreed."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.billing.rules.evidence import Visit
from practice.core.db import db
from practice.sessions.models import Appointment
from practice.sessions.rules import policies
from practice.sessions.rules.lifecycle import AppointmentState as S

WAS = {
    S.COMPLETED: "Took place",
    S.IN_SESSION: "Taking place",
    S.ARRIVED: "The client has arrived",
    S.CANCELLED: "Cancelled",
    S.NO_SHOW: "The client did not come",
    S.HELD_CLINICAL: "Stopped on the day by the practice",
    S.RELEASED: "Not booked",
}
"""In plain words; what is not listed is still to come."""


def visit(appointment_id: UUID) -> Visit | None:
    """Return what is known of an appointment, or ``None`` if there is none of that id."""
    found = db.session.scalar(sa.select(Appointment).where(Appointment.id == appointment_id))
    if found is None:
        return None
    policy = found.policy
    return Visit(
        booked_at=found.created_at,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        time_zone=found.time_zone,
        was=WAS.get(found.state, "Booked"),
        arrived_at=found.arrived_at,
        completed_at=found.completed_at,
        cancelled_at=found.cancelled_at,
        policy=(
            policies.sentence(
                policy, price=found.price, starts_at=found.starts_at, zone=found.time_zone
            ),
            policies.missed_sentence(policy, found.price),
            policies.late_sentence(policy),
        ),
    )
