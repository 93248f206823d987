"""When a session really took place: what everything after it is counted from.

Three presses of a button say so, and people press late. What counts is this: a session began when
somebody said that it begins; else when the client arrived, if that was later than booked; else when
it was booked. It ended when it was marked as completed, unless that was hours after it should have
been over: then somebody wrote it down later, and it took as long as was booked. What was written
down on another date says nothing about the time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from practice.calendar.rules import zones

WRITTEN_LATER = timedelta(hours=2)
"""How long past its length a session may run before its end counts as written down later."""


def held_at(
    starts_at: datetime,
    ends_at: datetime,
    *,
    arrived_at: datetime | None = None,
    begun_at: datetime | None = None,
    completed_at: datetime | None = None,
    zone: str,
) -> tuple[datetime, datetime]:
    """Return when a session that was held began and ended, as far as is known.

    Args:
        starts_at: as booked.
        ends_at: as booked.
        arrived_at: when the client was marked as here.
        begun_at: when the session was marked as begun.
        completed_at: when it was marked as held.
        zone: of the practice.
    """
    on, length = zones.local_date(starts_at, zone), ends_at - starts_at
    arrived, begun = (
        at if at is not None and zones.local_date(at, zone) == on else None
        for at in (arrived_at, begun_at)
    )
    start = begun or max(starts_at, arrived or starts_at)
    expected = start + length
    if completed_at is None or not start < completed_at <= expected + WRITTEN_LATER:
        return start, expected
    return start, completed_at
