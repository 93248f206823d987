"""Appointments as calendar programs read them: iCalendar text (RFC 5545, RFC 7986).

``event_text`` writes one appointment when it changes; ``feed_text`` only joins such texts.
The same appointments always give the same bytes. Calendars are copied to other companies and
shown on other people's screens: nothing written here names a client or says what a session is.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from icalendar import Alarm, Calendar, Event, vCalAddress, vDuration, vText

from practice.calendar.rules import vtimezone, zones

PRODUCT = "-//Appointments//Calendar//EN"
REFRESH = timedelta(minutes=30)
DAYS_BACK, DAYS_AHEAD = 90, 400
TOMBSTONE_DAYS = 14
ALARM_WORDS = "Reminder"
UID_HOST = "appointments.invalid"
"""What the names of all our appointments end in."""

CLIENT_TITLE = "Appointment"
_END, _EVENT_END = "END:VCALENDAR\r\n", "END:VEVENT\r\n"
_ZONE = re.compile(r"\nDTSTART;TZID=([^:\r]+):")
_LOCAL_TIME = re.compile(r"\n(DTSTART|DTEND);TZID=([^:\r]+):(\d{8}T\d{6})")


class Status(StrEnum):
    """How firm an appointment is."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Detail(StrEnum):
    """How much a feed says in its titles, chosen when it is made."""

    BUSY = "busy"
    PLAIN = "plain"
    INITIALS = "initials"
    INITIALS_AND_CODE = "initials_and_code"


TITLES = {
    Detail.BUSY: "Busy",
    Detail.PLAIN: "Session",
    Detail.INITIALS: "Session {initials}",
    Detail.INITIALS_AND_CODE: "Session {initials} {code}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What a calendar program learns of one appointment.

    ``uid`` stays for the appointment's life. ``sequence`` grows by one with every change that
    can be seen, and ``changed_at`` moves with it: some programs look at the one, some at the
    other. ``location`` and ``description`` are for a client's own copy alone.
    """

    uid: str
    sequence: int
    created_at: datetime
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    status: Status
    title: str
    location: str = ""
    description: str = ""


def uid_host(practice_id: UUID) -> str:
    """Return what follows @ in the names of a practice's appointments: the same for all of them.

    By it a calendar that is read back is known. It tells practices apart, since whoever works in
    two of them is as busy there as anywhere else, and it names none.
    """
    return f"{hashlib.sha256(practice_id.bytes).hexdigest()[:12]}.{UID_HOST}"


def own_hosts(practice_id: UUID) -> tuple[str, ...]:
    """Return what follows @ in the names of a practice's appointments, the oldest ones included.

    Those were booked when no practice was told apart, and keep their names.
    """
    return uid_host(practice_id), UID_HOST


def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name, in capitals."""
    letters = [next(filter(str.isalpha, word), "") for word in name.split()]
    found = [letter.upper()[0] for letter in letters if letter]
    return "".join(found[:1] + found[1:][-1:])


def title(detail: Detail, *, client_name: str, service_code: str) -> str:
    """Return the title of a session in a feed of the practice's own people.

    ``service_code`` is the short neutral code that the practice gave the service.
    """
    words = TITLES[detail].format(initials=initials(client_name), code=service_code)
    return " ".join(words.split())


def event_text(facts: EventFacts, zone: str) -> str:
    """Write one appointment as a VEVENT.

    Times are local with the zone's name, or both in UTC where local time cannot say them.
    A cancelled one is a tombstone: it blocks no time and tells no place.
    """
    cancelled = facts.status is Status.CANCELLED
    event = Event()
    event.add("uid", _clean(facts.uid))
    event.add("sequence", facts.sequence)
    event.add("created", facts.created_at.astimezone(UTC))
    event.add("dtstamp", facts.changed_at.astimezone(UTC))
    event.add("last-modified", facts.changed_at.astimezone(UTC))
    both = (facts.starts_at, facts.ends_at)
    local = all(vtimezone.is_local_safe(zone, instant) for instant in both)
    for name, instant in zip(("dtstart", "dtend"), both, strict=True):
        event.add(name, instant.astimezone(zones.zone(zone) if local else UTC))
    event.add("summary", f"Cancelled: {_clean(facts.title)}" if cancelled else _clean(facts.title))
    event.add("status", facts.status.value)
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    if facts.location and not cancelled:
        event.add("location", _clean(facts.location))
    if facts.description and not cancelled:
        event.add("description", _clean(facts.description, lines=True))
    text: bytes = event.to_ical()
    return text.decode()


def with_alarm(text: str, minutes: int) -> str:
    """Put an alarm some minutes before its start into the text of an appointment.

    One that shows words and nothing else: some programs would send mail for others.
    """
    return f"{text.removesuffix(_EVENT_END)}{_alarm(minutes)}{_EVENT_END}"


@lru_cache(maxsize=64)
def _alarm(minutes: int) -> str:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", ALARM_WORDS)
    alarm.add("trigger", -timedelta(minutes=minutes))
    text: bytes = alarm.to_ical()
    return text.decode()


def feed_window(
    today: date, *, back: int = DAYS_BACK, ahead: int = DAYS_AHEAD
) -> tuple[date, date]:
    """Return the first and last local date of a feed, the same throughout a week.

    From the Monday so many days ``back`` or just before, for at least as many ``ahead``.
    """
    earliest = today - timedelta(days=back)
    monday = earliest - timedelta(days=earliest.weekday())
    return monday, monday + timedelta(days=back + ahead + 6)


def feed_text(*, name: str, zone: str, events: Iterable[str], window: tuple[date, date]) -> bytes:
    """Join the texts of appointments into a calendar to subscribe to.

    Args:
        name: what calendar programs call it; neutral.
        zone: the practice's zone.
        events: texts made by ``event_text``, in a stable order.
        window: the first and last local date on which they lie.
    """
    head = _head()
    head.add("name", vText(_clean(name)))
    head.add("x-wr-calname", vText(_clean(name)))
    head.add("x-wr-timezone", zone)
    head.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    head.add("x-published-ttl", vDuration(REFRESH))
    return _joined(head, zone, "".join(events), window)


def invitation_text(
    facts: EventFacts, zone: str, *, on: date, organizer: str, organizer_name: str, attendee: str
) -> bytes:
    """Write an appointment as a message to one calendar (RFC 5546): it is so, or it is off.

    The text is that of the feed, with who asks whom. ``organizer`` and ``attendee`` are plain
    addresses. Answers are not asked for.
    """
    asking = vCalAddress(f"mailto:{organizer}")
    asking.params["CN"] = _clean(organizer_name)
    asked = vCalAddress(f"mailto:{attendee}")
    asked.params["PARTSTAT"], asked.params["RSVP"] = "NEEDS-ACTION", "FALSE"
    people = Event()
    people.add("organizer", asking)
    people.add("attendee", asked)
    lines: bytes = people.to_ical()
    who = lines.decode().removeprefix("BEGIN:VEVENT\r\n")
    head = _head()
    head.add("method", method(facts.status))
    text = event_text(facts, zone).removesuffix(_EVENT_END) + who
    return _joined(head, zone, text, (on, on))


def method(status: Status) -> str:
    """Say what a message asks of a calendar. What is off is never asked for."""
    return "CANCEL" if status is Status.CANCELLED else "REQUEST"


def file_text(event: str, *, zone: str, on: date) -> bytes:
    """Put the text of one appointment on a local date into a calendar to download."""
    return _joined(_head(), zone, event, (on, on))


def member_text(event: str, *, zone: str, on: date) -> bytes:
    """Put the text of an appointment into a calendar of its own, as one of many.

    Its zone is looked at by the year, so that few are drawn for all of them.
    """
    return _joined(_head(), zone, event, (date(on.year, 1, 1), date(on.year, 12, 31)))


def _head() -> Calendar:
    """Begin a calendar. It gets no UID: a new one each time would change the bytes."""
    head = Calendar()
    head.add("prodid", PRODUCT)
    head.add("version", "2.0")
    head.add("calscale", "GREGORIAN")
    return head


def _joined(head: Calendar, zone: str, events: str, window: tuple[date, date]) -> bytes:
    """Put zones and appointments into a calendar, local times in UTC where a zone's rule fails.

    Appointments written before a practice moved to another zone keep theirs. A calendar needs
    a part in it to be one, so an empty feed has at least a zone.
    """
    parts = []
    for name in sorted({zone, *_ZONE.findall(events)}):
        text = vtimezone.vtimezone_text(name, *window)
        if text is not None:
            parts.append(text)
        else:
            events = _in_utc(events, name)
    if not parts and not events:
        parts.append(vtimezone.vtimezone_text("UTC", *window) or "")
    begin = head.to_ical().decode().removesuffix(_END)
    return "".join([begin, *parts, events, _END]).encode()


def _in_utc(events: str, zone: str) -> str:
    """Rewrite the local times of one zone. Hours that clocks repeat are never written locally."""
    place = zones.zone(zone)

    def in_utc(found: re.Match[str]) -> str:
        if found[2] != zone:
            return found[0]
        wall = datetime.strptime(found[3], "%Y%m%dT%H%M%S").replace(tzinfo=place)
        return f"\n{found[1]}:{wall.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    return _LOCAL_TIME.sub(in_utc, events)


def _clean(text: str, *, lines: bool = False) -> str:
    """Take out what has no place in a text: controls, half characters, ends of lines.

    With ``lines`` the lines stay apart; otherwise they become one.
    """
    kept = (
        "".join(each for each in line if unicodedata.category(each) not in {"Cc", "Cs"})
        for line in text.replace("\t", " ").splitlines()
    )
    return ("\n" if lines else " ").join(kept)
