import re

from flask.testing import FlaskClient

from practice.core.db import transaction
from practice.people.models import Practice
from tests import factories
from tests.integration.sessions.pages.conftest import STREET, text_of


def test_the_practice_says_who_it_is_and_never_where_it_lives(browser: FlaskClient) -> None:
    page = browser.get("/p/tidewater/")

    words = text_of(page)
    assert page.status_code == 200
    assert "Hampton Roads, VA" in words
    assert STREET not in words
    assert "Who it is not for" in words
    assert "Intake $225.00" in words
    assert "Medicine session from $400.00" in words
    assert re.findall(r'class="button" href="([^"]*)"', page.text) == ["/p/tidewater/book/consult/"]


def test_session_types_that_a_stranger_cannot_book_say_what_comes_first(
    browser: FlaskClient,
) -> None:
    page = browser.get("/p/tidewater/book/")

    choices = re.findall(r'class="button small" href="([^"]*)"', page.text)
    assert choices == ["/p/tidewater/book/consult/", "/p/tidewater/book/intake/"]
    assert page.text.count('class="card closed"') == 14
    assert "We book this with you after preparation, consent and medical clearance." in text_of(
        page
    )


def test_what_is_not_offered_yet_leads_to_the_first_step(browser: FlaskClient) -> None:
    page = browser.get("/p/tidewater/book/dosing_sl/")

    assert page.status_code == 200
    assert "after preparation, consent and medical clearance" in text_of(page)
    assert 'href="/p/tidewater/book/consult/"' in page.text
    assert 'name="start"' not in page.text


def test_a_program_learns_why_there_are_no_times(browser: FlaskClient) -> None:
    page = browser.get("/p/tidewater/book/prep_60/", headers={"Accept": "application/json"})

    assert page.json == {
        "service": "prep_60",
        "zone": "America/New_York",
        "starts": [],
        "reason": "We book this with you after your medical evaluation.",
    }


def test_only_the_practices_own_pages_may_be_found_by_search_engines(browser: FlaskClient) -> None:
    hidden = {
        path: 'name="robots" content="noindex"' in browser.get(path).text
        for path in (
            "/p/tidewater/",
            "/p/tidewater/book/",
            "/p/tidewater/book/intake/",
            "/p/tidewater/find",
        )
    }

    assert hidden == {
        "/p/tidewater/": False,
        "/p/tidewater/book/": False,
        "/p/tidewater/book/intake/": True,
        "/p/tidewater/find": True,
    }


def test_another_practice_has_pages_of_its_own(browser: FlaskClient, practice: Practice) -> None:
    harbor = factories.create_practice(slug="harbor")
    with factories.made(harbor):
        factories.furnish()
    with transaction():
        pass  # leaves the other practice's scope behind

    assert browser.get("/p/harbor/book/intake/").status_code == 200
    assert browser.get("/p/nowhere/book/intake/").status_code == 404
    assert browser.get("/p/tidewater/book/nothing/").status_code == 404
