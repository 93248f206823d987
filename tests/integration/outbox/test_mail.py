"""Mail over real SMTP: what arrives, what is refused, and what happens when nobody answers."""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

from practice.core import clock
from practice.core.db import db, read_again, transaction
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.core.settings import KEY
from practice.outbox import jobs, mail, queries, service
from practice.outbox.jobs import Outcome
from practice.outbox.mail import Stale
from practice.outbox.models import Message
from practice.outbox.rules import LEASE, UNDO_FOR, MessageState, pause_after
from practice.people.models import Practice
from tests.integration.outbox.conftest import kill, the_jobs, until, working
from tests.integration.outbox.post_office import (
    ACCOUNT,
    PostOffice,
    certificate_for,
    open_for_mail,
)
from tests.mail_catcher import MailCatcher, start_mail_catcher

ABOUT = UUID(int=7)
TO = "alex.bell@mail.example"
NOON = datetime(2026, 12, 1, 17, tzinfo=UTC)
REMOTE = "127.0.0.2"
"""This machine, at an address that the program does not know to be this machine's."""

Later = Callable[[timedelta], None]


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_for_mail() as office:
        yield office


def use(app: Flask, **settings: Any) -> None:
    """Let the program run with other settings from here on."""
    app.extensions[KEY] = replace(app.extensions[KEY], **settings)


@pytest.fixture
def practice(app: Flask, practice: Practice, office: PostOffice) -> Practice:
    use(app, smtp_url=f"smtp://127.0.0.1:{office.port}")
    return practice


@pytest.fixture(autouse=True)
def composer(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    def receipt(message: Message) -> dict[str, Any]:
        return {
            "amount": Money(message.facts.get("minor", 18_000), "USD"),
            "label": message.facts.get("label", "Appointment payment"),
            "paid_at": NOON,
            "page": "http://localhost/bookings/a-token/",
        }

    monkeypatch.setitem(mail.COMPOSERS, "receipt", receipt)


def post(key: str = "receipt:7", to: str = TO, **more: Any) -> None:
    with transaction():
        service.post("receipt", key=key, to=to, about_id=ABOUT, **more)


def message() -> Message:
    read_again()
    return db.session.scalars(sa.select(Message)).one()


def tasks() -> list[tuple[object, ...]]:
    read_again()
    return [(task.kind, task.what, task.client_id, task.about_id) for task in queries.open_tasks()]


# What arrives ----------------------------------------------------------------------------------


def test_a_mail_arrives_as_text_and_html_that_say_the_same(
    practice: Practice, office: PostOffice
) -> None:
    post()

    assert jobs.run_due() == {Outcome.DONE: 1}

    [letter] = office.letters
    assert letter.to == [TO]
    headers = {name: str(value) for name, value in letter.text.items()}
    del headers["Date"]
    assert headers | {"Content-Type": ""} == {
        "From": "Tidewater <appointments@mail.example>",
        "To": TO,
        "Reply-To": "Tidewater <hello@tidewater.example>",
        "Subject": "Receipt for $180.00, Tue, Dec 1",
        "Message-ID": f"<{message().id}@mail.example>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }
    text, html = (letter.text.get_body((kind,)) for kind in ("plain", "html"))
    for part in (text, html):
        assert part is not None
        for words in ("We received $180.00.", "Appointment payment", "/bookings/a-token/"):
            assert words in part.get_content()
    assert message().state is MessageState.SENT
    assert message().sent_at is not None


def test_a_mail_is_written_from_what_is_true_when_it_is_sent(
    practice: Practice, office: PostOffice, later: Later
) -> None:
    post(at=clock.now() + timedelta(hours=1))
    jobs.run_due()
    assert office.letters == []
    with transaction():
        db.session.merge(practice).neutral_name = "Seaside"

    later(timedelta(hours=1))
    jobs.run_due()

    assert [str(letter.text["From"]) for letter in office.letters] == [
        "Seaside <appointments@mail.example>"
    ]


def test_posting_again_with_the_same_key_sends_nothing_more(
    practice: Practice, office: PostOffice
) -> None:
    post()
    post()
    jobs.run_due()
    post(to="another@mail.example")
    with transaction():  # long after, when the first job is forgotten
        service.enqueue("mail", key="again", subject_id=message().id)
    jobs.run_due()

    assert [letter.to for letter in office.letters] == [[TO]]


def test_the_address_is_unreadable_in_the_database(practice: Practice) -> None:
    post()

    stored = db.session.scalars(sa.select(Message.to_sealed)).one()
    assert TO.encode() not in stored
    assert message().to == TO


def test_no_transaction_waits_for_the_mail_server(practice: Practice, office: PostOffice) -> None:
    engine = db.engine
    open_meanwhile: list[int] = []
    office.on_taken = lambda: open_meanwhile.append(engine.pool.checkedout())  # type: ignore[attr-defined]  # it is a QueuePool
    post()

    jobs.run_due()

    assert open_meanwhile == [0]


def test_a_mail_that_is_no_longer_true_is_not_sent(
    practice: Practice, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_message: Message) -> dict[str, Any]:
        raise Stale

    monkeypatch.setitem(mail.COMPOSERS, "receipt", stale)
    post()

    assert jobs.run_due() == {Outcome.DONE: 1}
    assert (message().state, office.letters) == (MessageState.STALE, [])


def withdraw(key: str = "receipt:7") -> bool:
    with transaction():
        return service.withdraw_mail(key)


def test_a_mail_that_is_taken_back_in_time_never_was(
    practice: Practice, office: PostOffice, later: Later
) -> None:
    post(at=clock.now() + UNDO_FOR)
    assert (withdraw(), withdraw(), the_jobs("key")) == (True, False, [])
    later(UNDO_FOR)
    assert (jobs.run_due(), office.letters) == ({}, [])

    post()
    jobs.run_due()

    assert (withdraw(), [letter.to for letter in office.letters]) == (False, [[TO]])


def test_taking_back_is_undone_with_what_undoes_it(practice: Practice, office: PostOffice) -> None:
    post()
    with suppress(LookupError), transaction():
        service.withdraw_mail("receipt:7")
        raise LookupError

    jobs.run_due()

    assert [letter.to for letter in office.letters] == [[TO]]


def test_a_mail_that_is_being_handed_over_cannot_be_taken_back(
    practice: Practice, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    post()
    found: list[bool] = []
    compose = mail.COMPOSERS["receipt"]

    def while_writing(message: Message) -> dict[str, Any]:
        facts = compose(message)
        found.append(withdraw())
        return facts

    monkeypatch.setitem(mail.COMPOSERS, "receipt", while_writing)

    assert jobs.run_due() == {Outcome.DONE: 1}
    assert (found, [letter.to for letter in office.letters]) == ([False], [[TO]])


# What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "alex@mail.example\r\nBcc: everybody@mail.example",
        "alex@mail.example\nsubject: x",
        "alex@mail.example, everybody@mail.example",
        "Alex <alex@mail.example>",
        "alex",
        "@mail.example",
        "alex@",
        "",
        f"{'a' * 250}@mail.example",
    ],
)
def test_what_is_not_one_plain_address_is_refused(practice: Practice, to: str) -> None:
    with pytest.raises(Invalid):
        post(to=to)

    assert the_jobs("id") == []


def test_a_line_break_in_what_a_person_typed_adds_no_header(
    app: Flask, practice: Practice, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_subject = DictLoader({"email/receipt/subject.txt": "{{ label }}\n"})
    from_files = app.jinja_env.loader
    assert from_files is not None
    monkeypatch.setattr(app.jinja_env, "loader", ChoiceLoader([with_subject, from_files]))
    injected = "Fee\r\nBcc: everybody@mail.example\r\n\r\nhello"
    post(facts={"label": injected})

    jobs.run_due()

    [letter] = office.letters
    assert letter.to == [TO]
    assert str(letter.text["Subject"]) == "Fee Bcc: everybody@mail.example hello"
    assert letter.text["Bcc"] is None


def test_a_line_break_in_the_name_of_a_practice_sends_nothing(
    practice: Practice, office: PostOffice
) -> None:
    with transaction():
        db.session.merge(practice).neutral_name = "Tidewater\r\nBcc: everybody@mail.example"
    post()

    assert jobs.run_due() == {Outcome.AGAIN: 1}
    assert office.letters == []


def test_html_in_what_a_person_typed_stays_text(practice: Practice, office: PostOffice) -> None:
    post(facts={"label": "<script>x</script>"})

    jobs.run_due()

    html = office.letters[0].text.get_body(("html",))
    assert html is not None
    assert "&lt;script&gt;" in html.get_content()
    assert "<script>" not in html.get_content()


@pytest.mark.parametrize("step", ["recipient_reply", "data_reply"])
def test_a_mail_that_is_refused_for_good_becomes_a_task(
    practice: Practice, office: PostOffice, later: Later, step: str
) -> None:
    setattr(office, step, "550 5.1.1 No such person here")
    client_id = uuid4()
    post(client_id=client_id)

    assert jobs.run_due() == {Outcome.DONE: 1}
    assert (message().state, message().error) == (MessageState.FAILED, "550")
    what = "A mail could not be delivered: the address was refused. Ask the person for another."
    assert tasks() == [("mail-refused", what, client_id, ABOUT)]
    later(timedelta(days=1))
    assert jobs.run_due() == {}


@pytest.mark.parametrize("step", ["recipient_reply", "data_reply"])
def test_a_mail_that_is_refused_for_now_is_sent_once_it_is_taken(
    practice: Practice, office: PostOffice, later: Later, step: str
) -> None:
    setattr(office, step, "451 4.3.0 Try again later")
    post()

    assert jobs.run_due() == {Outcome.AGAIN: 1}
    later(pause_after(1))
    assert jobs.run_due() == {Outcome.AGAIN: 1}
    assert (message().state, office.letters, tasks()) == (MessageState.WAITING, [], [])

    setattr(office, step, "250 OK")
    later(pause_after(2))
    assert jobs.run_due() == {Outcome.DONE: 1}
    assert [letter.to for letter in office.letters] == [[TO]]
    assert message().state is MessageState.SENT


def test_no_address_is_written_to_the_log(
    practice: Practice, office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    office.recipient_reply = f"451 {TO} may come back"
    post()

    with caplog.at_level(logging.DEBUG, "practice"):
        jobs.run_due()

    assert "SMTPRecipientsRefused" in caplog.text
    assert "alex" not in caplog.text


# Nobody answers --------------------------------------------------------------------------------


def test_mail_waits_for_a_server_that_is_away(app: Flask, practice: Practice, later: Later) -> None:
    post()
    with open_for_mail() as gone:
        use(app, smtp_url=f"smtp://127.0.0.1:{gone.port}")

    assert jobs.run_due() == {Outcome.AGAIN: 1}
    assert the_jobs("error") == [("ConnectionRefusedError",)]

    with open_for_mail() as back:
        use(app, smtp_url=f"smtp://127.0.0.1:{back.port}")
        later(pause_after(1))
        assert jobs.run_due() == {Outcome.DONE: 1}
        assert [letter.to for letter in back.letters] == [[TO]]


def test_hours_without_a_server_lose_nothing_and_double_nothing(
    app: Flask, practice: Practice, office: PostOffice, later: Later
) -> None:
    away = [f"smtp://127.0.0.1:{office.port}", "smtp://127.0.0.1:9", "smtp://nowhere.invalid:25"]
    office.data_reply = "451 4.3.2 Closed for today"
    for hour in range(8):
        use(app, smtp_url=away[hour % len(away)])
        post(f"receipt:{hour}", to=f"client{hour}@mail.example")
        post(f"receipt:{hour}", to=f"client{hour}@mail.example")
        for _ in range(2):
            jobs.run_due()
            later(timedelta(minutes=30))
    assert office.letters == []

    office.data_reply = "250 OK"
    use(app, smtp_url=away[0])
    for _ in range(3):
        later(timedelta(hours=1))
        jobs.run_due()

    assert sorted(letter.to[0] for letter in office.letters) == [
        f"client{hour}@mail.example" for hour in range(8)
    ]


def test_without_a_server_mail_waits_and_nothing_has_failed(
    app: Flask, practice: Practice, office: PostOffice, later: Later
) -> None:
    configured = app.extensions[KEY].smtp_url
    use(app, smtp_url=None)
    post()
    for _ in range(50):
        assert jobs.run_due() == {Outcome.AGAIN: 1}
        later(timedelta(hours=1))
    assert (the_jobs("attempts", "error"), tasks()) == ([(0, None)], [])

    use(app, smtp_url=configured)
    assert jobs.run_due() == {Outcome.DONE: 1}
    assert [letter.to for letter in office.letters] == [[TO]]


def test_a_mail_of_a_worker_that_was_killed_goes_out_again_under_the_same_id(
    app: Flask, practice: Practice, office: PostOffice, later: Later
) -> None:
    post()
    with working(app) as process:
        office.on_taken = lambda: kill(process)  # after it was taken, before the worker heard so
        until(lambda: office.letters)
        process.join(60)
    assert message().state is MessageState.WAITING
    office.on_taken = lambda: None

    later(LEASE)
    assert jobs.run_due() == {Outcome.DONE: 1}

    first, second = (str(letter.text["Message-ID"]) for letter in office.letters)
    assert first == second
    assert message().state is MessageState.SENT


# Encryption and sign-in ------------------------------------------------------------------------


@pytest.fixture
def certified(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """A server's side of an encrypted connection that the program trusts."""
    certificate = certificate_for(REMOTE, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_password_goes_over_an_encrypted_connection(
    app: Flask, practice: Practice, certified: ssl.SSLContext
) -> None:
    name, password = (quote(part, safe="") for part in ACCOUNT)
    post()
    with open_for_mail(REMOTE, certified) as office:
        use(app, smtp_url=f"smtp://{name}:{password}@{REMOTE}:{office.port}")

        assert jobs.run_due() == {Outcome.DONE: 1}

    assert [(one.was_encrypted, one.was_signed_in) for one in office.letters] == [(True, True)]


def test_a_password_is_never_sent_in_the_clear(app: Flask, practice: Practice) -> None:
    post()
    with open_for_mail(REMOTE) as office:
        use(app, smtp_url=f"smtp://name:password@{REMOTE}:{office.port}")

        assert jobs.run_due() == {Outcome.AGAIN: 1}

    assert the_jobs("error") == [("InTheClear",)]
    assert office.letters == []


def test_a_server_with_a_certificate_that_nobody_knows_is_not_trusted(
    app: Flask, practice: Practice, certified: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    post()
    with open_for_mail(REMOTE, certified) as office:
        use(app, smtp_url=f"smtp://{REMOTE}:{office.port}")

        assert jobs.run_due() == {Outcome.AGAIN: 1}

    assert the_jobs("error") == [("SSLCertVerificationError",)]
    assert office.letters == []


# As the operator sees it -----------------------------------------------------------------------


@pytest.fixture
def catcher() -> Iterator[MailCatcher]:
    catcher = start_mail_catcher()
    yield catcher
    catcher.stop()


def test_the_mail_catcher_shows_what_drain_sends(
    app: Flask, practice: Practice, catcher: MailCatcher
) -> None:
    use(app, smtp_url=catcher.smtp_url)
    post()

    assert app.test_cli_runner().invoke(args=["drain"]).output == "1 done, 0 parked\n"

    [letter] = catcher.messages(TO)
    assert letter["subject"] == "Receipt for $180.00, Tue, Dec 1"
    assert letter["envelope_from"] == "appointments@mail.example"
