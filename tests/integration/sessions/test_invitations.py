"""Sessions in people's calendars by mail: calendar.md §6, checks 8, 9, 13, 14 and 23."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
import vobject
from flask import Flask

from practice.audit.rules import Actor
from practice.calendar.models import (
    BookingRules,
    CalendarEntry,
    DetailLevel,
    FeedSubscription,
    Resource,
)
from practice.calendar.rules import ics
from practice.calendar.service import claims, feeds, invitations
from practice.calendar.wishes import Wish
from practice.core.db import db, transaction
from practice.outbox import mail
from practice.outbox.jobs import NotYet
from practice.outbox.mail import Stale
from practice.outbox.models import Message
from practice.people.models import Client, User
from practice.people.queries import get_practice
from practice.sessions import links
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, calendars
from tests import leaks
from tests.factories import NEW_YORK
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_course import PREP, alex, book, owner
from tests.integration.sessions.test_free_times import at
from tests.integration.sessions.test_reminding import Look, look
from tests.integration.sessions.test_telling import move

__all__ = ["alex", "look", "owner"]  # fixtures
STREET = "4 Heron Landing"


class Sent(NamedTuple):
    """What one mail told a calendar, as other programs read it."""

    method: str
    uid: str
    sequence: int
    status: str
    starts_at: datetime


def post(name: str) -> EmailMessage:
    """Send the newest mail of a name, as far as this practice knows."""
    message = db.session.scalars(
        sa.select(Message).where(Message.name == name).order_by(Message.created_at.desc())
    ).first()
    assert message is not None
    letter, calendar = mail._written(message)
    if calendar is not None:
        with transaction():
            calendar.sent()
    return message_from_bytes(letter.as_bytes(), policy=policy.default)


def texts(letter: EmailMessage) -> list[tuple[str, str]]:
    """Return the calendar parts of a mail: what each is called, and says."""
    return [
        (part.get_content_type(), part.get_payload(decode=True).decode())  # type: ignore[union-attr]
        for part in letter.walk()
        if part.get_content_type() in {"text/calendar", "application/ics"}
    ]


def told(letter: EmailMessage) -> Sent | None:
    """Read a mail's message for calendars; check that all of it says the same."""
    found = texts(letter)
    if not found:
        return None
    (kind, text), (file_kind, file_text) = found
    assert (kind, file_kind, file_text) == ("text/calendar", "application/ics", text)
    (part,) = (each for each in letter.walk() if each.get_content_type() == "text/calendar")
    calendar: Any = vobject.readOne(text)
    assert part.get_param("method") == calendar.method.value
    (event,) = calendar.vevent_list
    assert [each.value for each in event.contents["attendee"]] == [f"mailto:{letter['To']}"]
    assert event.organizer.params["CN"] == ["Tidewater"]
    return Sent(
        calendar.method.value,
        event.uid.value,
        int(event.sequence.value),
        event.status.value,
        event.dtstart.value.astimezone(UTC),
    )


def test_check_13_and_14_book_move_and_cancel_are_told_by_their_methods(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    first = told(post("booked"))
    time.now += timedelta(minutes=5)
    move(prep, 13, owner)
    second = told(post("moved"))
    time.now += timedelta(minutes=5)
    with transaction():
        booking.cancel(prep, by=owner)
    third = told(post("cancelled"))

    assert [first, second, third] == [
        Sent("REQUEST", prep.uid, 0, "CONFIRMED", at(PREP, 10)),
        Sent("REQUEST", prep.uid, 1, "CONFIRMED", at(PREP, 13)),
        Sent("CANCEL", prep.uid, 2, "CANCELLED", at(PREP, 13)),
    ]
    assert told(post("cancelled")) is None  # told once


def test_nobody_is_told_of_what_is_over(alex: Client, owner: Actor, time: Clock) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    facts = calendars.session_now(prep.id)
    assert facts is not None
    assert invitations.for_client(facts, alex.email) is not None

    time.now = prep.ends_at

    assert invitations.for_client(facts, alex.email) is None


def test_check_14_who_was_not_invited_is_not_called_off(
    alex: Client, owner: Actor, time: Clock
) -> None:
    with transaction():
        alex.is_invited = False
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    assert told(post("booked")) is None
    time.now += timedelta(minutes=5)
    with transaction():
        booking.cancel(prep, by=owner)

    assert told(post("cancelled")) is None


def subscribe(alex: Client, owner: Actor) -> None:
    with transaction():
        own = db.session.get_one(Resource, (alex.practice_id, claims.open_for_client(alex.id)))
        wish = Wish(label="Phone", level=DetailLevel.PLAIN)
        feeds.subscribe(own, wish, by=owner, made_by=alex.id)


def own_text(alex: Client) -> str:
    db.session.expire_all()
    return db.session.scalars(
        sa.select(CalendarEntry.text).where(CalendarEntry.resource_id == alex.id)
    ).one()


def let_street_out() -> None:
    with transaction():
        rules = db.session.scalars(sa.select(BookingRules)).one()
        rules.sanctuary_address, rules.address_in_calendars = STREET, True


def test_check_08_and_09_the_street_is_in_the_clients_copy_from_72_hours_before_until_cancelled(
    alex: Client, owner: Actor, time: Clock
) -> None:
    let_street_out()
    subscribe(alex, owner)
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    first = own_text(alex)
    assert STREET not in first + str(texts(post("booked")))
    time.now = at(PREP, 10) - timedelta(hours=72)

    calendars.release_addresses(alex.practice_id)
    calendars.release_addresses(alex.practice_id)

    second = own_text(alex)
    assert f"LOCATION:{STREET}" in second
    assert "SEQUENCE:0" in first
    assert "SEQUENCE:1" in second
    time.now += timedelta(minutes=3)
    db.session.rollback()
    invitations.tell_client(prep.id)
    letter = post("calendar")
    assert STREET in texts(letter)[0][1]
    assert told(letter) == Sent("REQUEST", prep.uid, 1, "CONFIRMED", at(PREP, 10))
    time.now += timedelta(minutes=5)
    with transaction():
        booking.cancel(prep, by=owner)
    assert STREET not in own_text(alex) + str(texts(post("cancelled")))


def test_check_08_and_09_by_default_no_calendar_knows_the_street(
    alex: Client, owner: Actor, time: Clock
) -> None:
    with transaction():
        db.session.scalars(sa.select(BookingRules)).one().sanctuary_address = STREET
    subscribe(alex, owner)
    book(alex, "prep_60", at(PREP, 10), owner)
    time.now = at(PREP, 10) - timedelta(hours=1)
    calendars.look_at_all(alex.practice_id)

    letter = post("booked")
    said = own_text(alex) + str(texts(letter)) + str(letter.items())
    assert f"SUMMARY:Appointment\\, {'Tidewater'}" in own_text(alex)
    assert leaks.WORDS.search(said) is None
    assert all(each not in said for each in (STREET, alex.first_name, alex.last_name, alex.phone))


def want_mails(therapist: Resource, owner: Actor) -> User:
    """Have whoever holds the sessions be told of them by mail."""
    with transaction():
        person = db.session.get_one(Resource, (therapist.practice_id, therapist.id))
        user = db.session.scalars(sa.select(User)).first()
        assert user is not None
        feeds.subscribe_by_mail(person, DetailLevel.INITIALS, by=owner, made_by=user.id)
    return user


def test_who_holds_a_session_gets_it_by_mail_if_they_want_to(
    alex: Client, owner: Actor, therapist: Resource, time: Clock
) -> None:
    want_mails(therapist, owner)
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += timedelta(minutes=3)
    db.session.rollback()
    invitations.tell_staff(prep.id)
    letter = post("staff-calendar")

    assert told(letter) == Sent("REQUEST", prep.uid, 0, "CONFIRMED", at(PREP, 10))
    assert f"SUMMARY:Session {alex.initials}" in texts(letter)[0][1]
    with pytest.raises(Stale):
        post("staff-calendar")
    time.now += timedelta(minutes=1)
    with transaction():
        booking.cancel(prep, by=owner)
    time.now += timedelta(minutes=3)
    db.session.rollback()
    invitations.tell_staff(prep.id)
    assert told(post("staff-calendar")) == Sent("CANCEL", prep.uid, 1, "CANCELLED", at(PREP, 10))


def test_nobody_who_left_is_told_what_becomes_of_what_they_held(
    alex: Client, owner: Actor, therapist: Resource, time: Clock
) -> None:
    user = want_mails(therapist, owner)
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += timedelta(minutes=3)
    db.session.rollback()
    invitations.tell_staff(prep.id)
    post("staff-calendar")
    with transaction():
        booking.cancel(prep, by=owner)
        user.ended_at = time.now
    time.now += timedelta(minutes=3)
    db.session.rollback()

    invitations.tell_staff(prep.id)

    posted = sa.select(sa.func.count()).where(Message.name == "staff-calendar")
    assert db.session.scalar(posted) == 1


def test_a_change_is_told_when_nobody_can_take_it_back_any_more(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += timedelta(minutes=2)
    move(prep, 13, owner)
    moved_at = time.now
    time.now += timedelta(minutes=2)  # the booking could not be undone by now
    db.session.rollback()

    for tell in (invitations.tell_client, invitations.tell_staff):
        with pytest.raises(NotYet) as early:
            tell(prep.id)
        assert early.value.at == moved_at + timedelta(minutes=3)

    time.now += timedelta(minutes=1)
    invitations.tell_client(prep.id)
    assert told(post("calendar")) == Sent("REQUEST", prep.uid, 1, "CONFIRMED", at(PREP, 13))


def test_what_waits_for_somebody_is_told_to_no_calendar(alex: Client, owner: Actor) -> None:
    """A hold, for its payment; a request, for a yes."""
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    waiting: list[dict[str, Any]] = [
        {"hold_ends_at": at(PREP, 9)},
        {"state": AppointmentState.REQUESTED},
    ]
    for waits in waiting:
        assert calendars.session_now(prep.id) is not None
        with db.session.no_autoflush:
            for name, value in waits.items():
                setattr(prep, name, value)
            assert calendars.session_now(prep.id) is None
        db.session.rollback()


def test_a_session_by_video_has_no_place(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    places = []
    with db.session.no_autoflush:
        for modality in (Modality.IN_PERSON, Modality.TELEHEALTH):
            prep.modality = modality
            places.append(calendars._own_copy(prep).place)
    db.session.rollback()

    assert places == [get_practice().locality, ""]


@pytest.mark.parametrize(
    ("zone", "words", "reminded"),  # so many hours before, when people there are awake
    [("America/Los_Angeles", "7:00 AM P", 20), ("Asia/Kolkata", "8:30 PM IST", 27)],
)
def test_check_23_a_client_elsewhere_is_told_the_same_instant_by_both_clocks(
    alex: Client, owner: Actor, look: Look, app: Flask, *, zone: str, words: str, reminded: int
) -> None:
    client = app.test_client()
    with transaction():
        alex.time_zone = zone
    subscribe(alex, owner)
    start = at(PREP, 10)

    prep = book(alex, "prep_60", start, owner, modality=Modality.TELEHEALTH)

    letter = post("booked")
    page = links.booking_link(prep).removeprefix("http://localhost")
    file = client.get(f"{page}appointment.ics").text
    look(start - timedelta(hours=reminded))
    mails = [plain(letter), plain(post("reminder"))]
    portal = client.get(page).text
    assert prep.starts_at == start
    assert told(letter) == Sent("REQUEST", prep.uid, 0, "CONFIRMED", start)
    assert starts_in(file) == starts_in(own_text(alex)) == start
    assert all("10:00 AM" in text and words in text for text in mails)
    assert f'<time datetime="{start.astimezone(UTC).isoformat()}">' in portal
    assert "10:00 AM" in portal


def plain(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def starts_in(text: str) -> datetime:
    """Read when the one event of a file, or of a text kept for feeds, begins."""
    if not text.startswith("BEGIN:VCALENDAR"):
        window = ics.feed_window(PREP)
        text = ics.feed_text(name="Own", zone=NEW_YORK, events=[text], window=window).decode()
    found: datetime = vobject.readOne(text).vevent.dtstart.value
    return found.astimezone(UTC)


def test_unused_links_end_and_those_that_are_read_stay(
    alex: Client, owner: Actor, time: Clock
) -> None:
    subscribe(alex, owner)
    subscribe(alex, owner)
    with transaction():
        read = db.session.scalars(sa.select(FeedSubscription)).first()
        assert read is not None
        read.fetched_at = time.now + timedelta(days=30)
    time.now += timedelta(days=121)
    db.session.rollback()

    feeds.end_unused(alex.practice_id)

    db.session.expire_all()
    links = db.session.scalars(sa.select(FeedSubscription)).all()
    assert sorted((each.fetched_at is None, each.revoked_at is not None) for each in links) == [
        (False, False),
        (True, True),
    ]


def test_a_new_name_of_a_client_is_a_new_version_of_their_sessions(
    alex: Client, owner: Actor, therapist: Resource
) -> None:
    with transaction():
        person = db.session.get_one(Resource, (therapist.practice_id, therapist.id))
        wish = Wish(label="Phone", level=DetailLevel.INITIALS)
        feeds.subscribe(person, wish, by=owner, made_by=alex.id)
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    with transaction():
        alex.first_name = "Zoe"

    calendars.look_at_all(alex.practice_id)

    db.session.expire_all()
    text = db.session.scalars(sa.select(CalendarEntry.text)).one()
    assert f"SUMMARY:Session Z{alex.last_name[0]}" in text
    assert "SEQUENCE:1" in text
    kept = db.session.get_one(Appointment, (prep.practice_id, prep.id))
    assert (kept.sequence, kept.relabelled) == (0, 1)
