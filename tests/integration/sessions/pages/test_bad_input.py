"""What no form of ours sends: a plain refusal, the answers still there, nothing changed."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.browsers import form_token, send
from tests.integration.sessions.pages.conftest import (
    CONSULT,
    DETAILS,
    INTAKE,
    TUESDAY,
    at,
    book,
    hold,
    identify,
    nothing_changes,
    sent,
    text_of,
    value_of,
)

# Nearly all of it is refused before a database is asked; what reaches one runs on both.
pytestmark = pytest.mark.database("sqlite")

TEN = at(TUESDAY, 10)
REQUIRED = {"first_name": "Alex", "last_name": "Bell"}


# Who comes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("first_name", "", "Enter your first name"),
        ("first_name", "   ", "Enter your first name"),
        ("first_name", "x" * 10_000, "First name must be 80 characters or fewer"),
        ("last_name", "Bell\u202eexe", "Leave out characters that cannot be seen"),
        ("last_name", "Bell\x07", "Leave out characters that cannot be seen"),
        ("email", "alex.mail.example", "Enter an email address like name@example.com"),
        ("email", "alex@@mail.example", "Enter an email address like name@example.com"),
        ("email", f"{'a' * 250}@mail.example", "Enter an email address like name@example.com"),
        ("email", "a@mail.example\r\nBcc: b@mail.example", "Enter an email address like"),
        ("email", "a@b", "Enter an email address like name@example.com"),
        ("phone", "call me", "Enter a phone number like 757-555-0100"),
        ("phone", "7" * 40, "Enter a phone number like 757-555-0100"),
        ("phone", "+", "Enter a phone number like 757-555-0100"),
        ("phone", "757-555-0123 ext 9", "Enter a phone number like 757-555-0100"),
    ],
)
def test_an_answer_that_is_not_right_is_told_beside_its_field(
    browser: FlaskClient, field: str, typed: str, words: str
) -> None:
    booking = hold(browser, TEN)

    with nothing_changes():
        page = identify(browser, booking, **{field: typed})

    assert page.status_code == 422
    assert text_of(page).count(words) == 2  # in the summary and beside the field
    others = {name: value for name, value in REQUIRED.items() if name != field}
    for name in others:
        assert value_of(page, name) == DETAILS[name]


@pytest.mark.database("sqlite", "postgresql")
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}", "O'Brien", "李", "Zoë 🌿", "%s%n"]
)
def test_a_name_is_a_name_whatever_it_looks_like(browser: FlaskClient, name: str) -> None:
    booking = hold(browser, TEN)

    assert identify(browser, booking, first_name=name).status_code == 303

    assert value_of(browser.get(f"{booking}details"), "first_name") == (
        name.replace("<", "&lt;").replace(">", "&gt;")
    )
    assert "<script>alert" not in browser.get(booking).text


@pytest.mark.parametrize(
    "raw", [b"first_name=a%00b", b"first_name=%ff%fe", b"first_name=%ed%a0%80", b"%00=1"]
)
def test_bytes_that_are_no_text_are_refused(browser: FlaskClient, raw: bytes) -> None:
    booking = hold(browser, TEN)

    with nothing_changes():
        answer = browser.post(
            f"{booking}details", data=raw, content_type="application/x-www-form-urlencoded"
        )

    assert answer.status_code == 400


def test_what_a_client_may_not_say_is_not_heard(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)
    identify(browser, booking)

    send(browser, f"{booking}confirm", {"state": "completed", "price": "0", "role": "owner"})

    assert 'data-booking-state="confirmed"' in browser.get(booking).text


# The time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [
        "tomorrow",
        "2027-03-02T15:00",
        "2027-03-02T15:00:60Z",
        "2027-03-02T15:00:00+99:00",
        "2027-03-02 15:00:00Z",
        "2027-02-30T15:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1000000000000000000",
        "２０２７-03-02T15:00:00Z",
        "2027-03-02T15:00:00Z" * 500,
    ],
)
def test_a_start_that_is_no_instant_is_refused(browser: FlaskClient, start: str) -> None:
    with nothing_changes():
        page = send(browser, INTAKE, {"start": start})

    assert page.status_code == 422
    assert text_of(page).count("Choose one of the times on this page") == 2


@pytest.mark.parametrize(
    "start",
    [
        at(TUESDAY, 10) - timedelta(days=7),  # past
        at(TUESDAY, 3),  # at night
        at(TUESDAY, 10) + timedelta(seconds=1),  # between two starts
        at(TUESDAY, 10) + timedelta(days=365),  # beyond the horizon
        at(TUESDAY, 7) + timedelta(days=12),  # the hour before the clocks skip one
    ],
)
def test_an_instant_that_is_not_on_offer_is_refused(browser: FlaskClient, start: object) -> None:
    with nothing_changes():
        page = send(browser, INTAKE, {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}"})

    assert page.status_code == 409
    assert "Here are the nearest times." in text_of(page)


def test_what_comes_later_cannot_be_booked_by_sending_its_form(browser: FlaskClient) -> None:
    with nothing_changes():
        page = send(browser, "/p/tidewater/book/dosing_sl/", {"start": sent(TEN), **DETAILS})

    assert page.status_code == 409
    assert "after preparation, consent and medical clearance" in text_of(page)


# Addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "Write from as a date that exists"),
        ("from=2027-02-30", "Write from as a date that exists"),
        ("from=0000-00-00", "Write from as a date that exists"),
        ("from=9999-12-31", "Write from as a date that exists"),
        ("day=2027-3-2", "Write day as a date that exists"),
        ("day=2027-03-02&day=2027-03-03", "Say day once."),
        ("days=0", "Write days as a number from 1 to 60."),
        ("days=-1", "Write days as a number from 1 to 60."),
        ("days=61", "Between 1 and 60 days can be looked at together."),
        ("days=1e3", "Write days as a number from 1 to 60."),
        ("days=１", "Write days as a number from 1 to 60."),
        ("days=1000000000", "Write days as a number from 1 to 60."),
        ("tz=EST5EDT4", "That is not the name of a time zone"),
        ("tz=../../etc", "That is not the name of a time zone"),
        ("tz=america/new_york", "That is not the name of a time zone"),
        ("tz=Mars/Olympus", "That is not the name of a time zone"),
        ("place=moon", "Write place as in-person or video."),
        ("place=IN_PERSON", "Write place as in-person or video."),
    ],
)
def test_an_address_that_says_nothing_sensible_is_told_so(
    browser: FlaskClient, query: str, words: str
) -> None:
    url = f"/p/tidewater/book/intake/?{quote(query, safe='=&')}"

    page, listed = browser.get(url), browser.get(url, headers={"Accept": "application/json"})

    assert (page.status_code, listed.status_code) == (422, 422)
    assert words in text_of(page)
    assert listed.json is not None
    assert words in listed.json["detail"]


@pytest.mark.parametrize("query", ["from=%00", "%00=1"])
def test_an_address_with_unreadable_characters_is_refused(browser: FlaskClient, query: str) -> None:
    assert browser.get(f"/p/tidewater/book/intake/?{query}").status_code == 400


@pytest.mark.parametrize("query", ["page=-1", "sort=password", "tz=", "day=", "from=2020-01-01"])
def test_what_an_address_says_beside_the_point_does_no_harm(
    browser: FlaskClient, query: str
) -> None:
    assert browser.get(f"/p/tidewater/book/intake/?{query}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/bookings/0/",
        "/bookings/-1/",
        "/bookings/9223372036854775808/",
        "/bookings/%20/",
        "/bookings/%EF%BC%91/",
        "/bookings/00000000-0000-0000-0000-000000000001/",
        f"/bookings/{'a' * 5000}/",
        "/bookings/../p/tidewater/",
        "/bookings/%2e%2e/",
        "/p/%2e%2e/",
        "/p/tidewater./",
        "/p/TIDEWATER/",
        "/p/tidewater/book/intake%00/",
    ],
)
def test_an_address_that_leads_nowhere_says_so(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


def test_two_slashes_lead_to_no_other_house(browser: FlaskClient) -> None:
    answer = browser.get("//evil.test/p/tidewater", base_url="http://localhost")

    assert "evil.test" not in answer.headers.get("Location", "").split("/")[2:3]
    assert answer.status_code in (308, 404)


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.test"}, {"Host": "localhost:1\r\n"}, {"Host": "localhost@evil"}]
)
def test_another_host_gets_nothing(browser: FlaskClient, headers: dict[str, str]) -> None:
    if "\r" in headers["Host"]:
        with pytest.raises(ValueError, match="newline"):
            browser.get("/p/tidewater/", headers=headers)
        return
    assert browser.get("/p/tidewater/", headers=headers).status_code == 400


def test_a_link_in_a_page_never_follows_a_forwarded_host(browser: FlaskClient) -> None:
    page = browser.get("/p/tidewater/", headers={"X-Forwarded-Host": "evil.test"})

    assert page.status_code == 200
    assert "evil.test" not in page.text


# Forms ------------------------------------------------------------------------------------------


def posts(app: Flask) -> list[str]:
    """Name every public endpoint that takes a form."""
    return sorted(
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("public.") and "POST" in (rule.methods or ())
    )


def test_no_form_is_taken_without_its_token(app: Flask, browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    token = booking.split("/")[2]
    held = hold(browser, at(TUESDAY, 14)).split("/")[2]
    other = app.test_client()
    urls = [url for endpoint in posts(app) for url in _urls(app, endpoint, tokens=(token, held))]
    answers = {**DETAILS, "start": sent(at(TUESDAY, 16)), "sequence": "0"}

    assert len(urls) >= 12
    for url in urls:
        for bad in ({}, {"csrf_token": "old"}, {"csrf_token": form_token(other)[:-2]}):
            with nothing_changes():
                answer = browser.post(url, data=answers | bad)
            assert answer.status_code in (303, 400), url
            if answer.status_code == 303:  # what cannot be changed leads back without a word
                assert url.endswith(("/cancel", "/ask", "/move/check", "/code"))


def _urls(app: Flask, endpoint: str, *, tokens: tuple[str, ...]) -> list[str]:
    names = next(iter(app.url_map.iter_rules(endpoint))).arguments
    with app.test_request_context():
        if "token" in names:
            more: dict[str, Any] = {"fee_id": UUID(int=0)} if "fee_id" in names else {}
            return [app.url_for(endpoint, _external=False, **more, token=token) for token in tokens]
        given = {"slug": "tidewater", "service": "consult"}
        kept = {name: value for name, value in given.items() if name in names}
        return [app.url_for(endpoint, **kept, _external=False)]


def test_a_form_from_another_website_is_refused(browser: FlaskClient) -> None:
    with nothing_changes():
        answer = send(
            browser, INTAKE, {"start": sent(TEN)}, headers={"Sec-Fetch-Site": "cross-site"}
        )

    assert answer.status_code == 400


def test_a_form_with_too_many_parts_or_too_much_text_is_refused(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)
    parts = {f"field{n}": "x" for n in range(2000)}

    with nothing_changes():
        many = browser.post(f"{booking}details", data=parts, content_type="multipart/form-data")
        large = browser.post(f"{booking}details", data={"first_name": "x" * 2_000_000})

    assert (many.status_code, large.status_code) == (413, 413)


def test_a_file_is_no_name(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)
    form = {name: value for name, value in DETAILS.items() if name != "first_name"}

    with nothing_changes():
        page = browser.post(
            f"{booking}details",
            data={
                **form,
                "csrf_token": form_token(browser),
                "first_name": (__file__, "name.txt"),
            },
            content_type="multipart/form-data",
        )

    assert page.status_code == 422
    assert "Enter your first name" in text_of(page)


@pytest.mark.parametrize("page", ["pay", "confirm", "keep"])
def test_a_button_is_no_link(browser: FlaskClient, page: str) -> None:
    booking = hold(browser, TEN)

    answer = browser.get(f"{booking}{page}")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_change_nothing(browser: FlaskClient, method: str) -> None:
    booking = hold(browser, TEN)

    with nothing_changes():
        answers = [
            browser.open(url, method=method, data={"_method": "DELETE"})
            for url in (booking, f"{booking}details", CONSULT)
        ]

    assert [answer.status_code for answer in answers] == [405, 405, 405]


def test_a_scanner_that_opens_every_link_of_a_page_changes_nothing(browser: FlaskClient) -> None:
    booking = book(browser, TEN)

    with nothing_changes():
        for page in ("", "cancel", "details", "waiting", "appointment.ics", "receipt"):
            for method in ("GET", "HEAD"):
                assert browser.open(f"{booking}{page}", method=method).status_code < 405
