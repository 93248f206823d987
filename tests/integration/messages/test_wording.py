"""A practice's own words: written, looked at, tried, mailed, taken back."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.audit.rules import Actor
from practice.calendar.models import Resource
from practice.core.db import db, practice_scope, read_again
from practice.messages import queries, service
from practice.messages.kinds import IN_SUBJECT, KINDS
from practice.messages.models import Wording
from practice.messages.rules.wording import LONGEST, wrong_in_subject
from practice.outbox import mail
from practice.outbox.models import Message
from practice.people.models import Client, Practice
from practice.people.rules import Role
from tests import factories
from tests.browsers import send
from tests.integration.outbox.test_templates import FORBIDDEN, NAMES
from tests.integration.sessions.staff.conftest import SignedIn
from tests.integration.sessions.test_course import PREP, book
from tests.integration.sessions.test_free_times import at

BOOKED = "/settings/messages/booked"
OWN = {"subject": "See you: {when}", "text": "Park in the driveway.\n\nYours, {practice}"}


def write(browser: FlaskClient, *, seen: int = 0, **more: str) -> int:
    return send(browser, BOOKED, {**OWN, "seen": str(seen), **more}).status_code


def versions() -> list[tuple[int, str | None, str]]:
    read_again()
    rows = db.session.scalars(sa.select(Wording).order_by(Wording.version))
    return [(row.version, row.subject, row.text) for row in rows]


def the_mail(name: str) -> tuple[str, str, str]:
    """Return the newest mail of a name as it would be sent: subject, text and HTML."""
    message = db.session.scalars(
        sa.select(Message).where(Message.name == name).order_by(Message.created_at.desc())
    ).first()
    assert message is not None
    letter = mail.write(message)
    text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return str(letter["Subject"]), text.get_content(), html.get_content()


# What is known of the mails ----------------------------------------------------------------------


def test_every_kind_has_its_folder_and_an_example_that_can_be_drawn(practice: Practice) -> None:
    assert KINDS.keys() <= set(NAMES)
    for kind in KINDS.values():
        letter = service.example(kind, service.shipped_subject(kind), "To {practice}.")
        assert "To Tidewater." in letter.text, kind.name
        assert "To Tidewater." in unescape(letter.html), kind.name
        assert "example" in letter.html or kind.to_staff or "localhost" in letter.html


@pytest.mark.database("sqlite")
def test_what_is_shipped_keeps_the_rules_for_subjects(practice: Practice) -> None:
    assert set(LONGEST) | {"practice"} == IN_SUBJECT
    wrong = {
        kind.name: wrong_in_subject(
            service.shipped_subject(kind), kind.subject_names, practice="x" * 10
        )
        for kind in KINDS.values()
    }

    assert {name: words for name, words in wrong.items() if words} == {}


@pytest.mark.database("sqlite")
def test_the_list_names_every_mail_and_says_when_it_is_sent(browser: FlaskClient) -> None:
    page = unescape(browser.get("/settings/messages").text)

    assert [kind.name for kind in KINDS.values() if kind.title not in page] == []
    assert [kind.name for kind in KINDS.values() if kind.sent not in page] == []


# Writing -----------------------------------------------------------------------------------------


def test_own_words_go_out_from_then_on_and_their_versions_are_kept(
    browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)

    assert write(browser) == 302
    assert write(browser, seen=1, text="Ring <twice>.") == 302
    assert write(browser, seen=2, text="Ring <twice>.") == 302  # the same again

    assert versions() == [(1, *OWN.values()), (2, OWN["subject"], "Ring <twice>.")]
    subject, text, html = the_mail("booked")
    assert subject == "See you: Mon, Mar 8, 10:00 AM"
    assert "\n\nRing <twice>.\n\n" in text
    assert "<p>Ring &lt;twice&gt;.</p>" in html
    assert text.splitlines()[0] == "You are booked for Mon, Mar 8, 10:00 AM."
    entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.verb == "wording:write"))
    assert sorted((entry.detail["mail"], entry.detail["version"]) for entry in entries) == [
        ("booked", 1),
        ("booked", 2),
    ]
    assert prep.client_id == alex.id
    assert "Your own" in browser.get("/settings/messages").text


def test_names_are_filled_in_and_what_they_hold_cannot_run(
    browser: FlaskClient, alex: Client, owner: Actor, therapist: Resource
) -> None:
    book(alex, "prep_60", at(PREP, 10), owner)
    write(browser, text="With {with}, {where}, {day}.")

    _, text, _ = the_mail("booked")

    assert "With Practitioner 1, Hampton Roads, VA, Mon, Mar 8." in text


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("subject", "", "Enter a subject"),
        ("subject", "Booked {{ config }}", "There is a { without its other half at character 8"),
        ("subject", "Booked {host} {day}", "This message does not know {host}, at character 8."),
        ("subject", "Dosing on {day}", "Leave out “Dosing”"),
        ("subject", "Booked", "Put {day} or {when} into the subject"),
        ("subject", "x" * 121, "The subject must be 120 characters or fewer"),
        ("subject", "{day}\x07", "Leave out characters that cannot be seen"),
        ("text", "Your therapist waits.", "Leave out “therapist”"),
        ("text", "x" * 1201, "Your own words must be 1200 characters or fewer"),
        ("text", "A\n\n{nobody}", "This message does not know {nobody}, at character 1 of line 3."),
    ],
)
def test_what_cannot_be_mailed_is_refused_and_kept_on_the_page(
    browser: FlaskClient, field: str, typed: str, words: str
) -> None:
    answer = send(browser, BOOKED, {**OWN, "seen": "0", field: typed})

    assert answer.status_code == 422
    page = unescape(answer.text)
    assert words in page
    assert typed.replace("\x07", "") in page
    assert versions() == []


def test_two_who_write_at_once_do_not_overwrite_each_other(browser: FlaskClient) -> None:
    assert write(browser) == 302

    assert write(browser, text="Another.") == 409
    assert write(browser, seen=9, text="Another.") == 409
    assert versions() == [(1, *OWN.values())]


def test_back_to_the_shipped_words_keeps_what_was_written(
    browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    book(alex, "prep_60", at(PREP, 10), owner)
    write(browser)

    send(browser, f"{BOOKED}/reset", {"seen": "1"})

    assert versions() == [(1, *OWN.values()), (2, None, "")]
    assert the_mail("booked")[0] == "Booked: Mon, Mar 8, 10:00 AM"
    page = browser.get(BOOKED).text
    assert "Shipped words" in page
    assert "Park in the driveway." in page


def test_the_shipped_subject_written_again_stays_the_shipped_one(browser: FlaskClient) -> None:
    write(browser, subject="Booked: {when}")

    assert versions() == [(1, None, OWN["text"])]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
@pytest.mark.database("sqlite")
def test_only_who_runs_the_practice_writes_its_words(signed_in: SignedIn, role: Role) -> None:
    assert signed_in(role).get("/settings/messages").status_code == 403


def test_words_of_one_practice_are_not_those_of_another(browser: FlaskClient) -> None:
    write(browser)
    assert queries.own_words().keys() == {"booked"}

    with practice_scope(factories.create_practice(slug="harbor").id):
        assert (queries.own_words(), queries.versions_of("booked")) == ({}, [])


# Looking and trying ------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_the_preview_shows_what_is_typed_and_lets_nothing_but_its_own_style_in(
    browser: FlaskClient,
) -> None:
    answer = send(browser, f"{BOOKED}/preview", OWN)
    as_text = send(browser, f"{BOOKED}/preview?as=text", OWN)

    assert "Yours, Tidewater" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert re.search(r"style-src 'sha256-[\w+/=]{44}'", policy)
    assert "sandbox" in policy
    assert "unsafe" not in policy
    assert as_text.mimetype == "text/plain"
    assert as_text.text.startswith("Subject: See you: ")
    assert versions() == []


@pytest.mark.database("sqlite")
def test_the_page_may_frame_its_own_preview_and_nothing_else(browser: FlaskClient) -> None:
    policy = browser.get(BOOKED).headers["Content-Security-Policy"]

    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "frame-src" not in browser.get("/settings/messages").headers["Content-Security-Policy"]


@pytest.mark.database("sqlite")
def test_a_preview_of_what_cannot_be_used_says_why(browser: FlaskClient) -> None:
    answer = send(browser, f"{BOOKED}/preview", {"subject": "Dosing {day}", "text": ""})

    assert answer.status_code == 422
    assert answer.mimetype == "text/plain"
    assert "Leave out “Dosing”" in answer.text


@pytest.fixture
def token(browser: FlaskClient) -> str:
    found = re.search(r'name="token"[^>]*value="([^"]+)"', browser.get(BOOKED).text)
    assert found is not None
    return str(found[1])


def test_a_test_goes_to_whoever_asks_once_and_says_that_it_is_one(
    browser: FlaskClient, token: str
) -> None:
    write(browser)
    for _ in range(2):
        assert send(browser, f"{BOOKED}/test", {"token": token}).status_code == 302

    [message] = db.session.scalars(sa.select(Message)).all()
    assert (message.name, message.facts) == ("booked", {"is_test": True})
    subject, text, html = the_mail("booked")
    assert subject.startswith("See you: ")
    for part in (text, html):
        assert "This is a test that you sent yourself. Nothing in it is real." in part
        assert "Park in the driveway." in part
        assert FORBIDDEN.search(part) is None
