"""What every mail has in common: its three parts, and that anybody may read it over a shoulder."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from practice.core.money import Money
from practice.messages.service import Own
from practice.outbox import mail, ports
from practice.outbox.models import Message
from practice.people.models import Practice
from tests import leaks

pytestmark = pytest.mark.database("sqlite")  # nothing is read

MAILS = Path(__file__).parents[3] / "templates" / "email"
NAMES = sorted(folder.name for folder in MAILS.iterdir() if folder.is_dir())

PRACTICE = Practice(
    id=UUID(int=1),
    name="Tidewater Sanctuary",
    neutral_name="Tidewater",
    email="hello@tidewater.example",
    phone="+17575550100",
    time_zone="America/New_York",
)
LONGEST_DAY = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
DAY = "Wed, Sep 30"
DEAR = Money(1_234_500, "USD")
PAGE = "https://book.example/bookings/a-token/"

BOOKING = {
    "starts_at": LONGEST_DAY,
    "ends_at": LONGEST_DAY + timedelta(hours=3),
    "zone": "America/New_York",
    "zone_for_you": None,
    "host": "Morgan Reyes",
    "where": "Hampton Roads, VA",
    "page": PAGE,
}
ONE: dict[str, Any] = {
    "starts_at": LONGEST_DAY,
    "zone": "America/New_York",
    "state": "Booked",
    "page": PAGE,
}

COSTS: list[dict[str, Any]] = [
    {"fee": None, "kept": None, "owed": None, "card": "", "credit": DEAR},
    {"fee": DEAR, "kept": DEAR, "owed": DEAR, "card": "", "credit": None},
    {"fee": DEAR, "kept": None, "owed": DEAR, "card": "Visa ending in 4242", "credit": None},
]

FACTS: dict[str, list[dict[str, Any]]] = {
    "approved": [BOOKING | {"owed": DEAR}, BOOKING | {"owed": None}],
    "booked-series": [{"bookings": [ONE, ONE | {"page": PAGE + "another/"}]}],
    "calendar": [BOOKING | {"is_off": off} for off in (False, True)],
    "cancelled-series": [
        {"bookings": [{"starts_at": LONGEST_DAY, "zone": "America/New_York"}] * 2, "refund": each}
        for each in (DEAR, None)
    ],
    "choose-times": [{"offered_at": LONGEST_DAY, "page": PAGE}],
    "estimate": [{"issued_at": LONGEST_DAY, "page": PAGE}],
    "declined": [BOOKING],
    "requested": [BOOKING | {"answer_by": LONGEST_DAY}],
    "booked": [
        BOOKING | {"paid": DEAR, "owed": DEAR, "cancel_until": LONGEST_DAY},
        BOOKING
        | {"paid": None, "owed": None, "cancel_until": None, "zone_for_you": "Asia/Kolkata"},
    ],
    "card-not-charged": [
        {
            "amount": DEAR,
            "label": "Balance payment",
            "tried_at": LONGEST_DAY,
            "needs_holder": needs,
            "page": PAGE,
        }
        for needs in (True, False)
    ],
    "cancelled": [BOOKING | {"refund": DEAR} | each for each in COSTS],
    "find-bookings": [
        {"asked_at": LONGEST_DAY, "bookings": [ONE, ONE | {"page": PAGE + "another/"}]},
        {"asked_at": LONGEST_DAY, "bookings": [ONE]},
    ],
    "moved-series": [
        {"bookings": [ONE | {"was_at": was} for was in (LONGEST_DAY, None)]},
        {"bookings": [ONE | {"was_at": LONGEST_DAY}]},
    ],
    "staff-moved-series": [{"bookings": [ONE | {"was_at": was} for was in (LONGEST_DAY, None)]}],
    "missed": [BOOKING | {"refund": None} | each for each in COSTS],
    "moved": [BOOKING | {"was_at": LONGEST_DAY - timedelta(days=1)} | each for each in COSTS],
    "payment-needs-attention": [
        {"what": "A refund did not go through.", "today": "https://book.example/today"}
    ],
    "payment-request": [BOOKING | {"amount": DEAR}],
    "instalment": [
        {"amount": DEAR, "due_at": LONGEST_DAY, "is_due": due, "by_card": card, "page": PAGE}
        for due in (True, False)
        for card in (True, False)
    ],
    "package-ends": [
        {"ends_at": LONGEST_DAY, "keeps": keeps, "page": PAGE} for keeps in (True, False)
    ],
    "receipt": [
        {"amount": DEAR, "label": "Appointment payment", "paid_at": LONGEST_DAY, "page": page}
        for page in (PAGE, None)
    ],
    "refunded": [
        {"amount": DEAR, "refunded_at": LONGEST_DAY, "to_card": to_card, "page": page}
        for to_card, page in ((True, PAGE), (False, None))
    ],
    "sign-in": [{"code": "1234 5678", "ends_at": LONGEST_DAY, "page": PAGE}],
    "slot-lost": [BOOKING | {"refund": DEAR}, BOOKING | {"refund": None}],
    "staff-calendar-unread": [
        {"read_at": LONGEST_DAY, "problem": "It arrived incomplete.", "page": PAGE}
    ],
    "staff-call-back": [{"page": PAGE}],
    "reminder": [BOOKING | {"needs_planning": needs} for needs in (True, False)],
    "staff-alert": [BOOKING],
    "staff-calendar": [BOOKING | {"is_off": off} for off in (False, True)],
    "staff-cancelled": [BOOKING | {"refund": DEAR}, BOOKING | {"refund": None}],
    "staff-moved": [BOOKING],
    "staff-invitation": [{"page": PAGE, "holds_until": LONGEST_DAY}],
    "staff-new-series": [
        {"bookings": [{"starts_at": LONGEST_DAY, "zone": "America/New_York"}] * 2, "page": PAGE}
    ],
    "staff-new-booking": [BOOKING | {"state": "Confirmed"}],
    "staff-sign-up": [{"page": PAGE, "signed_by": "Sanctuary"}],
    "staff-sign-up-known": [{"page": PAGE, "signed_by": "Sanctuary"}],
    "tentative": [BOOKING | {"was_confirmed": was} for was in (True, False)],
}
"""What each mail may be handed, in every shape that changes its words."""

WRITTEN = [(name, number) for name in NAMES for number in range(len(FACTS.get(name, [])))]


@pytest.fixture
def letter(
    app: Flask, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[EmailMessage]:
    """One mail, as it would be sent."""
    name, number = request.param
    monkeypatch.setitem(mail.COMPOSERS, name, lambda _: FACTS[name][number])
    monkeypatch.setattr(ports.sender, "_call", lambda: PRACTICE)
    monkeypatch.setattr(ports.own_words, "_call", lambda _name, _context: Own())
    with app.app_context():
        message = Message(
            practice_id=PRACTICE.id,
            name=name,
            to="alex@mail.example",
            created_at=LONGEST_DAY,
        )
        yield mail.write(message)


written = pytest.mark.parametrize("letter", WRITTEN, indirect=True, ids="{0[0]}-{0[1]}".format)


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


class Reader(HTMLParser):
    """Collects the words of a page, its first heading, and its links by class."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.words: list[str] = []
        self.heading: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append((given.get("class") or "", given.get("href") or ""))
        if tag != "meta":
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.inside:
            return
        self.words.append(data)
        if "h1" in self.inside:
            self.heading.append(data)


def test_every_mail_has_its_three_parts_and_is_looked_at_here() -> None:
    parts = {(file.parent.name, file.name) for file in MAILS.glob("*/*")}

    assert parts == set(product(NAMES, ("body.html", "body.txt", "subject.txt")))
    assert sorted(FACTS) == NAMES


def test_every_mail_has_somebody_who_knows_its_facts(app: Flask) -> None:
    assert sorted(mail.COMPOSERS) == NAMES


FORBIDDEN = re.compile(
    leaks.WORDS.pattern
    + r"|\b(kap|therapy|therapist|treatments?|patients?|drugs?|mental|clinic\w*)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", sorted(MAILS.rglob("*.*")), ids=lambda file: file.parent.name)
def test_no_mail_has_a_word_of_the_treatment(file: Path) -> None:
    assert FORBIDDEN.findall(file.read_text()) == []


def test_the_words_of_the_treatment_are_found() -> None:
    assert FORBIDDEN.search("Your KAP session")
    assert FORBIDDEN.search("esketamine")
    assert not FORBIDDEN.search("Your booking for Wed, Sep 30 is cancelled.")


@written
def test_a_subject_is_one_short_line_that_names_the_day(letter: EmailMessage) -> None:
    subject = str(letter["Subject"])

    assert len(subject) < 50
    assert DAY in subject


@written
def test_the_first_line_is_the_same_in_text_and_html(letter: EmailMessage) -> None:
    first = part(letter, "plain").splitlines()[0]

    assert first == " ".join("".join(Reader(part(letter, "html")).heading).split())
    assert first.endswith((".", "you."))


@written
def test_text_and_html_lead_to_the_same_pages_by_at_most_one_button(letter: EmailMessage) -> None:
    links = Reader(part(letter, "html")).links
    in_text = set(re.findall(r"https?://\S+", part(letter, "plain")))

    assert {url for _, url in links if url.startswith("http")} == in_text
    assert [kind for kind, _ in links].count("button") <= 1


@pytest.mark.parametrize("letter", [("booked", 0)], indirect=True)
def test_text_is_laid_out_in_lines_and_paragraphs(letter: EmailMessage) -> None:
    assert (
        part(letter, "plain")
        == f"""\
You are booked for Wed, Sep 30, 12:30 PM.

When: Wed, Sep 30, 12:30 PM to 3:30 PM EDT
With: Morgan Reyes
Where: Hampton Roads, VA
Paid: $12,345.00
Still to pay: $12,345.00
Cancel without cost until: Wed, Sep 30, 12:30 PM EDT

What to bring, change or cancel: {PAGE}

Your page also puts the time into your calendar. Keep this link to yourself: it opens your booking.

Not you? Reply to this message and we will put it right.

Tidewater
+17575550100
hello@tidewater.example

In a crisis, call or text 988, day or night. In danger, call 911.
"""
    )


@written
def test_text_is_evenly_spaced(letter: EmailMessage) -> None:
    text = part(letter, "plain")

    assert re.search(r"\n{3}|[ \t]\n|\n[ \t]", text) is None
    assert text == text.strip() + "\n"
    assert text.splitlines()[1] == ""


@written
def test_a_client_reads_what_to_do_if_it_was_not_them(
    letter: EmailMessage, request: pytest.FixtureRequest
) -> None:
    name, _ = request.node.callspec.params["letter"]
    to_staff = name.startswith("staff-") or name == "payment-needs-attention"

    for kind in ("plain", "html"):
        assert ("Not you?" in part(letter, kind)) != to_staff
        assert ("988" in part(letter, kind)) != to_staff
