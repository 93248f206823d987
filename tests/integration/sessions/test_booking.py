from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.audit.rules import VISITOR
from practice.calendar.models import Claim, Resource
from practice.core import tokens
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Conflict, Invalid
from practice.outbox.models import Job, Task
from practice.people.models import Client, Door, Practice
from practice.people.rules import ClientDetails, DoorKind
from practice.sessions import links, queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from practice.sessions.service.booking import (
    ComesFirst,
    HoldEnded,
    NotOffered,
    SlotTaken,
    TooManyHolds,
)
from tests import factories
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_free_times import NEXT_MONDAY, TUESDAY, at

S = AppointmentState
ALEX = ClientDetails(
    first_name="Alex", last_name="Bell", email="alex@mail.example", phone="+17575550101"
)
MINUTE = timedelta(minutes=1)
CLOSED = "That is outside the hours for clients. The practitioner is not available then."


def call(starts_at: datetime, *, details: ClientDetails = ALEX, form: str = "form") -> Appointment:
    """Book the free call, in one step."""
    with transaction():
        return booking.book_free(
            queries.get_service("consult"),
            details,
            starts_at=starts_at,
            modality=Modality.TELEHEALTH,
            form_token=form,
            by=VISITOR,
        )


def hold(
    starts_at: datetime, *, browser: str = "browser", address: str = "address", form: str = "form"
) -> Appointment:
    """Hold a time for an intake."""
    with transaction():
        return booking.hold(
            queries.get_service("intake"),
            starts_at=starts_at,
            modality=Modality.IN_PERSON,
            browser=browser,
            address=address,
            form_token=form,
            by=VISITOR,
        )


def claimed(appointment: Appointment) -> dict[str, tuple[datetime, datetime]]:
    """What an appointment occupies, by the name of the resource."""
    rows = db.session.execute(
        sa.select(Resource.name, Claim.starts_at, Claim.ends_at)
        .join(Claim, Claim.resource_id == Resource.id)
        .where(Claim.holder_id == appointment.id, Claim.released_at.is_(None))
    )
    return {name: (starts_at, ends_at) for name, starts_at, ends_at in rows}


def jobs() -> list[str]:
    return sorted(db.session.scalars(sa.select(Job.kind)))


# A free call, in one step ------------------------------------------------------------------------


def test_a_free_call_is_confirmed_at_once(therapist: Resource) -> None:
    start = at(TUESDAY, 10)

    appointment = call(start)

    assert (appointment.state, appointment.hold_ends_at) == (S.CONFIRMED, None)
    assert (appointment.starts_at, appointment.ends_at) == (start, start + 20 * MINUTE)
    assert appointment.host_id == therapist.id
    assert appointment.client is not None
    assert appointment.client.name == "Alex Bell"
    assert claimed(appointment) == {
        "Practitioner 1": (start, start + 30 * MINUTE),
        "Client": (start, start + 20 * MINUTE),
    }


def test_a_booking_is_written_down_and_told_in_its_own_transaction(therapist: Resource) -> None:
    appointment = call(at(TUESDAY, 10))

    deeds = db.session.scalars(
        sa.select(AuditEntry.verb).where(AuditEntry.subject_id == appointment.id)
    ).all()
    assert deeds == ["appointment:book"]
    assert jobs() == ["tell-of-booking"]


def test_the_link_of_a_booking_opens_it_from_outside_the_practice(
    practice: Practice, therapist: Resource
) -> None:
    appointment = call(at(TUESDAY, 10))
    token = links.token_of(appointment)

    with practice_scope(factories.create_practice(slug="harbor").id):
        found = queries.by_link(token)

        assert found.id == appointment.id
        assert db.session.scalars(
            sa.select(Door.hash).where(Door.kind == DoorKind.BOOKING)
        ).all() == [tokens.digest(token)]
    assert links.booking_link(appointment) == f"http://localhost/bookings/{token}/"


def test_the_same_form_sent_again_is_the_same_booking(therapist: Resource) -> None:
    first = call(at(TUESDAY, 10), form="a form")
    second = call(at(TUESDAY, 10), form="a form")

    assert second.id == first.id
    assert len(db.session.scalars(sa.select(Client.id)).all()) == 1


def test_a_stranger_with_a_known_address_is_a_new_client_and_a_task(therapist: Resource) -> None:
    first = call(at(TUESDAY, 10), form="one")
    second = call(at(TUESDAY, 11), form="two", details=replace(ALEX, first_name="Sandra"))

    assert second.client_id != first.client_id
    assert db.session.scalars(sa.select(Client.first_name).order_by(Client.first_name)).all() == [
        "Alex", "Sandra",
    ]  # fmt: skip
    assert db.session.scalars(sa.select(Task.kind)).all() == ["merge-clients"]


def test_a_time_that_is_taken_is_refused_and_leaves_no_trace(therapist: Resource) -> None:
    call(at(TUESDAY, 10), form="one")

    with pytest.raises(SlotTaken) as refused:
        call(at(TUESDAY, 10), form="two")

    assert refused.value.message == "10:00 AM was just taken. Choose another time."
    assert len(db.session.scalars(sa.select(Client.id)).all()) == 1


def test_a_look_that_is_too_old_does_not_book_over_another(therapist: Resource) -> None:
    consult = queries.get_service("consult")
    look = queries.look_at(consult, Modality.TELEHEALTH, at(TUESDAY, 10))
    call(at(TUESDAY, 10), form="quicker")

    with pytest.raises(SlotTaken), transaction():
        booking.book_free(
            consult,
            ALEX,
            starts_at=at(TUESDAY, 10),
            modality=Modality.TELEHEALTH,
            form_token="slower",
            by=VISITOR,
            look=look,
        )

    assert db.session.scalars(sa.select(Appointment.form_token)).all() == ["quicker"]


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (at(TUESDAY, 10, 10), "Sessions start every 30 minutes, counted from midnight."),
        (at(date(2027, 3, 6), 10), CLOSED),
        (at(date(2027, 3, 1), 9), "This has to be booked 12 hours ahead."),
        (at(date(2027, 2, 26), 9), "That time has passed."),
    ],
)  # fmt: skip
def test_a_time_that_is_not_on_offer_is_refused_with_the_reasons(
    therapist: Resource, start: datetime, words: str
) -> None:
    with pytest.raises(NotOffered) as refused:
        call(start)

    assert refused.value.message == words


def test_a_stranger_books_nothing_that_has_something_before_it(therapist: Resource) -> None:
    with pytest.raises(ComesFirst), transaction():
        booking.book_free(
            queries.get_service("prep_60"),
            ALEX,
            starts_at=at(NEXT_MONDAY, 10),
            modality=Modality.TELEHEALTH,
            form_token="form",
            by=VISITOR,
        )


def test_a_service_is_given_only_in_its_own_ways(therapist: Resource) -> None:
    with pytest.raises(Invalid), transaction():
        booking.book_free(
            queries.get_service("consult"),
            ALEX,
            starts_at=at(NEXT_MONDAY, 10),
            modality=Modality.IN_PERSON,
            form_token="form",
            by=VISITOR,
        )


def test_booking_a_free_call_costs_fifteen_statements(
    therapist: Resource, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    assert count_statements(lambda: call(at(TUESDAY, 10))) == 15  # practice and service included


# Holding a time ----------------------------------------------------------------------------------


def test_a_hold_takes_everything_but_the_client(therapist: Resource, time: Clock) -> None:
    start = at(TUESDAY, 10)

    held = hold(start)

    assert (held.state, held.client_id) == (S.TENTATIVE, None)
    assert held.hold_ends_at == time.now + 10 * MINUTE
    around = (start - 10 * MINUTE, start + 90 * MINUTE)
    assert claimed(held) == {
        "Practitioner 1": around,
        "Sanctuary room": around,
        "Home": (start, start + 95 * MINUTE),
    }
    assert jobs() == ["release-hold"]


def test_a_browser_holds_one_time_and_the_former_is_free(therapist: Resource) -> None:
    first = hold(at(TUESDAY, 10), form="one")
    second = hold(at(TUESDAY, 10, 30), form="two")

    assert (second.state, queries.get_appointment(first.id).state) == (S.TENTATIVE, S.RELEASED)
    assert claimed(first) == {}


def test_the_same_form_sent_again_is_the_same_hold(therapist: Resource) -> None:
    assert hold(at(TUESDAY, 10), form="one").id == hold(at(TUESDAY, 10), form="one").id


def test_an_address_holds_five_times_at_most(therapist: Resource, time: Clock) -> None:
    days = [TUESDAY + timedelta(days=n) for n in (0, 1, 2, 3, 6, 7)]
    for n, on in enumerate(days[:5]):
        hold(at(on, 10), browser=f"browser {n}", form=f"form {n}")

    with pytest.raises(TooManyHolds):
        hold(at(days[5], 10), browser="browser 5", form="form 5")
    time.now += 11 * MINUTE

    assert hold(at(days[5], 10), browser="browser 5", form="form 5").state is S.TENTATIVE


def test_a_hold_past_its_end_goes_to_whoever_wants_it_without_a_sweeper(
    therapist: Resource, time: Clock
) -> None:
    first = hold(at(TUESDAY, 10), browser="first", form="one")
    time.now += 10 * MINUTE
    with pytest.raises(SlotTaken):
        hold(at(TUESDAY, 10, 30), browser="second", form="two")
    time.now += timedelta(microseconds=1)

    second = hold(at(TUESDAY, 10, 30), browser="second", form="two")

    assert (second.state, queries.get_appointment(first.id).state) == (S.TENTATIVE, S.RELEASED)
    assert (claimed(first), len(claimed(second))) == ({}, 3)


def test_a_hold_past_its_end_can_neither_be_renewed_nor_confirmed(
    therapist: Resource, time: Clock
) -> None:
    held = hold(at(TUESDAY, 10))
    time.now += 10 * MINUTE + timedelta(microseconds=1)

    steps: list[Callable[[], object]] = [
        lambda: booking.renew(held, by=VISITOR),
        lambda: booking.give_details(held, ALEX, by=VISITOR),
        lambda: booking.confirm(held, by=VISITOR),
        lambda: booking.release_hold(held, by=VISITOR),
    ]
    for go_on in steps:
        with pytest.raises(HoldEnded), transaction():
            go_on()


def test_a_hold_is_renewed_twice(therapist: Resource, time: Clock) -> None:
    held = hold(at(TUESDAY, 10))
    for _ in range(2):
        time.now += 9 * MINUTE
        with transaction():
            booking.renew(held, by=VISITOR)
        assert held.hold_ends_at == time.now + 10 * MINUTE

    with pytest.raises(Conflict), transaction():
        booking.renew(held, by=VISITOR)


def test_the_worker_tidies_a_hold_only_past_its_end(therapist: Resource, time: Clock) -> None:
    held = hold(at(TUESDAY, 10))
    time.now += 9 * MINUTE
    with transaction():
        booking.renew(held, by=VISITOR)
    time.now += 2 * MINUTE
    booking.release_at_end(held.id)
    before = queries.get_appointment(held.id).state
    time.now += 9 * MINUTE
    booking.release_at_end(held.id)
    booking.release_at_end(held.id)

    assert (before, queries.get_appointment(held.id).state) == (S.TENTATIVE, S.RELEASED)
    assert claimed(held) == {}


def test_details_make_a_client_and_can_be_corrected(therapist: Resource) -> None:
    start = at(TUESDAY, 10)
    held = hold(start)
    with transaction():
        booking.give_details(held, ALEX, by=VISITOR)
    with transaction():
        booking.give_details(held, replace(ALEX, last_name="Belle"), by=VISITOR)

    assert [each.name for each in db.session.scalars(sa.select(Client))] == ["Alex Belle"]
    assert claimed(held)["Client"] == (start, start + 75 * MINUTE)


def test_a_hold_is_confirmed_where_no_cards_are_taken(therapist: Resource) -> None:
    held = hold(at(TUESDAY, 10))
    with pytest.raises(Conflict), transaction():
        booking.confirm(held, by=VISITOR)
    with transaction():
        booking.give_details(held, ALEX, by=VISITOR)
    for _ in range(2):
        with transaction():
            booking.confirm(held, by=VISITOR)

    assert (held.state, held.hold_ends_at) == (S.CONFIRMED, None)
    assert jobs() == ["release-hold", "tell-of-booking"]


def test_holds_are_shown_on_the_week_while_they_live(therapist: Resource, time: Clock) -> None:
    held = hold(at(TUESDAY, 10))
    call(at(TUESDAY, 14), form="call")

    def week() -> list[UUID]:
        return [each.id for each in queries.between(at(TUESDAY, 0), at(TUESDAY, 23))]

    with_hold, day = week(), queries.on_day(TUESDAY)
    time.now += 11 * MINUTE

    assert (with_hold[0], len(with_hold)) == (held.id, 2)
    assert [each.starts_at for each in day] == [at(TUESDAY, 14)]
    assert len(week()) == 1
