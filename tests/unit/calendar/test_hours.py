from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.calendar.rules import hours, timeline
from practice.calendar.rules.hours import Window
from practice.core.errors import Invalid
from tests.unit.calendar.wall import (
    CHANGES,
    ZONES,
    Minute,
    as_bits,
    cells_where,
    dates_around_a_change,
    is_open,
    minutes_of,
    windows,
)

NEW_YORK = "America/New_York"
MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)
SPRING, AUTUMN = date(2027, 3, 14), date(2026, 11, 1)
per_zone = pytest.mark.parametrize("zone", ZONES)
days = st.sampled_from(CHANGES).flatmap(
    lambda change: st.integers(-3, 3).map(lambda n: change + timedelta(days=n))
)


def words(zone: str, on: date, *opened: Window) -> list[str]:
    """Return what the clock shows at the edges of the open time, with its letters."""
    axis = timeline.axis_of(zone, on, on)
    bits = hours.daily(axis, opened)
    edges = timeline.instants(axis, bits ^ bits << 1)
    place = ZoneInfo(zone)
    return [f"{edge.astimezone(place):%H:%M %Z}" for edge in edges]


@per_zone
@settings(max_examples=25, deadline=None)
@given(
    dates=dates_around_a_change(),
    weekly=st.dictionaries(st.integers(0, 6), windows()),
    overrides=st.dictionaries(days, windows(), max_size=2),
    closures=st.lists(st.tuples(days, days), max_size=1),
)
def test_check_22_time_is_open_while_the_clock_on_the_wall_says_so(
    zone: str,
    dates: tuple[date, date],
    weekly: dict[int, tuple[Window, ...]],
    overrides: dict[date, tuple[Window, ...]],
    closures: list[tuple[date, date]],
) -> None:
    axis = timeline.axis_of(zone, *dates)

    bits = hours.open_hours(axis, weekly, overrides=overrides, closures=closures)

    def slow_answer(minute: Minute) -> bool:
        if any(first <= minute.on <= last for first, last in closures):
            return False
        usual = weekly.get(minute.on.weekday(), ())
        return is_open(minute, overrides.get(minute.on, usual))

    assert bits == as_bits(cells_where(minutes_of(zone, *dates), slow_answer))


@per_zone
@settings(max_examples=10, deadline=None)
@given(
    dates=dates_around_a_change(),
    step=st.sampled_from([5, 10, 15, 20, 30, 45, 60, 90, 120]),
    between=st.lists(st.times(), min_size=2, max_size=2).map(sorted),
)
def test_starts_are_counted_on_the_wall_clock(
    zone: str, dates: tuple[date, date], step: int, between: list[time]
) -> None:
    axis = timeline.axis_of(zone, *dates)
    begins = minutes_of(zone, *dates)[::5]
    first, last = (at.hour * 60 + at.minute for at in between)

    assert hours.start_grid(axis, step) == as_bits([each.wall % step == 0 for each in begins])
    assert hours.starts_between(axis, *between) == as_bits(
        [first <= each.wall <= last for each in begins]
    )


@per_zone
@pytest.mark.parametrize("change", CHANGES)
def test_check_22_open_all_day_sums_to_23_24_or_25_hours(zone: str, change: date) -> None:
    sums = [
        hours.daily(timeline.axis_of(zone, on, on), (hours.WHOLE_DAY,)).bit_count() / 12
        for on in (change - timedelta(days=1), change, change + timedelta(days=1))
    ]

    moves = zone not in {"America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico"}
    on_the_change = 24 if not moves else 23 if change.month == 3 else 25
    assert sums == [24, on_the_change, 24]


@pytest.mark.parametrize(
    ("on", "opened", "edges"),
    [
        pytest.param(SPRING, Window(60, 240), ["01:00 EST", "04:00 EDT"], id="over the gap"),
        pytest.param(SPRING, Window(150, 240), ["03:00 EDT", "04:00 EDT"], id="opens in it"),
        pytest.param(SPRING, Window(60, 150), ["01:00 EST", "03:00 EDT"], id="closes in it"),
        pytest.param(SPRING, Window(125, 175), [], id="within it"),
        pytest.param(AUTUMN, Window(0, 240), ["00:00 EDT", "04:00 EST"], id="over the fold"),
        pytest.param(
            AUTUMN,
            Window(90, 240),
            ["01:30 EDT", "01:00 EST", "01:30 EST", "04:00 EST"],
            id="opens in it",
        ),
        pytest.param(
            AUTUMN,
            Window(75, 90),
            ["01:15 EDT", "01:30 EDT", "01:15 EST", "01:30 EST"],
            id="comes twice",
        ),
    ],
)
def test_hours_at_a_change_are_those_that_the_clock_shows(
    on: date, opened: Window, edges: list[str]
) -> None:
    assert words(NEW_YORK, on, opened) == edges


def test_hours_off_the_cells_are_rounded_inward() -> None:
    assert words(NEW_YORK, date(2026, 12, 1), Window(541, 599)) == ["09:05 EST", "09:55 EST"]


def test_windows_that_touch_between_two_cells_lose_nothing() -> None:
    edges = words(NEW_YORK, date(2026, 12, 1), Window(540, 602), Window(602, 660))

    assert edges == ["09:00 EST", "11:00 EST"]


def test_a_closure_wins_over_special_hours() -> None:
    on = date(2026, 9, 14)
    axis = timeline.axis_of(NEW_YORK, on, on)

    bits = hours.open_hours(
        axis, {0: [hours.WHOLE_DAY]}, overrides={on: [Window(0, 60)]}, closures=[(on, on)]
    )

    assert bits == 0


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (time(20), time(8), (Window(0, 480), Window(1200, 1440))),
        (time(8), time(20), (Window(480, 1200),)),
        (time(20), time(0), (Window(1200, 1440),)),
        (time(8), time(8), ()),
    ],
)
def test_quiet_hours_may_pass_midnight(
    begins: time, ends: time, expected: tuple[Window, ...]
) -> None:
    assert hours.windows_over_midnight(begins, ends) == expected


@given(some=windows())
def test_all_but_some_hours_is_the_rest_of_the_day(some: tuple[Window, ...]) -> None:
    rest = hours.all_but(some)

    for wall in range(1440):
        minute = Minute(MIDNIGHT, MIDNIGHT.date(), wall)
        assert is_open(minute, rest) != is_open(minute, some)


def test_a_window_that_closes_at_midnight_is_open_to_the_end_of_the_day() -> None:
    assert hours.window(time(18), time(0)) == Window(18 * 60, 24 * 60)


@pytest.mark.parametrize("minutes", [(540, 540), (600, 540), (-5, 60), (60, 1445)])
def test_a_window_closes_after_it_opens_on_the_same_day(minutes: tuple[int, int]) -> None:
    with pytest.raises(Invalid):
        Window(*minutes)


@pytest.mark.parametrize(
    "call",
    [
        lambda axis: hours.start_grid(axis, 0),
        lambda axis: hours.start_grid(axis, 7),
        lambda axis: hours.start_grid(axis, 1445),
        lambda axis: hours.starts_between(axis, time(14), time(9)),
    ],
)
def test_a_start_grid_that_makes_no_sense_is_refused(call: Callable[[timeline.Axis], int]) -> None:
    with pytest.raises(Invalid):
        call(timeline.axis_of(NEW_YORK, SPRING, SPRING))
