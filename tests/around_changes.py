"""Sessions around both changes of the clocks, for every zone that practices are in."""

from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
FALL, SPRING = datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2027, 3, 14, 4, tzinfo=UTC)
STARTS = tuple(first + n * HOUR / 2 for first in (FALL, SPRING) for n in range(24))
"""Every half hour of the hours in which clocks change anywhere from New York to Honolulu."""

SECOND_HALF_PAST_ONE = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # in New York, in winter time
