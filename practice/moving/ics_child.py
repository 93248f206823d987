"""A short-lived program that reads one calendar file, so that a hostile one harms nobody.

It is started with the zone of the practice and the present instant, takes the file on its input
and answers with JSON. Before it looks at anything it gives up most of its time and memory.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

CPU_SECONDS = 10
MEMORY_BYTES = 768 * 1024 * 1024
MOST_EVENTS = 10_000
MOST_TIMES = 2_000
MOST_PAST = 5_000  # the newest: only the sessions among them are of use
LONGEST_LINE = 100_000
AHEAD = timedelta(days=366)
BACK = timedelta(days=731)
LONGEST = timedelta(days=31)
UNTIMED = timedelta(minutes=30)  # an event that does not say when it ends
MOST_BY_VALUES = 366
DROPPED = (b"DESCRIPTION", b"ATTACH", b"X-ALT-DESC", b"COMMENT", b"LOCATION")
SAFE_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
UNSAFE_PARTS = {"BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS", "BYEASTER"}


Time = tuple[datetime, datetime, Any]
"""When something begins and ends, and the event that says so."""


class Unsafe(Exception):
    """A rule of repetition that could go on for ever."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    zone, now = ZoneInfo(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    answer = read(sys.stdin.buffer.read(), zone, now)
    json.dump(answer, sys.stdout)


def read(body: bytes, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """Return the busy times of a calendar, and how many events were left out.

    From two years back, since sessions that were held count, to a year ahead.

    Raises:
        ValueError: if it is no calendar.
    """
    import icalendar  # noqa: PLC0415  # under the limits, not before

    calendar = icalendar.Calendar.from_ical(b"\r\n".join(_kept_lines(body)))  # bytes, never a path
    groups: dict[str, list[Any]] = {}
    for event in calendar.walk("VEVENT"):
        groups.setdefault(str(event.get("UID", id(event))), []).append(event)
    times: list[Time] = []
    unreadable = 0
    for events in groups.values():
        try:
            times += _times_of(events, zone, now)
        except Exception:  # noqa: BLE001  # one broken event hides no other
            unreadable += 1
        if len(times) > 10 * (MOST_TIMES + MOST_PAST):
            raise ValueError("too many")
    ahead = sorted((each for each in times if each[1] > now), key=itemgetter(0, 1))
    if len(ahead) > MOST_TIMES:
        raise ValueError("too many")
    past = sorted((each for each in times if each[1] <= now), key=itemgetter(0, 1))
    return {"times": [_said(each) for each in past[-MOST_PAST:] + ahead], "unreadable": unreadable}


def _kept_lines(body: bytes) -> Iterator[bytes]:
    """Yield the lines of a file without those that nobody needs and that may be endless."""
    dropping, events = False, 0
    lines = body.splitlines()
    if not any(line.strip().upper() == b"BEGIN:VCALENDAR" for line in lines[:20]):
        raise ValueError("no calendar")
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if not dropping:
                yield line
            continue
        name = line.split(b":", 1)[0].split(b";", 1)[0].upper()
        dropping = name in DROPPED or len(line) > LONGEST_LINE
        events += line.upper().startswith(b"BEGIN:VEVENT")
        if events > MOST_EVENTS:
            raise ValueError("too many")
        if line and not dropping:
            yield line


def _times_of(events: list[Any], zone: ZoneInfo, now: datetime) -> list[Time]:
    """Return the times of one event, with its repetitions and the single ones that were moved."""
    moved = {_instant(e["RECURRENCE-ID"].dt, zone): e for e in events if "RECURRENCE-ID" in e}
    found = []
    for event in events:
        if "RECURRENCE-ID" in event:
            continue
        length = _length(event, zone)
        found += [
            (event, starts_at, starts_at + length)
            for starts_at in _starts(event, zone, now)
            if starts_at not in moved
        ]
    for event in moved.values():
        starts_at = _instant(event["DTSTART"].dt, zone)
        found.append((event, starts_at, starts_at + _length(event, zone)))
    return [
        (starts_at, ends_at, event)
        for event, starts_at, ends_at in found
        if _is_busy(event) and ends_at > now - BACK and starts_at < now + AHEAD
    ]


def _said(time: Time) -> dict[str, Any]:
    starts_at, ends_at, event = time
    return {
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "title": str(event.get("SUMMARY", ""))[:200],
        "emails": _emails(event),
    }


def _starts(event: Any, zone: ZoneInfo, now: datetime) -> list[datetime]:
    start = event["DTSTART"].dt
    if "RRULE" not in event:
        return [_instant(start, zone)]
    from dateutil.rrule import rrulestr  # noqa: PLC0415

    parts = dict(event["RRULE"])
    until = parts.pop("UNTIL", [None])[0]
    _check(parts)
    local = start if isinstance(start, datetime) else datetime.combine(start, datetime.min.time())
    there = local.tzinfo or zone
    text = event["RRULE"].to_ical().decode()
    text = ";".join(part for part in text.split(";") if not part.upper().startswith("UNTIL"))
    rule = rrulestr(text, dtstart=local.replace(tzinfo=None))
    gone = {_instant(each.dt, zone) for each in _excluded(event)}
    last = now + AHEAD if until is None else min(now + AHEAD, _instant(until, zone))
    found = []
    for naive in islice(rule, 20_000):
        starts_at = naive.replace(tzinfo=there).astimezone(zone)
        if starts_at > last:
            break
        if starts_at not in gone and starts_at > now - BACK - LONGEST:
            found.append(starts_at)
    return found


def _check(parts: dict[str, Any]) -> None:
    frequency = str(parts.get("FREQ", [""])[0]).upper()
    interval = int(parts.get("INTERVAL", [1])[0])
    values = sum(len(each) for name, each in parts.items() if name.startswith("BY"))
    if (
        frequency not in SAFE_FREQUENCIES
        or interval < 1
        or values > MOST_BY_VALUES
        or UNSAFE_PARTS & set(parts)
    ):
        raise Unsafe


def _excluded(event: Any) -> Iterator[Any]:
    given = event.get("EXDATE", [])
    for each in given if isinstance(given, list) else [given]:
        yield from each.dts


def _length(event: Any, zone: ZoneInfo) -> timedelta:
    start = event["DTSTART"].dt
    if "DTEND" in event:
        length = _instant(event["DTEND"].dt, zone) - _instant(start, zone)
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        length = UNTIMED if isinstance(start, datetime) else timedelta(days=1)
    if length == timedelta():
        length = UNTIMED
    if not timedelta() < length <= LONGEST:
        raise Unsafe
    return timedelta(seconds=length.total_seconds())


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    """Return an instant; a floating one, or one of an unknown zone, is read in the practice's."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, datetime.min.time())
    if not 1970 <= value.year <= 2100:
        raise Unsafe
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(zone)


def _is_busy(event: Any) -> bool:
    return (
        str(event.get("STATUS", "")).upper() != "CANCELLED"
        and str(event.get("TRANSP", "")).upper() != "TRANSPARENT"
        and str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() != "FREE"
    )


def _emails(event: Any) -> list[str]:
    given = event.get("ATTENDEE", [])
    people = given if isinstance(given, list) else [given]
    return [str(each).lower().removeprefix("mailto:")[:254] for each in people[:20]]


if __name__ == "__main__":
    main()
