"""Letters, taken apart and made safe to look at."""

from email.message import EmailMessage
from pathlib import Path

from sandbox.mailbox import Attachment, Letter, Mailbox, with_links


def letter(raw: bytes) -> Letter:
    return Letter(1, 0.0, "a@example.com", ["b@example.com"], raw)


def test_a_letter_shows_text_html_and_attachments() -> None:
    message = EmailMessage()
    message["Subject"] = "Your appointment, Zoë"
    message.set_content("See you soon.\n")
    message.add_alternative("<p>See you soon.</p>\n", subtype="html")
    message.add_attachment(b"BEGIN", maintype="text", subtype="calendar", filename="visit.ics")

    found = letter(message.as_bytes())

    assert found.subject == "Your appointment, Zoë"
    assert found.text == "See you soon."
    assert found.html == "<p>See you soon.</p>"
    assert found.attachments == [Attachment("visit.ics", "text/calendar", b"BEGIN")]


def test_a_letter_without_structure_is_still_shown() -> None:
    found = letter(b"no headers at all")

    assert (found.subject, found.html, found.attachments) == ("(no subject)", None, [])


def test_a_letter_in_an_unknown_encoding_is_still_shown() -> None:
    found = letter(b"Content-Type: text/plain; charset=martian\r\n\r\nhello\r\n")

    assert found.text == "hello"


def test_links_can_be_followed_and_nothing_else_gets_through() -> None:
    text = "Pay <here>: https://a.example/b?c=1&d=2. (https://b.example/x)"

    assert str(with_links(text)) == (
        "Pay &lt;here&gt;: "
        '<a href="https://a.example/b?c=1&amp;d=2" rel="noreferrer">'
        "https://a.example/b?c=1&amp;d=2</a>. "
        '(<a href="https://b.example/x" rel="noreferrer">https://b.example/x</a>)'
    )


def test_a_mailbox_finds_its_letters_again(tmp_path: Path) -> None:
    file = tmp_path / "mail"
    first = Mailbox(file)
    first.keep("a@example.com", ["b@example.com"], b"one")
    first.keep("a@example.com", ["C@example.com"], b"two")

    again = Mailbox(file)

    assert again.letters() == first.letters()
    assert [one.raw for one in again.letters("c@example.com")] == [b"two"]
    assert again.keep("a@example.com", [], b"three").id == 3
    again.clear()
    assert Mailbox(file).letters() == []
