"""Clients move and cancel by themselves, ask when it is late, and take back what they did."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.billing.models import Refund
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import visit
from practice.core.db import db, read_again, transaction
from practice.outbox import jobs
from practice.outbox.models import Message, Task
from practice.outbox.rules import MessageState
from practice.sessions import queries
from practice.sessions.links import token_of
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking as service
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    TUESDAY,
    WEDNESDAY,
    appointments,
    at,
    book,
    cancel,
    hold,
    nothing_changes,
    sent,
    starts_on,
    state_of,
    text_of,
    value_of,
)

S = AppointmentState
TEN, TWO = at(TUESDAY, 10), at(WEDNESDAY, 14)
MINUTE = timedelta(minutes=1)


def move(browser: FlaskClient, booking: str, start: datetime) -> None:
    look = f"{booking}move/check?start={sent(start)}"
    answer = send(browser, look, {"sequence": value_of(browser.get(look), "sequence")})
    assert answer.location == booking, text_of(answer)


def as_it_is() -> list[tuple[datetime, AppointmentState, int]]:
    read_again()
    columns = (Appointment.starts_at, Appointment.state, Appointment.sequence)
    rows = db.session.execute(sa.select(*columns).order_by(Appointment.starts_at, Appointment.id))
    return [(starts_at, state, sequence) for starts_at, state, sequence in rows]


def waiting() -> list[tuple[str, datetime | None]]:
    """Return the news that is to be told, and when."""
    read_again()
    rows = db.session.execute(
        sa.select(Message.name, Message.due_at)
        .where(Message.state == MessageState.WAITING, Message.name.in_(NEWS))
        .order_by(Message.name)
    )
    return [(name, due_at) for name, due_at in rows]


NEWS = {"moved", "cancelled", "staff-cancelled", "staff-moved"}


# Moving ------------------------------------------------------------------------------------------


def test_a_client_moves_a_session_after_a_look_at_what_it_means(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    (made,) = appointments()

    times = browser.get(f"{booking}move?day={WEDNESDAY}")
    look = browser.get(f"{booking}move/check?start={sent(TWO)}")
    move(browser, booking, TWO)

    assert sent(TWO) in starts_on(times)
    words = text_of(look)
    assert "Tue, Mar 2, 10:00 AM New York time To Wed, Mar 3, 2:00 PM New York time" in words
    assert "Moving costs Nothing" in words
    assert "Cancel free of charge until Tue, Mar 2, 2:00 PM. After that it costs $225.00." in words
    assert "Move to Wed, Mar 3" in look.text
    assert "Keep my session" in look.text
    (moved,) = appointments()
    assert (moved.id, moved.uid, moved.starts_at) == (made.id, made.uid, TWO)
    assert "Your session has moved to Wed, Mar 3, 2:00 PM." in text_of(browser.get(booking))


def test_a_second_click_moves_nothing_further(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    move(browser, booking, TWO)

    with nothing_changes():
        look = f"{booking}move/check?start={sent(TWO)}"
        assert send(browser, look, {"sequence": "0"}).location == booking


def test_a_time_that_has_gone_comes_back_with_the_nearest(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    look = f"{booking}move/check?start={sent(TWO)}"
    sequence = value_of(browser.get(look), "sequence")
    with transaction():
        service.book(
            factories.create_client(),
            queries.get_service("intake"),
            starts_at=TWO,
            modality=Modality.IN_PERSON,
            by=factories.OWNER,
        )

    shown, answer = browser.get(look), send(browser, look, {"sequence": sequence})

    for each in (shown, answer):
        assert (each.status_code, len(starts_on(each)) > 2) == (409, True)
        assert "That time is not free any more" in text_of(each)
    assert as_it_is()[0] == (TEN, S.CONFIRMED, 0)


def test_only_times_within_the_limits_of_the_course_are_offered(browser: FlaskClient) -> None:
    integration = _integration_after_a_dosing()
    move = f"/bookings/{token_of(integration)}/move"

    offered = starts_on(browser.get(f"{move}?day=2027-03-18"))
    looks = {
        on: browser.get(f"{move}/check?start={sent(at(on, 10))}").status_code
        for on in (date(2027, 3, 15), date(2027, 3, 18), date(2027, 3, 26))
    }

    assert {start[:10] for start in offered} == {"2027-03-18"}
    assert list(looks.values()) == [409, 200, 409]  # before the dosing, as it should be, too late


def _integration_after_a_dosing() -> Appointment:
    """Book a dosing on March 15 at ten, and its integration two days later."""
    with transaction():
        alex = factories.create_client()
        for slug, on in (
            ("dosing_sl_first", date(2027, 3, 15)),
            ("integration_60", date(2027, 3, 17)),
        ):
            made = service.book(
                alex,
                queries.get_service(slug),
                starts_at=at(on, 10),
                modality=Modality.IN_PERSON,
                by=factories.OWNER,
            )
    return made


def test_what_is_no_time_is_refused(browser: FlaskClient) -> None:
    booking = book(browser, TEN)

    statuses = {
        start: browser.get(f"{booking}move/check", query_string={"start": start}).status_code
        for start in ("", "now", "2027-02-30T10:00:00Z", sent(TEN), sent(TEN - timedelta(days=30)))
    }

    assert statuses == {
        "": 422,
        "now": 422,
        "2027-02-30T10:00:00Z": 422,
        sent(TEN): 409,
        sent(TEN - timedelta(days=30)): 409,
    }


# Late --------------------------------------------------------------------------------------------


def test_later_than_the_notice_a_client_reads_what_it_costs_and_may_ask_first(
    browser: FlaskClient, time: Clock
) -> None:
    booking = book(browser, TEN)
    time.now = TEN - timedelta(hours=24) + MINUTE

    page = text_of(browser.get(booking))
    with nothing_changes():
        cancelling = text_of(browser.get(f"{booking}cancel"))
        wrong = send(browser, f"{booking}cancel", {"sequence": "0", "why": "client:1"})
    for _ in range(2):
        send(browser, f"{booking}ask")

    assert "cancelling or moving it costs $225.00 since Mon, Mar 1, 10:00 AM" in page
    assert "Cancelling costs $225.00 Still to pay $225.00" in cancelling
    assert "I am ill, for the first time No fee" in cancelling
    assert (wrong.status_code, "has changed meanwhile" in wrong.text) == (422, True)
    read_again()
    tasks = db.session.scalars(sa.select(Task).where(Task.kind == "client-asks")).all()
    assert [(each.about_id, each.what[:45]) for each in tasks] == [
        (appointments()[0].id, "A client asks to move or cancel a session tha")
    ]
    assert as_it_is() == [(TEN, S.CONFIRMED, 0)]


def test_a_time_that_is_only_held_is_neither_moved_nor_asked_about(browser: FlaskClient) -> None:
    booking = hold(browser, TEN)

    with nothing_changes():
        places = {browser.get(f"{booking}{name}").location for name in ("move", "ask")}

    assert places == {booking}


# Undo --------------------------------------------------------------------------------------------


def undo(browser: FlaskClient, booking: str) -> str:
    send(browser, f"{booking}undo")
    return text_of(browser.get(booking))


def test_a_move_is_undone_and_nobody_hears_of_it(browser: FlaskClient, time: Clock) -> None:
    booking = book(browser, TEN)
    jobs.run_due()
    move(browser, booking, TWO)
    assert [name for name, _ in waiting()] == ["moved", "staff-moved"]
    assert {due_at for _, due_at in waiting()} == {time.now + 3 * MINUTE}
    time.now += 2 * MINUTE

    said = undo(browser, booking)

    assert "Undone. Everything is as it was." in said
    assert as_it_is() == [(TEN, S.CONFIRMED, 2)]
    assert waiting() == []
    with nothing_changes():
        assert "This cannot be undone any more." in undo(browser, booking)


def test_a_cancellation_is_undone_and_no_money_moved(browser: FlaskClient, time: Clock) -> None:
    booking = book(browser, TEN)
    jobs.run_due()
    (made,) = appointments()
    assert made.client_id is not None
    with transaction():
        visit.record(made.client_id, made.id, made.price, PaymentMethod.CASH, by=factories.OWNER)

    cancel(browser, booking)

    page = browser.get(booking)
    assert state_of(page) == "cancelled"
    assert "$225.00 goes back to you after that." in text_of(page)
    assert "Undone" in undo(browser, booking)
    time.now += 4 * MINUTE
    jobs.run_due()
    assert as_it_is() == [(TEN, S.CONFIRMED, 2)]
    assert (db.session.scalars(sa.select(Refund)).all(), waiting()) == ([], [])


def test_money_goes_back_once_nobody_can_undo_it(browser: FlaskClient, time: Clock) -> None:
    booking = book(browser, TEN)
    (made,) = appointments()
    assert made.client_id is not None
    with transaction():
        visit.record(made.client_id, made.id, made.price, PaymentMethod.CASH, by=factories.OWNER)
    cancel(browser, booking)
    undo(browser, booking)
    time.now += MINUTE
    cancel(browser, booking)
    time.now += 2 * MINUTE
    jobs.run_due()
    read_again()
    too_early = db.session.scalars(sa.select(Refund)).all()

    time.now += MINUTE
    for _ in range(2):
        jobs.run_due()

    read_again()
    given_back = db.session.scalars(sa.select(Refund)).all()
    assert (len(too_early), [each.amount for each in given_back]) == (0, [made.price])


def test_what_somebody_else_has_taken_meanwhile_is_not_taken_back(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    cancel(browser, booking)
    with transaction():
        service.book(
            factories.create_client(),
            queries.get_service("intake"),
            starts_at=TEN,
            modality=Modality.IN_PERSON,
            by=factories.OWNER,
        )

    with nothing_changes():
        said = undo(browser, booking)

    assert "The time you had is not free any more" in said


def test_after_three_minutes_nothing_is_undone(browser: FlaskClient, time: Clock) -> None:
    booking = book(browser, TEN)
    cancel(browser, booking)
    time.now += 3 * MINUTE

    page = browser.get(booking)
    with nothing_changes():
        said = undo(browser, booking)

    assert "undo" not in page.text
    assert "This cannot be undone any more." in said


def test_what_staff_did_is_not_undone_by_the_client(browser: FlaskClient) -> None:
    booking = book(browser, TEN)
    with transaction():
        (made,) = db.session.scalars(sa.select(Appointment))
        service.move(made, starts_at=TWO, by=factories.OWNER)

    with nothing_changes():
        undo(browser, booking)

    assert as_it_is() == [(TWO, S.CONFIRMED, 1)]
