"""Who is told what of a session, and what the mails say."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from practice.audit.rules import VISITOR, Actor
from practice.calendar.models import Resource
from practice.core.db import db, transaction
from practice.core.money import Money
from practice.outbox.models import Job, Message
from practice.people.models import Client, User
from practice.sessions import links, mails
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking, telling
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import call
from tests.integration.sessions.test_course import DOSING, PREP, alex, book, owner
from tests.integration.sessions.test_free_times import TUESDAY, at

__all__ = ["alex", "owner"]  # fixtures


def posted() -> dict[str, list[str]]:
    """Whom each mail goes to."""
    found: dict[str, list[str]] = {}
    for message in db.session.scalars(sa.select(Message).order_by(Message.name)):
        found.setdefault(message.name, []).append(message.to or "")
    return found


def said(name: str) -> dict[str, Any]:
    """What the newest mail of a name is written from."""
    message = db.session.scalars(
        sa.select(Message).where(Message.name == name).order_by(Message.created_at.desc())
    ).first()
    assert message is not None
    return mails.COMPOSERS[name](message)


def facts_of(appointment: Appointment, host: Resource, where: str) -> dict[str, Any]:
    return {
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "zone": "America/New_York",
        "host": host.name,
        "where": where,
    }


def test_a_booking_by_a_client_is_told_to_them_and_to_who_holds_it(therapist: Resource) -> None:
    appointment = call(at(TUESDAY, 10))
    subject = db.session.scalars(
        sa.select(Job.subject_id).where(Job.kind == telling.TELL_JOB)
    ).one()
    assert subject == appointment.id

    for _ in range(2):
        telling.tell_of_booking(appointment.id)

    email = db.session.scalars(sa.select(User.email)).one()
    assert posted() == {"booked": ["alex@mail.example"], "staff-new-booking": [email]}


def test_a_booking_that_was_cancelled_meanwhile_is_not_told_any_more(
    therapist: Resource,
) -> None:
    appointment = call(at(TUESDAY, 10))
    with transaction():
        booking.cancel(appointment, by=VISITOR)

    telling.tell_of_booking(appointment.id)

    assert sorted(posted()) == ["cancelled", "staff-cancelled"]


def test_each_move_is_told_once(alex: Client, owner: Actor, time: Clock) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    for hour in (11, 12):
        with transaction():
            booking.move(prep, starts_at=at(PREP, hour), by=owner)

    assert posted() == {"booked": [alex.email], "moved": [alex.email] * 2}


def test_a_visit_names_the_town_and_never_the_street(
    alex: Client, owner: Actor, therapist: Resource
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)

    assert said("booked") == facts_of(prep, therapist, "Hampton Roads, VA") | {
        "page": links.booking_link(prep),
        "paid": None,
        "owed": Money(17500, "USD"),
        "cancel_until": prep.starts_at,
    }


def test_a_free_call_is_by_video_and_owes_nothing(therapist: Resource) -> None:
    appointment = call(at(TUESDAY, 10))
    telling.tell_of_booking(appointment.id)

    mail = said("booked")

    assert (mail["where"], mail["paid"], mail["owed"]) == ("By video", None, None)
    assert said("staff-new-booking") == facts_of(appointment, therapist, "By video") | {
        "page": f"http://localhost/sessions/{appointment.id}",
        "state": "booked",
    }


def test_a_dosing_that_waits_says_so_and_a_move_says_from_when(alex: Client, owner: Actor) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    waiting = said("tentative")
    with transaction():
        booking.move(dosing, starts_at=at(DOSING, 11), by=owner)

    assert waiting["was_confirmed"] is False
    assert said("moved")["was_at"] == at(DOSING, 11) - timedelta(hours=1)


def test_a_cancellation_names_what_goes_back(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner, modality=Modality.TELEHEALTH)
    with transaction():
        booking.cancel(prep, by=VISITOR)

    assert (said("cancelled")["refund"], said("staff-cancelled")["refund"]) == (None, None)
