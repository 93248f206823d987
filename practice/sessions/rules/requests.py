"""Sessions that are asked for: by when we answer, and what the task to do so is called."""

from datetime import datetime, time, timedelta
from uuid import UUID

from practice.calendar.rules import zones

ANSWERED_AT = time(17)
REQUESTS_PER_ADDRESS = 5


def answer_by(asked_at: datetime, zone: str) -> datetime:
    """Return the instant by which we answer: five in the afternoon of the next weekday."""
    on = zones.local_date(asked_at, zone) + zones.DAY
    while on.isoweekday() > 5:
        on += timedelta(days=1)
    return zones.instant_of(zone, on, ANSWERED_AT)


def request_key(appointment_id: UUID) -> str:
    """Name the task of answering a request."""
    return f"session-request:{appointment_id}"
