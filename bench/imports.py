"""Calendars from elsewhere: read by us against two libraries, and beside people who wait for pages.

What we do to read a file is measured whole, with the child program that is started for it. The
libraries are measured inside a program that runs already, which is to their advantage.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles

from bench import peers, seed
from bench.measure import Figure, at_most, in_turn, ratio, show
from bench.serving import Request, Served, fetch, serving
from practice.calendar.rules.foreign.busy import Choices
from practice.calendar.rules.foreign.cutting import Between
from practice.calendar.service import reading
from practice.people.rules import Role
from scripts.run import HOST
from tests import databases
from tests.factories import NEW_YORK

SINGLE, WEEKLY = 1_800, 100
BIG_EVENTS, BIG_BYTES = 6_700, 19_000_000
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BETWEEN = Between(NOW - timedelta(days=7), NOW + timedelta(days=420))
CHOICES = Choices(zone=NEW_YORK)
DAYS = 730
USUAL_PAGES, READINGS = 400, 3
PAGE = Request("/p/tidewater/book/consult/", accept="text/html")


def run() -> None:
    body = _calendar(SINGLE, WEEKLY)
    ours = reading.busy_times(body, CHOICES, BETWEEN)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calendar.ics"
        file.write_bytes(body)
        _, found = peers.read(file, *BETWEEN)
        if found.splitlines() != [f"{a.isoformat()} {b.isoformat()}" for a, b in ours.spans]:
            raise RuntimeError("the libraries find other times than we do")
        cpu = in_turn(
            {
                "ours": partial(_cost, body),
                "theirs": lambda: peers.read(file, *BETWEEN)[0],
            }
        )
    print(f" CPU of {SINGLE + 2 * WEEKLY:,} components over {DAYS} days, {len(ours.spans):,} times")
    against = ratio(cpu["ours"], cpu["theirs"])
    show("a child that reads it / icalendar and recurring-ical-events", against, at_most(1.0, 0.5))
    _worst()
    _beside_visitors(_padded(BIG_EVENTS, BIG_BYTES))


def _beside_visitors(body: bytes) -> None:
    """Read a large file while somebody asks for pages, and compare their waits with usual ones.

    A worker reads it, which is a program of its own as it is in earnest, several times in a row.
    """
    seconds: list[float] = []
    with databases.fresh("sqlite") as url, tempfile.TemporaryDirectory() as folder:
        with seed.application(url):
            seed.staffed(Role.THERAPIST)
        file = Path(folder) / "large.ics"
        file.write_bytes(body)
        with serving(url) as web:
            waits = in_turn(
                {
                    "usual": lambda: _p95(_waits(web, lambda found: len(found) >= USUAL_PAGES)),
                    "beside": lambda: _p95(_waits_beside(web, file, seconds)),
                }
            )
    print(f" a file of {len(body) / 1e6:.0f} MB and {BIG_EVENTS:,} events")
    show("read once, on the clock", Figure(median(seconds), min(seconds), max(seconds)),
         at_most(15), "s")  # fmt: skip
    show("memory of the largest child so far", _largest_child(), at_most(768), "MB")
    show("pages meanwhile, p95 / their usual p95", ratio(waits["beside"], waits["usual"]),
         at_most(1.5))  # fmt: skip


def _waits_beside(web: Served, file: Path, seconds: list[float]) -> list[float]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.imports", str(file)], stdout=subprocess.PIPE, text=True
    )
    found = _waits(web, lambda _: worker.poll() is not None)
    seconds += map(float, worker.communicate()[0].split())
    if worker.returncode != 0:
        raise RuntimeError("the file was not read")
    return found


def _waits(web: Served, is_enough: Callable[[list[float]], bool]) -> list[float]:
    """Ask for one page after another, and note how long each took."""
    connection = HTTPConnection(HOST, web.port, timeout=60)
    for _ in range(20):
        fetch(connection, PAGE)
    found: list[float] = []
    while not is_enough(found):
        began = time.perf_counter()
        fetch(connection, PAGE)
        found.append(time.perf_counter() - began)
    connection.close()
    return found


def _work(file: Path) -> None:
    """Read a file some times, as a worker does, and print how long each took."""
    body = file.read_bytes()
    for _ in range(READINGS):
        began = time.monotonic()
        reading.busy_times(body, CHOICES, BETWEEN)
        print(time.monotonic() - began, flush=True)


def _p95(waits: list[float]) -> float:
    return quantiles(waits, n=20)[-1]


def _worst() -> None:
    """Let events that never come to an end run into the real limits."""
    event = "BEGIN:VEVENT\r\nUID:{}\r\nDTSTART:20261202T120000Z\r\nRRULE:{}\r\nEND:VEVENT\r\n"
    rule = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    body = _whole("".join(event.format(n, rule) for n in range(60)))
    began = time.monotonic()
    try:
        reading.busy_times(body, CHOICES, BETWEEN)
    except reading.NotRead:
        pass
    else:
        raise RuntimeError("the worst file was read")
    show("the worst file ends after", time.monotonic() - began, at_most(30), "s")
    show("memory of the largest child so far", _largest_child(), at_most(768), "MB")


def _cost(body: bytes) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time()
    reading.busy_times(body, CHOICES, BETWEEN)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return child + time.process_time() - own


def _largest_child() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


# Files -------------------------------------------------------------------------------------------


def _calendar(single: int, weekly: int) -> bytes:
    """Make events over two years, and weekly ones with one left out and one moved."""
    choose = random.Random(3)
    parts = []
    for n in range(single):
        start = _somewhere(choose, DAYS)
        parts.append(_event(f"single{n}", start, "DESCRIPTION:" + "agenda " * 12))
    for n in range(weekly):
        start = _somewhere(choose, 200)
        left_out, moved = start + timedelta(weeks=30), start + timedelta(weeks=31)
        parts.append(_event(f"weekly{n}", start, "RRULE:FREQ=WEEKLY", f"EXDATE;{_at(left_out)}"))
        later = moved + timedelta(hours=2)
        parts.append(_event(f"weekly{n}", later, f"RECURRENCE-ID;{_at(moved)}"))
    return _whole("".join(parts))


def _padded(events: int, size: int) -> bytes:
    """Make the events of somebody's long history, most of them over, with all their words."""
    choose = random.Random(4)
    words = "\r\n ".join(["agenda and minutes of the meeting, as they were sent round"] * 45)
    guests = [
        f"ATTENDEE;CN=Guest {n};PARTSTAT=ACCEPTED:mailto:guest{n}@example.com" for n in range(3)
    ]
    parts = [
        _event(f"long{n}", _somewhere(choose, 9 * DAYS), *guests, "DESCRIPTION:" + words)
        for n in range(events)
    ]
    body = _whole("".join(parts))
    missing = max(0, size - len(body))
    return body.replace(b"END:VCALENDAR", b"X-REST:" + b"x" * missing + b"\r\nEND:VCALENDAR")


def _somewhere(choose: random.Random, days: int) -> datetime:
    minutes = 15 * choose.randrange(40)
    day = datetime(2026, 9, 1, 8) + timedelta(days=choose.randrange(days) - days // 2)  # noqa: DTZ001
    return day + timedelta(minutes=minutes)


def _at(wall: datetime) -> str:
    return f"TZID={NEW_YORK}:{wall:%Y%m%dT%H%M%S}"


def _event(uid: str, start: datetime, *more: str) -> str:
    lines = (
        "BEGIN:VEVENT",
        f"UID:{uid}@elsewhere.example",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART;{_at(start)}",
        f"DTEND;{_at(start + timedelta(hours=1))}",
        "SUMMARY:Something",
        *more,
        "END:VEVENT",
        "",
    )
    return "\r\n".join(lines)


def _whole(parts: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n{parts}END:VCALENDAR\r\n".encode()


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
