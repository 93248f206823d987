"""Moving a session of a course with a browser: what follows is shown, then done as one."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.audit.rules import PROGRAM
from practice.billing.fees import fees_of
from practice.billing.rules.fees import FeeState
from practice.core.db import read_again, transaction
from practice.people.rules import Role
from practice.sessions.links import token_of
from practice.sessions.models import Course
from practice.sessions.service import booking
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.courses.conftest import DAY, get_course, session
from tests.integration.sessions.pages.conftest import nothing_changes, sent, text_of, value_of
from tests.integration.sessions.staff.conftest import SignedIn, browser, signed_in

__all__ = ["browser", "signed_in"]  # fixtures


def ways(page: TestResponse) -> list[str]:
    """The times of every way that can be chosen."""
    return [unescape(each) for each in re.findall(r'name="way"\s+value="([^"]*)"', page.text)]


def starts(course: Course) -> dict[str, datetime]:
    rows = get_course(course.id).steps
    return {row.key: row.appointment.starts_at for row in rows if row.appointment}


def check(course: Course, key: str, days: int) -> str:
    """The address of the look at what follows."""
    moved = session(course, key)
    return f"/sessions/{moved.id}/move/check?start={sent(moved.starts_at + days * DAY)}"


def test_staff_see_what_moves_along_and_move_all_of_it_by_one_confirm(
    browser: FlaskClient, booked: Course
) -> None:
    before, dosing = starts(booked), session(booked, "dose_2")
    url = check(booked, "dose_2", 4)
    times = text_of(browser.get(f"/sessions/{dosing.id}/move"))
    page = browser.get(url)
    restore, limits = ways(page)
    said = text_of(page)

    with nothing_changes():
        unchosen = send(browser, url, {"way": "", "seal": value_of(page, "seal")})
    answer = send(browser, url, {"way": restore, "seal": value_of(page, "seal")})

    assert "Others move along, or a recommendation is passed" in times
    assert "Move dosing 2?" in said
    assert "Integration 2 Mon, Mar 22, 9:00 AM now Tue, Mar 16, 11:30 AM 6 days later" in said
    assert "10 to 18 days are recommended" in said
    assert restore != limits
    assert unchosen.status_code == 422
    assert answer.status_code == 302
    after = starts(booked)
    assert after["dose_2"] == before["dose_2"] + 4 * DAY
    assert {key for key in after if after[key] != before[key]} > {"dose_2", "integration_2"}
    page_after = text_of(browser.get(answer.location))
    assert "The session is moved." in page_after
    undone = send(browser, f"/sessions/{dosing.id}/take-back", {})
    assert undone.status_code == 303
    assert starts(booked) == before


def test_a_stale_page_moves_nothing_and_shows_anew(browser: FlaskClient, booked: Course) -> None:
    url = check(booked, "dose_2", 4)
    page = browser.get(url)
    with transaction():
        booking.cancel(session(booked, "integration_6"), by=PROGRAM)

    with nothing_changes():
        answer = send(browser, url, {"way": ways(page)[0], "seal": value_of(page, "seal")})

    assert answer.status_code == 409
    assert "Something has changed since this was shown. Nothing was moved." in text_of(answer)
    assert value_of(answer, "seal") != value_of(page, "seal")


def test_a_move_beyond_the_limits_asks_a_practitioner_why_and_is_not_shown_to_the_desk(
    browser: FlaskClient, booked: Course, signed_in: SignedIn
) -> None:
    url = check(booked, "integration_6", 8)
    page = browser.get(url)
    (alone, *_) = [each for each in ways(page) if "dose" not in each]
    desk = signed_in(Role.FRONT_DESK).get(url)

    with nothing_changes():
        silent = send(browser, url, {"way": alone, "seal": value_of(page, "seal")})
    answer = send(
        browser, url, {"way": alone, "seal": value_of(page, "seal"), "reason": "She travels."}
    )

    assert silent.status_code == 422
    assert "Write down why this is right, or choose another way" in text_of(silent)
    assert answer.status_code == 302
    assert alone not in ways(desk)


def test_a_time_that_cannot_be_had_says_why_and_names_the_nearest(
    browser: FlaskClient, booked: Course
) -> None:
    moved = session(booked, "dose_2")
    url = f"/sessions/{moved.id}/move/check?start="
    saturday = browser.get(check(booked, "dose_2", 5))
    past = browser.get(url + sent(moved.starts_at - 30 * DAY))
    nonsense = browser.get(url + "2027-03-14T02:30:00Z&start=never")
    evening = browser.get(url + sent(moved.starts_at + timedelta(hours=9)))

    assert saturday.status_code == past.status_code == 409
    assert "It cannot start on Sat, Mar 20, " in text_of(saturday)
    assert "That is outside the hours for clients." in text_of(saturday)
    assert "The nearest times Fri, Mar 19" in text_of(saturday)
    assert "That time has passed." in text_of(past)
    offered = re.findall(r'name="start" value="([^"]*)">\w{3}, ', evening.text)
    assert len(offered) == 3
    assert sent(moved.starts_at) not in offered
    assert nonsense.status_code in {409, 422}


def test_a_move_from_which_nothing_leads_on_says_why_and_leads_to_the_nearest_times(
    browser: FlaskClient, booked: Course
) -> None:
    moved = session(booked, "integration_2")
    page = browser.get(check(booked, "integration_2", -7))
    near = re.findall(r'href="([^"]*/move/check\?start=[^"]*)"', page.text)

    assert page.status_code == 200
    assert (
        "That cannot be Integration 2 would come before dosing 2. "
        "Integration 2 is 144 hours before dosing 2; the limits are 12 to 168 hours. "
        "The nearest times Tue, Mar 16, " in text_of(page)
    )
    assert len(near) == 3
    assert all(f"/sessions/{moved.id}/move/check" in each for each in near)
    assert "How to go on" in text_of(browser.get(unescape(near[0])))


def test_a_client_moves_a_session_and_what_belongs_to_it(
    browser: FlaskClient, booked: Course
) -> None:
    moved = session(booked, "integration_3")
    wanted = moved.starts_at + 3 * DAY
    url = f"/bookings/{token_of(moved)}/move/check?start={sent(wanted)}"
    page = browser.get(url)

    answer = send(browser, url, {"way": ways(page)[0], "seal": value_of(page, "seal")})

    assert "Move your session?" in text_of(page)
    assert "Moving costs Nothing" in text_of(page)
    assert answer.status_code == 303
    assert starts(booked)["integration_3"] == wanted
    assert "Undo" in text_of(browser.get(answer.location))


def test_a_step_whose_session_was_cancelled_is_booked_again(
    browser: FlaskClient, booked: Course
) -> None:
    lost = session(booked, "integration_3")
    with transaction():
        booking.cancel(lost, by=PROGRAM)
    place = [row.key for row in booked.steps].index("integration_3")
    url = f"/courses/{booked.id}/again?step={place}"
    page = browser.get(url)

    answer = send(browser, url, {"way": ways(page)[0], "seal": value_of(page, "seal")})

    assert "Another time for integration 3" in text_of(page)
    assert answer.status_code == 303
    assert starts(booked)["integration_3"] == lost.starts_at
    assert browser.get(url).status_code == 409
    assert browser.get(f"/courses/{booked.id}/again?step=99").status_code == 404


@pytest.mark.database("sqlite")
def test_a_session_of_a_course_moved_late_costs_what_the_page_says_and_nothing_if_undone(
    browser: FlaskClient, booked: Course, time: Clock
) -> None:
    before = starts(booked)
    first = min(before, key=before.__getitem__)
    time.now = before[first] - timedelta(hours=20)
    url = check(booked, first, 1)
    page = browser.get(url)
    price = session(booked, first).price.minor
    answers = {"way": ways(page)[0], "seal": value_of(page, "seal")}

    with nothing_changes():
        silent = send(browser, url, answers)
    answer = send(browser, url, answers | {"why": f"client:{price}"})
    read_again()
    moved = session(booked, first)
    found = [(fee.amount.minor, fee.state) for fee in fees_of(moved.id)]
    send(browser, f"/sessions/{moved.id}/take-back", {})
    read_again()

    assert "Why does it move?" in text_of(page)
    assert (silent.status_code, answer.status_code) == (422, 302)
    assert found == [(price, FeeState.WAITING)]
    assert fees_of(moved.id) == []
