import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.core.db import db, read_again
from practice.outbox import mail
from practice.outbox.models import Message
from tests.browsers import send
from tests.integration.sessions.pages.conftest import (
    TUESDAY,
    at,
    book,
    cancel,
    hold,
    identify,
    nothing_changes,
    text_of,
    value_of,
)

TEN = at(TUESDAY, 10)
FIND = "/p/tidewater/find"


def posted() -> list[Message]:
    read_again()
    return list(db.session.scalars(sa.select(Message).where(Message.name == "find-bookings")))


def test_the_links_go_to_whom_they_belong_and_everybody_gets_the_same_answer(
    browser: FlaskClient,
) -> None:
    booking = book(browser, TEN)
    cancel(browser, book(browser, at(TUESDAY, 14)))

    known = send(browser, FIND, {"email": "Alex@mail.example"})
    unknown = send(browser, FIND, {"email": "nobody@mail.example"})

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert "If there are coming bookings under that address" in text_of(browser.get(known.location))
    (message,) = posted()
    assert message.to == "alex@mail.example"
    letter = mail.write(message).get_body(("plain",))
    assert letter is not None
    assert [line for line in letter.get_content().split() if "/bookings/" in line] == [
        f"http://localhost{booking}"
    ]


def test_a_time_that_is_only_held_is_not_mailed(browser: FlaskClient) -> None:
    identify(browser, hold(browser, TEN))

    send(browser, FIND, {"email": "alex@mail.example"})

    assert posted() == []


def test_asking_twice_at_once_sends_one_mail(browser: FlaskClient) -> None:
    book(browser, TEN)

    for _ in range(2):
        send(browser, FIND, {"email": "alex@mail.example"})

    assert len(posted()) == 1


def test_asking_again_and_again_has_to_wait(browser: FlaskClient) -> None:
    for _ in range(3):
        assert send(browser, FIND, {"email": "nobody@mail.example"}).status_code == 303

    with nothing_changes():
        answer = send(browser, FIND, {"email": "nobody@mail.example"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert value_of(answer, "email") == "nobody@mail.example"


def test_an_address_that_is_none_comes_back_with_the_reason(browser: FlaskClient) -> None:
    with nothing_changes():
        answer = send(browser, FIND, {"email": "alex at mail"})

    assert answer.status_code == 422
    assert "Enter an email address like name@example.com" in text_of(answer)
    assert value_of(answer, "email") == "alex at mail"
