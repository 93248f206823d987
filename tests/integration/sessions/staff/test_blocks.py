"""Time that staff keep from clients: blocked once or weekly, seen in the week, given back."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.audit.rules import Actor
from practice.calendar.models import Block, Claim, ClaimKind, Resource, ResourceKind
from practice.core.db import db, read_again, transaction
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    appointments,
    at,
    nothing_changes,
    sent,
    text_of,
    value_of,
)
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days

TUESDAY = MONDAY + days(1)
S = AppointmentState


def form_of(whose: Resource, /, **other: Any) -> dict[str, Any]:
    filled = {
        "person": str(whose.id),
        "room": "",
        "first_on": TUESDAY.isoformat(),
        "begins": "09:00",
        "ends": "12:00",
        "last_on": "",
        "reason": "Dentist",
        "every": "1",
        "times": "1",
        "version": "",
    }
    return filled | other


def claimed() -> list[tuple[datetime, datetime]]:
    read_again()
    rows = db.session.execute(
        sa.select(Claim.starts_at, Claim.ends_at)
        .where(Claim.kind == ClaimKind.BLOCK, Claim.released_at.is_(None))
        .order_by(Claim.starts_at)
    )
    return [(row.starts_at, row.ends_at) for row in rows]


def the_block() -> Block:
    read_again()
    return db.session.scalars(sa.select(Block)).one()


def free_on(on: date, browser: FlaskClient, client: Client) -> list[str]:
    service = queries.get_service("prep_60").id
    page = browser.get(f"/sessions/new?client={client.id}&service={service}&from={on}&day={on}")
    return re.findall(r'name="start" value="([^"]*)"', page.text)


def block_words(answer: TestResponse) -> list[str]:
    return [
        " ".join(re.sub(r"<[^>]+>", " ", each).split())
        for each in re.findall(r'(?s)<li class="block [^"]*">(.*?)</li>', answer.text)
    ]


def test_a_block_takes_the_time_shows_in_the_week_and_is_given_back(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    opened = browser.get("/calendar/blocks/new?on=2027-03-02&at=09:00")
    answer = send(browser, "/calendar/blocks/new", form_of(therapist))

    assert value_of(opened, "begins") == "09:00"
    assert answer.location == "/calendar/week?on=2027-03-02"
    assert claimed() == [(at(TUESDAY, 9), at(TUESDAY, 12))]
    week = browser.get(answer.location)
    assert block_words(week) == ["Blocked Dentist, 9:00 AM to 12:00 PM, Practitioner 1"]
    assert re.search(r">Blocked</a>\s+Dentist,\s", week.text)  # apart for whoever reads it
    assert min(free_on(TUESDAY, browser, alex)) == sent(at(TUESDAY, 12, 30))  # set-up before it

    url = f"/calendar/blocks/{the_block().id}"
    for _ in range(2):
        assert send(browser, f"{url}/remove").status_code == 302
    assert claimed() == []
    assert min(free_on(TUESDAY, browser, alex)) == sent(at(TUESDAY, 9))
    assert browser.get(url).status_code == 404


def test_no_client_sees_a_block_or_why(
    browser: FlaskClient, client: FlaskClient, therapist: Resource
) -> None:
    send(browser, "/calendar/blocks/new", form_of(therapist, begins="00:00", ends="23:55"))

    page = client.get("/p/tidewater/book/consult/?from=2027-03-02&day=2027-03-02")

    assert "Dentist" not in page.text
    assert "There are no times on Tuesday, March 2" in text_of(page)


def test_a_block_repeats_at_the_same_wall_time_and_can_end_early(
    browser: FlaskClient, therapist: Resource
) -> None:
    send(browser, "/calendar/blocks/new", form_of(therapist, times="3", every="1"))

    assert [starts_at for starts_at, _ in claimed()] == [
        at(TUESDAY + days(7 * n), 9) for n in range(3)
    ]
    read_again()
    second = db.session.scalars(sa.select(Block).order_by(Block.starts_at)).all()[1]
    page = browser.get(f"/calendar/blocks/{second.id}")
    assert "Give back this and the 1 after it" in text_of(page)
    send(browser, f"/calendar/blocks/{second.id}/remove", {"which": "later"})
    assert claimed() == [(at(TUESDAY, 9), at(TUESDAY, 12))]


def test_one_date_that_is_taken_keeps_all_from_being_blocked_and_is_named(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    with transaction():
        booking.book(
            alex,
            queries.get_service("prep_60"),
            starts_at=at(TUESDAY + days(7), 10),
            modality=Modality.IN_PERSON,
            by=owner,
        )

    with nothing_changes():
        answer = send(browser, "/calendar/blocks/new", form_of(therapist, times="2"))

    assert answer.status_code == 409
    assert "Practitioner 1 is taken on Tue, Mar 9, 9:55 AM to 11:15 AM" in text_of(answer)
    assert value_of(answer, "reason") == "Dentist"


def test_a_hold_past_its_end_makes_room(
    browser: FlaskClient, client: FlaskClient, therapist: Resource, time: Clock
) -> None:
    start = sent(at(TUESDAY, 10))
    send(client, "/p/tidewater/book/intake/?place=in-person", {"start": start, "form_token": "x"})
    taken = send(browser, "/calendar/blocks/new", form_of(therapist))
    time.now += timedelta(minutes=14)

    made = send(browser, "/calendar/blocks/new", form_of(therapist))

    assert (taken.status_code, made.status_code) == (409, 302)
    assert [each.state for each in appointments()] == [S.RELEASED]


def test_a_block_is_moved_and_never_over_somebody_elses_change(
    browser: FlaskClient, therapist: Resource
) -> None:
    send(browser, "/calendar/blocks/new", form_of(therapist))
    url = f"/calendar/blocks/{the_block().id}"
    page = browser.get(url)
    seen = value_of(page, "version")
    moved = form_of(therapist, begins="13:00", ends="14:00", version=seen)

    assert value_of(page, "ends") == "12:00"
    assert send(browser, url, moved).status_code == 302
    with nothing_changes():
        late = send(browser, url, moved | {"begins": "15:00", "ends": "16:00"})

    assert claimed() == [(at(TUESDAY, 13), at(TUESDAY, 14))]
    assert late.status_code == 409
    assert "Somebody else has just changed this." in text_of(late)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"person": ""}, "Choose a person, a room, or both"),
        ({"person": "nobody"}, "Not a valid choice"),
        ({"first_on": "2027-02-30"}, "Enter a date like 2026-12-01"),
        ({"first_on": ""}, "Enter the day"),
        ({"first_on": "0001-01-01"}, "Enter a day of this century"),
        ({"begins": "25:00"}, "Enter a time like 14:30"),
        ({"ends": "09:00"}, "The end must come after the beginning"),
        ({"ends": "02:00"}, "Past midnight, give the last day"),
        ({"last_on": "2027-05-01"}, "Block at most 14 days at once"),
        ({"times": "0"}, "Enter a number from 1 to 52"),
        ({"times": "1e9"}, "Enter a number from 1 to 52"),
        ({"every": "-1"}, "Enter a number from 1 to 12"),
        ({"reason": "x" * 301}, "Use at most 300 characters"),
        ({"first_on": "2027-03-14", "begins": "02:30", "ends": "05:00"}, "The clocks skip 2:30 AM"),
        ({"first_on": "2027-11-07", "begins": "01:30", "ends": "05:00"}, "twice on Sun, Nov 7"),
    ],
)
@pytest.mark.database("sqlite")
def test_a_form_that_makes_no_sense_comes_back_with_the_reason_and_every_answer(
    browser: FlaskClient, therapist: Resource, wrong: dict[str, str], words: str
) -> None:
    browser.get("/today")
    with nothing_changes():
        answer = send(browser, "/calendar/blocks/new", form_of(therapist, **wrong))

    assert answer.status_code == 422
    assert words in text_of(answer)
    for name in set(wrong) - {"person"}:
        assert value_of(answer, name) == wrong[name]


def test_the_week_can_be_of_one_person_or_room_alone(
    browser: FlaskClient, signed_in: SignedIn, therapist: Resource
) -> None:
    send(browser, "/calendar/blocks/new", form_of(therapist))
    with transaction():
        other = Resource(kind=ResourceKind.ROOM, name="Garden room", roles=[])
        db.session.add(other)
    send(browser, "/calendar/blocks/new", form_of(therapist, person="", room=str(other.id)))

    def seen(query: str) -> int:
        return len(block_words(browser.get(f"/calendar/week?on=2027-03-02&{query}")))

    assert (seen(""), seen(f"person={therapist.id}"), seen(f"room={other.id}")) == (2, 1, 1)
    assert browser.get(f"/calendar/week?room={therapist.id}").status_code == 404
    assert browser.get("/calendar/day?person=1e3").status_code == 404
    monitor = signed_in(Role.MEDICAL_MONITOR)
    assert "Block time" in text_of(monitor.get("/calendar/week"))
