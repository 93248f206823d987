"""The mail catcher: what comes in over SMTP is on the page, in the list, and nowhere else."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from tests.mail_catcher import MailCatcher, start_mail_catcher


@pytest.fixture(scope="module")
def process() -> Iterator[MailCatcher]:
    catcher = start_mail_catcher()
    yield catcher
    catcher.stop()


@pytest.fixture
def catcher(process: MailCatcher) -> MailCatcher:
    process.clear()
    return process


def send(catcher: MailCatcher, to: str = "pat@example.com", subject: str = "Hello") -> None:
    message = EmailMessage()
    message["From"] = "Practice <practice@example.com>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<1@example.com>"
    message.set_content("Your link: https://example.com/bookings/abc/\n")
    message.add_alternative("<p>Your link</p><script>alert(1)</script>\n", subtype="html")
    message.add_attachment(b"BEGIN", maintype="text", subtype="calendar", filename="visit.ics")
    host, port = catcher.smtp_url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as smtp:
        smtp.send_message(message)


def test_mail_is_listed_newest_first(catcher: MailCatcher) -> None:
    send(catcher, subject="First")
    send(catcher, to="kim@example.com", subject="Second, Zoë")

    found = catcher.messages()

    assert [one["subject"] for one in found] == ["Second, Zoë", "First"]
    assert found[0]["envelope_to"] == ["kim@example.com"]
    assert found[0]["message_id"] == "<1@example.com>"
    assert found[0]["text"] == "Your link: https://example.com/bookings/abc/"
    assert found[0]["attachments"] == [{"name": "visit.ics", "kind": "text/calendar", "bytes": 5}]
    assert [one["subject"] for one in catcher.messages(to="PAT@example.com")] == ["First"]


def test_the_page_shows_text_with_links_and_no_html_of_the_mail(catcher: MailCatcher) -> None:
    send(catcher)

    page = requests.get(catcher.base_url, timeout=30)

    assert 'href="https://example.com/bookings/abc/"' in page.text
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_html_of_a_mail_has_no_powers(catcher: MailCatcher) -> None:
    send(catcher)
    [found] = catcher.messages()

    shown = requests.get(f"{catcher.base_url}/messages/{found['id']}/html", timeout=30)

    policy = shown.headers["Content-Security-Policy"].split("; ")
    assert policy[0].startswith("sandbox ")
    assert "allow-scripts" not in policy[0]
    assert "default-src 'none'" in policy


def test_source_and_attachments_can_be_had(catcher: MailCatcher) -> None:
    send(catcher)
    base = f"{catcher.base_url}/messages/{catcher.messages()[0]['id']}"

    source = requests.get(f"{base}/source", timeout=30)
    attached = requests.get(f"{base}/attachments/1", timeout=30)
    missing = requests.get(f"{base}/attachments/2", timeout=30)

    assert source.text.startswith("From: Practice <practice@example.com>")
    assert source.headers["Content-Type"].startswith("text/plain")
    assert attached.content == b"BEGIN"
    assert attached.headers["Content-Disposition"] == "attachment; filename=visit.ics"
    assert missing.status_code == 404


def test_refused_mail_is_to_be_tried_again(catcher: MailCatcher) -> None:
    catcher.refuse()
    with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        send(catcher)
    refused = catcher.messages()
    catcher.refuse(on=False)
    send(catcher)

    assert refusal.value.smtp_code == 451
    assert (len(refused), len(catcher.messages())) == (0, 1)


def test_the_button_throws_all_away(catcher: MailCatcher) -> None:
    send(catcher)

    page = requests.post(f"{catcher.base_url}/clear", timeout=30)

    assert "No mail yet" in page.text
    assert catcher.messages() == []


def test_mail_survives_a_restart_and_the_end_is_clean(tmp_path: Path) -> None:
    state = str(tmp_path / "mail")
    first = start_mail_catcher("--state", state)
    send(first, subject="Kept")
    ended = first.stop()

    second = start_mail_catcher("--state", state)
    found = second.messages()
    second.stop()

    assert ended == 0
    assert [one["subject"] for one in found] == ["Kept"]
