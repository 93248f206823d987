import sqlalchemy as sa

from practice.audit.rules import PROGRAM
from practice.calendar import queries as calendar
from practice.calendar.models import Resource, ResourceKind, WorkingHours
from practice.clients.rules.papers import Route
from practice.core.db import db, transaction
from practice.core.money import Money
from practice.people.models import Practice
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Service
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality, SessionKind
from practice.sessions.rules.templates import shipped
from practice.sessions.service import setup
from tests import factories


def test_a_new_practice_offers_everything_that_is_shipped(practice: Practice) -> None:
    with transaction():
        setup.furnish(practice, PROGRAM)

    offered = queries.services()
    assert [each.slug for each in offered] == [each["slug"] for each in shipped()["services"]]
    assert {each.kind for each in offered} == set(SessionKind)
    assert all(each.route for each in offered if each.kind in GIVES_MEDICINE)


def test_a_service_keeps_its_length_price_and_needs(practice: Practice) -> None:
    with transaction():
        setup.furnish(practice, PROGRAM)

    def facts(service: Service) -> tuple[object, ...]:
        return (
            service.minutes, service.buffer_before_minutes, service.buffer_after_minutes,
            service.price, service.modality_set, service.needs_room, service.needs_roles,
            service.route, service.notice_hours, service.billed_by_practice,
        )  # fmt: skip

    assert facts(queries.get_service("dosing_im")) == (
        180, 30, 45, Money(60000, "USD"), {Modality.IN_PERSON}, True,
        ["therapist", "medical_monitor"], Route.IM, 72, True,
    )  # fmt: skip
    assert facts(queries.get_service("med_followup_ext")) == (
        30, 0, 0, Money(15000, "USD"), {Modality.TELEHEALTH}, False,
        ["prescriber"], None, 24, False,
    )  # fmt: skip


def test_a_calendar_code_is_one_letter_and_says_nothing(practice: Practice) -> None:
    with transaction():
        setup.furnish(practice, PROGRAM)

    codes = {each.kind: each.code for each in queries.services()}

    assert setup.CODES.keys() == setup.ABOUT.keys() == set(SessionKind)
    assert codes == setup.CODES
    assert {len(code) for code in codes.values()} == {1}
    assert len(set(codes.values())) == len(codes)


def test_the_booking_rules_are_the_shipped_defaults(practice: Practice) -> None:
    with transaction():
        setup.furnish(practice, PROGRAM)

    rules = calendar.booking_rules()

    assert (rules.weekdays, rules.opens_minute, rules.closes_minute) == ([1, 2, 3, 4, 5], 540, 1080)
    assert (rules.dosing_first_start_minute, rules.dosing_last_start_minute) == (540, 840)
    assert (rules.quiet_from_minute, rules.quiet_to_minute) == (1200, 480)
    assert (rules.max_dosings_per_day, rules.max_dosings_per_week) == (2, 6)
    assert (rules.gap_between_clients_minutes, rules.horizon_days) == (20, 120)
    assert (rules.start_step_minutes, rules.address_hours_before) == (30, 72)
    assert (rules.hold_minutes, rules.hold_renewals) == (10, 2)
    assert (rules.checkout_minutes, rules.after_checkout_seconds) == (31, 60)


def test_there_is_a_room_and_the_home(practice: Practice) -> None:
    with transaction():
        setup.furnish(practice, PROGRAM)

    places = db.session.execute(sa.select(Resource.kind, Resource.name).order_by(Resource.name))

    assert [tuple(each) for each in places] == [
        (ResourceKind.HOME, "Home"),
        (ResourceKind.ROOM, "Sanctuary room"),
    ]


def test_staff_get_a_place_in_the_calendar_with_their_hours(practice: Practice) -> None:
    with transaction():
        user = factories.create_user(Role.MEDICAL_MONITOR)
        monitor = setup.employ(user, PROGRAM, days=["mon", "thu"], start="08:30", end="17:30")

    hours = db.session.execute(
        sa.select(
            WorkingHours.weekday, WorkingHours.starts_minute, WorkingHours.ends_minute
        ).order_by(WorkingHours.weekday)
    )
    assert (monitor.kind, monitor.user_id, monitor.roles) == (
        ResourceKind.PERSON, user.id, ["medical_monitor"],
    )  # fmt: skip
    assert [tuple(each) for each in hours] == [(1, 510, 1050), (4, 510, 1050)]
