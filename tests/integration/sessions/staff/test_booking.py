"""Booking by staff: who, what, when, a last look, and what the course has to say."""

import re
from datetime import date, datetime

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.audit.rules import Actor
from practice.calendar.models import Resource
from practice.clients.rules.papers import PaperKind
from practice.core.db import transaction
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.browsers import send
from tests.integration.sessions.pages.conftest import (
    appointments,
    at,
    nothing_changes,
    sent,
    text_of,
)
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    SignedIn,
    days,
    ready,
    session,
    states,
)

S = AppointmentState
TOO_EARLY = "The dosing would be 0 days after the preparation on Mon, Mar 8; the limits are 1 to 30"


def new(client: Client, slug: str, **more: object) -> str:
    service = queries.get_service(slug)
    extra = "".join(f"&{name}={part}" for name, part in more.items())
    return f"/sessions/new?client={client.id}&service={service.id}{extra}"


def check(client: Client, slug: str, start: datetime, place: str = "in-person") -> str:
    service = queries.get_service(slug).id
    asked = f"client={client.id}&service={service}&place={place}&start={sent(start)}"
    return f"/sessions/new/check?{asked}"


def times_on(answer: TestResponse) -> list[str]:
    """Return the times that can be chosen on a page."""
    return re.findall(r'type="submit" name="start" value="([^"]*)"', answer.text)


def open_day(answer: TestResponse) -> str:
    pattern = r'(?s)aria-current="date"[^>]*>\s*<span class="unseen">([^<]*)<'
    return str(re.findall(pattern, answer.text)[0])


# Who and what ----------------------------------------------------------------------------------


def test_from_a_client_to_a_booked_session_it_is_four_clicks(
    browser: FlaskClient, alex: Client
) -> None:
    page = browser.get(f"/clients/{alex.id}")
    (services,) = set(re.findall(r'href="(/sessions/new\?client=[^"]+)"', page.text))
    times = new(alex, "prep_60", place="in-person")
    assert times.replace("&", "&amp;") in browser.get(services).text

    page = browser.get(times)
    start = times_on(page)[0]
    last_look = check(alex, "prep_60", datetime.fromisoformat(start))
    assert "Book this session? Client Alex Bell" in text_of(browser.get(last_look))
    answer = send(browser, last_look)

    (made,) = appointments()
    assert (sent(made.starts_at), made.state, made.client_id) == (start, S.CONFIRMED, alex.id)
    assert answer.location == f"/sessions/{made.id}"
    assert "The session is booked." in text_of(browser.get(answer.location))


def test_new_booking_asks_for_the_client_first_and_finds_them(
    browser: FlaskClient, alex: Client
) -> None:
    with transaction():
        factories.create_client(first_name="Bo", last_name="Carr")

    found = browser.get("/sessions/new?q=bell")
    nobody = browser.get("/sessions/new?q=%25")

    assert re.findall(r'href="/sessions/new\?client=([^"]*)"', found.text) == [str(alex.id)]
    assert "Nobody is called that, or reached there." in text_of(nobody)
    assert 'href="/sessions/new"' in browser.get("/today").text


def test_a_way_that_a_service_is_given_in_can_be_chosen(browser: FlaskClient, alex: Client) -> None:
    by_video = browser.get(new(alex, "prep_60", place="video"))
    in_person_only = browser.get(new(alex, "dosing_sl_first"))

    assert re.findall(r'(?s)aria-current="true"[^>]*>([^<]*)<', by_video.text) == ["By video"]
    assert "By video" not in in_person_only.text


def test_who_may_not_book_is_refused(signed_in: SignedIn, alex: Client) -> None:
    prescriber = signed_in(Role.PRESCRIBER)

    assert prescriber.get("/sessions/new").status_code == 403
    assert "New booking" not in text_of(prescriber.get(f"/clients/{alex.id}"))


# When ------------------------------------------------------------------------------------------


def test_the_first_recommended_day_is_open_with_the_window_in_words(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY + days(7), 10)

    page = browser.get(new(alex, "dosing_sl_first"))

    assert open_day(page).startswith("Tuesday, March 9,")
    assert (
        "Recommended: 1 to 14 days after the preparation on Mon, Mar 8 (at least 1, at most 30)."
        in text_of(page)
    )
    assert "As recommended" in text_of(page)


def test_outside_what_is_recommended_is_a_warning_in_words(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY, 9, state=S.COMPLETED)
    late = check(alex, "dosing_sl_first", at(MONDAY + days(16), 9))
    words = "The dosing would be 16 days after the preparation on Mon, Mar 1; 1 to 14 days"

    page = browser.get(new(alex, "dosing_sl_first", day=MONDAY + days(16)))
    last_look = browser.get(late)
    booked = browser.get(send(browser, late).location)

    assert f"Outside what is recommended {words}" in text_of(page)
    assert f"Outside what is recommended {words}" in text_of(last_look)
    assert words in text_of(booked)


def test_outside_the_limits_is_greyed_with_the_reason(
    signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY + days(7), 7)
    desk = signed_in(Role.FRONT_DESK)

    page = desk.get(new(alex, "dosing_sl_first", day=MONDAY + days(7)))
    with nothing_changes():
        forced = send(
            desk,
            check(alex, "dosing_sl_first", at(MONDAY + days(7), 14)),
            {"reason": "They asked for it."},
        )

    assert times_on(page) == []
    assert TOO_EARLY in text_of(page)
    assert "Only a practitioner can book one of these" in text_of(page)
    assert "only times outside the limits" in open_day(page)
    assert forced.status_code == 422
    assert TOO_EARLY in text_of(forced)


def test_a_practitioner_goes_beyond_the_limits_with_a_written_reason(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY + days(7), 7)
    url = check(alex, "dosing_sl_first", at(MONDAY + days(7), 14))

    page = browser.get(new(alex, "dosing_sl_first", day=MONDAY + days(7)))
    with nothing_changes():
        without = send(browser, url, {"reason": "  "})
        long = send(browser, url, {"reason": "x" * 301})
    answer = send(browser, url, {"reason": "Travels home the same evening."})

    assert sent(at(MONDAY + days(7), 14)) in times_on(page)
    assert without.status_code == long.status_code == 422
    assert "Write down why, or choose another time" in text_of(without)
    assert "Use at most 300 characters" in text_of(long)
    assert f"{'x' * 301}</textarea>" in long.text
    shown = text_of(browser.get(answer.location))
    assert "Booked outside the limits. Travels home the same evening." in shown
    assert "Limits of the course passed, with a reason" in shown


# The last look ---------------------------------------------------------------------------------


def test_a_dosing_without_its_papers_waits_and_confirms_itself_with_the_last_one(
    browser: FlaskClient, alex: Client, owner: Actor, therapist: Resource
) -> None:
    ready(alex, by=owner, but=[PaperKind.MEDICAL_CLEARANCE])
    url = check(alex, "dosing_sl_first", at(MONDAY + days(7), 9))

    last_look = text_of(browser.get(url))
    booked = text_of(browser.get(send(browser, url).location))
    recorded = send(
        browser,
        f"/clients/{alex.id}/papers/medical_clearance",
        {"route": "SL", "dated_on": "2027-03-01"},
    )

    assert (
        "Not yet confirmed Medical clearance for SL is missing "
        "No clearance says whether a liver panel is asked for The time is kept." in last_look
    )
    assert "Keep this time" in last_look
    assert (
        "Medical clearance for SL is missing Nobody may pass this without it. "
        "Record : Medical clearance Missing" in booked
    )
    assert "Consent to ketamine is on file until Feb 29, 2028" in booked
    assert recorded.location == f"/clients/{alex.id}#papers"
    assert states() == [S.CONFIRMED]


def test_a_time_that_is_taken_meanwhile_leaves_everything_but_the_time(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    url = check(alex, "prep_60", at(MONDAY + days(1), 10))
    assert browser.get(url).status_code == 200
    with transaction():
        other = factories.create_client()
    send(browser, check(other, "prep_60", at(MONDAY + days(1), 10)))

    with nothing_changes():
        answer = send(browser, url)

    assert answer.status_code == 409
    assert "That time is not free any more. Choose another one." in text_of(answer)
    assert "Error: New booking" in answer.text
    assert f'value="{alex.id}"' in answer.text


def test_a_second_click_books_nothing_new(browser: FlaskClient, alex: Client) -> None:
    url = check(alex, "prep_60", at(MONDAY + days(1), 10))

    first, second = (send(browser, url).location for _ in range(2))

    assert first == second
    assert len(appointments()) == 1


@pytest.mark.parametrize(
    "start",
    [
        "",
        "2027-03-02",
        "2027-03-02T15:00:00",
        "2027-03-02T15:00:60Z",
        "2027-03-02T15:00:00+99:00",
        "9999999999999",
        "2999-03-02T15:00:00Z",
        "2027-03-01T12:00:00Z",  # an hour ago
        "2027-03-14T07:00:00Z",  # the hour that the clocks skip, on a Sunday
    ],
)
def test_a_start_that_is_none_of_the_times_is_refused(
    browser: FlaskClient, alex: Client, start: str
) -> None:
    service = queries.get_service("prep_60")
    query = {"client": alex.id, "service": service.id, "start": start}

    with nothing_changes():
        answers = [
            browser.get("/sessions/new/check", query_string=query),
            send(browser, "/sessions/new/check", query_string=query),
        ]

    assert {answer.status_code for answer in answers} <= {409, 422}
    assert "There is a problem" in text_of(answers[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client", "0"),
        ("client", "１"),
        ("client", "00000000-0000-0000-0000-000000000000"),
        ("service", "prep_60"),
        ("service", "00000000-0000-0000-0000-000000000000"),
        ("place", "moon"),
        ("from", "2027-02-30"),
        ("day", "0000-00-00"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(
    browser: FlaskClient, alex: Client, name: str, value: str
) -> None:
    service = queries.get_service("prep_60")
    query = {"client": str(alex.id), "service": str(service.id), name: value}

    answer = browser.get("/sessions/new", query_string=query)

    assert answer.status_code in {404, 422}


def test_the_days_of_another_fortnight_can_be_turned_to(browser: FlaskClient, alex: Client) -> None:
    page = browser.get(new(alex, "prep_60"))
    (later,) = re.findall(r'href="([^"]*)" data-swap="chooser">Later', page.text)

    second = browser.get(later.replace("&amp;", "&"))

    first_day = re.findall(r'<span class="unseen">(\w+, \w+ \d+)', second.text)[0]
    assert first_day == f"{date(2027, 3, 15):%A, %B %d}"
    assert "Earlier" in text_of(second)
