"""What people read and ask before they book, and the button on the practice's own website."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.outbox import mail
from practice.outbox.models import Message, Task
from practice.people import enquiries
from practice.people.models import Enquiry, Practice, User
from practice.sessions import queries
from tests import factories
from tests.browsers import send, sign_in
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import nothing_changes, text_of, value_of

CALL_ME = "/p/tidewater/call-me/"
WISH = {"name": "Sam Lee", "phone": "+17575550123", "email": "", "when": "After 4"}


@pytest.fixture
def staff(app: Flask, host: Resource) -> FlaskClient:
    """The owner's browser."""
    browser = app.test_client()
    user = db.session.scalars(sa.select(User).where(User.id == host.user_id)).one()
    sign_in(browser, user)
    return browser


# To read -----------------------------------------------------------------------------------------


def test_is_this_right_for_me_says_what_it_risks_and_what_the_practice_adds(
    browser: FlaskClient, staff: FlaskClient
) -> None:
    before = text_of(browser.get("/p/tidewater/right-for-me/"))
    words = "We work slowly.\n\n<b>No</b> couples {{7*7}}."
    assert send(staff, "/settings/own-words", {"words": words}).status_code == 303

    after = browser.get("/p/tidewater/right-for-me/")

    for heading in ("What it may do", "What it risks", "Where it ends", "Who it is not for"):
        assert heading in before
    assert "In our own words" not in before
    assert "In our own words We work slowly. &lt;b&gt;No&lt;/b&gt; couples {{7*7}}." in text_of(
        after
    )
    assert "noindex" not in after.text


def test_words_that_are_too_long_come_back_with_the_reason(staff: FlaskClient) -> None:
    with nothing_changes():
        answer = send(staff, "/settings/own-words", {"words": "a" * 4001})

    assert answer.status_code == 422
    assert "Use at most 4000 characters" in text_of(answer)
    assert "a" * 4001 in answer.text


def test_prices_lists_everything_that_is_offered(browser: FlaskClient) -> None:
    words = text_of(browser.get("/p/tidewater/prices/"))

    assert {each.label for each in queries.services() if each.label not in words} == set()
    assert "Intake and eligibility interview 1 hour 15 minutes, in person or by video" in words


# To be called ------------------------------------------------------------------------------------


def ask(browser: FlaskClient, **other: str) -> int:
    token = value_of(browser.get(CALL_ME), "form_token")
    return send(browser, CALL_ME, {**WISH, "form_token": token, **other}).status_code


def test_who_asks_to_be_called_becomes_a_task_and_a_mail_that_names_nobody(
    browser: FlaskClient, staff: FlaskClient, practice: Practice
) -> None:
    token = value_of(browser.get(CALL_ME), "form_token")
    for _ in range(2):
        answer = send(browser, CALL_ME, {**WISH, "form_token": token})
        assert answer.location == f"{CALL_ME}sent"

    read_again()
    (enquiry,) = db.session.scalars(sa.select(Enquiry)).all()
    (task,) = db.session.scalars(sa.select(Task)).all()
    (message,) = db.session.scalars(sa.select(Message)).all()
    letter = mail.write(message)
    assert (message.to, letter["Subject"]) == (practice.email, "A call is asked for, Mon, Mar 1")
    assert "Sam" not in letter.as_string() + task.what
    page = f"/enquiries/{enquiry.id}"
    assert page in letter.as_string()
    assert page in staff.get("/tasks").text
    assert "Call Sam Lee Phone (757) 555-0123" in text_of(staff.get(page))
    for _ in range(2):
        send(staff, f"{page}/called")
    assert "Called" in text_of(staff.get(page))
    read_again()
    assert db.session.scalars(sa.select(Task.done_at)).one() is not None


def test_the_database_cannot_tell_who_asked(browser: FlaskClient) -> None:
    ask(browser)

    read_again()
    (row,) = db.session.execute(sa.text("SELECT * FROM enquiries")).all()
    assert not any(b"Sam" in bytes(value) for value in row if isinstance(value, bytes | memoryview))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": " "}, "Enter your name"),
        ({"phone": ""}, "Enter a phone number or an email address"),
        ({"phone": "12"}, "Enter a phone number like 757-555-0100"),
        ({"email": "sam at mail"}, "Enter an email address like name@example.com"),
        ({"when": "a" * 201}, "Use at most 200 characters"),
        ({"name": "Sam\u202e"}, "Leave out characters that cannot be seen"),
    ],
)
def test_what_cannot_be_answered_comes_back_with_every_answer_kept(
    browser: FlaskClient, other: dict[str, str], said: str
) -> None:
    token = value_of(browser.get(CALL_ME), "form_token")
    typed = {**WISH, **other}

    with nothing_changes():
        answer = send(browser, CALL_ME, {**typed, "form_token": token})

    assert (answer.status_code, said in text_of(answer)) == (422, True)
    kept = {name: value_of(answer, name) for name in typed}
    assert kept == {name: value.strip() for name, value in typed.items()}
    assert "<title>Error: " in answer.text


def test_asking_again_and_again_has_to_wait(browser: FlaskClient) -> None:
    assert [ask(browser) for _ in range(4)] == [303, 303, 303, 429]


def test_enquiries_are_forgotten_after_half_a_year(
    browser: FlaskClient, practice: Practice, time: Clock
) -> None:
    ask(browser)
    time.now += enquiries.KEPT_FOR

    enquiries.tidy(practice.id)
    kept = db.session.scalars(sa.select(Enquiry)).all()
    time.now += enquiries.KEPT_FOR
    enquiries.tidy(practice.id)

    read_again()
    assert (len(kept), db.session.scalars(sa.select(Enquiry)).all()) == (1, [])


# The button elsewhere ----------------------------------------------------------------------------


def framed_by(browser: FlaskClient, path: str) -> str:
    policy = browser.get(path).headers["Content-Security-Policy"]
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    assert found is not None
    return found[1]


def test_the_page_of_the_button_is_framed_by_the_named_websites_and_no_other_page_is(
    browser: FlaskClient, staff: FlaskClient
) -> None:
    before = framed_by(browser, "/p/tidewater/embed/")
    shown = text_of(staff.get("/settings/booking-button"))
    typed = "https://www.quiet.example/about\nhttps://quiet.example"

    answer = send(staff, "/settings/booking-button", {"origins": typed})

    assert (before, answer.status_code) == ("'none'", 303)
    assert "Add your website first." in shown
    assert "<iframe src=" in staff.get("/settings/booking-button").text.replace("&lt;", "<")
    both = "https://www.quiet.example https://quiet.example"
    assert framed_by(browser, "/p/tidewater/embed/") == both
    others = ("/p/tidewater/", "/p/tidewater/book/", "/p/tidewater/sign-in", "/sign-in")
    assert {framed_by(browser, path) for path in others} == {"'none'"}
    page = browser.get("/p/tidewater/embed/").text
    assert set(re.findall(r'<a\b[^>]*target="(\w+)"', page)) == {"_blank"}
    assert 'target="_blank"' in page
    assert "form" not in re.findall(r"<(\w+)", page)


def test_a_website_that_is_none_is_refused_and_kept_on_the_page(staff: FlaskClient) -> None:
    typed = "https://quiet.example\nhttps://evil.example; script-src *"

    with nothing_changes():
        answer = send(staff, "/settings/booking-button", {"origins": typed})

    assert answer.status_code == 422
    assert "Enter each website like https://www.example.com" in text_of(answer)
    assert "script-src *" in answer.text


def test_another_practices_websites_frame_nothing_here(
    browser: FlaskClient, staff: FlaskClient
) -> None:
    send(staff, "/settings/booking-button", {"origins": "https://quiet.example"})
    harbor = factories.create_practice(slug="harbor")
    with factories.made(harbor):
        factories.furnish()

    assert framed_by(browser, "/p/harbor/embed/") == "'none'"
    with transaction():
        assert db.session.scalars(sa.select(Practice.frame_origins)).all()
