from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.intervals import Interval, merge, overlaps, subtract

MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)
TICKS = [MIDNIGHT + timedelta(minutes=minute) for minute in range(61)]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    pair = draw(st.lists(st.sampled_from(TICKS), min_size=2, max_size=2, unique=True))
    start, end = sorted(pair)
    return Interval(start, end)


many = st.lists(intervals(), max_size=8)


def ticks_of(some: list[Interval]) -> set[datetime]:
    return {tick for tick in TICKS if any(each.start <= tick < each.end for each in some)}


def apart(some: list[Interval]) -> bool:
    return all(one.end < other.start for one, other in pairwise(some))


@given(one=intervals(), other=intervals())
def test_two_intervals_overlap_if_they_share_a_tick(one: Interval, other: Interval) -> None:
    assert overlaps(one, other) == bool(ticks_of([one]) & ticks_of([other]))


@given(some=many)
def test_merging_keeps_every_tick_and_leaves_gaps_between(some: list[Interval]) -> None:
    merged = merge(some)

    assert ticks_of(merged) == ticks_of(some)
    assert apart(merged)


@given(working=many, taken=many)
def test_free_time_is_working_time_that_nobody_took(
    working: list[Interval], taken: list[Interval]
) -> None:
    free = subtract(working, taken)

    assert ticks_of(free) == ticks_of(working) - ticks_of(taken)
    assert apart(free)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(TICKS[1], TICKS[1], id="empty"),
        pytest.param(TICKS[2], TICKS[1], id="backwards"),
        pytest.param(TICKS[1].replace(tzinfo=None), TICKS[2], id="naive"),
        pytest.param(TICKS[1].astimezone(timezone(timedelta(hours=-5))), TICKS[2], id="local time"),
    ],
)
def test_an_interval_runs_forward_between_two_instants_in_utc(
    start: datetime, end: datetime
) -> None:
    with pytest.raises(ValueError, match="an interval"):
        Interval(start, end)
