"""A calendar of another program: what lies ahead is blocked."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.calendar.models import Claim, ClaimKind, Resource
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core.db import db, read_again, transaction
from tests.browsers import send
from tests.integration.moving.conftest import upload, work
from tests.integration.sessions.pages.conftest import nothing_changes, text_of

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Another//EN\r\n"
TAIL = "END:VCALENDAR\r\n"


def event(*lines: str, uid: str = "") -> str:
    body = "\r\n".join(("BEGIN:VEVENT", f"UID:{uid or hash(lines)}", *lines, "END:VEVENT"))
    return f"{body}\r\n"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of March 2027 in New York, before the clocks change."""
    return datetime(2027, 3, day, hour + 5, minute, tzinfo=UTC)


DENTIST = event("DTSTART:20270302T140000Z", "DTEND:20270302T150000Z", "SUMMARY:Dentist")
WEEKLY = event(
    "DTSTART;TZID=America/New_York:20270222T120000",
    "DTEND;TZID=America/New_York:20270222T124500",
    "RRULE:FREQ=WEEKLY;UNTIL=20270316T000000Z",
    "EXDATE;TZID=America/New_York:20270308T120000",
    "SUMMARY:Lunch",
)
FLOATING = event("DTSTART:20270303T090000", "SUMMARY:No end and no zone")
WHOLE_DAY = event("DTSTART;VALUE=DATE:20270304", "SUMMARY:Away")
GONE = event("DTSTART:20270302T180000Z", "DTEND:20270302T190000Z", "STATUS:CANCELLED")
FREE = event("DTSTART:20270302T180000Z", "DTEND:20270302T190000Z", "TRANSP:TRANSPARENT")
PAST = event("DTSTART:20260302T180000Z", "DTEND:20260302T190000Z", "SUMMARY:Long ago")
BROKEN = event("DTSTART:not a time", "SUMMARY:Broken")


def chosen(browser: FlaskClient, therapist: Resource, text: str, **choices: str) -> str:
    run = str(upload(browser, "calendar", HEAD + text + TAIL, name="busy.ics").location)
    browser.get(run)
    assert send(browser, run, {"person": str(therapist.id)} | choices).location == f"{run}?page=1"
    return run


def blocked() -> list[tuple[datetime, datetime]]:
    read_again()
    rows = db.session.execute(
        sa.select(Claim.starts_at, Claim.ends_at)
        .where(Claim.kind == ClaimKind.BLOCK, Claim.released_at.is_(None))
        .order_by(Claim.starts_at)
    )
    return [(row.starts_at, row.ends_at) for row in rows]


def test_what_lies_ahead_becomes_blocked_time(
    app: Flask, browser: FlaskClient, therapist: Resource
) -> None:
    text = DENTIST + WEEKLY + FLOATING + WHOLE_DAY + GONE + FREE + PAST + BROKEN
    run = chosen(browser, therapist, text)
    page = text_of(browser.get(run))
    assert "5 times are blocked" in page
    assert "1 event could not be read" in page

    send(browser, f"{run}/start")
    work(app)

    assert blocked() == [
        (at(1, 12), at(1, 12, 45)),
        (at(2, 9), at(2, 10)),
        (at(3, 9), at(3, 9, 30)),
        (at(4, 0), at(5, 0)),
        # In summer time by now: noon in New York is an hour earlier by the sun.
        (datetime(2027, 3, 15, 16, tzinfo=UTC), datetime(2027, 3, 15, 16, 45, tzinfo=UTC)),
    ]


def test_time_that_is_taken_stays_whose_it_is(
    app: Flask, browser: FlaskClient, therapist: Resource
) -> None:
    with transaction():
        claims.take(therapist.id, [Wanted(therapist.id, at(2, 9, 30), at(2, 10, 30))])
    run = chosen(browser, therapist, DENTIST + WHOLE_DAY)

    send(browser, f"{run}/start")
    work(app)

    assert blocked() == [(at(4, 0), at(5, 0))]
    assert "Tue, Mar 2, 9:00 AM: This time is taken already." in text_of(browser.get(run))


def test_an_undo_gives_the_time_back(app: Flask, browser: FlaskClient, therapist: Resource) -> None:
    run = chosen(browser, therapist, DENTIST)
    send(browser, f"{run}/start")
    work(app)

    send(browser, f"{run}/undo")

    assert blocked() == []


def test_whose_time_it_is_must_be_said(browser: FlaskClient, therapist: Resource) -> None:
    run = upload(browser, "calendar", HEAD + DENTIST + TAIL).location

    assert send(browser, f"{run}/start").status_code == 422
    assert send(browser, run, {"person": ""}).status_code == 422
    assert send(browser, run, {"person": str(run[-36:])}).status_code == 422


FOR_EVER = ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0"]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("rule", [*FOR_EVER, "FREQ=DAILY;BYHOUR=1,2;BYMINUTE=1,2;BYSECOND=1,2"])
def test_a_rule_that_goes_on_for_ever_is_left_out(
    browser: FlaskClient, therapist: Resource, rule: str
) -> None:
    endless = event("DTSTART:20270301T140000Z", f"RRULE:{rule}")

    run = upload(browser, "calendar", HEAD + endless + DENTIST + TAIL).location

    assert "1 event could not be read" in text_of(browser.get(run))


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "First name,Last name\nA,B\n",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2027",
        HEAD + PAST + TAIL,
        HEAD + event("DTSTART:00000101T000000Z") + TAIL,
        HEAD + event("DTSTART;TZID=../../etc/passwd:20260101T000000") + TAIL,
        HEAD + event("SUMMARY:" + "x" * 3_000_000) + TAIL,
        HEAD + event("DTSTART:20270302T140000Z", "DURATION:P400D") + TAIL,
    ],
    ids=["empty", "table", "cut", "past", "year 0", "path", "long line", "long"],
)
def test_a_file_without_a_time_ahead_is_refused(
    browser: FlaskClient, therapist: Resource, body: str
) -> None:
    browser.get("/settings/import/calendar")

    with nothing_changes():
        answer = upload(browser, "calendar", body)

    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
