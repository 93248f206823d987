from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from practice.calendar.rules import free, hours, timeline
from practice.calendar.rules.free import Ask, Need, Offer, Reason, ResourceTime, Wanted
from practice.calendar.rules.hours import Window

NEW_YORK = "America/New_York"
MORGAN, ADA, SAM, ROOM, HOME = (UUID(int=n) for n in range(1, 6))

TUESDAY = date(2026, 12, 1)
NINE = datetime(2026, 12, 1, 14, tzinfo=UTC)
WEEK_BEFORE = NINE - timedelta(days=7)
AXIS = free.axis_around(NEW_YORK, TUESDAY, TUESDAY)
CLIENT_HOURS = hours.daily(AXIS, (Window(9 * 60, 18 * 60),))
FREE = ResourceTime(hours=AXIS.full, taken=0)


def dosing(*needs: Need, **limits: object) -> Ask:
    ask = Ask(minutes=180, needs=needs, client_hours=CLIENT_HOURS, step_minutes=30)
    return replace(ask, **limits)  # type: ignore[arg-type]  # a test names the field it means


def taken(start: datetime, minutes: int) -> ResourceTime:
    claim = (start, start + timedelta(minutes=minutes))
    return ResourceTime(hours=AXIS.full, taken=timeline.busy(AXIS, [claim]))


def clock(offer: Offer) -> list[str]:
    place = ZoneInfo(NEW_YORK)
    return [f"{start.astimezone(place):%H:%M}" for start in free.starts(offer, TUESDAY, TUESDAY)]


def test_a_dosing_starts_between_nine_and_two_and_ends_by_six() -> None:
    long_days = dosing(start_between=(time(9), time(14)))
    late = replace(long_days, start_between=(time(14), time(23)))

    assert clock(free.find(AXIS, long_days, {}, now=WEEK_BEFORE)) == [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30",
        "12:00", "12:30", "13:00", "13:30", "14:00",
    ]  # fmt: skip
    assert clock(free.find(AXIS, late, {}, now=WEEK_BEFORE)) == ["14:00", "14:30", "15:00"]


def test_buffers_need_nobodys_hours_but_must_be_unclaimed() -> None:
    at_nine = hours.daily(AXIS, (Window(9 * 60, 18 * 60),))
    until_nine = (NINE - timedelta(hours=1), NINE)
    staff = Need(
        label="the practitioner", any_of=(MORGAN,), pad_before_minutes=30, pad_after_minutes=45
    )

    unclaimed = free.find(AXIS, dosing(staff), {MORGAN: ResourceTime(at_nine, 0)}, now=WEEK_BEFORE)
    claimed = free.find(
        AXIS,
        dosing(staff),
        {MORGAN: ResourceTime(at_nine, timeline.busy(AXIS, [until_nine]))},
        now=WEEK_BEFORE,
    )

    assert (clock(unclaimed)[0], clock(unclaimed)[-1]) == ("09:00", "15:00")
    assert (clock(claimed)[0], clock(claimed)[-1]) == ("09:30", "15:00")


def test_clients_do_not_meet_in_the_home() -> None:
    home = Need(label="the home", any_of=(HOME,), pad_after_minutes=20)
    one_leaves_at_ten = {HOME: taken(NINE, 60 + 20)}
    one_comes_at_three = {HOME: taken(NINE + timedelta(hours=6), 60 + 20)}

    after = free.find(AXIS, dosing(home), one_leaves_at_ten, now=WEEK_BEFORE)
    before = free.find(AXIS, dosing(home), one_comes_at_three, now=WEEK_BEFORE)

    assert clock(after)[0] == "10:30"
    assert clock(before)[-1] == "11:30"


def test_what_is_claimed_is_the_session_with_the_pads_of_each_need() -> None:
    staff = Need(
        label="the practitioner", any_of=(ADA, MORGAN), pad_before_minutes=30, pad_after_minutes=45
    )
    home = Need(label="the home", any_of=(HOME,), pad_after_minutes=20)
    minute = timedelta(minutes=1)

    assert free.wanted(dosing(staff, home), (MORGAN, HOME), NINE) == (
        Wanted(MORGAN, NINE - 30 * minute, NINE + 225 * minute),
        Wanted(HOME, NINE, NINE + 200 * minute),
    )


def test_notice_and_horizon_include_their_ends() -> None:
    three_days = dosing(notice_hours=72)
    a_week = dosing(horizon_days=7)
    exactly = NINE - timedelta(hours=72)
    second = timedelta(seconds=1)
    a_week_before = datetime(2026, 11, 24, 5, tzinfo=UTC)  # midnight in New York

    offers = [
        free.is_offered(free.find(AXIS, ask, {}, now=now), NINE)
        for ask, now in [
            (three_days, exactly),
            (three_days, exactly + second),
            (a_week, a_week_before),
            (a_week, a_week_before - second),
        ]
    ]

    assert offers == [True, False, True, False]


def test_a_full_week_of_another_year_closes_nothing() -> None:
    weeks = {"this year": {(2026, 49)}, "next year": {(2027, 49)}}

    offered = {
        when: free.is_offered(free.find(AXIS, dosing(full_weeks=full), {}, now=WEEK_BEFORE), NINE)
        for when, full in weeks.items()
    }

    assert offered == {"this year": False, "next year": True}


def test_one_person_does_not_fill_two_needs() -> None:
    therapist = Need(label="the practitioner", any_of=(MORGAN, SAM))
    monitor = Need(label="the medical monitor", any_of=(SAM,))

    offer = free.find(
        AXIS, dosing(therapist, monitor), {MORGAN: taken(NINE, 60), SAM: FREE}, now=WEEK_BEFORE
    )

    assert clock(offer)[0] == "10:00"
    assert free.team_for(offer, NINE + timedelta(hours=1)) == (MORGAN, SAM)
    assert [refusal.words for refusal in free.why_not(offer, NINE)] == [
        "Those who are needed are not free together then."
    ]


def test_the_preferred_resource_is_chosen_while_it_is_free() -> None:
    therapist = Need(label="the practitioner", any_of=(ADA, MORGAN))

    offer = free.find(
        AXIS, dosing(therapist), {MORGAN: FREE, ADA: taken(NINE, 60)}, now=WEEK_BEFORE
    )

    assert free.team_for(offer, NINE) == (MORGAN,)
    assert free.team_for(offer, NINE + timedelta(hours=1)) == (ADA,)
    assert free.team_for(offer, NINE - timedelta(hours=1)) is None


def test_every_refusal_is_said_in_words() -> None:
    practitioner = Need(label="the practitioner", any_of=(MORGAN,))
    room = Need(label="the room", any_of=(ROOM,))
    ask = dosing(
        practitioner,
        room,
        start_between=(time(9), time(14)),
        notice_hours=72,
        horizon_days=3,
        quiet=hours.windows_over_midnight(time(20), time(8)),
        full_days={TUESDAY},
        full_weeks={(2026, 49)},
    )
    resources = {
        MORGAN: ResourceTime(hours=0, taken=0),
        ROOM: ResourceTime(hours=AXIS.full, taken=AXIS.full),
    }
    at_night = NINE + timedelta(hours=-5, minutes=10)

    def words(now: datetime) -> list[str]:
        offer = free.find(AXIS, ask, resources, now=now)
        return [refusal.words for refusal in free.why_not(offer, at_night)]

    everything_else = [
        "Sessions start every 30 minutes, counted from midnight.",
        "That is outside the hours for clients.",
        "This starts between 9:00 AM and 2:00 PM.",
        "Those are quiet hours.",
        "That day is full.",
        "That week is full.",
        "The practitioner is not available then.",
        "The room is taken then.",
    ]
    assert words(NINE) == ["That time has passed.", *everything_else]
    assert words(at_night) == ["This has to be booked 72 hours ahead.", *everything_else]
    too_early = words(WEEK_BEFORE)
    assert sorted(too_early) == sorted(
        ["This can be booked at most 3 days ahead.", *everything_else]
    )


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (NINE + timedelta(minutes=7), Reason.OFF_GRID),
        (NINE + timedelta(microseconds=1), Reason.OFF_GRID),
        (NINE + timedelta(minutes=5), Reason.OFF_GRID),
        (AXIS.starts_at - timedelta(minutes=30), Reason.NOT_LOOKED_AT),
        (AXIS.ends_at, Reason.NOT_LOOKED_AT),
    ],
)
def test_a_start_off_the_grid_or_the_axis_is_refused_with_a_reason(
    start: datetime, reason: Reason
) -> None:
    offer = free.find(AXIS, dosing(), {}, now=WEEK_BEFORE)

    assert [refusal.reason for refusal in free.why_not(offer, start)] == [reason]
    assert not free.is_offered(offer, start)
    assert free.team_for(offer, start) is None


def test_both_readings_of_a_repeated_hour_are_offered() -> None:
    on = date(2026, 11, 1)
    axis = free.axis_around(NEW_YORK, on, on)
    ask = Ask(
        minutes=60,
        needs=(),
        client_hours=hours.daily(axis, (Window(60, 180),)),
        step_minutes=30,
    )

    offer = free.find(axis, ask, {}, now=WEEK_BEFORE - timedelta(days=60))

    place = ZoneInfo(NEW_YORK)
    found = [f"{at.astimezone(place):%H:%M %Z}" for at in free.starts(offer, on, on)]
    assert found == ["01:00 EDT", "01:30 EDT", "01:00 EST", "01:30 EST", "02:00 EST"]
