"""Crowds that book, hold, move and cancel at the same moment, through the doors that pages use."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import combinations
from random import Random
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.audit.rules import PROGRAM, VISITOR
from practice.calendar.models import Claim, Resource, ResourceKind
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.people.models import Client, Practice
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import LIVE, AppointmentState, Modality
from practice.sessions.service import booking, setup
from tests import factories
from tests.integration.race.crowd import Outcome, crowd
from tests.integration.sessions.conftest import Clock, practice, therapist, time
from tests.integration.sessions.test_booking import ALEX
from tests.integration.sessions.test_free_times import NEXT_MONDAY, at

__all__ = ["practice", "therapist", "time"]  # fixtures

S = AppointmentState
TEN = at(NEXT_MONDAY, 10)
HALF_HOUR = timedelta(minutes=30)


def counted(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(outcome.words for outcome in outcomes)


def half_booked() -> list[UUID]:
    """The live appointments that hold more or less than they need."""
    wrong = []
    for appointment in db.session.scalars(sa.select(Appointment)):
        held = db.session.scalars(
            sa.select(Claim.id).where(
                Claim.holder_id == appointment.id, Claim.released_at.is_(None)
            )
        ).all()
        needs = 0
        if appointment.state in LIVE:
            service = queries.get_service(appointment.service_id)
            in_person = appointment.modality is Modality.IN_PERSON
            needs = len(service.needs_roles) + (appointment.client_id is not None)
            needs += (service.needs_room + 1) * in_person
        if len(held) != needs:
            wrong.append(appointment.id)
    return wrong


def overlaps() -> list[tuple[UUID, UUID]]:
    """Compare every live claim with every other, as the definition says."""
    rows = db.session.scalars(sa.select(Claim).where(Claim.released_at.is_(None))).all()
    return [
        (one.id, other.id)
        for one, other in combinations(rows, 2)
        if one.resource_id == other.resource_id
        and one.starts_at < other.ends_at
        and other.starts_at < one.ends_at
    ]


def call(start: datetime, form: str) -> Appointment:
    return booking.book_free(
        queries.get_service("consult"),
        ALEX,
        starts_at=start,
        modality=Modality.TELEHEALTH,
        form_token=form,
        by=VISITOR,
    )


def hold(start: datetime, browser: str) -> Appointment:
    return booking.hold(
        queries.get_service("intake"),
        starts_at=start,
        modality=Modality.IN_PERSON,
        browser=browser,
        address=browser,
        form_token=browser,
        by=VISITOR,
    )


def book(client: Client, slug: str, start: datetime) -> Appointment:
    return booking.book(
        client,
        queries.get_service(slug),
        starts_at=start,
        modality=Modality.IN_PERSON,
        by=PROGRAM,
    )


@pytest.fixture
def clients(therapist: Resource) -> list[Client]:
    with transaction():
        return [factories.create_client() for _ in range(12)]


def test_no_crowd_books_a_time_twice_whichever_door_it_comes_through(
    practice: Practice, clients: list[Client]
) -> None:
    here = practice.id

    def attempt(random: Random) -> str:
        start = TEN + HALF_HOUR * random.randrange(12)
        ways: list[Callable[[], Appointment]] = [
            lambda: call(start, uuid4().hex),
            lambda: hold(start, uuid4().hex),
            lambda: book(random.choice(clients), "prep_60", start),
        ]
        way = random.choice(ways)
        with practice_scope(here):
            in_transaction(way)
        return "booked"

    found = counted(crowd(attempt, attempts=3))

    with practice_scope(here):
        assert found.keys() <= {"booked", "SlotTaken", "NotOffered", "WindowBroken", "Busy"}
        assert (overlaps(), half_booked()) == ([], [])
        live = db.session.scalars(sa.select(Appointment.id).where(Appointment.state.in_(LIVE)))
        assert len(live.all()) == found["booked"] > 0


def test_caps_hold_against_a_crowd_that_has_room_for_more(
    practice: Practice, therapist: Resource
) -> None:
    here = practice.id
    with transaction():
        for n in range(2, 5):
            setup.employ(factories.create_user(name=f"Practitioner {n}"), PROGRAM)
        db.session.add_all(
            Resource(kind=kind, name=f"{kind} {n}", roles=[])
            for kind in (ResourceKind.ROOM, ResourceKind.HOME)
            for n in range(3)
        )
        people = [factories.create_client() for _ in range(32 * 2)]

    def attempt(random: Random) -> str:
        client = people[random.randrange(len(people))]
        start = at(NEXT_MONDAY + timedelta(days=random.randrange(5)), random.choice([9, 10, 13]))
        with practice_scope(here):
            in_transaction(lambda: book(client, "dosing_sl", start))
        return "booked"

    found = counted(crowd(attempt, attempts=2))

    with practice_scope(here):
        starts = db.session.scalars(sa.select(Appointment.starts_at)).all()
        assert found.keys() <= {"booked", "CapReached", "SlotTaken", "WindowBroken", "Busy"}
        assert len(starts) == found["booked"] == 6
        assert max(Counter(start.date() for start in starts).values()) == 2
        assert (overlaps(), half_booked()) == ([], [])


def test_one_of_a_crowd_gets_the_time_of_a_hold_past_its_end(
    practice: Practice, therapist: Resource, time: Clock
) -> None:
    here = practice.id
    with transaction():
        dead = hold(TEN, "first")
    time.now += timedelta(minutes=11)

    def attempt(random: Random) -> str:
        with practice_scope(here):
            in_transaction(lambda: hold(TEN + HALF_HOUR * random.randrange(2), uuid4().hex))
        return "held"

    found = counted(crowd(attempt, attempts=1))

    with practice_scope(here):
        assert found.keys() <= {"held", "SlotTaken", "Busy"}
        assert found["held"] == 1
        assert queries.get_appointment(dead.id).state is S.RELEASED
        assert (overlaps(), half_booked()) == ([], [])


def test_a_form_that_is_sent_by_a_crowd_books_once(practice: Practice, therapist: Resource) -> None:
    here = practice.id

    def attempt(_random: Random) -> str:
        with practice_scope(here):
            return str(in_transaction(lambda: call(TEN, "one form")).id)

    outcomes = crowd(attempt, processes=8, attempts=1)

    with practice_scope(here):
        (booked,) = db.session.scalars(sa.select(Appointment.id))
        assert {outcome.words for outcome in outcomes} <= {str(booked), "SlotTaken"}


def test_a_session_that_everybody_moves_and_cancels_ends_in_one_state(
    practice: Practice, clients: list[Client]
) -> None:
    here = practice.id
    with transaction():
        wanted = book(clients[0], "prep_60", TEN)

    def attempt(random: Random) -> str:
        start = TEN + HALF_HOUR * random.randrange(1, 10)
        with practice_scope(here):
            appointment = queries.get_appointment(wanted.id)
            if random.random() < 0.2:
                in_transaction(lambda: booking.cancel(appointment, by=PROGRAM))
                return "cancelled"
            seen = appointment.sequence
            in_transaction(lambda: booking.move(appointment, starts_at=start, by=PROGRAM))
            return "moved" if appointment.sequence > seen else "was there"

    found = counted(crowd(attempt, processes=16, attempts=3))

    with practice_scope(here):
        after = queries.get_appointment(wanted.id)
        known = {"moved", "was there", "cancelled", "ChangedMeanwhile", "Conflict", "Busy"}
        assert found.keys() <= known
        assert after.sequence == found["moved"] + found["cancelled"] > 0
        assert (after.state is S.CANCELLED) == (found["cancelled"] == 1)
        assert (overlaps(), half_booked()) == ([], [])


def test_sessions_that_change_places_do_not_lock_each_other_out(
    practice: Practice, clients: list[Client]
) -> None:
    here = practice.id
    with transaction():
        booked = [
            book(client, "prep_60", TEN + HALF_HOUR * 3 * n).id
            for n, client in enumerate(clients[:4])
        ]

    def attempt(random: Random) -> str:
        start = TEN + HALF_HOUR * random.randrange(12)
        with practice_scope(here):
            appointment = queries.get_appointment(random.choice(booked))
            in_transaction(lambda: booking.move(appointment, starts_at=start, by=PROGRAM))
        return "moved"

    found = counted(crowd(attempt, processes=16, attempts=4))

    with practice_scope(here):
        assert found.keys() <= {"moved", "SlotTaken", "NotOffered", "ChangedMeanwhile", "Busy"}
        assert found["moved"] > 0
        assert (overlaps(), half_booked()) == ([], [])
