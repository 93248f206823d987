"""Moving and cancelling by staff: looked at before, done once, never over somebody else's."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import PROGRAM, Actor
from practice.billing.models import Refund
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import visit
from practice.calendar.models import Claim, Resource
from practice.core.db import db, read_again, transaction
from practice.outbox import jobs
from practice.outbox.models import Message
from practice.outbox.rules import UNDO_FOR
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    at,
    nothing_changes,
    sent,
    text_of,
    value_of,
)
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session, states

S = AppointmentState
TUESDAY_TEN = at(MONDAY + days(1), 10)
THURSDAY_ONE = at(MONDAY + days(3), 13)


@pytest.fixture
def made(alex: Client, owner: Actor) -> Appointment:
    """A preparation on Tuesday at ten, booked by the practitioner."""
    with transaction():
        return booking.book(
            alex,
            queries.get_service("prep_60"),
            starts_at=TUESDAY_TEN,
            modality=Modality.IN_PERSON,
            by=owner,
        )


def as_it_is() -> list[tuple[UUID, str, datetime, S, int]]:
    """Return id, uid, start, state and sequence of every session there is."""
    read_again()
    columns = (Appointment.uid, Appointment.starts_at, Appointment.state, Appointment.sequence)
    return [tuple(row) for row in db.session.execute(sa.select(Appointment.id, *columns))]  # type: ignore[misc]  # five of them


@pytest.fixture
def look(made: Appointment) -> Callable[[datetime], str]:
    """The address of the last look at a move of that session."""
    return lambda start: f"/sessions/{made.id}/move/check?start={sent(start)}"


def test_a_session_is_moved_after_a_look_at_what_follows_and_stays_the_same_one(
    browser: FlaskClient, made: Appointment, look: Callable[[datetime], str]
) -> None:
    times = browser.get(f"/sessions/{made.id}/move")
    last_look = browser.get(look(THURSDAY_ONE))
    sequence = value_of(last_look, "sequence")
    answer = send(browser, look(THURSDAY_ONE), {"sequence": sequence})

    assert "Now on Tue, Mar 2, 10:00 AM" in text_of(times)
    assert f'value="{sent(TUESDAY_TEN)}"' not in times.text
    assert "From Tue, Mar 2, 10:00 AM To Thu, Mar 4, 1:00 PM" in text_of(last_look)
    assert as_it_is() == [(made.id, made.uid, THURSDAY_ONE, S.CONFIRMED, 1)]
    assert "The session is moved." in text_of(browser.get(answer.location))


def test_a_second_click_moves_nothing_further(
    browser: FlaskClient, look: Callable[[datetime], str]
) -> None:
    sequence = value_of(browser.get(look(THURSDAY_ONE)), "sequence")

    answers = [send(browser, look(THURSDAY_ONE), {"sequence": sequence}) for _ in range(2)]

    assert answers[0].location == answers[1].location
    assert [sequence for *_, sequence in as_it_is()] == [1]


def test_who_comes_second_is_told_and_overwrites_nothing(
    browser: FlaskClient, signed_in: SignedIn, look: Callable[[datetime], str]
) -> None:
    desk = signed_in(Role.FRONT_DESK)
    sequence = value_of(desk.get(look(THURSDAY_ONE)), "sequence")
    send(browser, look(at(MONDAY + days(2), 13)), {"sequence": sequence})

    with nothing_changes():
        answer = send(desk, look(THURSDAY_ONE), {"sequence": sequence})

    assert answer.status_code == 409
    assert "Somebody else has just changed this session." in text_of(answer)
    assert "Look at the session" in text_of(answer)


def test_a_move_shows_what_it_breaks_for_the_sessions_behind_it(
    signed_in: SignedIn, made: Appointment, alex: Client, therapist: Resource
) -> None:
    desk = signed_in(Role.FRONT_DESK)
    session("dosing_sl_first", alex, therapist, MONDAY + days(3), 15)
    url = f"/sessions/{made.id}/move/check?start={sent(THURSDAY_ONE)}"
    words = "The dosing would be 0 days after the preparation on Thu, Mar 4; the limits are 1 to 30"

    last_look = desk.get(url)
    with nothing_changes():
        forced = send(desk, url, {"sequence": "0", "reason": "Because."})

    assert f"Outside the limits of the course {words}" in text_of(last_look)
    assert forced.status_code == 422


@pytest.mark.parametrize("state", [S.COMPLETED, S.ARRIVED, S.CANCELLED, S.NO_SHOW])
def test_what_is_over_or_has_begun_is_not_moved(
    browser: FlaskClient, alex: Client, therapist: Resource, state: AppointmentState
) -> None:
    over = session("prep_60", alex, therapist, MONDAY, 9, state=state)

    answers = [
        browser.get(f"/sessions/{over.id}/move"),
        send(browser, f"/sessions/{over.id}/move/check?start={sent(THURSDAY_ONE)}"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "Only a session that is still to come can be moved." in text_of(answers[0])
    assert f'href="/sessions/{over.id}/move"' not in browser.get(f"/sessions/{over.id}").text


# Cancelling ------------------------------------------------------------------------------------


def test_cancelling_says_what_goes_back_and_gives_it_back_once_it_cannot_be_undone(
    browser: FlaskClient, made: Appointment, time: Clock
) -> None:
    with transaction():
        visit.record(made.client_id, made.id, made.price, PaymentMethod.CASH, PROGRAM)  # type: ignore[arg-type]  # it has a client
    url = f"/sessions/{made.id}/cancel"

    before = browser.get(url)
    answer = send(browser, url, {"sequence": value_of(before, "sequence")})

    assert "Goes back to the client $175.00" in text_of(before)
    assert "$175.00 is yours to hand back: it was paid at the visit" in text_of(before)
    assert states() == [S.CANCELLED]
    assert db.session.scalars(sa.select(Refund.amount_minor)).all() == []
    time.now += UNDO_FOR
    jobs.run_due()
    read_again()
    assert db.session.scalars(sa.select(Refund.amount_minor)).all() == [17_500]
    after = text_of(browser.get(answer.location))
    assert "The session is cancelled." in after
    assert "$175.00 given back" in after


def test_a_session_is_cancelled_once(
    browser: FlaskClient, signed_in: SignedIn, made: Appointment
) -> None:
    url, desk = f"/sessions/{made.id}/cancel", signed_in(Role.FRONT_DESK)
    seen = {"sequence": value_of(browser.get(url), "sequence")}

    mine = [send(browser, url, seen).location for _ in range(2)]
    theirs = send(desk, url, seen)

    assert mine == [f"/sessions/{made.id}"] * 2
    assert theirs.status_code == 409
    assert "Somebody else has just changed this session." in text_of(theirs)
    assert "This session cannot be cancelled It is cancelled." in text_of(desk.get(url))


@pytest.mark.parametrize("sequence", ["", "x", "1e3", "9" * 30])
def test_a_form_that_was_tampered_with_cancels_nothing(
    browser: FlaskClient, made: Appointment, sequence: str
) -> None:
    browser.get("/today")

    with nothing_changes():
        answer = send(browser, f"/sessions/{made.id}/cancel", {"sequence": sequence})

    assert answer.status_code in {409, 422}


def test_staff_take_a_move_and_a_cancellation_back_within_three_minutes(
    browser: FlaskClient, made: Appointment, look: Callable[[datetime], str], time: Clock
) -> None:
    page = f"/sessions/{made.id}"
    send(browser, look(THURSDAY_ONE), {"sequence": "0"})
    moved = browser.get(page)
    send(browser, f"{page}/take-back")
    after_move = as_it_is()
    send(browser, f"{page}/cancel", {"sequence": "2"})
    send(browser, f"{page}/take-back")
    after_cancellation = as_it_is()
    send(browser, look(THURSDAY_ONE), {"sequence": "4"})
    time.now += UNDO_FOR

    too_late = send(browser, f"{page}/take-back")

    assert "Moved just now. Nobody is told before 8:03 AM." in text_of(moved)
    assert after_move == [(made.id, made.uid, TUESDAY_TEN, S.CONFIRMED, 2)]
    assert after_cancellation == [(made.id, made.uid, TUESDAY_TEN, S.CONFIRMED, 4)]
    assert (too_late.status_code, as_it_is()[0][2]) == (409, THURSDAY_ONE)


def test_staff_take_a_booking_back_within_three_minutes_and_nobody_hears_of_it(
    browser: FlaskClient, made: Appointment, time: Clock
) -> None:
    page = f"/sessions/{made.id}"
    assert "Booked just now. Nobody is told before 8:03 AM." in text_of(browser.get(page))

    assert send(browser, f"{page}/take-back").location == page

    assert states() == [S.CANCELLED]
    assert db.session.scalars(sa.select(Claim.id).where(Claim.released_at.is_(None))).all() == []
    assert db.session.scalars(sa.select(Message.name)).all() == []
    assert "just now" not in text_of(browser.get(page))
    time.now += UNDO_FOR
    jobs.run_due()
    read_again()
    assert db.session.scalars(sa.select(Message.name)).all() == []


def test_a_booking_that_was_told_of_or_paid_for_is_cancelled_and_not_undone(
    browser: FlaskClient, alex: Client, made: Appointment, owner: Actor, time: Clock
) -> None:
    with transaction():
        visit.record(alex.id, made.id, made.price, PaymentMethod.CASH, by=owner)
    paid = send(browser, f"/sessions/{made.id}/take-back")
    time.now += UNDO_FOR
    late = send(browser, f"/sessions/{made.id}/take-back")

    assert (paid.status_code, late.status_code) == (409, 409)
    assert "Cancel the session instead." in text_of(paid)
    assert states() == [S.CONFIRMED]


def test_what_moved_after_it_was_booked_goes_back_to_where_it_was_booked(
    browser: FlaskClient, made: Appointment, owner: Actor
) -> None:
    with transaction():
        booking.move(made, starts_at=THURSDAY_ONE, by=owner)

    send(browser, f"/sessions/{made.id}/take-back")

    assert [(start, state) for _, _, start, state, _ in as_it_is()] == [(TUESDAY_TEN, S.CONFIRMED)]
    assert "just now" not in text_of(browser.get(f"/sessions/{made.id}"))
