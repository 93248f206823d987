"""Sessions in a calendar of another program: booked as here, written down, and undone."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.audit.rules import Actor, ActorKind
from practice.calendar.models import Claim, Resource
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict
from practice.moving.models import ImportRun
from practice.moving.service import importing
from practice.outbox.models import Job, Message
from practice.outbox.rules import UNDO_FOR, JobState
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.models import Appointment, BroughtSession
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind
from practice.sessions.service import booking
from tests import factories
from tests.browsers import send
from tests.integration.moving.conftest import upload, work
from tests.integration.moving.test_calendar import HEAD, TAIL, at, blocked, chosen, event
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import text_of

S = AppointmentState

PREP = event("DTSTART:20270302T150000Z", "DTEND:20270302T160000Z", "SUMMARY:Alex B. prep")
DOSING = event("DTSTART:20270310T150000Z", "DURATION:PT3H", "SUMMARY:Alex Bell dose 1")
AT_NIGHT = event("DTSTART:20270304T020000Z", "DURATION:PT1H", "SUMMARY:Integration Alex Bell")
HELD = event("DTSTART:20270202T150000Z", "DURATION:PT1H", "SUMMARY:Alex Bell prep")
DENTIST = event("DTSTART:20270303T140000Z", "DTEND:20270303T150000Z", "SUMMARY:Dentist")
EVERYTHING = PREP + DOSING + AT_NIGHT + HELD + DENTIST


def bring(app: Flask, browser: FlaskClient, run: str) -> None:
    send(browser, f"{run}/start")
    work(app)


def booked() -> list[tuple[SessionKind, AppointmentState, bool]]:
    """Return what stands in the book, and whether it has its time."""
    read_again()
    rows = db.session.scalars(sa.select(Appointment).order_by(Appointment.starts_at)).all()
    held = set(db.session.scalars(sa.select(Claim.holder_id).where(Claim.released_at.is_(None))))
    return [(each.kind, each.state, each.id in held) for each in rows]


def brought() -> list[SessionKind]:
    read_again()
    return list(db.session.scalars(sa.select(BroughtSession.kind)))


def mails() -> list[str]:
    read_again()
    return list(db.session.scalars(sa.select(Message.name).order_by(Message.created_at)))


def test_sessions_ahead_are_booked_and_those_held_are_written_down(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client
) -> None:
    run = chosen(browser, therapist, EVERYTHING)
    dry = text_of(browser.get(run))
    assert "3 sessions ahead become bookings" in dry
    assert "1 session that was held is written down" in dry
    assert "1 time is blocked" in dry
    assert dry.count("Would be left out") == 1
    assert booked() == []

    bring(app, browser, run)

    assert booked() == [
        (SessionKind.PREP, S.CONFIRMED, True),
        (SessionKind.DOSING, S.TENTATIVE, True),
    ]
    assert brought() == [SessionKind.PREP]
    assert blocked() == [(at(3, 9), at(3, 10))]
    assert mails() == []
    done = browser.get(run)
    assert "4 of 5 brought over" in text_of(done)
    assert "Wed, Mar 3, 9:00 PM: " in text_of(done)
    assert "dose" not in done.text
    assert db.session.scalars(sa.select(ImportRun.body_sealed)).one() is None
    assert "events" not in db.session.scalars(sa.select(ImportRun.choices)).one()


def test_who_is_meant_and_which_session_it_is_can_be_chosen(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client
) -> None:
    with transaction():
        other = factories.create_client(first_name="Robin", last_name="Ash")
    intake = queries.get_service("intake")
    by_video = f"{intake.id} {Modality.TELEHEALTH}"
    run = chosen(
        browser,
        therapist,
        HELD + PREP + DENTIST,
        who_1="leave",
        way_2=by_video,
        email_3=other.email.upper(),
        way_3=by_video,
    )
    assert f'<option selected value="{other.id}">Robin Ash' in browser.get(run).text

    bring(app, browser, run)

    read_again()
    rows = db.session.scalars(sa.select(Appointment).order_by(Appointment.starts_at)).all()
    assert [(each.client_id, each.service_id, each.modality) for each in rows] == [
        (alex.id, intake.id, Modality.TELEHEALTH),
        (other.id, intake.id, Modality.TELEHEALTH),
    ]
    assert (brought(), blocked()) == ([], [])


def test_what_cannot_be_told_must_be_chosen(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client
) -> None:
    with transaction():
        factories.create_client(first_name="Alex", last_name="Bell")
    run = chosen(browser, therapist, PREP + DENTIST)
    assert "1 session lacks its client or its kind" in text_of(browser.get(run))
    wrong = {"person": str(therapist.id)}
    assert send(browser, run, wrong | {"email_2": "no@x.example"}).status_code == 422
    assert send(browser, run, wrong | {"who_1": str(therapist.id)}).status_code == 422
    assert send(browser, run, wrong | {"way_1": "x"}).status_code == 422

    bring(app, browser, run)

    assert "Tue, Mar 2, 10:00 AM: Choose whose session it is." in text_of(browser.get(run))
    assert (booked(), blocked()) == ([], [(at(3, 9), at(3, 10))])


def test_each_client_is_mailed_once_if_that_is_ticked(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client
) -> None:
    bring(app, browser, chosen(browser, therapist, EVERYTHING, mail="y"))

    assert mails() == ["booked-series"]
    message = db.session.scalars(sa.select(Message)).one()
    assert (message.to, len(message.facts["bookings"])) == (alex.email, 2)


def test_an_undo_takes_all_of_it_back_and_tells_nobody(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client, time: Clock
) -> None:
    run = chosen(browser, therapist, EVERYTHING, mail="y")
    bring(app, browser, run)

    send(browser, f"{run}/undo")

    time.now += UNDO_FOR
    work(app)
    assert booked() == [
        (SessionKind.PREP, S.CANCELLED, False),
        (SessionKind.DOSING, S.CANCELLED, False),
    ]
    assert (brought(), blocked(), mails()) == ([], [], [])


def test_who_heard_of_their_sessions_hears_of_the_undo(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client
) -> None:
    run = chosen(browser, therapist, PREP, mail="y")
    bring(app, browser, run)
    with transaction():
        db.session.execute(sa.update(Job).values(state=JobState.DONE))  # the mail has gone out

    send(browser, f"{run}/undo")

    assert sorted(mails()) == ["booked-series", "cancelled"]


def test_nothing_is_undone_once_a_session_has_begun(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client, time: Clock
) -> None:
    run = chosen(browser, therapist, EVERYTHING)
    bring(app, browser, run)
    by = Actor(ActorKind.STAFF, therapist.user_id)
    run_id = UUID(run[-36:])
    time.now = at(2, 10) + timedelta(minutes=1)

    with pytest.raises(Conflict, match="has begun by now"), transaction():
        importing.undo(run_id, by=by)

    assert [state for _, state, _ in booked()] == [S.CONFIRMED, S.TENTATIVE]
    assert brought() == [SessionKind.PREP]


def test_a_session_that_stands_in_the_way_is_said_before_and_after(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client, owner: Actor
) -> None:
    with transaction():
        booking.book(
            alex,
            queries.get_service("integration_60"),
            starts_at=at(2, 10, 30),
            modality=Modality.IN_PERSON,
            by=owner,
        )
    run = chosen(browser, therapist, PREP)
    assert "Would be left out" in text_of(browser.get(run))

    bring(app, browser, run)

    assert len(booked()) == 1
    assert "0 of 1 brought over" in text_of(browser.get(run))


def test_the_choices_can_be_kept_and_carried_out_at_once(
    app: Flask, browser: FlaskClient, therapist: Resource, alex: Client
) -> None:
    run = str(upload(browser, "calendar", HEAD + PREP + TAIL, name="busy.ics").location)

    assert send(browser, run, {"person": str(therapist.id), "start": "1"}).location == run
    work(app)

    assert [kind for kind, _, _ in booked()] == [SessionKind.PREP]
    assert UUID(run[-36:]) == db.session.scalars(sa.select(ImportRun.id)).one()
