"""Calendar files as other programs write them, for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from practice.calendar.rules.foreign.busy import Choices, Found, busy
from practice.calendar.rules.foreign.cutting import Between

NEW_YORK = "America/New_York"
MARCH = Between(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))

OWN_ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:{0}
TZOFFSETTO:{0}
END:STANDARD
END:VTIMEZONE"""
AT_NINE = "DTSTART;TZID=Customized Time Zone:20270302T090000"


def calendar(*parts: str) -> bytes:
    """Return a whole calendar that holds some parts."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Another//EN", *parts, "END:VCALENDAR"]
    return "\r\n".join([*lines, ""]).encode()


def event(*lines: str, uid: str = "one") -> str:
    return "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}@elsewhere.example", *lines, "END:VEVENT"))


def read(*parts: str, between: Between = MARCH, **choices: Any) -> Found:
    """Read a calendar of some parts as a practice in New York does."""
    return busy(calendar(*parts), Choices(zone=NEW_YORK, **choices), between)


def utc(text: str) -> datetime:
    """Read an instant like ``2027-03-02 14:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(*texts: str) -> list[tuple[datetime, datetime]]:
    """Read times like ``2027-03-02 14:00 +60``, with their length in minutes."""
    found = []
    for text in texts:
        start, _, minutes = text.partition(" +")
        found.append((utc(start), utc(start) + timedelta(minutes=int(minutes))))
    return found
