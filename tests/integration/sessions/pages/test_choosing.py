import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from practice.calendar.models import Closure, Resource
from practice.core.db import db, transaction
from practice.sessions import queries
from practice.sessions.rules.lifecycle import Modality
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    CONSULT,
    INTAKE,
    TUESDAY,
    WEDNESDAY,
    appointments,
    at,
    hold,
    nothing_changes,
    sent,
    starts_on,
    text_of,
)

JSON = {"Accept": "application/json"}


def days_on(page: str) -> list[tuple[str, str | None]]:
    """Return what each day of the grid says aloud, and where it leads."""
    grid = re.search(r'(?s)<ol class="days">(.*?)</ol>', page)
    assert grid is not None
    return [
        (
            re.findall(r'<span class="unseen">([^<]*)</span>', item)[0],
            next(iter(re.findall(r'href="([^"]*)"', item)), None),
        )
        for item in re.findall(r"(?s)<li>(.*?)</li>", grid[1])
    ]


def test_a_program_is_told_the_very_times_that_can_be_booked(browser: FlaskClient) -> None:
    answer = browser.get("/p/tidewater/book/consult/?from=2027-03-02&days=2", headers=JSON)

    consult = queries.get_service("consult")
    free = queries.free_times(consult, Modality.TELEHEALTH, TUESDAY, 2)
    assert answer.json == {
        "service": "consult",
        "zone": "America/New_York",
        "starts": [sent(start.starts_at) for start in free],
    }
    assert answer.json["starts"][0] == "2027-03-02T14:00:00Z"


def test_days_are_those_of_the_zone_that_was_asked_for(browser: FlaskClient) -> None:
    answer = browser.get(
        "/p/tidewater/book/consult/?from=2027-03-03&days=1&tz=Asia/Tokyo", headers=JSON
    )

    assert answer.json is not None
    assert answer.json["zone"] == "Asia/Tokyo"
    # March 3 in Tokyo begins at 10:00 AM on March 2 in New York.
    assert answer.json["starts"][:2] == ["2027-03-02T15:00:00Z", "2027-03-02T15:30:00Z"]
    assert answer.json["starts"][-1] == "2027-03-03T14:30:00Z"


def test_two_weeks_of_days_are_shown_and_the_first_with_times_is_open(
    browser: FlaskClient,
) -> None:
    page = browser.get(INTAKE)

    days = days_on(page.text)
    assert len(days) == 14
    assert days[0] == ("Monday, March 1, no times", None)
    assert days[1] == (
        "Tuesday, March 2, 16 times",
        "/p/tidewater/book/intake/?day=2027-03-02&amp;place=in-person",
    )
    assert days[5] == ("Saturday, March 6, no times", None)
    assert re.findall(r'aria-current="date"', page.text) == ['aria-current="date"']
    assert starts_on(page)[0] == sent(at(TUESDAY, 9))
    assert len(starts_on(page)) == 16


def test_times_stand_under_the_part_of_the_day(browser: FlaskClient) -> None:
    page = browser.get(f"{INTAKE}&day=2027-03-03")

    words = text_of(page)
    assert "Wednesday, March 3 Morning 9:00 AM 9:30 AM" in words
    assert "11:30 AM Afternoon 12:00 PM" in words
    assert "Evening" not in words


def test_earlier_and_later_lead_through_the_book_and_stop_at_its_ends(
    browser: FlaskClient,
) -> None:
    def links(query: str) -> list[tuple[str, str]]:
        link = r'(?s)href="([^"]*)" data-swap="chooser">\s*(?:<svg.*?</svg>)?(Earlier|Later)'
        found = re.finditer(link, browser.get(f"{INTAKE}{query}").text)
        return [(each[1], each[2]) for each in found]

    assert links("") == [("/p/tidewater/book/intake/?from=2027-03-15&amp;place=in-person", "Later")]
    assert links("&from=2027-03-15") == [
        ("/p/tidewater/book/intake/?place=in-person", "Earlier"),
        ("/p/tidewater/book/intake/?from=2027-03-29&amp;place=in-person", "Later"),
    ]
    assert [word for _, word in links("&from=2027-06-20")] == ["Earlier"]


def test_a_day_beyond_the_first_weeks_opens_its_own_fortnight(browser: FlaskClient) -> None:
    page = browser.get(f"{INTAKE}&day=2027-03-18")

    assert days_on(page.text)[0][0] == "Monday, March 15, 16 times"
    assert starts_on(page)[0].startswith("2027-03-18")


def test_a_fortnight_without_times_names_the_next_free_one(
    browser: FlaskClient, host: Resource
) -> None:
    with transaction():
        closed_until = TUESDAY + timedelta(days=20)
        db.session.add(Closure(first_on=TUESDAY, last_on=closed_until, reason="away"))

    page = browser.get(INTAKE)

    assert "Next free: Tue, Mar 23, 9:00 AM" in text_of(page)
    assert starts_on(page) == []


def test_a_visit_is_shown_on_the_practices_clock_alone(browser: FlaskClient) -> None:
    page = browser.get(f"{INTAKE}&tz=America/Los_Angeles")

    assert "Hampton Roads, VA, New York time" in text_of(page)
    assert "9:00 AM" in text_of(page)


def test_a_video_session_is_shown_on_the_visitors_clock(browser: FlaskClient) -> None:
    page = browser.get("/p/tidewater/book/intake/?place=video&tz=America/Los_Angeles")

    assert "By video, Los Angeles time" in text_of(page)
    assert "Tuesday, March 2 Morning 6:00 AM" in text_of(page)
    assert starts_on(page)[0] == sent(at(TUESDAY, 9))
    # And stays so, in this browser, when another day is looked at.
    assert "Los Angeles time" in text_of(browser.get("/p/tidewater/book/consult/"))


def test_continue_without_a_choice_says_so_beside_the_times(browser: FlaskClient) -> None:
    with nothing_changes():
        page = send(browser, INTAKE, {"start": ""})

    assert page.status_code == 422
    assert "<title>Error: Choose a time" in page.text
    assert '<a href="#start">Choose a time</a>' in page.text


def test_a_time_that_was_just_taken_comes_back_with_the_nearest_three(
    browser: FlaskClient, client: FlaskClient
) -> None:
    hold(client.application.test_client(), at(WEDNESDAY, 12))
    with nothing_changes():
        page = send(browser, f"{INTAKE}&day=2027-03-03", {"start": sent(at(WEDNESDAY, 12))})

    assert page.status_code == 409
    assert "12:00 PM was just taken. Here are the nearest times." in text_of(page)
    # Intake takes 75 minutes, set-up and turnover on either side, and the home 20 more.
    assert starts_on(page)[:3] == [
        sent(at(WEDNESDAY, 9, 30)),
        sent(at(WEDNESDAY, 10)),
        sent(at(WEDNESDAY, 14)),
    ]
    assert "Nearest 9:30 AM 10:00 AM 2:00 PM Morning 9:00 AM Afternoon" in text_of(page)


def test_a_time_that_is_not_on_offer_says_why(browser: FlaskClient) -> None:
    with nothing_changes():
        page = send(browser, INTAKE, {"start": sent(at(TUESDAY, 9, 10))})

    assert page.status_code == 409
    assert "Here are the nearest times." in text_of(page)


def test_the_page_leads_back_to_a_time_that_is_held(browser: FlaskClient, time: Clock) -> None:
    booking = hold(browser, at(TUESDAY, 10))
    browser.get(booking)

    page = browser.get(INTAKE)
    assert "We are holding Tue, Mar 2, 10:00 AM for you." in text_of(page)
    assert f'href="{booking}"' in page.text

    time.now += timedelta(minutes=11)
    assert "We are holding" not in text_of(browser.get(INTAKE))


def test_another_time_in_another_tab_gives_the_first_one_back(browser: FlaskClient) -> None:
    hold(browser, at(TUESDAY, 10))
    hold(browser, at(TUESDAY, 14))

    assert [(each.starts_at, each.state) for each in appointments()] == [
        (at(TUESDAY, 10), "released"),
        (at(TUESDAY, 14), "tentative"),
    ]


def test_a_second_click_leads_to_the_same_booking(browser: FlaskClient) -> None:
    first = hold(browser, at(TUESDAY, 10), form_token="the page's own")
    second = hold(browser, at(TUESDAY, 10), form_token="the page's own")

    assert first == second
    assert len(appointments()) == 1


def test_another_choice_on_the_same_page_is_another_booking(browser: FlaskClient) -> None:
    first = hold(browser, at(TUESDAY, 10), form_token="the page's own")
    second = hold(browser, at(TUESDAY, 14), form_token="the page's own")

    assert first != second


def test_one_house_cannot_hold_the_whole_week(client: FlaskClient) -> None:
    for hour in range(5):
        hold(client.application.test_client(), at(TUESDAY, 9 + hour), CONSULT)

    with nothing_changes():
        page = send(client, CONSULT, {"start": sent(at(TUESDAY, 15))})

    assert page.status_code == 429
    assert "Several times are being held from where you are." in text_of(page)


@pytest.mark.parametrize("taken", [0, 40])
@pytest.mark.parametrize("headers", [JSON, {}], ids=["program", "page"])
def test_free_times_cost_five_statements_however_full_the_book_is(
    browser: FlaskClient,
    host: Resource,
    count_statements: Callable[[Callable[[], object]], int],
    taken: int,
    headers: dict[str, str],
) -> None:
    intake = queries.get_service("intake")
    with transaction():
        known = factories.create_client()
        for n in range(taken):
            start = at(TUESDAY, 9) + timedelta(days=n)
            factories.create_appointment(intake, host=host, starts_at=start, client=known)

    url = "/p/tidewater/book/intake/?days=60"
    assert count_statements(lambda: browser.get(url, headers=headers)) == 5
