"""Calendar feeds: made of stored texts against made anew by icalendar, and asked for in vain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, timedelta
from functools import partial
from http.client import HTTPConnection
from uuid import uuid4

from icalendar import Calendar, Component, Event

from bench import seed
from bench.measure import at_most, in_turn, ratio, show
from bench.serving import HELLO, Request, Served, fetch, serving
from practice.calendar.models import DetailLevel, FeedSubscription
from practice.calendar.rules import zones
from practice.calendar.service import entries
from practice.calendar.service.entries import EntryFacts
from practice.core import clock, tokens
from practice.core.db import db
from practice.people import doors
from practice.people.rules import DoorKind, Role
from scripts.run import HOST
from tests import databases, factories

SIZES = (1_000, 5_000)
DAYS = 350  # of the feed's window, over which the sessions are spread
ROWS_AT_ONCE = 500
ZONE = factories.NEW_YORK


def run() -> None:
    for kind in databases.KINDS:
        for size in SIZES:
            with databases.fresh(kind) as url:
                with seed.application(url):
                    secret, facts = _subscribed(size)
                with serving(url) as web:
                    _compare(kind, web, Request(f"/calendar/feeds/{secret}/calendar.ics"), facts)


def _compare(kind: str, web: Served, feed: Request, facts: Sequence[EntryFacts]) -> None:
    connection = HTTPConnection(HOST, web.port, timeout=60)
    answer = fetch(connection, feed)
    connection.close()
    if _events(answer.body) != _events(_built(facts)):
        raise RuntimeError("the feed does not say what icalendar says of the same sessions")
    unchanged = feed._replace(headers=(("If-None-Match", answer.headers["etag"]),), status=304)
    cpu = in_turn(
        {
            "hello": partial(web.cost, HELLO, times=2400),
            "304": partial(web.cost, unchanged, times=1200),
            "stored": partial(web.cost, feed, times=40),
            "icalendar": partial(_cost_of_icalendar, facts),
        }
    )
    print(f" {kind}: CPU of a feed of {len(facts):,} sessions, {len(answer.body) // 1000} kB")
    stored, build = ratio(cpu["stored"], cpu["icalendar"]), at_most(0.10, 0.05)
    show("stored texts, over HTTP / build and to_ical of icalendar", stored, build)
    show("unchanged (304) / bare Flask route", ratio(cpu["304"], cpu["hello"]), at_most(3, 2))


def _subscribed(size: int) -> tuple[str, list[EntryFacts]]:
    """Make a person whose calendar holds so many sessions; return its feed's secret."""
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
    return secret, facts


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
