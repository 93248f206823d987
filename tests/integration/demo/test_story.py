"""Who comes when: four months of a practice, as if people had booked and held them."""

from datetime import timedelta
from itertools import pairwise

import sqlalchemy as sa

from practice.calendar.models import CalendarEntry, Claim, Resource
from practice.calendar.queries import booking_rules
from practice.calendar.rules import zones
from practice.calendar.subscriptions import subscriptions
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.core.db import db
from practice.demo.cast import TIDEWATER
from practice.outbox.queries import open_tasks
from practice.people.models import Client, Practice
from practice.people.queries import staff
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.queries.courses import courses_in
from practice.sessions.rules.course_states import LIVE as LIVE_COURSES
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, LIVE, AppointmentState, SessionKind
from practice.sessions.rules.windows import findings
from practice.sessions.service import readiness
from tests.integration.demo.conftest import TUESDAY, appointments

S = AppointmentState
WEEK = timedelta(weeks=1)


def test_it_reaches_three_months_back_and_a_whole_course_ahead(tidewater: Practice) -> None:
    days = [zones.local_date(each.starts_at, tidewater.time_zone) for each in appointments()]

    assert TUESDAY - 13 * WEEK <= min(days) <= TUESDAY - 12 * WEEK
    assert TUESDAY + 6 * WEEK <= max(days) <= TUESDAY + 16 * WEEK


def test_what_is_past_is_over_and_what_is_to_come_is_not(tidewater: Practice) -> None:
    midnight = zones.day_start(tidewater.time_zone, TUESDAY)
    past = {each.state for each in appointments() if each.starts_at < midnight}
    to_come = {each.state for each in appointments() if each.starts_at >= midnight}

    assert past == {S.COMPLETED, S.CANCELLED, S.NO_SHOW}
    assert to_come == {S.CONFIRMED, S.TENTATIVE, S.CANCELLED}


def test_every_kind_of_session_is_seen(tidewater: Practice) -> None:
    assert {each.kind for each in appointments()} == set(SessionKind)


def test_a_dosing_waits_for_the_clearance_that_is_missing_or_was_withdrawn(
    tidewater: Practice,
) -> None:
    waiting = {
        each.client.first_name: [closed.reason for closed in readiness.closed(each)]
        for each in appointments()
        if each.state is S.TENTATIVE and each.client
    }

    missing = [
        "Medical clearance for SL is missing",
        "No clearance says whether a liver panel is asked for",
    ]
    of_courses = {name: waiting.pop(name) for name in ("June", "Owen")}
    assert waiting == {"Marcus": missing, "Theo": missing}
    assert of_courses == {
        "June": [
            "No prescriber follow-up has been held",
            "The review after dosing 2 is not decided",
        ],
        "Owen": ["Treatment and privacy consents are missing"],
    }


def test_courses_stand_at_their_beginning_in_the_middle_and_are_proposed(
    tidewater: Practice,
) -> None:
    found = {each.client.first_name: each for each in courses_in(LIVE_COURSES)}

    assert {name: each.state for name, each in found.items()} == {
        "June": CourseState.UNDER_WAY,
        "Owen": CourseState.BOOKED,
        "Thea": CourseState.PROPOSED,
    }
    assert all(each.appointment_id or each.planned_on for each in found["Owen"].steps)


def test_nobody_was_dosed_without_what_it_takes(tidewater: Practice) -> None:
    dosed = [each for each in appointments() if each.kind in GIVES_MEDICINE and each.completed_at]
    too_late = [
        each.client_id
        for each in dosed
        for paper in db.session.scalars(sa.select(Paper).where(Paper.client_id == each.client_id))
        if paper.recorded_at > each.starts_at and paper.kind is PaperKind.MEDICAL_CLEARANCE
    ]

    assert len(dosed) > 30
    assert too_late == []


def test_sessions_keep_the_limits_of_the_course(tidewater: Practice) -> None:
    broken = []
    for client_id in db.session.scalars(sa.select(Client.id)):
        held = [
            each.placed
            for each in queries.of_client(client_id)
            if each.state in LIVE | {S.COMPLETED}
        ]
        broken += [
            found.words
            for session in held
            for found in findings(session, held, tidewater.time_zone)
            if found.is_hard
        ]

    assert broken == []


def test_nobody_and_nothing_is_in_two_places(tidewater: Practice) -> None:
    claims = db.session.scalars(
        sa.select(Claim)
        .where(Claim.released_at.is_(None))
        .order_by(Claim.resource_id, Claim.starts_at)
    ).all()
    clashes = [
        (one, other)
        for one, other in pairwise(claims)
        if one.resource_id == other.resource_id and other.starts_at < one.ends_at
    ]

    assert len(claims) > 400
    assert clashes == []


def test_there_is_somebody_in_every_role(tidewater: Practice) -> None:
    roles = {role for member in staff() for role in member.role_set}

    assert roles == set(Role)
    assert len(staff()) == len(Role) - 1  # the owner is the therapist


def test_a_stranger_waits_and_one_may_be_known_already(tidewater: Practice) -> None:
    clients = {client.name: client.id for client in db.session.scalars(sa.select(Client))}
    [intake] = queries.of_client(clients["Lena Fairchild"])

    assert (intake.kind, intake.state) == (SessionKind.INTAKE, S.CONFIRMED)
    assert {task.kind for task in open_tasks()} == {"merge-clients", "session-not-ready"}
    assert clients["N. Brooks"] != clients["Nadia Brooks"]


def test_the_owners_phone_shows_what_is_in_the_calendar(tidewater: Practice) -> None:
    people = db.session.scalars(sa.select(Resource.id)).all()
    [subscribed] = subscriptions(people)
    shown = set(db.session.scalars(sa.select(CalendarEntry.session_id)))
    coming = {
        each.id
        for each in appointments()
        if each.state in LIVE and each.host_id == subscribed.subscription.resource_id
    }

    assert (subscribed.subscription.label, subscribed.whose) == ("Phone", "Morgan Reyes (demo)")
    assert coming <= shown


def test_the_street_is_sealed_and_stands_in_no_public_word(tidewater: Practice) -> None:
    rules = booking_rules()
    street = TIDEWATER.sanctuary_address.splitlines()[0]
    public = f"{tidewater.about} {tidewater.locality} {tidewater.business_address}"

    assert rules.sanctuary_address == TIDEWATER.sanctuary_address
    assert street.encode() not in (rules.sanctuary_address_sealed or b"")
    assert street not in public


def test_the_second_practice_is_another_one(harbor: Practice) -> None:
    addresses = {member.email.partition("@")[2] for member in staff()}
    zones_used = {each.time_zone for each in appointments()}
    names = set(db.session.scalars(sa.select(Client.last_name)))

    assert (addresses, zones_used) == ({"harbor.example"}, {"America/Denver"})
    assert names == {"Vanterpool", "Abernathy", "Quint"}
