"""Reminders of sessions as they are when they are due: moved, cancelled, in the night."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.core.db import db, transaction
from practice.outbox.jobs import NotYet
from practice.outbox.mail import Stale
from practice.outbox.models import Message
from practice.people.models import Client, Practice
from practice.sessions import links, mails
from practice.sessions.models import Appointment
from practice.sessions.service import booking, reminding
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_course import DOSING, PREP, alex, book, owner, ready
from tests.integration.sessions.test_free_times import at

__all__ = ["alex", "owner"]  # fixtures

HOUR = timedelta(hours=1)

Look = Callable[[datetime], list[str]]


@pytest.fixture
def look(practice: Practice, time: Clock) -> Look:
    """Lets a worker look at some moment; returns all reminders that were asked for by then."""

    def at_moment(now: datetime) -> list[str]:
        time.now = now
        reminding.remind(practice.id)
        return [":".join(key.split(":")[:2]) for key in db.session.scalars(KEYS)]

    return at_moment


KEYS = (
    sa.select(Message.key)
    .where(Message.name == reminding.REMINDER)
    .order_by(Message.created_at, Message.key)
)


def latest() -> Message:
    return db.session.scalars(
        sa.select(Message).where(Message.name == "reminder").order_by(Message.created_at.desc())
    ).first() or pytest.fail("nobody was reminded")


def said() -> dict[str, Any]:
    return mails.reminder(latest())


@pytest.fixture
def prep(alex: Client, owner: Actor) -> Appointment:
    return book(alex, "prep_60", at(PREP, 10), owner)


def test_a_session_is_reminded_of_twice_and_each_time_once(prep: Appointment, look: Look) -> None:
    start = prep.starts_at

    assert look(start - 73 * HOUR) == []
    assert look(start - 72 * HOUR) == ["reminder:72"]
    assert look(start - 60 * HOUR) == ["reminder:72"]
    assert look(start - 24 * HOUR) == ["reminder:72", "reminder:24"]
    assert look(start - HOUR) == ["reminder:72", "reminder:24"]


def test_a_reminder_says_when_with_whom_and_where_and_the_page_says_the_rest(
    prep: Appointment, look: Look, alex: Client
) -> None:
    look(prep.starts_at - 24 * HOUR)

    assert latest().to == alex.email
    assert said() == {
        "starts_at": prep.starts_at,
        "ends_at": prep.ends_at,
        "zone": "America/New_York",
        "zone_for_you": None,
        "host": "Practitioner 1",
        "where": "Hampton Roads, VA",
        "page": links.booking_link(prep),
        "needs_planning": False,
    }


def test_what_must_be_arranged_ahead_is_said_to_be(alex: Client, owner: Actor, look: Look) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    look(dosing.starts_at - 72 * HOUR)

    assert said()["needs_planning"] is True


def test_a_session_that_moves_is_reminded_of_at_its_new_time(
    prep: Appointment, look: Look, owner: Actor
) -> None:
    look(prep.starts_at - 72 * HOUR)
    with transaction():
        booking.move(prep, starts_at=at(PREP + timedelta(days=3), 10), by=owner)
    with pytest.raises(Stale):
        said()

    assert look(at(PREP, 9)) == ["reminder:72"]
    assert look(at(PREP + timedelta(days=2), 10)) == ["reminder:72", "reminder:24"]
    assert said()["starts_at"] == at(PREP + timedelta(days=3), 10)


def test_nobody_is_reminded_of_what_was_cancelled_or_is_not_confirmed(
    prep: Appointment, look: Look, alex: Client, owner: Actor
) -> None:
    waiting = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    look(prep.starts_at - 72 * HOUR)
    with transaction():
        booking.cancel(prep, by=owner)
    with pytest.raises(Stale):
        said()

    assert look(prep.starts_at - 24 * HOUR) == ["reminder:72"]
    assert look(waiting.starts_at - 24 * HOUR) == ["reminder:72"]


def test_a_reminder_that_waited_into_the_night_goes_in_the_morning(
    prep: Appointment, look: Look, time: Clock
) -> None:
    look(prep.starts_at - 24 * HOUR)
    time.now = at(PREP, 10) - 13 * HOUR  # 9:00 in the evening

    with pytest.raises(NotYet) as wait:
        said()

    assert wait.value.at == at(PREP, 8)
    time.now = prep.starts_at
    with pytest.raises(Stale):
        said()
