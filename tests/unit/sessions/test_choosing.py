from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.sessions.rules.choosing import (
    Day,
    Part,
    clock_changes_between,
    days_of,
    nearest,
    opened,
    parts_of,
)

NEW_YORK = "America/New_York"
FIRST_ON = date(2027, 3, 8)  # the clocks go forward on March 14
ZERO = datetime(2027, 3, 8, 5, tzinfo=UTC)
ZONES = [NEW_YORK, "America/Phoenix", "Pacific/Honolulu", "Asia/Kathmandu", "UTC"]
instants = st.integers(-3000, 3000).map(lambda n: ZERO + n * timedelta(minutes=30))


def at(on: date, hour: int, minute: int = 0) -> datetime:
    there = datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo(NEW_YORK))
    return there.astimezone(UTC)


@given(starts=st.sets(instants, max_size=40), zone=st.sampled_from(ZONES))
def test_every_start_stands_on_the_day_that_the_wall_shows_or_nowhere(
    starts: set[datetime], zone: str
) -> None:
    days = days_of(starts, zone, FIRST_ON, 14)

    assert [day.on for day in days] == [FIRST_ON + timedelta(days=n) for n in range(14)]
    for day in days:
        there = [s for s in starts if s.astimezone(ZoneInfo(zone)).date() == day.on]
        assert day.starts == tuple(sorted(there))


@given(starts=st.sets(instants, max_size=40), zone=st.sampled_from(ZONES))
def test_the_parts_of_a_day_hold_every_start_once(starts: set[datetime], zone: str) -> None:
    parts = parts_of(sorted(starts), zone)

    assert [start for _, found in parts for start in found] == sorted(
        starts, key=lambda start: (_part(start, zone), start)
    )
    assert all(found for _, found in parts)


def _part(start: datetime, zone: str) -> int:
    hour = start.astimezone(ZoneInfo(zone)).hour
    return 0 if hour < 12 else 1 if hour < 17 else 2


def test_morning_ends_at_noon_and_evening_begins_at_five() -> None:
    starts = [at(FIRST_ON, 11, 59), at(FIRST_ON, 12), at(FIRST_ON, 16, 59), at(FIRST_ON, 17)]

    assert parts_of(starts, NEW_YORK) == [
        (Part.MORNING, starts[:1]),
        (Part.AFTERNOON, starts[1:3]),
        (Part.EVENING, starts[3:]),
    ]


@given(starts=st.sets(instants, max_size=40), wanted=instants, count=st.integers(1, 5))
def test_no_start_that_is_left_out_is_nearer_than_one_that_is_named(
    starts: set[datetime], wanted: datetime, count: int
) -> None:
    near = nearest(starts, wanted, count)

    assert len(near) == min(count, len(starts))
    assert near == sorted(near)
    for left in starts - set(near):
        assert all(abs(left - wanted) >= abs(one - wanted) for one in near)


def test_of_two_equally_near_the_earlier_is_named() -> None:
    noon = at(FIRST_ON, 12)
    around = [noon - timedelta(hours=1), noon + timedelta(hours=1)]

    assert nearest(around, noon, 1) == around[:1]


EMPTY, FULL = Day(FIRST_ON, ()), Day(FIRST_ON + timedelta(days=1), (ZERO,))


@pytest.mark.parametrize(
    ("days", "wanted", "open_day"),
    [
        ([EMPTY, FULL], None, FULL),
        ([EMPTY, FULL], EMPTY.on, EMPTY),
        ([EMPTY, FULL], FIRST_ON - timedelta(days=1), FULL),
        ([EMPTY], None, None),
    ],
)
def test_the_day_that_was_asked_for_is_open_or_else_the_first_with_times(
    days: list[Day], wanted: date | None, open_day: Day | None
) -> None:
    assert opened(days, wanted) == open_day


@pytest.mark.parametrize(
    ("zone", "changes"), [(NEW_YORK, True), ("America/Phoenix", False), ("UTC", False)]
)
def test_a_change_of_the_clocks_is_told_where_there_is_one(zone: str, *, changes: bool) -> None:
    before = at(date(2027, 3, 13), 12)

    assert clock_changes_between(before, before + timedelta(days=2), zone) is changes
    assert clock_changes_between(before, before, zone) is False
