"""Who is told what of a session, and what the mails say."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from practice.audit.rules import VISITOR, Actor
from practice.calendar.models import Resource
from practice.clients.models import Paper
from practice.clients.service import withdraw_paper
from practice.core.db import db, transaction
from practice.core.money import Money
from practice.outbox.models import Job, Message
from practice.outbox.rules import UNDO_FOR
from practice.people.models import Client, User
from practice.sessions import links, mails, queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, telling
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import call
from tests.integration.sessions.test_course import DOSING, PREP, alex, book, owner, ready
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
    return {key: each for key, each in mails.COMPOSERS[name](message).items() if key != "calendar"}


def move(appointment: Appointment, hour: int, by: Actor) -> None:
    with transaction():
        booking.move(appointment, starts_at=at(PREP, hour), by=by)


def waits() -> dict[str, timedelta]:
    """How long each mail waits before it goes."""
    rows = db.session.execute(
        sa.select(Message.name, Message.created_at, Job.at).join(Job, Job.subject_id == Message.id)
    )
    return {name: at - created_at for name, created_at, at in rows}


def facts_of(appointment: Appointment, host: Resource, where: str) -> dict[str, Any]:
    return {
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "zone": "America/New_York",
        "zone_for_you": None,
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
        time.now += UNDO_FOR
        move(prep, hour, owner)

    assert posted() == {"booked": [alex.email], "moved": [alex.email] * 2}


def test_a_visit_names_the_town_and_never_the_street(
    alex: Client, owner: Actor, therapist: Resource
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)

    assert said("booked") == facts_of(prep, therapist, "Hampton Roads, VA") | {
        "page": links.booking_link(prep),
        "paid": None,
        "owed": Money(17500, "USD"),
        "cancel_until": prep.starts_at - timedelta(hours=24),
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


def test_a_dosing_that_waits_says_so_and_a_move_says_from_when(
    alex: Client, owner: Actor, time: Clock
) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    waiting = said("tentative")
    time.now += UNDO_FOR
    with transaction():
        booking.move(dosing, starts_at=at(DOSING, 11), by=owner)

    assert waiting["was_confirmed"] is False
    assert said("moved")["was_at"] == at(DOSING, 11) - timedelta(hours=1)


def test_a_cancellation_names_what_goes_back(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner, modality=Modality.TELEHEALTH)
    with transaction():
        booking.cancel(prep, by=VISITOR)

    assert (said("cancelled")["refund"], said("staff-cancelled")["refund"]) == (None, None)


# What may be undone ------------------------------------------------------------------------------


def test_a_stranger_hears_of_their_booking_at_once_and_of_what_can_be_undone_later(
    therapist: Resource, owner: Actor
) -> None:
    appointment = call(at(TUESDAY, 10))
    telling.tell_of_booking(appointment.id)
    with transaction():
        booking.cancel(appointment, by=VISITOR)

    assert waits() == {
        "booked": timedelta(),
        "staff-new-booking": timedelta(),
        "cancelled": UNDO_FOR,
        "staff-cancelled": UNDO_FOR,
    }


def test_what_staff_book_and_take_back_within_minutes_is_told_to_nobody(
    alex: Client, owner: Actor
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    move(prep, 11, owner)
    assert (posted(), waits()) == ({"booked": [alex.email]}, {"booked": UNDO_FOR})

    with transaction():
        booking.cancel(prep, by=owner)

    assert posted() == {}


def test_who_cancels_themselves_is_told_so_however_soon(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    with transaction():
        booking.cancel(prep, by=VISITOR)

    assert posted().keys() == {"cancelled", "staff-cancelled"}


def test_a_session_that_moves_there_and_back_has_no_news(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += UNDO_FOR
    move(prep, 11, owner)
    time.now += UNDO_FOR / 2
    move(prep, 12, owner)
    assert said("moved")["was_at"] == at(PREP, 10)

    move(prep, 10, owner)

    assert posted() == {"booked": [alex.email]}


def test_a_cancellation_names_the_time_that_its_client_knows(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += UNDO_FOR
    move(prep, 11, owner)
    with transaction():
        booking.cancel(prep, by=owner)

    assert posted() == {"booked": [alex.email], "cancelled": [alex.email]}
    assert said("cancelled")["starts_at"] == at(PREP, 10)


@pytest.mark.parametrize(
    ("waited", "unsaid"), [(UNDO_FOR - timedelta(seconds=1), True), (UNDO_FOR, False)]
)
def test_news_is_unsaid_while_nobody_has_heard_it(
    alex: Client, owner: Actor, time: Clock, *, waited: timedelta, unsaid: bool
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += UNDO_FOR
    with transaction():
        booking.cancel(prep, by=VISITOR)
    time.now += waited

    with transaction():
        lost = queries.get_appointment(prep.id)
        lost.state = AppointmentState.CONFIRMED
        assert telling.unsay(lost) is unsaid

    left = (
        {"cancelled": [alex.email], "staff-cancelled": posted()["staff-cancelled"]}
        if not unsaid
        else {}
    )
    assert posted() == {"booked": [alex.email]} | left


def test_unsaying_the_second_of_two_moves_leaves_the_first(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += UNDO_FOR
    move(prep, 11, owner)
    move(prep, 12, owner)
    move(prep, 11, owner)

    assert posted() == {"booked": [alex.email], "moved": [alex.email]}
    assert said("moved")["was_at"] == at(PREP, 10)


def test_papers_that_come_and_go_within_minutes_are_no_news(
    alex: Client, owner: Actor, time: Clock
) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    assert said("tentative")["was_confirmed"] is False
    time.now += UNDO_FOR
    ready(alex, owner)
    assert posted() == {"booked": [alex.email], "tentative": [alex.email]}

    with transaction():
        for paper in db.session.scalars(sa.select(Paper).where(Paper.client_id == alex.id)):
            withdraw_paper(paper, by=owner)

    assert queries.get_appointment(dosing.id).state is AppointmentState.TENTATIVE
    assert posted().keys() == {"tentative", "staff-alert"}
