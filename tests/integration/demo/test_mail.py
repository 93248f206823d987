"""What the demo mails: the news of yesterday evening and today, and no word of the treatment."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from email.message import Message as Message_
from uuid import UUID

import sqlalchemy as sa

from practice.core.db import db
from practice.demo.cast import HARBOR, TIDEWATER
from practice.outbox import mail
from practice.outbox.mail import Stale
from practice.outbox.models import Job, Message
from practice.outbox.rules import JobState, MessageState
from practice.people.models import Practice
from practice.sessions import mails
from tests.integration.demo.conftest import NOON, appointments
from tests.integration.outbox.test_templates import FORBIDDEN

STREETS = re.compile(
    "|".join(
        re.escape(address.splitlines()[0])
        for house in (TIDEWATER, HARBOR)
        for address in (
            house.sanctuary_address,
            house.facts.business_address,
            *(story.lives for story in house.stories if story.lives),
        )
    )
)
"""What nobody reads in a mail: where the home is, and where clients live."""


def test_a_handful_of_mail_waits_and_what_is_old_was_sent(tidewater: Practice) -> None:
    messages = db.session.scalars(sa.select(Message)).all()
    waiting = [each for each in messages if each.state is MessageState.WAITING]
    due = db.session.scalars(
        sa.select(Job).where(Job.state == JobState.WAITING, Job.at <= NOON)
    ).all()

    assert 3 <= len(waiting) <= 30
    assert all(NOON - each.created_at < timedelta(days=1) for each in waiting)
    assert all(NOON - each.at < timedelta(days=1) for each in due)
    assert len(messages) > 150
    assert all(each.sent_at == each.created_at for each in messages if each not in waiting)


def test_check_08_no_mail_of_the_demo_tells_a_stranger_anything(tidewater: Practice) -> None:
    letters = [written(each) for each in db.session.scalars(sa.select(Message)).all()]
    names = {name for name, letter in letters if letter is not None}

    assert names >= {"booked", "cancelled", "receipt", "staff-alert", "tentative"}
    assert told_by(letters) == set()


def test_check_08_no_mail_about_any_session_tells_a_stranger_anything(tidewater: Practice) -> None:
    of_each_sort = {(each.kind, each.modality, each.state): each for each in appointments()}
    was = {"was_at": NOON.isoformat(), "was": "confirmed", "bookings": [], "sessions": []}
    was["asked_at"] = str(NOON)
    letters = [
        written(
            Message(
                id=UUID(int=1),
                practice_id=tidewater.id,
                name=name,
                to="alex@mail.example",
                about_id=each.id,
                created_at=NOON,
                facts=was | {"sequence": each.sequence},
            )
        )
        for each in of_each_sort.values()
        for name in mails.COMPOSERS.keys() - {"find-bookings", "staff-calendar"}
    ]

    assert len(of_each_sort) > 15
    assert {name for name, letter in letters if letter is not None} >= {
        "booked",
        "payment-request",
        "reminder",
        "slot-lost",
        "tentative",
    }
    assert told_by(letters) == set()


def written(message: Message) -> tuple[str, EmailMessage | None]:
    """Write a mail as it would be sent now; nothing, if its session has moved on since."""
    with suppress(Stale):
        return message.name, mail.write(message)
    return message.name, None


def _read(part: Message_) -> str:
    """Return a part's text, and whatever stands in its head: unfolded, where it is a calendar."""
    body = part.get_payload(decode=True)
    text = body.decode() if isinstance(body, bytes) else ""
    return f"{part.items()} {text}".replace("\r\n ", "")


def told_by(letters: Iterable[tuple[str, EmailMessage | None]]) -> set[tuple[str, str]]:
    """Return what is wrong with any of these mails: words, streets, subjects without a day."""
    found = set()
    for name, letter in letters:
        if letter is None:
            continue
        subject = str(letter["Subject"])
        if len(subject) >= 50 or not re.search(r"[A-Z][a-z]{2}, [A-Z][a-z]{2} \d{1,2}\b", subject):
            found.add((name, subject))
        parts = [each for each in letter.walk() if not each.is_multipart()]
        for part in (subject, *(_read(each) for each in parts)):
            words = FORBIDDEN.search(part) or STREETS.search(part)
            if words:
                found.add((name, words[0]))
    return found
