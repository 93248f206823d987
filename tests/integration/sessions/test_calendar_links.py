"""The page of calendar links: who read them, how soon each program follows, where links lead."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.calendar.rules.reading import PROGRAMS
from tests.browsers import send
from tests.integration.sessions.pages.conftest import text_of
from tests.integration.sessions.staff.conftest import alex, browser, owner, signed_in

__all__ = ["alex", "browser", "owner", "signed_in"]  # fixtures
PAGE = "/calendar/subscriptions"


def test_check_25_the_page_says_who_read_a_link_and_how_soon_each_program_follows(
    app: Flask, browser: FlaskClient, therapist: Resource
) -> None:
    made = send(browser, PAGE, {"person": str(therapist.id), "label": "Phone", "level": "busy"})
    assert "No program has read it yet" in text_of(browser.get(PAGE))
    (address,) = set(re.findall(r"http://[^\s\"<]+/calendar/feeds/[^\s\"<]+\.ics", made.text))
    links = {unescape(each) for each in re.findall(r'href="([^"#]+)"', made.text)}
    (webcal,) = {each for each in links if each.startswith("webcal:")}
    (google,) = {each for each in links if "calendar.google.com" in each}

    program = {"User-Agent": "Mozilla/5.0 Thunderbird/153.0"}
    answer = app.test_client().get(urlsplit(address).path, headers=program)

    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert webcal.removeprefix("webcal://") == address.removeprefix("http://")
    assert parse_qs(urlsplit(google).query)["cid"] == [webcal]
    page = text_of(browser.get(PAGE))
    assert "Thunderbird" in page
    assert "just now" in page
    assert "Up to date" in page
    assert all(each.soon in page and each.name in page for each in PROGRAMS)
    inside = {each for each in links if each.startswith("/") and "/static/" not in each}
    assert {browser.get(each).status_code for each in inside} <= {200, 302}
