"""Read a calendar as icalendar and recurring-ical-events do; run by ``bench.peers``, elsewhere.

    python peers_reading.py FILE FIRST_AT PAST_AT

Prints the CPU seconds that it took, and then each time that was found. What has to be loaded and
made ready first is not counted.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import recurring_ical_events

BEFORE = b"""BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
UID:before\r
DTSTART;TZID=America/New_York:20261202T120000\r
RRULE:FREQ=WEEKLY;COUNT=2\r
END:VEVENT\r
END:VCALENDAR\r
"""


def times(body: bytes, first_at: datetime, past_at: datetime) -> list[tuple[datetime, datetime]]:
    calendar = icalendar.Calendar.from_ical(body)
    found = recurring_ical_events.of(calendar).between(first_at, past_at)
    return sorted(
        {(each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC)) for each in found}
    )


def main(file: str, first: str, past: str) -> None:
    body = Path(file).read_bytes()
    between = datetime.fromisoformat(first), datetime.fromisoformat(past)
    calendar = icalendar.Calendar.from_ical(BEFORE)
    recurring_ical_events.of(calendar).between(*between)
    began = time.process_time()
    found = times(body, *between)
    print(time.process_time() - began)
    for starts_at, ends_at in found:
        print(starts_at.isoformat(), ends_at.isoformat())


if __name__ == "__main__":
    main(*sys.argv[1:])
