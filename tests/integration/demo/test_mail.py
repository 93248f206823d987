"""What the demo mails: the news of yesterday evening and today, and no word of the treatment."""

from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa

from practice.core.db import db
from practice.outbox import mail
from practice.outbox.mail import Stale
from practice.outbox.models import Job, Message
from practice.outbox.rules import JobState, MessageState
from practice.people.models import Practice
from tests.integration.demo.conftest import NOON
from tests.leaks import WORDS


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


def test_no_subject_has_a_word_of_the_treatment(tidewater: Practice) -> None:
    subjects = set(filter(None, map(subject_of, db.session.scalars(sa.select(Message)).all())))

    assert len(subjects) >= 5
    assert [each for each in subjects if WORDS.search(each)] == []


def subject_of(message: Message) -> str:
    """Return what stands above a mail; nothing, if its session has moved on since."""
    with suppress(Stale):
        return str(mail.write(message)["Subject"])
    return ""
