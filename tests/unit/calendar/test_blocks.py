from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from practice.calendar.rules import zones
from practice.calendar.rules.blocks import days_repeated, times_of
from practice.core.errors import Invalid

ZONE = "America/New_York"
MARCH_8, FORWARD, BACK = date(2027, 3, 8), date(2027, 3, 14), date(2027, 11, 7)


def test_a_repeated_block_keeps_its_wall_time_when_the_clocks_change() -> None:
    found = times_of(ZONE, MARCH_8, time(9), MARCH_8, time(10), every_weeks=1, times=2)

    assert found == [
        (datetime(2027, 3, 8, 14, tzinfo=UTC), datetime(2027, 3, 8, 15, tzinfo=UTC)),
        (datetime(2027, 3, 15, 13, tzinfo=UTC), datetime(2027, 3, 15, 14, tzinfo=UTC)),
    ]


def test_dates_are_so_many_weeks_apart() -> None:
    assert days_repeated(MARCH_8, every_weeks=2, times=3) == [
        MARCH_8,
        MARCH_8 + timedelta(weeks=2),
        MARCH_8 + timedelta(weeks=4),
    ]


def test_a_block_may_pass_midnight_when_it_says_so() -> None:
    assert times_of(ZONE, MARCH_8, time(22), MARCH_8 + zones.DAY, time(2)) == [
        (datetime(2027, 3, 9, 3, tzinfo=UTC), datetime(2027, 3, 9, 7, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((MARCH_8, time(22), MARCH_8, time(2)), "Past midnight, give the last day"),
        ((MARCH_8, time(9), MARCH_8, time(9)), "The end must come after the beginning"),
        ((MARCH_8, time(9), MARCH_8 - zones.DAY, time(10)), "The end must come after"),
        ((MARCH_8, time(9), date(2027, 4, 8), time(10)), "Block at most 14 days at once"),
        ((FORWARD, time(2, 30), FORWARD, time(4)), "The clocks skip 2:30 AM on Sun, Mar 14"),
        ((BACK, time(1, 30), BACK, time(4)), "The clocks show 1:30 AM twice on Sun, Nov 7"),
        ((BACK, time(0), BACK, time(1, 30)), "The clocks show 1:30 AM twice on Sun, Nov 7"),
    ],
)
def test_times_that_cannot_be_are_refused_in_words(asked: tuple[Any, ...], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        times_of(ZONE, *asked)


def test_a_block_that_would_overlap_its_own_repetition_is_refused() -> None:
    with pytest.raises(Invalid, match="longer than until it comes again"):
        times_of(ZONE, MARCH_8, time(9), MARCH_8 + timedelta(days=8), time(9), times=2)


def test_a_time_is_shown_unless_the_clocks_skip_it() -> None:
    assert [zones.is_shown(ZONE, FORWARD, time(hour, 30)) for hour in (1, 2, 3)] == [
        True,
        False,
        True,
    ]
    assert zones.is_shown(ZONE, BACK, time(1, 30))
