"""The pages of calendars from elsewhere, and what their times keep from being booked."""

import logging
import re
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.api.rules.scopes import Scope
from practice.api.service import tokens as api_tokens
from practice.calendar.models import Claim, ClaimKind, ExternalCalendar, Resource
from practice.calendar.rules import ics
from practice.core.db import db, read_again, transaction
from practice.outbox import jobs
from practice.people.rules import Role
from tests import factories
from tests.browsers import form_token, send, sign_in
from tests.factories import OWNER
from tests.far_away import FarAway
from tests.integration.api.conftest import Program, problem
from tests.integration.calendar.imported.conftest import TUESDAY_TEN, WEDNESDAY, Elsewhere, book_at
from tests.integration.sessions.pages.conftest import (
    INTAKE,
    TUESDAY,
    appointments,
    at,
    nothing_changes,
    sent,
    starts_on,
    text_of,
)
from tests.unit.calendar.foreign import calendar, event, spans

PAGES = "/settings/calendars"
SECRET = "private-1a2b3c"
EDGE = "edge-of-a-part"
CHOSEN = {
    "name": "Family",
    "all_day_blocks": "y",
    "tentative_blocks": "y",
    "floating_zone": "",
    "when_stale": "keep",
    "own_addresses": "Me@Family.example",
}


def imported() -> list[tuple[object, object]]:
    read_again()
    rows = db.session.execute(
        sa.select(Claim.starts_at, Claim.ends_at)
        .where(Claim.kind == ClaimKind.IMPORTED)
        .order_by(Claim.starts_at)
    )
    return [(row.starts_at, row.ends_at) for row in rows]


def upload(browser: FlaskClient, url: str, body: bytes, **answers: str) -> TestResponse:
    """Choose a file and send it. The test client itself would leave a large one open."""
    filled = {"csrf_token": form_token(browser), **answers}
    said = "".join(
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in filled.items()
    )
    sheet = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="busy.ics"\r\n\r\n'
    return browser.post(
        url,
        data=(said + sheet).encode() + body + f"\r\n--{EDGE}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={EDGE}",
    )


def test_what_a_calendar_would_block_is_shown_before_it_blocks_anything(
    browser: FlaskClient,
    therapist: Resource,
    far: FarAway,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    far.script = lambda _head, wire: wire.answer(200, calendar(TUESDAY_TEN, WEDNESDAY))
    added = send(
        browser,
        f"{PAGES}/new",
        CHOSEN | {"whose": str(therapist.id), "address": far.url.replace("https", "webcal")},
    )
    page = str(added.location)
    assert "being read for the first time" in text_of(browser.get(page))

    jobs.run_due()

    preview = text_of(browser.get(page))
    assert "2 times of" in preview
    assert "Tue, Mar 2, 10:00 AM to 11:00 AM" in preview
    assert imported() == []
    send(browser, f"{page}/confirm")
    assert imported() == spans("2027-03-02 15:00 +60", "2027-03-03 05:00 +1440")
    listed = browser.get(f"{PAGES}/").text
    week = text_of(browser.get("/calendar/week?on=2027-03-02"))
    assert "calendar.example … .ics" in listed
    assert "Busy elsewhere: Family" in week
    # The address is a secret: sealed, in no page and in no log.
    read_again()
    row = db.session.scalars(sa.select(ExternalCalendar)).one()
    assert SECRET in (row.address or "")
    assert SECRET.encode() not in (row.address_sealed or b"")
    assert SECRET not in listed + browser.get(page).text + caplog.text


def test_check_20_a_time_under_an_imported_event_cannot_be_booked(
    app: Flask, browser: FlaskClient, unread: Elsewhere
) -> None:
    """calendar.md §6, row 20: not through a page, the API, a stale form or by staff."""
    ten = sent(at(TUESDAY, 10))
    visitor = app.test_client()
    assert ten in starts_on(visitor.get(f"{INTAKE}&on=2027-03-02"))
    unread.says(TUESDAY_TEN)
    unread.read()
    unread.confirm()
    added_by = unread.row.added_by
    with transaction():
        client = factories.create_client()
        _, secret = api_tokens.make("Website", Scope, made_by=added_by, by=OWNER)
    program = Program(app.test_client(), secret)
    asked = {"service": "intake", "starts_at": ten, "modality": "in_person"}

    with nothing_changes("audit_entries", "throttles", "api_answers", "api_tokens", "sign_ins"):
        shown = starts_on(visitor.get(f"{INTAKE}&on=2027-03-02"))
        stale = send(visitor, INTAKE, {"start": ten})
        held = program.post("/holds", asked, key="hold")
        booked = program.post("/bookings", asked | {"client_id": str(client.id)})
        by_staff = send(
            browser,
            "/bookings/new",
            {"client": str(client.id), "service": "intake", "place": "in-person", "start": ten},
        )

    assert ten not in shown
    assert stale.status_code == 409
    assert [problem(each)[0] for each in (held, booked)] == [409, 409]
    assert by_staff.status_code in (404, 409, 422)
    assert appointments() == []


def test_a_file_is_read_like_an_address_and_a_newer_one_replaces_it(
    browser: FlaskClient, therapist: Resource
) -> None:
    whose = {"whose": str(therapist.id)} | CHOSEN
    page = str(upload(browser, f"{PAGES}/new", calendar(TUESDAY_TEN), **whose).location)
    send(browser, f"{page}/confirm")
    assert imported() == spans("2027-03-02 15:00 +60")

    for bad in (b"", b"<html>", calendar(WEDNESDAY)[:-20]):
        assert upload(browser, f"{page}/file", bad).status_code == 422
    upload(browser, f"{page}/file", calendar(WEDNESDAY))
    assert imported() == spans("2027-03-02 15:00 +60")
    assert "1 time of" in text_of(browser.get(page))
    send(browser, f"{page}/confirm")

    assert imported() == spans("2027-03-03 05:00 +1440")


def test_a_file_is_not_put_over_a_calendar_that_is_read_by_its_address(
    browser: FlaskClient, elsewhere: Elsewhere
) -> None:
    """The next reading would find nothing new there, and leave the file's times in its place."""
    answer = upload(browser, f"{PAGES}/{elsewhere.id}/file", calendar(WEDNESDAY))

    assert answer.status_code == 409
    assert elsewhere.row.found is None


REFUSED = [
    "http://calendar.example/basic.ics",
    "ftp://calendar.example/basic.ics",
    "file:///etc/passwd",
    "https://10.0.0.1/basic.ics",
    "https://169.254.169.254/latest",
    "https://[::ffff:127.0.0.1]/basic.ics",
    "https://me:secret@calendar.example/basic.ics",
    "https://calendar.example:22/basic.ics",
    "https://" + "x" * 300 + ".example/",
    "nonsense",
    "",
]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_cannot_be_one_is_refused_and_nothing_is_asked(
    browser: FlaskClient, therapist: Resource, far: FarAway, address: str
) -> None:
    """reliability.md §8, row 23."""
    with nothing_changes("sign_ins"):
        answer = send(
            browser, f"{PAGES}/new", CHOSEN | {"whose": str(therapist.id), "address": address}
        )

    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
    assert (far.dialled, far.looked_up) == ([], [])


BAD_FILES = {
    "empty": b"",
    "unterminated": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2027",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    "another alphabet": "BEGIN:VCALENDAR".encode("utf-16"),
}


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("body", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_is_no_calendar_is_refused_with_every_answer_kept(
    browser: FlaskClient, therapist: Resource, body: bytes
) -> None:
    """reliability.md §8, row 24."""
    with nothing_changes("sign_ins"):
        answer = upload(browser, f"{PAGES}/new", body, **CHOSEN, whose=str(therapist.id))

    assert answer.status_code == 422
    assert 'value="Family"' in answer.text


@pytest.mark.database("sqlite")
def test_odd_events_of_a_file_are_left_out_and_told(
    browser: FlaskClient, therapist: Resource
) -> None:
    """reliability.md §8, row 24: a line of 5 MB, the year 0, a zone that is a path, for ever."""
    body = calendar(
        TUESDAY_TEN,
        event("DTSTART:20270304T140000Z", "SUMMARY:" + "x" * 5_000_000, uid="long"),
        event("DTSTART:00000101T000000Z", uid="year 0"),
        event("DTSTART;TZID=../../etc/passwd:20270305T090000", uid="path"),
        event("DTSTART:20270303T140000Z", "RRULE:FREQ=SECONDLY", uid="for ever"),
    )

    page = upload(browser, f"{PAGES}/new", body, **CHOSEN, whose=str(therapist.id)).location

    said = text_of(browser.get(str(page)))
    assert "4 times of" in said
    assert "2 events could not be read" in said
    assert "1 event did not name a time zone that is known" in said


def test_whoever_takes_a_calendar_away_says_what_becomes_of_its_times(
    browser: FlaskClient, elsewhere: Elsewhere
) -> None:
    page = f"{PAGES}/{elsewhere.id}"
    asked = text_of(browser.get(f"{page}/remove"))
    assert "It blocks 1 time to come" in asked

    send(browser, f"{page}/remove", {"which": "keep"})
    assert len(elsewhere.blocked) == 1
    assert elsewhere.row.address_sealed is None
    assert "Not read any more" in browser.get(f"{PAGES}/").text
    assert send(browser, page, CHOSEN).status_code == 409

    send(browser, f"{page}/remove", {"which": "free"})
    assert elsewhere.blocked == []
    assert browser.get(page).status_code == 404


def test_a_change_of_its_switches_is_read_at_once(
    browser: FlaskClient, elsewhere: Elsewhere
) -> None:
    elsewhere.says(WEDNESDAY, etag='"first"')
    page = f"{PAGES}/{elsewhere.id}"
    without = {name: value for name, value in CHOSEN.items() if name != "all_day_blocks"}
    assert send(browser, page, without).location == page
    jobs.run_due()
    assert elsewhere.blocked == []

    send(browser, page, CHOSEN)
    jobs.run_due()
    assert elsewhere.blocked == spans("2027-03-03 05:00 +1440")
    assert elsewhere.row.own_addresses == "me@family.example"
    asked = len(elsewhere.server.heads)
    send(browser, f"{page}/read")
    jobs.run_due()
    assert len(elsewhere.server.heads) == asked + 1


def test_check_21_ones_own_feed_read_back_blocks_nothing_twice(
    app: Flask, browser: FlaskClient, therapist: Resource
) -> None:
    """calendar.md §6, row 21; what another practice of this house books is no session of ours."""
    visitor, theirs = app.test_client(), ics.uid_host(uuid4())
    book_at(at(TUESDAY, 10))
    made = send(
        browser,
        "/calendar/subscriptions",
        {"person": str(therapist.id), "label": "Phone", "level": "busy"},
    )
    found = re.search(r"https?://[^\s\"<]+(/calendar/feeds/[^\s\"<]+\.ics)", made.text)
    assert found is not None
    feed = visitor.get(found[1]).data

    page = upload(browser, f"{PAGES}/new", feed, **CHOSEN, whose=str(therapist.id)).location
    again = feed.replace(ics.uid_host(therapist.practice_id).encode(), theirs.encode())
    other = upload(browser, f"{PAGES}/new", again, **CHOSEN, whose=str(therapist.id)).location

    assert "0 times of" in text_of(browser.get(str(page)))
    assert b"BEGIN:VEVENT" in feed
    assert "1 time of" in text_of(browser.get(str(other)))


def test_nobody_but_the_owner_sees_the_calendar_of_another(
    app: Flask, elsewhere: Elsewhere
) -> None:
    with transaction():
        other = factories.create_user(Role.MEDICAL_MONITOR)
    browser = app.test_client()
    sign_in(browser, other)

    page = f"{PAGES}/{elsewhere.id}"
    assert browser.get(f"{PAGES}/").status_code == 200
    assert [
        browser.get(page).status_code,
        send(browser, page, CHOSEN).status_code,
        send(browser, f"{page}/remove", {"which": "free"}).status_code,
    ] == [404, 404, 404]
    assert len(elsewhere.blocked) == 1
