from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from practice.calendar.models import (
    Closure,
    HoursOverride,
    Resource,
    ResourceKind,
    WorkingHours,
)
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Invalid, NotFound
from practice.people.models import Practice
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from tests import factories
from tests.integration.sessions.conftest import Clock

TUESDAY = date(2027, 3, 2)
NEXT_MONDAY = date(2027, 3, 8)
IN_PERSON, VIDEO = Modality.IN_PERSON, Modality.TELEHEALTH
NEW_YORK = ZoneInfo("America/New_York")


def at(on: date, hour: int, minute: int = 0) -> datetime:
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def clocks(slug: str, on: date, modality: Modality = IN_PERSON, **limits: object) -> list[str]:
    starts = queries.free_times(queries.get_service(slug), modality, on, 1, **limits)  # type: ignore[arg-type]  # a test names what it means
    return [f"{start.starts_at.astimezone(NEW_YORK):%H:%M}" for start in starts]


def occupy(resource: UUID, start: datetime, minutes: int) -> None:
    with transaction():
        wanted = Wanted(resource, start, start + timedelta(minutes=minutes))
        assert not claims.take(uuid4(), [wanted]).refused


def test_a_service_is_found_by_slug_and_by_id(therapist: Resource) -> None:
    intake = queries.get_service("intake")

    assert queries.get_service(intake.id) is intake
    assert (intake.minutes, intake.rules.horizon_days) == (75, 120)


@pytest.mark.parametrize("named", ["no-such-thing", UUID(int=7)])
def test_a_service_that_is_not_offered_is_not_found(therapist: Resource, named: str | UUID) -> None:
    with pytest.raises(NotFound):
        queries.get_service(named)


def test_an_empty_day_offers_every_start_that_ends_by_closing(therapist: Resource) -> None:
    assert clocks("intake", NEXT_MONDAY) == [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00",
        "13:30", "14:00", "14:30", "15:00", "15:30", "16:00", "16:30",
    ]  # fmt: skip


def test_notice_counts_hours_and_staff_need_none(therapist: Resource) -> None:
    assert clocks("intake", TUESDAY)[0] == "09:00"
    assert clocks("intake", TUESDAY - timedelta(days=1)) == []
    assert clocks("intake", TUESDAY - timedelta(days=1), as_staff=True)[0] == "09:00"


def test_nothing_is_offered_beyond_the_horizon(therapist: Resource) -> None:
    last_on = date(2027, 3, 1) + timedelta(days=120)

    assert clocks("intake", last_on) != []
    assert clocks("intake", last_on + timedelta(days=1)) == []
    assert clocks("intake", last_on + timedelta(days=1), as_staff=True) != []


def test_weekends_and_closures_offer_nothing(therapist: Resource) -> None:
    with transaction():
        db.session.add(Closure(first_on=TUESDAY, last_on=TUESDAY, reason="Storm"))

    assert clocks("intake", date(2027, 3, 6)) == []
    assert clocks("intake", TUESDAY) == []
    assert clocks("intake", TUESDAY + timedelta(days=1)) != []


def test_an_override_replaces_the_weekly_hours(therapist: Resource) -> None:
    with transaction():
        db.session.add_all(
            [
                HoursOverride(
                    resource_id=therapist.id, on_date=TUESDAY, starts_minute=780, ends_minute=900
                ),
                HoursOverride(
                    resource_id=therapist.id,
                    on_date=NEXT_MONDAY,
                    starts_minute=None,
                    ends_minute=None,
                ),
            ]
        )

    assert clocks("intake", TUESDAY) == ["13:00", "13:30"]
    assert clocks("intake", NEXT_MONDAY) == []


def test_a_claim_takes_its_time_with_the_buffers_around(therapist: Resource) -> None:
    occupy(therapist.id, at(TUESDAY, 11), 60)

    assert clocks("intake", TUESDAY) == [
        "09:00", "09:30", "12:30", "13:00", "13:30", "14:00", "14:30", "15:00", "15:30",
        "16:00", "16:30",
    ]  # fmt: skip


def test_video_needs_neither_the_room_nor_the_home(therapist: Resource) -> None:
    for kind in (ResourceKind.ROOM, ResourceKind.HOME):
        place = db.session.scalars(sa.select(Resource.id).where(Resource.kind == kind)).one()
        occupy(place, at(TUESDAY, 9), 9 * 60)

    assert clocks("intake", TUESDAY) == []
    assert clocks("intake", TUESDAY, VIDEO)[0] == "09:00"


def test_clients_do_not_meet_between_two_sessions(therapist: Resource) -> None:
    home = db.session.scalars(
        sa.select(Resource.id).where(Resource.kind == ResourceKind.HOME)
    ).one()
    occupy(home, at(TUESDAY, 12), 60 + 20)

    assert [start for start in clocks("prep_60", TUESDAY) if "10:00" <= start <= "14:00"] == [
        "10:00", "10:30", "13:30", "14:00",
    ]  # fmt: skip


def test_a_dosing_starts_within_its_hours(therapist: Resource) -> None:
    assert clocks("dosing_sl", date(2027, 3, 9)) == [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00",
        "13:30", "14:00",
    ]  # fmt: skip


def test_a_dosing_needs_everybody_it_names_at_once(therapist: Resource) -> None:
    assert clocks("dosing_im", date(2027, 3, 9)) == []


def test_two_dosings_fill_a_day_and_six_a_week(therapist: Resource) -> None:
    week = [NEXT_MONDAY + timedelta(days=n) for n in range(5)]
    for on, count in zip(week, [2, 1, 1, 1, 0], strict=True):
        for _ in range(count):
            dose(therapist, at(on, 9))
    day_full, free_day = clocks("dosing_sl", week[0]), clocks("dosing_sl", week[4])
    dose(therapist, at(week[4], 9), "booster_sl")

    assert (day_full, free_day != []) == ([], True)
    assert [clocks("dosing_sl", on) for on in week] == [[]] * 5
    assert clocks("dosing_sl", NEXT_MONDAY + timedelta(days=7)) != []


def dose(host: Resource, start: datetime, slug: str = "dosing_sl") -> Appointment:
    service = queries.get_service(slug)
    with transaction():
        client = factories.create_client()
        return factories.create_appointment(service, host=host, client=client, starts_at=start)


def test_a_hold_past_its_end_is_free_although_nobody_swept(
    therapist: Resource, time: Clock
) -> None:
    service = queries.get_service("intake")
    ends_at = time.now + timedelta(minutes=10)
    with transaction():
        hold = factories.create_appointment(
            service,
            host=therapist,
            starts_at=at(TUESDAY, 10),
            state=AppointmentState.TENTATIVE,
            hold_ends_at=ends_at,
        )
        claims.take(hold.id, [Wanted(therapist.id, hold.starts_at, hold.ends_at)])
    held = clocks("intake", TUESDAY)
    time.now = ends_at
    at_its_end = clocks("intake", TUESDAY)
    time.now = ends_at + timedelta(microseconds=1)

    assert "10:00" not in held
    assert "10:00" not in at_its_end
    assert "10:00" in clocks("intake", TUESDAY)


def test_days_are_those_of_the_zone_that_is_asked_for(therapist: Resource) -> None:
    service = queries.get_service("intake")

    here = queries.free_times(service, VIDEO, TUESDAY, 1)
    in_tokyo = queries.free_times(service, VIDEO, TUESDAY, 1, zone="Asia/Tokyo")
    tokyo = ZoneInfo("Asia/Tokyo")

    assert {start.starts_at.astimezone(NEW_YORK).date() for start in here} == {TUESDAY}
    assert {start.starts_at.astimezone(tokyo).date() for start in in_tokyo} <= {TUESDAY}


@pytest.mark.parametrize("days", [0, -1, 61, 10**9])
def test_too_many_days_are_refused(therapist: Resource, days: int) -> None:
    with pytest.raises(Invalid):
        queries.free_times(queries.get_service("intake"), VIDEO, TUESDAY, days)


@pytest.mark.parametrize("rows", [0, 40])
def test_free_times_cost_the_same_however_full_the_book(
    therapist: Resource, count_statements: Callable[[Callable[[], object]], int], rows: int
) -> None:
    for n in range(rows):
        occupy(therapist.id, at(TUESDAY + timedelta(days=n), 11), 60)

    def ask() -> None:
        queries.free_times(queries.get_service("intake"), IN_PERSON, TUESDAY, 60)

    assert count_statements(ask) == 4  # practice, service, who works when, what is taken


def test_another_practices_hours_and_claims_are_not_seen(
    practice: Practice, therapist: Resource
) -> None:
    before = clocks("intake", TUESDAY)
    with practice_scope(factories.create_practice(slug="harbor").id):
        with transaction():
            (other,) = factories.furnish()
            other_hours = WorkingHours(
                resource_id=other.id, weekday=6, starts_minute=0, ends_minute=1440
            )
            db.session.add_all(
                [
                    other_hours,
                    Closure(first_on=TUESDAY, last_on=TUESDAY, reason="Away"),
                    HoursOverride(
                        resource_id=other.id, on_date=TUESDAY, starts_minute=None, ends_minute=None
                    ),
                ]
            )
        occupy(other.id, at(TUESDAY, 9), 600)

    assert clocks("intake", TUESDAY) == before
