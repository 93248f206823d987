"""Calendar feeds: made of stored texts against icalendar and Radicale, and asked for in vain."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from uuid import uuid4

from icalendar import Calendar, Component, Event

from bench import peers, seed
from bench.measure import at_most, in_turn, ratio, show
from bench.serving import HELLO, Answer, Request, Served, fetch, serving
from practice.calendar.models import DetailLevel, FeedSubscription
from practice.calendar.rules import zones
from practice.calendar.service import entries
from practice.calendar.service.entries import EntryFacts
from practice.core import clock, tokens
from practice.core.db import db, practice_scope, transaction
from practice.people import doors
from practice.people.rules import DoorKind, Role
from scripts.run import HOST
from tests import databases, factories

SIZES = (1_000, 5_000)
DAYS = 350  # of the feed's window, over which the sessions are spread
ROWS_AT_ONCE = 500
TIMES = 40
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  no disk holds it up
SEQUENCES = count(10)
ZONE = factories.NEW_YORK


def run() -> None:
    for kind in databases.KINDS:
        for size in SIZES:
            with databases.fresh(kind) as url, tempfile.TemporaryDirectory(dir=MEMORY) as folder:
                with seed.application(url):
                    place, secret, facts = _subscribed(size)
                calendar = _built(facts)
                with (
                    serving(url) as web,
                    peers.radicale(calendar, Path(folder)) as (radicale, theirs),
                    seed.application(url),
                    practice_scope(place.practice.id),
                ):
                    feed = Request(f"/calendar/feeds/{secret}/calendar.ics")
                    if _events(_answer(web, feed).body) != _events(calendar):
                        raise RuntimeError("the feed does not say what icalendar says of it")
                    if len(_events(_answer(radicale, theirs).body)) != size:
                        raise RuntimeError("Radicale does not serve the same sessions")
                    _compare(
                        kind,
                        web,
                        feed,
                        facts,
                        partial(radicale.cost, theirs, times=3, connections=1),
                    )


def _compare(
    kind: str,
    web: Served,
    feed: Request,
    facts: Sequence[EntryFacts],
    radicale: Callable[[], float],
) -> None:
    cpu = in_turn(
        {
            "hello": partial(web.cost, HELLO, times=2400),
            "304": partial(_cost_of_nothing_new, web, feed),
            "changed": partial(_cost_of_a_change, web, feed, facts[0]),
            "radicale": radicale,
            "icalendar": partial(_cost_of_icalendar, facts),
        }
    )
    print(f" {kind}: CPU of a feed of {len(facts):,} sessions")
    changed = cpu["changed"]
    of_icalendar, of_radicale = ratio(changed, cpu["icalendar"]), ratio(changed, cpu["radicale"])
    show("one changed, all fetched / build and to_ical of icalendar", of_icalendar, at_most(0.05))
    show("one changed, all fetched / fetched from Radicale", of_radicale, at_most(0.12))
    show("unchanged (304) / bare Flask route", ratio(cpu["304"], cpu["hello"]), at_most(2))


def _answer(server: Served, request: Request) -> Answer:
    connection = HTTPConnection(HOST, server.port, timeout=600)
    answer = fetch(connection, request)
    connection.close()
    return answer


def _cost_of_nothing_new(web: Served, feed: Request) -> float:
    known = ("If-None-Match", _answer(web, feed).headers["etag"])
    return web.cost(feed._replace(headers=(known,), status=304), times=1200)


def _cost_of_a_change(web: Served, feed: Request, facts: EntryFacts) -> float:
    """Return the CPU seconds of changing one session here, and of fetching all from there."""
    before = time.process_time()
    for _ in range(TIMES):
        with transaction():
            entries.put(replace(facts, sequence=next(SEQUENCES), changed_at=clock.now()))
    return (time.process_time() - before) / TIMES + web.cost(feed, times=TIMES)


def _subscribed(size: int) -> tuple[seed.Staffed, str, list[EntryFacts]]:
    """Make a person whose calendar holds so many sessions, and a feed of it with its secret."""
    place = seed.staffed(Role.THERAPIST)
    (person,) = place.people
    now = clock.now().replace(microsecond=0)
    with factories.made(place.practice):
        subscription = FeedSubscription(
            resource_id=person.id,
            made_by=uuid4(),
            label="Phone",
            level=DetailLevel.INITIALS,
            created_at=now,
        )
        db.session.add(subscription)
        secret = tokens.new_in(place.practice.id)
        doors.cut(DoorKind.FEED, secret, subscription.id)
        morning = zones.day_start(ZONE, zones.local_date(now, ZONE)) + timedelta(hours=8)
        facts = [
            EntryFacts(
                session_id=(session_id := uuid4()),
                uid=f"{session_id}@appointments.invalid",
                sequence=n % 3,
                created_at=now,
                changed_at=now,
                starts_at=(start := morning + timedelta(days=n % DAYS, minutes=n // DAYS * 30)),
                ends_at=start + timedelta(minutes=30),
                zone=ZONE,
                is_tentative=n % 5 == 0,
                client_name=f"Alex {'ABCDEFGHJKLM'[n % 12]}ell",
                service_code="P",
                resource_ids=(person.id,),
            )
            for n in range(size)
        ]
        for first in range(0, size, ROWS_AT_ONCE):
            some = facts[first : first + ROWS_AT_ONCE]
            entries.write([entries.row_of(each, person.id, subscription.level) for each in some])
    return place, secret, facts


# The other side: all of it made anew -------------------------------------------------------------


def _cost_of_icalendar(facts: Sequence[EntryFacts]) -> float:
    before = time.process_time()
    _built(facts)
    return time.process_time() - before


def _built(facts: Sequence[EntryFacts]) -> bytes:
    """Build a calendar of the same sessions with the same properties, and write it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Appointments//Calendar//EN")
    calendar.add("version", "2.0")
    place = zones.zone(ZONE)
    for each in facts:
        event = Event()
        event.add("uid", each.uid)
        event.add("sequence", each.sequence)
        event.add("created", each.created_at.astimezone(UTC))
        event.add("dtstamp", each.changed_at.astimezone(UTC))
        event.add("last-modified", each.changed_at.astimezone(UTC))
        event.add("dtstart", each.starts_at.astimezone(place))
        event.add("dtend", each.ends_at.astimezone(place))
        event.add("summary", f"Session {_initials(each.client_name)}")
        event.add("status", "TENTATIVE" if each.is_tentative else "CONFIRMED")
        event.add("transp", "OPAQUE")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split())


def _events(text: bytes) -> list[Component]:
    """Read a calendar's sessions back, in an order of their own."""
    return sorted(Calendar.from_ical(text).walk("VEVENT"), key=lambda event: str(event["uid"]))
